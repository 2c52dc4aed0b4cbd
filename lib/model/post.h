/* post - one published piece, as content reads it and the store keeps it. */
#ifndef MODEL_POST_H
#define MODEL_POST_H
#include "base/field.h"

/* A file that goes with a post's mail; its content is in the store under `key`. */
struct post_file {
	const char *name, *type, *key;
};

struct post {
	const char *identity; /* guid, atom:id or canonical URL: compared byte for byte, never resolved */
	const char *url;      /* absolute http(s), or NULL */
	const char *title;    /* one line of text, never NULL; may be "" until the caller decides */
	const char *subtitle; /* one line or NULL */
	const char *author;   /* or NULL */
	const char *language; /* BCP 47, or NULL */
	const char *html;     /* sanitised body, absolute URLs, no document around it */
	const char *text;     /* plain text, paragraphs separated by blank lines, unwrapped or NULL */
	const char *image;    /* absolute URL or NULL */
	const char *image_alt;
	const char *categories; /* one name a line, or NULL; not stored: filters look at it when the post is taken */
	const char *said;       /* what its source said of it (post_said()), where the words come from its page; or NULL; see
	                           stored_post.source_hash */
	bool is_summary;        /* html is what the feed says about the post; the whole stands at url */
	int64_t published_us;   /* 0: unknown */
	int64_t updated_us;
	const struct post_file *files; /* that its own file names; NULL: it is no file, and what goes with it stays as it is */
	size_t file_count;
	const char *keys;    /* of all that was taken from beside its file, also pictures; or NULL */
	const char *note;    /* what of it could not be taken, and what to do, one line a thing; or NULL */
	bool lacks_pictures; /* some it shows are not there */
	bool is_ours;        /* written by an editor of the list: its merge tags are filled, see edition.h */
};
extern const struct field post_fields[];

/* The last part of a post's address on the web: its id, then what its title has of ASCII letters, also with marks on them, and digits;
 * the words may change without a link breaking. No percent-encoding: SpamAssassin takes it for a placeholder that was left in a header. */
void post_slug(int64_t id, const char *title, struct buffer *out);
/* The id a slug begins with, as it stands in a path that was decoded; 0: none. */
int64_t post_slug_id(const char *slug);

/* Whether the HTML itself begins with the post's picture, or with another size of it: it is not shown above it a second time. */
bool post_begins_with_image(const struct post *post);
#endif
