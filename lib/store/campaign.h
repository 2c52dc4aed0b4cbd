/* campaign - campaigns, their editions, counters and audience. */
#ifndef STORE_CAMPAIGN_H
#define STORE_CAMPAIGN_H
#include "model/state.h"
#include "store/db.h"

struct campaign {
	int64_t id;
	int64_t list_id;
	int64_t post_id;
	int state; /* enum campaign_state */
	const char *subject;
	const char *preheader;
	struct bytes salt; /* 16 random bytes */
	bool is_again;
	int64_t scheduled_us;
	const char *schedule;
	int64_t started_us, first_pass_us, finished_us;
	int64_t prepared_after, prepared_last;
	bool is_prepared;
	int64_t edition_id;
	const char *paused_by;
	const char *created_by;
	int64_t created_us;
	int kind;            /* enum campaign_kind */
	int64_t cadences;    /* whom it is for: CADENCE_EACH | … */
	int64_t corrects_id; /* the campaign whose old text it corrects; 0 none */
	const char *approved_by;
};
enum campaign_kind { CAMPAIGN_POST, CAMPAIGN_DIGEST, CAMPAIGN_CORRECTION };
extern const char *const campaign_kind_words[];
enum { CADENCE_EACH = 1, CADENCE_DAILY = 2, CADENCE_WEEKLY = 4, CADENCE_ALL = 7 };
extern const struct field campaign_fields[];

/* The ledger's numbers. The ten states add up to the audience. */
struct campaign_counts {
	int64_t queued, leased, inflight, sent, deferred, bounced, expired, uncertain, suppressed, cancelled;
	int64_t returned, complaints, unsubscribes;
	int64_t provider; /* in per-provider rows */
};
extern const struct field campaign_count_fields[];

MUST_CHECK int store_campaign_create(struct db *db, const struct campaign *campaign, int64_t *id, struct error *err);
/* The same with several posts; campaign->post_id is 0 then. */
MUST_CHECK int store_campaign_create_with(struct db *db, const struct campaign *campaign, const int64_t *posts, size_t n, int64_t *id,
                                          struct error *err);
MUST_CHECK int store_campaign_get(struct db *db, int64_t id, struct campaign *out, struct arena *arena, struct error *err);
/* The newest of a list (0: of all). */
MUST_CHECK int store_campaign_last(struct db *db, int64_t list, struct campaign *out, struct arena *arena, struct error *err);
MUST_CHECK int store_campaign_of_post(struct db *db, int64_t list, int64_t post, struct campaign *out, struct arena *arena,
                                      struct error *err);
MUST_CHECK int store_campaign_page(struct db *db, int64_t list /* 0 all */, int64_t before_id, struct campaign *out, size_t max, size_t *n,
                                   struct arena *arena, struct error *err);
MUST_CHECK int store_campaign_update(struct db *db, int64_t id, const char *subject, const char *preheader,
                                     struct error *err); /* drafts only */

/* What a campaign carries, in order: one post, or those of a digest. */
enum { CAMPAIGN_POSTS = 30 };
MUST_CHECK int store_campaign_posts(struct db *db, int64_t id, int64_t posts[CAMPAIGN_POSTS], size_t *n, struct error *err);
/* Drafts only; its posts are drafts again. */
MUST_CHECK int store_campaign_delete(struct db *db, int64_t id, struct error *err);
MUST_CHECK int store_campaign_unschedule(struct db *db, int64_t id, const char *why, struct error *err);
MUST_CHECK int store_campaign_approve(struct db *db, int64_t id, const char *who, struct error *err);

/* The correction of that campaign that waits to be sent: 1, 0, -1. */
MUST_CHECK int store_campaign_correction(struct db *db, int64_t id, struct campaign *out, struct arena *arena, struct error *err);

/* draft or scheduled -> preparing, with its edition 1 and the post's state used: one commit. CONFLICT if it is neither.
 * prepared_last becomes the last subscription id there is now: who joins later is not in it. */
MUST_CHECK int store_campaign_start(struct db *db, int64_t id, struct bytes compiled, const char *who, int64_t now_us, struct error *err);
/* The same with several editions: readers of a digest who had some of its posts before get one without them. */
struct edition_new {
	struct bytes compiled;
	int64_t had; /* a bit for each position of the campaign's posts that it leaves out */
	const int64_t *posts, *versions;
	size_t count;
	int64_t replaces; /* refresh: the edition it takes the place of */
};
MUST_CHECK int store_campaign_start_with(struct db *db, int64_t id, const struct edition_new *editions, size_t n, const char *who,
                                         int64_t now_us, struct error *err);
/* Which posts its readers had before: the different sets of bits there are, at most max. */
MUST_CHECK int store_campaign_had(struct db *db, const struct campaign *campaign, int64_t *had, size_t max, size_t *n, struct error *err);
/* Writes the next chunk of at most `max` subscriptions of the audience as deliveries (queued, or suppressed with the reason:
 * suppressed address, already got it); counters in the same transaction; *done when the audience is whole and the campaign
 * is sending. Does nothing for a paused or cancelled one. Resumable after any crash. */
MUST_CHECK int store_campaign_prepare(struct db *db, int64_t id, size_t max, int64_t now_us, bool *done, struct error *err);
/* Ids of campaigns in preparing, and of scheduled ones that are due. */
MUST_CHECK int store_campaign_preparing(struct db *db, int64_t *ids, size_t max, size_t *n, struct error *err);
MUST_CHECK int store_campaign_due(struct db *db, int64_t now_us, int64_t *ids, size_t max, size_t *n, struct error *err);
MUST_CHECK int store_campaign_schedule(struct db *db, int64_t id, int64_t at_us, const char *rule, const char *who, struct error *err);
/* pause, resume: the state table decides; 1 changed, 0 already so, -1 CONFLICT "cannot be paused: it is sent". Adds a revocation. */
MUST_CHECK int store_campaign_pause(struct db *db, int64_t id, const char *who, int64_t now_us, struct error *err);
MUST_CHECK int store_campaign_resume(struct db *db, int64_t id, const char *who, int64_t now_us, struct error *err);
/* cancel: the campaign at once; its queued, deferred and leased deliveries in chunks of `max`, call again until *done. What is
 * inflight keeps its outcome, what is uncertain stays shown. Who was not sent may get the post by another campaign. */
MUST_CHECK int store_campaign_cancel(struct db *db, int64_t id, const char *who, size_t max, int64_t now_us, bool *done, struct error *err);
/* sending with nothing waiting -> sent (and first_pass_us once nothing is untried). Cheap: by counters. 1 if it is finished now. */
MUST_CHECK int store_campaign_finish(struct db *db, int64_t id, int64_t now_us, struct error *err);
/* Within a write: one that was sent has deliveries to send again. CONFLICT, with a way out, for one that was cancelled, or never began. */
MUST_CHECK int store_campaign_reopen(struct db *db, int64_t id, struct error *err);
/* A page of them behind `after`, in the order of their numbers. */
MUST_CHECK int store_campaign_sending(struct db *db, int64_t after, int64_t *ids, size_t max, size_t *n, struct error *err);

MUST_CHECK int store_campaign_counts(struct db *db, int64_t id, struct campaign_counts *out, struct error *err);
MUST_CHECK int store_campaign_counts_by_provider(struct db *db, int64_t id, struct campaign_counts *out, size_t max, size_t *n,
                                                 struct error *err);
/* Recounts the deliveries. */
MUST_CHECK int store_campaign_recount(struct db *db, int64_t id, struct campaign_counts *out, struct error *err);
/* Whether its counters are what its deliveries are; both are read in one snapshot. */
MUST_CHECK int store_campaign_check(struct db *db, int64_t id, bool *is_right, struct error *err);
/* Who would get it now, by provider: what `send` shows first. out[i].queued is the number. */
MUST_CHECK int store_campaign_audience(struct db *db, const struct campaign *campaign, struct campaign_counts *out, size_t max, size_t *n,
                                       struct error *err);
/* The compiled edition; 1, 0, -1. */
MUST_CHECK int store_edition_get(struct db *db, int64_t edition, struct bytes *compiled, struct arena *arena, struct error *err);

/* Editions in use, not yet replaced by another, oldest first. */
struct edition_row {
	int64_t id, number, had, created_us;
};
extern const struct field edition_row_fields[];
MUST_CHECK int store_campaign_editions(struct db *db, int64_t campaign, struct edition_row *out, size_t max, size_t *n, struct error *err);
/* Each of editions[] takes the place of the one it replaces; the campaign has to be paused (CONFLICT). Deliveries follow by
 * store_campaign_move(). */
MUST_CHECK int store_campaign_refresh(struct db *db, int64_t id, const struct edition_new *editions, size_t n, const char *subject,
                                      int64_t now_us, struct error *err);
/* Takes deliveries that never began (queued, no first_us) to the edition that replaced theirs: looks at the next `max` behind *after (a
 * subscriber's id, 0 to begin), and moves it on. 1 there is more, 0 it was the last, or nothing was replaced. */
MUST_CHECK int store_campaign_move(struct db *db, int64_t id, size_t max, int64_t *after, int64_t *moved, struct error *err);
/* The version of a post that an edition carries; 1, 0 it does not, -1. */
MUST_CHECK int store_edition_version(struct db *db, int64_t edition, int64_t post, int64_t *version, struct error *err);
/* Its posts that were changed since an edition of it was compiled. */
MUST_CHECK int store_campaign_changed(struct db *db, int64_t campaign, int64_t posts[CAMPAIGN_POSTS], size_t *n, struct error *err);
/* How many got a text of the campaign that was changed since. */
MUST_CHECK int store_campaign_outdated(struct db *db, int64_t campaign, int64_t *n, struct error *err);

/* What came of a campaign's deliveries, stretch by stretch of time; stretches without any are left out. Reads all of them. */
struct campaign_slot {
	int64_t from_us;
	int64_t sent, refused; /* refused: bounced and expired */
};
extern const struct field campaign_slot_fields[];
MUST_CHECK int store_campaign_slots(struct db *db, int64_t campaign, int64_t start_us, int64_t length_us, struct campaign_slot *out,
                                    size_t max, size_t *n, struct error *err);
#endif
