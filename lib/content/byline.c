#include "content/byline.h"
#include "base/text.h"
#include "content/html.h"

/* Words that also begin names ("Von Neumann") count where two words follow. */
static bool is_by(const char *behind, bool begins_names)
{
	/* A word of its own: "Byron" is a name. */
	if (*behind && *behind != ' ' && *behind != ':' && !text_starts(behind, "："))
		return false;
	size_t n = strspn(behind, " ");
	return !begins_names || strchr(behind + n + strcspn(behind + n, " "), ' ') || *behind == ':';
}

size_t byline_by(const char *text)
{
	static const struct {
		const char *word;
		bool begins_names;
	} words[] = { { "by", false },
		      { "written by", false },
		      { "posted by", false },
		      { "published by", false },
		      { "submitted by", false },
		      { "words by", false },
		      { "author", false },
		      { "von", true },
		      { "geschrieben von", false },
		      { "par", true },
		      { "écrit par", false },
		      { "por", true },
		      { "escrito por", false },
		      { "publicado por", false },
		      { "di", true },
		      { "scritto da", false },
		      { "door", true },
		      { "af", true },
		      { "av", true },
		      { "autor", false },
		      { "автор", false },
		      { "מאת", false },
		      { "بقلم", false },
		      { "作者", false },
		      { "文", false } };
	size_t longest = 0;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		size_t n = strlen(words[i].word);
		if (n > longest && text_starts_nocase(bytes_text(text), words[i].word) && is_by(text + n, words[i].begins_names))
			longest = n;
	}
	return longest;
}

static size_t skip_marks(const char *text)
{
	size_t n = 0;
	while (text[n] == ' ' || text[n] == ':' || text_starts(text + n, "："))
		n += text[n] == ' ' || text[n] == ':' ? 1 : strlen("：");
	return n;
}

/* Names end at a mark, at a figure, and at an "on" with a figure behind it. */
static size_t names_size(const char *text)
{
	static const char *const marks[] = { " | ", "|", " · ", " • ", " – ", " — ", " - ", " / " };
	size_t size = strlen(text);
	for (size_t i = 0; i < COUNT_OF(marks); i++) {
		const char *at = strstr(text, marks[i]);
		if (at && (size_t)(at - text) < size)
			size = (size_t)(at - text);
	}
	const char *on = strstr(text, " on ");
	size_t figure = strcspn(text, "0123456789");
	bool has_figure = text[figure] != '\0';
	if (has_figure && figure < size)
		size = figure;
	return on && has_figure && (size_t)(on - text) < size ? (size_t)(on - text) : size;
}

/* What stood between the names and the figure. */
static size_t without_joints(const char *text, size_t size)
{
	static const char *const joints[] = { "on", "in",  "at",     "am",        "le",        "el",      "il",
		                              "op", "the", "publié", "publicado", "published", "updated", "posted" };
	for (bool again = true; again;) {
		again = false;
		while (size > 0 && strchr(" ,;|", text[size - 1]))
			size--;
		for (size_t i = 0; i < COUNT_OF(joints); i++) {
			size_t n = strlen(joints[i]);
			if (size <= n || text[size - n - 1] != ' ' ||
			    text_compare_nocase((struct bytes){ text + size - n, n }, bytes_text(joints[i])) != 0)
				continue;
			size -= n;
			again = true;
		}
	}
	return size;
}

const char *byline_names(const char *byline, struct arena *arena)
{
	if (!byline)
		return NULL;
	const char *from = byline;
	for (size_t n; (n = byline_by(from)) > 0;)
		from += n + skip_marks(from + n);
	size_t whole = strlen(from);
	size_t size = names_size(from);
	if (size < whole)
		size = without_joints(from, size);
	const char *line = size > 0 ? html_line((struct bytes){ from, size }, arena) : NULL;
	return line ? line : byline;
}
