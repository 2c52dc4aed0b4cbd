/* posts - posts come in: from files, feeds and folders. */
#ifndef OPS_POSTS_H
#define OPS_POSTS_H
#include "content/content.h"
#include "ops/ops.h"
#include "store/list.h"
#include "store/post.h"
#include "store/source.h"

struct taken {
	int64_t added;   /* new: drafts, held or to be sent */
	int64_t seen;    /* marked seen at the first look */
	int64_t revised; /* known, with other words */
	int64_t same;
	int64_t left_out;       /* by the source's filter */
	int64_t drafts_by_rule; /* became drafts although the source sends: flood, too old, changed id */
	char alert[256];        /* "" or the reason of the rule, in one line */
	int64_t ids[64];        /* the new ones, at most 64 */
	size_t count;
};
/* Takes the posts of one look at a source by the rules of INTERFACES "A feed that misbehaves mails nobody". */
MUST_CHECK int post_take(struct ops *ops, struct source *source, const struct post *posts, size_t n, struct taken *out, struct error *err);
/* A post ready to be stored: hashes of title and text, state draft. Texts are borrowed from `post` and the arena. */
MUST_CHECK int post_prepare(const struct post *post, int64_t list, int64_t now_us, struct arena *arena, struct stored_post *out,
                            struct error *err);
/* Title and text as one word, to be compared: what a source says of a post, or said when it was taken. NULL: out of memory. */
const char *post_said(const struct post *post, struct arena *arena);
const char *post_source_hash(const struct stored_post *post, struct arena *arena);
MUST_CHECK int post_find(struct ops *ops, int64_t id, struct stored_post *out, struct arena *arena, struct error *err); /* NOT_FOUND */
/* Whether these words, files and fields are those it has. */
MUST_CHECK int post_is_same(struct ops *ops, const struct stored_post *known, const struct post *words, bool *same, struct error *err);
/* New words for a post: everything of *words but its identity, the text made from the HTML, which is sanitised. The old ones become a
 * version; where the words are the same, *changed is false and nothing was done. What a campaign has sent stays as it was: see
 * campaign_refresh() and campaign_correct(). */
MUST_CHECK int post_revise(struct ops *ops, int64_t id, const struct post *words, struct actor actor, bool *changed, struct error *err);
/* Never to be mailed, or to be again. 1 changed, 0 was so. CONFLICT: a campaign carries it. */
MUST_CHECK int post_skip(struct ops *ops, int64_t id, bool skip, struct actor actor, struct error *err);
/* One file ("-" standard input) or URL, as a draft, or waiting for the list's own digest. The same identity again gives the post there is,
 * with a new version if anything of it differs. */
struct post_in {
	const char *what, *base_url; /* base_url may be NULL */
	bool for_digest;             /* NOT_FOUND: the list has none; CONFLICT: a campaign carries the post */
};
struct post_added {
	int64_t id;
	bool revised, same; /* it was known: with other words, with the same */
	const char *note;   /* what of it was left out, one line a thing, in the arena; or NULL */
};
MUST_CHECK int post_add(struct ops *ops, const struct list *list, const struct post_in *in, struct actor actor, struct post_added *out,
                        struct arena *arena, struct error *err);
/* Reads a file or URL as post_add would, without making a post of it. */
struct post_look {
	const char *what;
	const char *base_url, *content_type; /* or NULL */
	bool keeps;                          /* pictures and attachments beside it go into the store: the post will */
};
MUST_CHECK int post_inspect(struct ops *ops /* may be NULL for files that keep nothing */, const struct post_look *look,
                            struct arena *arena, struct content_feed *out, struct error *err);

struct source_in {
	const char *list, *what; /* URL, folder or "mail"; source_set: the new URL, or NULL */
	const char *policy;      /* "draft", "send", "hold=30m", "digest"; NULL: the list's */
	int64_t latest;
	/* As a person writes them; NULL: as it is, "standard": as the configuration says. */
	const char *interval, *max_age, *flood, *only, *except, *strip_tracking;
};
MUST_CHECK int source_find(struct ops *ops, int64_t id, struct source *out, struct arena *arena, struct error *err); /* NOT_FOUND */
MUST_CHECK int source_set(struct ops *ops, int64_t id, const struct source_in *in, struct actor actor, struct error *err);
/* "draft", "send", "hold=30m", "digest" into source->policy and hold_us. */
MUST_CHECK int source_policy_read(const char *text, struct source *source, struct error *err);
/* Adds the source and takes its first look at once: what is there is marked seen. */
MUST_CHECK int source_add(struct ops *ops, const struct source_in *in, struct actor actor, int64_t *id, struct taken *first,
                          struct error *err);
/* One look. A failure marks the source failing, with one clear line and a later due time, and is 0: look at source->error.
 * `cancel` may be set by another thread. */
struct http;
MUST_CHECK int source_poll(struct ops *ops, struct http *http, struct source *source, struct taken *out, struct arena *arena,
                           struct error *err);
/* The same without storing: `source try`. *note: what was left out, or NULL. */
MUST_CHECK int source_try(struct ops *ops, const char *what, struct arena *arena, struct content_feed *out, const char **note,
                          struct error *err);
/* Clockwork: held posts whose time has come become campaigns and start. */
MUST_CHECK int post_release_held(struct ops *ops, int64_t *started, struct error *err);
#endif
