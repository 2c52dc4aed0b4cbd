/* html - helpers on libxml2's trees. Within the room only. */
#ifndef CONTENT_HTML_H
#define CONTENT_HTML_H
#include "content/content.h"
#include <libxml/HTMLparser.h>
#include <libxml/tree.h>

enum { HTML_BODY_BYTES = 8 << 20 };

xmlDoc *html_parse(struct bytes html); /* UTF-8; NULL: empty, longer than HTML_BODY_BYTES, or out of memory. xmlFreeDoc() it. */
void html_doc_free(xmlDoc **doc);
bool html_is(const xmlNode *node, const char *name);
/* An attribute's value in the arena, or NULL. */
const char *html_attribute(const xmlNode *node, const char *name, struct arena *arena);
/* The same where it stands, borrowed from the tree: for walks over all nodes. */
const char *html_peek(const xmlNode *node, const char *name);
/* Text of a node and all below, as it stands. */
void html_text(const xmlNode *node, struct buffer *out);
xmlNode *html_find(xmlNode *root, bool (*match)(const xmlNode *, const void *), const void *what); /* first in document order */
xmlNode *html_find_element(xmlNode *root, const char *name);
void html_write_children(xmlNode *node, struct buffer *out); /* what is below a node, as HTML */
/* Absolute http(s) (or mailto if allowed) URL in the arena, ASCII, at most 8 KB; or NULL if it is none. base_url may be NULL. */
const char *html_url(const char *href, const char *base_url, bool mailto, struct arena *arena);
void html_drop_tracking(char *url); /* takes parameters like utm_* and fbclid out, in place */
/* One line of text: entities resolved by whoever parsed, white space squeezed; NULL if nothing is left. */
const char *html_line(struct bytes text, struct arena *arena);
/* The same of text that may have been escaped once too often: &amp;amp; and &#39; become what they mean. */
const char *html_unescaped_line(struct bytes text, struct arena *arena);
/* Bytes of unknown charset as UTF-8 (CONTENT section 1): BOM, HTTP, the document's own word, UTF-8, windows-1252. */
void html_to_utf8(struct bytes data, const char *content_type, struct buffer *out);
/* The encoding that it names, if that is none we know and the bytes are no UTF-8: what html_to_utf8() gives is a guess. In the arena, or
 * NULL. */
const char *html_unknown_charset(struct bytes data, const char *content_type, struct arena *arena);
int64_t html_date(struct bytes text); /* RFC 822 with its habits, RFC 3339, plain dates; 0: none. Microseconds */
/* How a body becomes one that a mail can show. */
struct html_how {
	const char *base_url;
	unsigned flags; /* as for content_sanitise() */
	const struct content_beside *beside;
};
/* content_sanitise(), which also gives the tree of its output (NULL for nothing), if `tree` is not NULL: html_doc_free() it. */
MUST_CHECK int html_sanitise(struct bytes html, const struct html_how *how, struct buffer *out, xmlDoc **tree, struct error *err);
/* content_plain_text() of a sanitised tree; NULL is nothing. */
MUST_CHECK int html_plain_text(xmlDoc *doc, const struct content_plain *how, struct buffer *out, struct error *err);
/* Sets html and text of a post from a body that was not yet sanitised. */
MUST_CHECK int html_set_body(struct post *post, struct bytes html, const struct html_how *how, struct arena *arena, struct error *err);
/* A path from where it stands: no scheme, no host, not from the root. */
bool html_is_path(const char *src);
/* The address of a picture, on the web or, for a file of ours, beside it; or NULL. */
const char *html_picture(const char *src, const struct html_how *how, struct arena *arena);
#endif
