/* look - one look at where posts come from: what is there, and when it wants to be looked at again. Within the room only. */
#ifndef OPS_LOOK_H
#define OPS_LOOK_H
#include "ops/posts.h"
#include "system/http.h"

struct look_in {
	const struct source *source;
	/* Is this post's page worth fetching? */
	bool (*wants)(void *arg, const struct post *post);
	void *arg;
	bool keeps; /* what lies beside a folder's files goes into the store */
};

/* All of it lives in the arena. */
struct looked {
	struct content_feed feed;
	bool is_unchanged;                                              /* since etag and last_modified */
	bool is_gone;                                                   /* 410: for good, says its server; then also an error */
	const char *note;                                               /* what was left out, one line a thing; or NULL */
	bool behind_page;                                               /* found by way of a page */
	const char *moved_to;                                           /* its address for good (301, 308), or NULL */
	const char *found_at;                                           /* where the feed was read, or the page */
	const char *etag, *last_modified, *cache_control, *retry_after; /* of that; NULL: not given */
};
/* Looks at a feed, a page or a folder. -1 with one clear line; what is known by then is in *out. */
MUST_CHECK int source_look(struct ops *ops, struct http *http, const struct look_in *in, struct arena *arena, struct looked *out,
                           struct error *err);
/* A single post needs a title: INPUT says how to give it one. */
MUST_CHECK int post_check_title(const struct content_feed *feed, const char *path, struct error *err);
/* Reads one file of ours, with what lies beside it. `path` and data are borrowed. */
struct read_file {
	const char *path, *base_url, *content_type;
	struct bytes data;
	bool keeps; /* what lies beside it goes into the store */
};
MUST_CHECK int post_read_file(struct ops *ops /* may be NULL if it keeps nothing */, const struct read_file *in, struct arena *arena,
                              struct content_feed *out, struct error *err);
bool is_web_address(const char *what);
MUST_CHECK int look_fetch(struct ops *ops /* may be NULL */, struct http *http, const char *url, const char *etag,
                          const char *last_modified, struct http_reply *reply, struct error *err);
#endif
