/* feed - what the feed formats share. Within the room only. */
#ifndef CONTENT_FEED_H
#define CONTENT_FEED_H
#include "base/json.h"
#include "content/html.h"

enum { FEED_BYTES = 16 << 20, FEED_POSTS = 10000 };

struct feed {
	struct arena *arena;
	const char *base_url;
	struct content_feed *out;
	const json_t *json; /* of a JSON Feed, while it is read */
};

/* What one entry says, before it is a post. All may be NULL. */
struct feed_entry {
	const char *id;      /* kept byte for byte */
	const char *body;    /* the whole post, HTML */
	const char *summary; /* HTML */
	size_t title_bytes;  /* of the title as written: one that is no title is no post */
	const char *base;    /* what relative links of the body resolve against; NULL: the post's URL, else the feed's */
};

/* The root of a feed or of one entry in it; NULL: there is none. */
const char *feed_root(struct bytes text);
/* Makes XML of what was meant to be: HTML's named entities become characters, a bare & is escaped, control characters go. */
void feed_mend(struct bytes text, struct buffer *out);
/* What an element holds, as HTML: its markup, its escaped HTML (where it says so, or is_html), else its text; NULL if nothing. */
const char *feed_body(const xmlNode *node, bool is_html, struct arena *arena);
/* Text as HTML: a paragraph for each block of lines; NULL for NULL. */
const char *feed_text_as_html(const char *text, struct arena *arena);
/* Completes a post whose URL, title, author and times are set: body, text, subtitle, title and identity. */
MUST_CHECK int feed_finish(struct feed *feed, struct post *post, const struct feed_entry *entry, struct error *err);
/* A title that may be text, escaped HTML or markup, as one line of text; NULL if nothing is left. */
const char *feed_title(const char *text, struct arena *arena);
/* The name out of "name", "a@b (Name)", "Name <a@b>" or "Name (a@b)"; else the address. */
const char *feed_author(const char *text, struct arena *arena);
/* Room for `count` posts, at most FEED_POSTS. */
MUST_CHECK int feed_room(struct feed *feed, size_t count, struct error *err);
/* The place of the next post, or NULL when there are FEED_POSTS. It counts once feed_keep() was told that it was read: result 0. A post
 * that could not be read is dropped; only a lack of memory is passed on. */
struct post *feed_next(struct feed *feed);
MUST_CHECK int feed_keep(struct feed *feed, int result, struct error *err);
/* JSON Feed 1 and 1.1 (jsonfeed.org). */
MUST_CHECK int feed_json(struct feed *feed, struct bytes text, struct error *err);
#endif
