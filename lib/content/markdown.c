#include "base/digest.h"
#include "base/text.h"
#include "content/front.h"
#include "content/html.h"
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

/* "# Title" on the first line is the title where the front matter has none, and is said once where it has the same. */
static const char *leading_title(struct bytes *text, const char *known, struct arena *arena)
{
	struct bytes rest = text_trim(*text);
	if (rest.size < 3 || rest.data[0] != '#' || rest.data[1] != ' ')
		return known;
	const char *end = memchr(rest.data, '\n', rest.size);
	size_t n = end ? (size_t)(end - rest.data) : rest.size;
	const char *title = html_line((struct bytes){ rest.data + 2, n - 2 }, arena);
	if (known && (!title || strcmp(title, known) != 0))
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

static int set_dates(struct post *post, const struct front *front, struct error *err)
{
	post->published_us = front->date ? html_date(bytes_text(front->date)) : 0;
	post->updated_us = front->updated ? html_date(bytes_text(front->updated)) : 0;
	/* Eleventy's words for "take the file's own time": as good as none. */
	bool is_word = front->date && (strcasestr(front->date, "created") || strcasestr(front->date, "last modified"));
	if (front->date && !post->published_us && !is_word)
		return error_set(err, ERROR_INPUT, "front matter: date \"%.40s\" is no date (write 2026-11-23 or 2026-11-23T07:00:00Z)",
		                 front->date);
	return 0;
}

static bool is_draft(const struct front *front)
{
	return (front->draft && text_equal_nocase(front->draft, "true")) ||
	       (front->published && text_equal_nocase(front->published, "false"));
}

static int set_body(struct post *post, struct bytes text, const char *base_url, struct arena *arena, struct error *err)
{
	char *html = render(text);
	size_t size = html ? strlen(html) : 0;
	int result = size > HTML_BODY_BYTES
	                     ? error_set(err, ERROR_INPUT, "the post grows to more than %d MB of HTML", HTML_BODY_BYTES >> 20)
	                     : html_set_body(post, (struct bytes){ html, size }, post->url ? post->url : base_url, arena, err);
	free(html);
	return result;
}

int content_markdown(struct bytes file, const char *base_url, struct arena *arena, struct post *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(FILE_BYTES * 3);
	struct front front = { 0 };
	*out = (struct post){ 0 };
	if (file.size > FILE_BYTES)
		return error_set(err, ERROR_INPUT, "the file is longer than 4 MB");
	html_to_utf8(file, NULL, &text);
	struct bytes body = { buffer_text(&text), text.size };
	if (front_take(&body, &front, arena, err) < 0 || set_dates(out, &front, err) < 0)
		return -1;
	if (is_draft(&front))
		return error_set(err, ERROR_CONFLICT, "the front matter says that it is a draft");
	if (is_table_bomb(body))
		return error_set(err, ERROR_INPUT, "a table with more than 100,000 cells");
	out->title = leading_title(&body, front.title, arena);
	if (!out->title)
		out->title = "";
	out->subtitle = front.subtitle;
	out->author = front.author;
	out->language = front.language;
	out->url = html_url(front.url, base_url, false, arena);
	out->image = html_url(front.image, out->url ? out->url : base_url, false, arena);
	out->image_alt = front.image_alt;
	if (set_body(out, body, base_url, arena, err) < 0)
		return -1;
	out->identity = front.id ? front.id : out->url ? out->url : front.slug ? front.slug : hash_identity(out, arena);
	return out->identity ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}
