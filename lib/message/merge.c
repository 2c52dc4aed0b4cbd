#include "message/merge.h"
#include "base/text.h"
#include <stdio.h>

enum { NAME_MAX_BYTES = 80, LEVELS = 16 };

static const char mark_open = MERGE_OPEN[0];
static const char mark_close = MERGE_CLOSE[0];

/* A tag in someone's text: what it is and where it ends. */
struct found {
	char sigil; /* # ^ / or '\0' */
	struct bytes name;
	size_t size; /* of the whole tag as it is written */
};

static bool is_known(struct bytes name)
{
	static const char *const known[] = { "first_name", "last_name", "name", "email" };
	if (text_starts_nocase(name, "reader.")) {
		name.data += 7;
		name.size -= 7;
	}
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (bytes_equal(name, bytes_text(known[i])))
			return true;
	if (name.size <= 11 || memcmp(name.data, "attributes.", 11) != 0)
		return false;
	for (size_t i = 11; i < name.size; i++) {
		char c = name.data[i];
		bool is_ascii = (unsigned char)c < 0x80; /* an import names attributes in any script */
		if (is_ascii && !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return false;
	}
	return true;
}

/* The merge tag at the beginning of `text`, if there is one. */
static bool find_tag(struct bytes text, struct found *found)
{
	static const struct {
		const char *open, *close;
	} kinds[] = { { "{{", "}}" }, { "%7B%7B", "%7D%7D" } };
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (!text_starts_nocase(text, kinds[i].open))
			continue;
		size_t size = strlen(kinds[i].open);
		struct bytes inside = { text.data + size, text.size - size };
		inside.size = inside.size < NAME_MAX_BYTES ? inside.size : NAME_MAX_BYTES;
		const char *end = memchr(inside.data, kinds[i].close[0], inside.size);
		if (!end || !text_starts_nocase((struct bytes){ end, (size_t)(text.data + text.size - end) }, kinds[i].close))
			return false;
		inside = text_trim((struct bytes){ inside.data, (size_t)(end - inside.data) });
		found->sigil = inside.size > 0 && strchr("#^/", inside.data[0]) ? inside.data[0] : '\0';
		inside.data += found->sigil != '\0';
		inside.size -= found->sigil != '\0';
		found->name = text_trim(inside);
		found->size = (size_t)(end - text.data) + size;
		return is_known(found->name);
	}
	return false;
}

/* How many bytes of code stand at the beginning of `text`, to be copied as they are; 0: none. */
static size_t code_size(struct bytes text, enum merge_form form, bool line_start)
{
	if (form == MERGE_TEXT && line_start && text_starts_nocase(text, "    ")) {
		const char *end = memchr(text.data, '\n', text.size);
		return end ? (size_t)(end - text.data) : text.size;
	}
	if (form == MERGE_TEXT && text.data[0] == '`') {
		const char *end = memchr(text.data + 1, '`', text.size - 1);
		const char *line = memchr(text.data, '\n', text.size);
		return end && (!line || end < line) ? (size_t)(end + 1 - text.data) : 0;
	}
	static const char *const tags[][2] = { { "<pre", "</pre>" }, { "<code", "</code>" } };
	for (size_t i = 0; form == MERGE_HTML && i < COUNT_OF(tags); i++)
		if (text_starts_nocase(text, tags[i][0])) {
			const char *end = memmem(text.data, text.size, tags[i][1], strlen(tags[i][1]));
			return end ? (size_t)(end - text.data) + strlen(tags[i][1]) : text.size;
		}
	return 0;
}

/* A section's tag alone in its paragraph or on its line: what surrounds it goes. */
static size_t take_surroundings(struct bytes text, size_t after, enum merge_form form, struct buffer *out)
{
	struct bytes behind = { text.data + after, text.size - after };
	size_t taken = 0;
	if (form == MERGE_HTML) {
		if (out->size < 3 || memcmp(out->data + out->size - 3, "<p>", 3) != 0 || !text_starts_nocase(behind, "</p>"))
			return 0;
		buffer_cut(out, out->size - 3);
		taken = 4;
	} else if (behind.size > 0 && behind.data[0] == '\n' && (out->size == 0 || out->data[out->size - 1] == '\n')) {
		taken = 1;
	}
	while (taken > 0 && taken < behind.size && behind.data[taken] == '\n')
		taken++;
	return taken;
}

int merge_mark(struct bytes text, enum merge_form form, struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < text.size;) {
		struct bytes rest = { text.data + i, text.size - i };
		struct found found;
		bool line_start = i == 0 || text.data[i - 1] == '\n';
		size_t code = code_size(rest, form, line_start);
		if (code > 0) {
			buffer_add(out, rest.data, code);
			i += code;
		} else if (find_tag(rest, &found)) {
			size_t taken = found.sigil ? take_surroundings(text, i + found.size, form, out) : 0;
			buffer_add_char(out, mark_open);
			if (found.sigil)
				buffer_add_char(out, found.sigil);
			buffer_add_bytes(out, found.name);
			buffer_add_char(out, mark_close);
			i += found.size + taken;
		} else {
			/* Up to where something may begin, at once: bodies are long. */
			size_t plain = 1;
			while (plain < rest.size && !strchr(form == MERGE_HTML ? "<{%" : "`{% ", rest.data[plain]))
				plain++;
			buffer_add(out, rest.data, plain);
			i += plain;
		}
	}
	return buffer_check(out, err);
}

/* True if the place stands within a URL: in HTML in an href or src, in text behind a scheme. */
static bool is_in_url(struct bytes text, size_t at, enum merge_form form)
{
	size_t from = at;
	if (form == MERGE_TEXT) {
		while (from > 0 && !strchr(" \t\n<>\"", text.data[from - 1]))
			from--;
		return memmem(text.data + from, at - from, "://", 3) != NULL;
	}
	while (from > 0 && text.data[from - 1] != '"' && text.data[from - 1] != '<' && text.data[from - 1] != '>')
		from--;
	return (from >= 6 && memcmp(text.data + from - 6, "href=\"", 6) == 0) ||
	       (from >= 5 && memcmp(text.data + from - 5, "src=\"", 5) == 0);
}

/* The mark at text.data[at]: its content, and where it ends. */
static struct bytes mark_at(struct bytes text, size_t at, size_t *end)
{
	const char *close = memchr(text.data + at, mark_close, text.size - at);
	if (!close) {
		*end = text.size;
		return (struct bytes){ "", 0 };
	}
	*end = (size_t)(close + 1 - text.data);
	return (struct bytes){ text.data + at + 1, (size_t)(close - text.data) - at - 1 };
}

static void write_tag(struct bytes text, size_t at, struct bytes mark, enum merge_form form, struct buffer *source)
{
	bool is_variable = mark.size > 0 && !strchr("#^/", mark.data[0]);
	buffer_add_text(source, "{{");
	if (is_variable && is_in_url(text, at, form))
		buffer_add_text(source, text_starts_nocase(mark, "reader.") ? "reader.url." : "url.");
	if (is_variable && text_starts_nocase(mark, "reader.") && is_in_url(text, at, form)) {
		mark.data += 7;
		mark.size -= 7;
	}
	buffer_add_bytes(source, mark);
	buffer_add_text(source, "}}");
}

int merge_source(struct bytes text, size_t *at, enum merge_form form, struct buffer *source, struct error *err)
{
	struct bytes open[LEVELS];
	int depth = 0;
	size_t i = *at;
	do {
		size_t end = i + 1;
		if (text.data[i] != mark_open) {
			buffer_add_char(source, text.data[i]);
			i = end;
			continue;
		}
		struct bytes mark = mark_at(text, i, &end);
		struct bytes name = { mark.data + 1, mark.size > 0 ? mark.size - 1 : 0 };
		char sigil = mark.size > 0 ? mark.data[0] : '\0';
		if (sigil == '/' && (depth == 0 || !bytes_equal(open[--depth], name)))
			return error_set(err, ERROR_INPUT, "the merge tag {{/%.*s}} closes no section", (int)name.size, name.data);
		if (sigil == '#' || sigil == '^') {
			if (depth == LEVELS)
				return error_set(err, ERROR_INPUT, "sections of merge tags go deeper than %d", LEVELS);
			open[depth++] = name;
		}
		write_tag(text, i, mark, form, source);
		i = end;
	} while (depth > 0 && i < text.size);
	if (depth > 0)
		return error_set(err, ERROR_INPUT, "the section {{#%.*s}} is never closed", (int)open[0].size, open[0].data);
	*at = i;
	return buffer_check(source, err);
}

/* Controls, and what would turn the text behind the value round (U+200E, 200F, 061C, 202A to 202E, 2066 to 2069) or break its line. */
static bool is_unwanted(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

static bool is_direction(uint32_t c)
{
	return c == 0x200e || c == 0x200f || c == 0x61c || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void merge_clean(const char *value, struct buffer *out)
{
	struct bytes rest = bytes_text(value);
	bool plain = true;
	for (size_t i = 0; i < rest.size && plain; i++)
		plain = (unsigned char)rest.data[i] >= 0x20 && (unsigned char)rest.data[i] < 0x7f;
	if (plain) {
		buffer_add_bytes(out, rest);
		return;
	}
	while (rest.size > 0) {
		uint32_t c = 0;
		size_t n = text_decode(rest.data, rest.size, &c);
		if (n == 0 || is_unwanted(c))
			buffer_add_char(out, ' ');
		else if (!is_direction(c))
			buffer_add(out, rest.data, n);
		n = n > 0 ? n : 1;
		rest.data += n;
		rest.size -= n;
	}
}
