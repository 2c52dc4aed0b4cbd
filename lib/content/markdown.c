#include "base/digest.h"
#include "base/text.h"
#include "content/front.h"
#include "content/html.h"
#include "content/markdown.h"
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <libxml/parser.h>
#include <pthread.h>
#include <stdlib.h>

enum { FILE_BYTES = 4 << 20, TABLE_CELLS = 100000 };

/* cmark-gfm changes global tables while it parses: two threads at once give wrong output. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

void content_global_init(void)
{
	xmlInitParser();
	cmark_gfm_core_extensions_ensure_registered();
}

/* A table of many columns and lines takes the parser minutes: such a file is no post. */
static bool is_table_bomb(struct bytes text)
{
	size_t columns = 0;
	size_t lines = 0;
	struct bytes rest = text;
	struct bytes line;
	while (text_next_part(&rest, "\n", &line)) {
		size_t n = 0;
		for (size_t i = 0; i < line.size; i++)
			n += line.data[i] == '|';
		columns = n > columns ? n : columns;
		lines += n > 0;
	}
	return columns * lines > TABLE_CELLS;
}

const char *const markdown_extensions[] = { "table", "strikethrough", "autolink", NULL };

char *markdown_render(struct bytes text, const char *const *extensions)
{
	char *html = NULL;
	pthread_mutex_lock(&one_at_a_time);
	cmark_parser *parser = cmark_parser_new(CMARK_OPT_UNSAFE);
	for (; *extensions; extensions++)
		cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(*extensions));
	cmark_parser_feed(parser, text.data, text.size);
	cmark_node *root = cmark_parser_finish(parser);
	/* Unsafe here, sanitised behind it: what is safe is decided in one place. */
	html = cmark_render_html(root, CMARK_OPT_UNSAFE, cmark_parser_get_syntax_extensions(parser));
	cmark_node_free(root);
	cmark_parser_free(parser);
	pthread_mutex_unlock(&one_at_a_time);
	return html;
}

/* How much of the text is its first heading: "# Title", or a line underlined by "="; 0: it begins otherwise. */
static size_t heading_size(struct bytes text)
{
	const char *end = memchr(text.data, '\n', text.size);
	size_t n = end ? (size_t)(end - text.data) : text.size;
	if (text.size >= 3 && text.data[0] == '#' && (text.data[1] == ' ' || text.data[1] == '\t'))
		return n;
	size_t line = end ? strspn(end + 1, "=") : 0;
	char behind = line ? end[1 + line] : '\0';
	return line && (behind == '\0' || strchr(" \t\n", behind)) && !strchr("#>-*+|<", text.data[0]) ? n + 1 + line : 0;
}

/* What a piece of Markdown says, on one line. */
static const char *words_of(struct bytes text, struct arena *arena)
{
	char *html = markdown_render(text, markdown_extensions);
	CLEANUP(buffer_clear) struct buffer words = BUFFER_INIT(1 << 20);
	CLEANUP(html_doc_free) xmlDoc *doc = html ? html_parse(bytes_text(html)) : NULL;
	if (doc && xmlDocGetRootElement(doc))
		html_text(xmlDocGetRootElement(doc), &words);
	free(html);
	return html_line(buffer_bytes(&words), arena);
}

/* The first "# Title" further down, outside of code. */
static struct bytes later_heading(struct bytes text)
{
	struct bytes rest = text;
	bool in_code = false;
	while (rest.size > 0) {
		const char *end = memchr(rest.data, '\n', rest.size);
		struct bytes line = { rest.data, end ? (size_t)(end - rest.data) : rest.size };
		rest = (struct bytes){ line.data + line.size + (end != NULL), rest.size - line.size - (end != NULL) };
		bool fence = text_starts_nocase(line, "```") || text_starts_nocase(line, "~~~");
		in_code = in_code != fence;
		if (!in_code && line.size > 2 && line.data[0] == '#' && line.data[1] == ' ')
			return line;
	}
	return (struct bytes){ "", 0 };
}

/* What stands before the title goes on behind it. */
static const char *title_within(struct bytes *text, struct arena *arena)
{
	struct bytes line = later_heading(*text);
	const char *title = line.size ? words_of(line, arena) : NULL;
	char *copy = title ? arena_copy(arena, text->data, text->size) : NULL;
	if (!copy)
		return title;
	size_t at = (size_t)(line.data - text->data);
	memmove(copy + at, copy + at + line.size, text->size - at - line.size);
	*text = (struct bytes){ copy, text->size - line.size };
	return title;
}

/* A heading of the first level at the start is the title where the front matter has none, and is said once where it has the same. */
static const char *leading_title(struct bytes *text, const char *known, struct arena *arena)
{
	struct bytes rest = text_trim(*text);
	size_t n = rest.size ? heading_size(rest) : 0;
	const char *title = n ? words_of((struct bytes){ rest.data, n }, arena) : NULL;
	if (!title && !known)
		return title_within(text, arena);
	if (!title || (known && strcmp(title, known) != 0))
		return known;
	*text = (struct bytes){ rest.data + n, rest.size - n };
	return title;
}

static const char *hash_identity(const struct post *post, struct arena *arena)
{
	uint8_t digest[DIGEST_BYTES];
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(FILE_BYTES * 2);
	buffer_add_text(&text, post->title);
	buffer_add_char(&text, '\n');
	buffer_add_text(&text, post->text);
	digest_sha256(buffer_bytes(&text), digest);
	buffer_reset(&text);
	buffer_add_text(&text, "hash:");
	digest_hex(digest, 16, &text);
	return arena_text(arena, buffer_text(&text));
}

/* Eleventy's words for "take the file's own time" are as good as none. */
static bool is_word(const char *date)
{
	return strcasestr(date, "created") || strcasestr(date, "last modified");
}

static int set_dates(struct content_front *front, struct error *err)
{
	front->published_us = front->date ? html_date(bytes_text(front->date)) : 0;
	front->updated_us = front->updated ? html_date(bytes_text(front->updated)) : 0;
	if (front->date && !front->published_us && !is_word(front->date))
		return error_set(err, ERROR_INPUT, "front matter: date \"%.40s\" is no date (write 2026-11-23 or 2026-11-23T07:00:00Z)",
		                 front->date);
	return 0;
}

/* Jekyll writes YYYY-MM-DD-slug.md; elsewhere the name is the slug. What the front matter says counts more. */
static void take_name(const char *name, struct content_front *front, struct arena *arena)
{
	int64_t day = 0;
	const char *end = strrchr(name, '.');
	size_t size = end ? (size_t)(end - name) : strlen(name);
	if (size > 11 && name[4] == '-' && name[7] == '-' && name[10] == '-')
		day = html_date((struct bytes){ name, 10 });
	if (!front->slug)
		front->slug = html_line((struct bytes){ name + (day ? 11 : 0), size - (day ? 11 : 0) }, arena);
	if (!front->published_us)
		front->published_us = day;
}

static bool is_one_of(const char *text, const char *const words[3])
{
	return text && (text_equal_nocase(text, words[0]) || text_equal_nocase(text, words[1]) || text_equal_nocase(text, words[2]));
}

/* In the words of YAML 1.1, which many site builders read by. */
static bool is_draft(const struct content_front *front)
{
	static const char *const yes[3] = { "true", "yes", "on" };
	static const char *const no[3] = { "false", "no", "off" };
	return is_one_of(front->draft, yes) || is_one_of(front->published, no);
}

static int set_body(struct post *post, struct bytes text, const struct html_how *how, struct arena *arena, struct error *err)
{
	char *html = markdown_render(text, markdown_extensions);
	size_t size = html ? strlen(html) : 0;
	int result = size > HTML_BODY_BYTES
	                     ? error_set(err, ERROR_INPUT, "the post grows to more than %d MB of HTML", HTML_BODY_BYTES >> 20)
	                     : html_set_body(post, (struct bytes){ html, size }, how, arena, err);
	free(html);
	return result;
}

/* UTF-8 with LF, whatever the editor wrote. */
static void normalise(struct bytes file, struct buffer *out)
{
	html_to_utf8(file, NULL, out);
	size_t n = 0;
	for (size_t i = 0; i < out->size; i++)
		if (out->data[i] != '\r')
			out->data[n++] = out->data[i];
		else if (i + 1 == out->size || out->data[i + 1] != '\n')
			out->data[n++] = '\n';
	buffer_cut(out, n);
}

static struct bytes without_breaks(struct bytes text)
{
	while (text.size > 0 && text.data[0] == '\n')
		text = (struct bytes){ text.data + 1, text.size - 1 };
	while (text.size > 0 && text.data[text.size - 1] == '\n')
		text.size--;
	return text;
}

/* All that stands before the text, and the text behind it, kept for who compares. */
static int read_front(struct bytes file, const char *name, struct content_front *front, struct arena *arena, struct error *err)
{
	int result = front_take(&file, front, arena, err);
	struct bytes body = without_breaks(file);
	const char *copy = arena_copy(arena, body.data ? body.data : "", body.size);
	if (!copy)
		return error_set(err, ERROR_MEMORY, "out of memory");
	front->body = (struct bytes){ copy, body.size };
	front->is_draft = is_draft(front);
	if (result == 0)
		result = set_dates(front, err);
	if (name && *name)
		take_name(name, front, arena);
	return result;
}

int content_markdown(struct bytes file, const struct content_from *from, struct arena *arena, struct post *out, struct content_front *front,
                     struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(FILE_BYTES * 3);
	struct content_front own;
	if (!front)
		front = &own;
	*front = (struct content_front){ 0 };
	*out = (struct post){ 0 };
	if (file.size > FILE_BYTES)
		return error_set(err, ERROR_INPUT, "the file is longer than 4 MB");
	normalise(file, &text);
	if (read_front((struct bytes){ buffer_text(&text), text.size }, from->name, front, arena, err) < 0)
		return -1;
	struct bytes body = front->body;
	const char *known = from->title && *from->title ? from->title : NULL;
	if (is_table_bomb(body))
		return error_set(err, ERROR_INPUT, "a table with more than 100,000 cells");
	out->title = leading_title(&body, front->title ? front->title : known, arena);
	front->title = out->title;
	if (!out->title)
		out->title = "";
	out->subtitle = front->subtitle;
	out->author = front->author;
	out->language = front->language;
	out->categories = front->tags && front->categories ? arena_format(arena, "%s\n%s", front->categories, front->tags)
	                  : front->tags                    ? front->tags
	                                                   : front->categories;
	out->published_us = front->published_us;
	out->updated_us = front->updated_us;
	out->url = html_url(front->url, from->base_url, false, arena);
	const struct html_how how = { .base_url = out->url ? out->url : from->base_url, .beside = from->beside };
	out->image = html_picture(front->image, &how, arena);
	out->image_alt = front->image_alt;
	if (set_body(out, body, &how, arena, err) < 0)
		return -1;
	out->identity = front->id ? front->id : out->url ? out->url : front->slug ? front->slug : hash_identity(out, arena);
	if (!out->identity)
		return error_set(err, ERROR_MEMORY, "out of memory");
	return front->is_draft ? error_set(err, ERROR_CONFLICT, "the front matter says that it is a draft") : 0;
}
