#include "base/digest.h"
#include "base/text.h"
#include "content/html.h"
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <libxml/parser.h>
#include <pthread.h>
#include <stdlib.h>
#include <yaml.h>

enum { FRONT_BYTES = 64 << 10, FILE_BYTES = 4 << 20, HTML_BYTES = 16 << 20, TABLE_CELLS = 100000 };

/* cmark-gfm changes global tables while it parses: two threads at once give wrong output. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

void content_global_init(void)
{
	xmlInitParser();
	cmark_gfm_core_extensions_ensure_registered();
}

struct front {
	const char *title, *subtitle, *author, *date, *url, *id, *image, *image_alt, *language;
};

static const struct {
	const char *key;
	size_t offset;
} keys[] = {
	{ "title", offsetof(struct front, title) },   { "subtitle", offsetof(struct front, subtitle) }, { "description", offsetof(struct front, subtitle) },
	{ "summary", offsetof(struct front, subtitle) }, { "author", offsetof(struct front, author) },  { "date", offsetof(struct front, date) },
	{ "url", offsetof(struct front, url) },       { "permalink", offsetof(struct front, url) },     { "link", offsetof(struct front, url) },
	{ "canonical_url", offsetof(struct front, url) }, { "id", offsetof(struct front, id) },         { "guid", offsetof(struct front, id) },
	{ "slug", offsetof(struct front, id) },       { "image", offsetof(struct front, image) },       { "image_alt", offsetof(struct front, image_alt) },
	{ "lang", offsetof(struct front, language) }, { "language", offsetof(struct front, language) },
};

static void take_pair(struct front *front, const char *key, struct bytes value, struct arena *arena)
{
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const char **to = (const char **)(void *)((char *)front + keys[i].offset);
		if (text_equal_nocase(key, keys[i].key) && !*to)
			*to = html_line(value, arena);
	}
}

static int front_fault(yaml_parser_t *parser, struct error *err)
{
	/* The mark counts from 0, and the --- line stands before it. */
	return error_set(err, ERROR_INPUT, "front matter, line %zu: %s", parser->problem_mark.line + 2, parser->problem ? parser->problem : "can not be read");
}

/* Pairs at the top level; lists and maps below it are passed over. Aliases are refused. */
static int read_front(struct bytes text, struct front *front, struct arena *arena, struct error *err)
{
	yaml_parser_t parser;
	int depth = 0;
	int result = 0;
	const char *key = NULL;
	bool done = false;
	if (!yaml_parser_initialize(&parser))
		return error_set(err, ERROR_MEMORY, "out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.size);
	while (!done && result == 0) {
		yaml_event_t event;
		if (!yaml_parser_parse(&parser, &event)) {
			result = front_fault(&parser, err);
			break;
		}
		switch (event.type) {
		case YAML_MAPPING_START_EVENT:
		case YAML_SEQUENCE_START_EVENT:
			if (++depth > 8)
				result = error_set(err, ERROR_INPUT, "front matter: more than 8 levels");
			key = NULL;
			break;
		case YAML_MAPPING_END_EVENT:
		case YAML_SEQUENCE_END_EVENT: depth--; break;
		case YAML_ALIAS_EVENT: result = error_set(err, ERROR_INPUT, "front matter: aliases are not taken"); break;
		case YAML_SCALAR_EVENT: {
			struct bytes scalar = { (const char *)event.data.scalar.value, event.data.scalar.length };
			if (depth != 1)
				break;
			if (key)
				take_pair(front, key, scalar, arena);
			key = key ? NULL : arena_copy(arena, scalar.data, scalar.size);
			break;
		}
		case YAML_STREAM_END_EVENT: done = true; break;
		default: break;
		}
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return result;
}

/* Splits "---\n...\n---\n" off the front. */
static int split_front(struct bytes *file, struct bytes *front, struct error *err)
{
	*front = (struct bytes){ "", 0 };
	if (file->size < 4 || memcmp(file->data, "---", 3) != 0 || (file->data[3] != '\n' && file->data[3] != '\r'))
		return 0;
	const char *begin = (const char *)memchr(file->data, '\n', file->size) + 1;
	const char *end = file->data + file->size;
	for (const char *line = begin; line < end;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		next = next ? next + 1 : end;
		if ((size_t)(next - line) >= 3 && (memcmp(line, "---", 3) == 0 || memcmp(line, "...", 3) == 0) && text_trim((struct bytes){ line + 3, (size_t)(next - line) - 3 }).size == 0) {
			*front = (struct bytes){ begin, (size_t)(line - begin) };
			*file = (struct bytes){ next, (size_t)(end - next) };
			return front->size <= FRONT_BYTES ? 0 : error_set(err, ERROR_INPUT, "the front matter is longer than 64 KB");
		}
		line = next;
	}
	return error_set(err, ERROR_INPUT, "front matter: the second --- is missing");
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

static char *render(struct bytes text)
{
	static const char *const extensions[] = { "table", "strikethrough", "autolink" };
	char *html = NULL;
	pthread_mutex_lock(&one_at_a_time);
	cmark_parser *parser = cmark_parser_new(CMARK_OPT_UNSAFE);
	for (size_t i = 0; i < COUNT_OF(extensions); i++)
		cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(extensions[i]));
	cmark_parser_feed(parser, text.data, text.size);
	cmark_node *root = cmark_parser_finish(parser);
	/* Unsafe here, sanitised behind it: what is safe is decided in one place. */
	html = cmark_render_html(root, CMARK_OPT_UNSAFE, cmark_parser_get_syntax_extensions(parser));
	cmark_node_free(root);
	cmark_parser_free(parser);
	pthread_mutex_unlock(&one_at_a_time);
	return html;
}

/* "# Title" on the first line is the title where the front matter has none. */
static const char *leading_title(struct bytes *text, struct arena *arena)
{
	struct bytes rest = text_trim(*text);
	if (rest.size < 3 || rest.data[0] != '#' || rest.data[1] != ' ')
		return NULL;
	const char *end = memchr(rest.data, '\n', rest.size);
	size_t n = end ? (size_t)(end - rest.data) : rest.size;
	*text = (struct bytes){ rest.data + n, rest.size - n };
	return html_line((struct bytes){ rest.data + 2, n - 2 }, arena);
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

int content_markdown(struct bytes file, const char *base_url, struct arena *arena, struct post *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(FILE_BYTES * 2);
	struct front front = { 0 };
	struct bytes head;
	*out = (struct post){ 0 };
	if (file.size > FILE_BYTES)
		return error_set(err, ERROR_INPUT, "the file is longer than 4 MB");
	html_to_utf8(file, NULL, &text);
	struct bytes body = buffer_bytes(&text);
	if (split_front(&body, &head, err) < 0 || (head.size > 0 && read_front(head, &front, arena, err) < 0))
		return -1;
	if (is_table_bomb(body))
		return error_set(err, ERROR_INPUT, "a table with more than 100,000 cells");
	const char *heading = leading_title(&body, arena);
	out->title = front.title ? front.title : heading ? heading : "";
	out->subtitle = front.subtitle;
	out->author = front.author;
	out->language = front.language;
	out->url = html_url(front.url, base_url, false, arena);
	out->image = html_url(front.image, out->url ? out->url : base_url, false, arena);
	out->image_alt = front.image_alt;
	out->published_us = front.date ? html_date(bytes_text(front.date)) : 0;
	if (front.date && !out->published_us)
		return error_set(err, ERROR_INPUT, "front matter: date \"%.40s\" is no date (write 2026-11-23 or 2026-11-23T07:00:00Z)", front.date);
	char *html = render(body);
	size_t size = html ? strlen(html) : 0;
	int result = size > HTML_BYTES ? error_set(err, ERROR_INPUT, "the post grows to more than 16 MB of HTML")
	                               : html_set_body(out, (struct bytes){ html, size }, out->url ? out->url : base_url, arena, err);
	free(html);
	if (result < 0)
		return -1;
	out->identity = front.id ? front.id : out->url ? out->url : hash_identity(out, arena);
	return out->identity ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}
