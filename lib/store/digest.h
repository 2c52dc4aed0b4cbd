/* digest - when a list gathers its posts into one mail, and for whom. */
#ifndef STORE_DIGEST_H
#define STORE_DIGEST_H
#include "store/campaign.h"

enum digest_cadence { DIGEST_EACH, DIGEST_DAILY, DIGEST_WEEKLY, DIGEST_CADENCES };
extern const char *const digest_cadence_words[];
struct digest {
	int64_t id, list_id;
	int cadence;        /* DIGEST_EACH: the list's own, of posts that wait for it; else of what the readers of that cadence missed */
	const char *rhythm; /* policy/rhythm.h */
	int64_t next_us;    /* 0: to be worked out */
	int64_t last_us;
};
extern const struct field digest_fields[];

MUST_CHECK int store_digest_of(struct db *db, int64_t list, struct digest *out /* DIGEST_CADENCES */, size_t *n, struct arena *arena,
                               struct error *err);
MUST_CHECK int store_digest_due(struct db *db, int64_t now_us, struct digest *out, size_t max, size_t *n, struct arena *arena,
                                struct error *err);
/* Sets or makes it; the next time is worked out anew. */
MUST_CHECK int store_digest_set(struct db *db, int64_t list, enum digest_cadence cadence, const char *rhythm, int64_t now_us,
                                struct error *err);
/* Takes the list's own away: what waited for it is a draft, *drafts of them. NOT_FOUND: there is none. */
MUST_CHECK int store_digest_drop(struct db *db, int64_t list, int64_t *drafts, struct error *err);
/* A post waits for its list's own digest, or is a draft. 0 where a campaign carries it, else 1. */
MUST_CHECK int store_digest_wait(struct db *db, int64_t post, bool waits, struct error *err);
/* After its list's zone changed. */
MUST_CHECK int store_digest_forget_next(struct db *db, int64_t list, struct error *err);
MUST_CHECK int store_digest_set_next(struct db *db, int64_t id, int64_t next_us, int64_t last_us, struct error *err);
/* What it would carry at now_us, in order. */
MUST_CHECK int store_digest_posts(struct db *db, const struct digest *digest, int64_t now_us, int64_t posts[CAMPAIGN_POSTS], size_t *n,
                                  struct error *err);
/* The same of what was left out of the next digest of a cadence; of a list's own none: those posts are skipped themselves. */
MUST_CHECK int store_digest_skipped(struct db *db, const struct digest *digest, int64_t now_us, int64_t posts[CAMPAIGN_POSTS], size_t *n,
                                    struct error *err);
/* Leaves a post out of the next digest of a cadence, or takes it back in. */
MUST_CHECK int store_digest_skip(struct db *db, int64_t digest, int64_t post, bool skip, struct error *err);
/* Places of posts in the next digest of a cadence, before all others. */
MUST_CHECK int store_digest_place(struct db *db, int64_t digest, const int64_t *posts, size_t n, struct error *err);
/* The campaign with its posts, used now, and the digest's next time: one commit. */
MUST_CHECK int store_digest_make(struct db *db, const struct digest *digest, const struct campaign *campaign, const int64_t *posts,
                                 size_t n, int64_t next_us, int64_t now_us, int64_t *id, struct error *err);
/* Places of posts that wait: in the order given, before all others. NOT_FOUND names one that does not wait. */
MUST_CHECK int store_digest_order(struct db *db, int64_t list, const int64_t *posts, size_t n, struct error *err);
#endif
