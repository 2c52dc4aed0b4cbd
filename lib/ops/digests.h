/* digests - posts gathered into one mail: the list's own digest, and those of readers who want a mail a day or a week. */
#ifndef OPS_DIGESTS_H
#define OPS_DIGESTS_H
#include "ops/ops.h"
#include "store/digest.h"
#include "store/list.h"

/* For a new list: the digests of its readers' cadences, at seven, on Mondays for those who want one a week. */
MUST_CHECK int digest_prepare(struct ops *ops, int64_t list, int64_t now_us, struct error *err);
/* rhythm: policy/rhythm.h. Of cadence each: the list's own. */
MUST_CHECK int digest_set(struct ops *ops, const struct list *list, enum digest_cadence cadence, const char *rhythm, struct actor actor,
                          struct error *err);
/* Takes the list's own away; *drafts: how many posts waited for it and are drafts now. CONFLICT names a source that puts posts into it. */
MUST_CHECK int digest_drop(struct ops *ops, const struct list *list, struct actor actor, int64_t *drafts, struct error *err);
/* NOT_FOUND, with the command that makes one, where the list has no digest of its own. */
MUST_CHECK int digest_check_own(struct ops *ops, const struct list *list, struct error *err);
/* A post waits for its list's own digest, or is a draft again. 1 changed, 0 was so. CONFLICT: a campaign carries it. */
MUST_CHECK int digest_wait(struct ops *ops, int64_t post, bool waits, struct actor actor, struct error *err);
/* A digest with its next time worked out, and the posts it would carry if it went out now. */
struct digest_view {
	struct digest digest;
	int64_t posts[CAMPAIGN_POSTS];
	size_t count;
	int64_t skipped[CAMPAIGN_POSTS]; /* left out of it */
	size_t skipped_count;
};
MUST_CHECK int digest_view(struct ops *ops, const struct list *list, struct digest_view out[DIGEST_CADENCES], size_t *n,
                           struct arena *arena, struct error *err);
/* The next one falls out: what waits goes with the one after. */
MUST_CHECK int digest_skip(struct ops *ops, const struct list *list, enum digest_cadence cadence, struct actor actor, struct error *err);
/* Leaves posts out of the next digest of readers of that cadence, or takes them back in. Of the list's own: post_skip(). NOT_FOUND names
 * one that is not in it. */
MUST_CHECK int digest_skip_posts(struct ops *ops, const struct list *list, enum digest_cadence cadence, const int64_t *posts, size_t n,
                                 bool skip, struct actor actor, struct error *err);
/* Puts these first, in this order. */
MUST_CHECK int digest_order(struct ops *ops, const struct list *list, enum digest_cadence cadence, const int64_t *posts, size_t n,
                            struct actor actor, struct error *err);
/* Clockwork: what is due becomes a campaign, if there is something new and somebody to read it. */
MUST_CHECK int digest_run(struct ops *ops, int64_t *made, struct error *err);
#endif
