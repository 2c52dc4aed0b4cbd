/* content - bytes from the world into posts: feeds (RSS 2.0, Atom), Markdown with front matter, HTML pages. Pure: nothing is fetched
 * here. Whatever comes out is safe to put into a mail or a page: HTML is sanitised, texts are UTF-8 on one line where they are titles. */
#ifndef CONTENT_CONTENT_H
#define CONTENT_CONTENT_H
#include "base/arena.h"
#include "model/post.h"

struct content_feed {
	const char *title; /* NULL if it has none */
	const char *url;   /* of the site, or NULL */
	struct post *posts;
	size_t count;
}; /* all of it lives in the arena */

void content_global_init(void); /* once, in main, before any thread */

/* A feed's body. content_type as HTTP said (or NULL), base_url to resolve links against (or NULL).
 * ERROR_INPUT: no feed, with what it is instead. A feed without posts is fine. */
MUST_CHECK int content_feed(struct bytes body, const char *content_type, const char *base_url, struct arena *arena,
                            struct content_feed *out, struct error *err);
/* Markdown (CommonMark with tables), front matter between --- lines: title, subtitle or description, author, date, url, id, image, lang. */
MUST_CHECK int content_markdown(struct bytes file, const char *base_url, struct arena *arena, struct post *out, struct error *err);
/* A page: title, subtitle, author, date, URL and image from its metadata, the article's body. */
MUST_CHECK int content_page(struct bytes html, const char *content_type, const char *base_url, struct arena *arena, struct post *out,
                            struct error *err);
/* Any of these, told apart by content and name. */
MUST_CHECK int content_file(struct bytes data, const char *name, const char *content_type, const char *base_url, struct arena *arena,
                            struct content_feed *out, struct error *err);

/* Keeps what a mail may show (RULES A16): an allow-list of elements and attributes, http, https and mailto links made absolute.
 * Idempotent. */
MUST_CHECK int content_sanitise(struct bytes html, const char *base_url, struct buffer *out, struct error *err);
/* A readable plain text: paragraphs, underlined headings, lists, numbered links with a list of them at the end. Lines of at most
 * `width` columns where words allow; 0: one line a paragraph. */
MUST_CHECK int content_plain_text(struct bytes html, unsigned width, struct buffer *out, struct error *err);
#endif
