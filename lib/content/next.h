/* next - a look at a source, step by step, without fetching anything here: the caller fetches what it is asked for and comes back.
 *
 *	struct content_look look = { .arena = arena, .wants = is_unknown, .arg = … };
 *	reply = fetch(source->url)
 *	while (content_next(&look, &reply, &step, &err) == 0 && step.turn == CONTENT_FETCH)
 *		reply = fetch(step.url)            a failed fetch is a reply with its status (0: none at all)
 *
 * A feed is read. A page names its feed (link rel=alternate), else the usual places are tried (/feed, /rss.xml …), else its sitemap, else
 *the page itself is the post. Posts of a feed that carries summaries only are completed from their pages, if the caller wants them. */
#ifndef CONTENT_NEXT_H
#define CONTENT_NEXT_H
#include "content/content.h"

enum { CONTENT_PAGES_MAX = 20 }; /* fetched in one look to complete posts, or from a sitemap */

/* Borrowed until content_next() returns. */
struct content_reply {
	struct bytes body;
	const char *content_type; /* or NULL */
	const char *url;          /* after redirects */
	int status;               /* of HTTP; 0: it could not be fetched */
};

/* One look. The caller fills the first part, content_next() keeps the rest. */
struct content_look {
	struct arena *arena; /* all that comes out lives in it */
	/* Is the page of this post worth fetching (it is new, its source completes)? NULL: none is. */
	bool (*wants)(void *arg, const struct post *post);
	void *arg;
	bool only_feed; /* the source is known to be a feed: a page in its place is an error, and nothing is guessed */

	struct content_look_state *state; /* in the arena */
};

enum content_turn {
	CONTENT_FETCH, /* fetch `url` and call again */
	CONTENT_DONE,  /* `feed` holds what there is */
};
struct content_step {
	enum content_turn turn;
	const char *url;      /* FETCH */
	const char *found_at; /* DONE: where the feed, the page or the sitemap was read: look there next time */
	struct content_feed feed;
};

/* 0, or -1 with ERROR_INPUT (what was found instead of a post) or ERROR_NETWORK (the first reply was a failure). */
MUST_CHECK int content_next(struct content_look *look, const struct content_reply *reply, struct content_step *out, struct error *err);
#endif
