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
};
extern const struct field campaign_fields[];

/* The ledger's numbers. The ten states add up to the audience. */
struct campaign_counts {
	int64_t queued, leased, inflight, sent, deferred, bounced, expired, uncertain, suppressed, cancelled;
	int64_t returned, complaints, unsubscribes;
	int64_t provider; /* in per-provider rows */
};
extern const struct field campaign_count_fields[];

MUST_CHECK int store_campaign_create(struct db *db, const struct campaign *campaign, int64_t *id, struct error *err);
MUST_CHECK int store_campaign_get(struct db *db, int64_t id, struct campaign *out, struct arena *arena, struct error *err);
/* The newest of a list (0: of all). */
MUST_CHECK int store_campaign_last(struct db *db, int64_t list, struct campaign *out, struct arena *arena, struct error *err);
MUST_CHECK int store_campaign_of_post(struct db *db, int64_t list, int64_t post, struct campaign *out, struct arena *arena,
                                      struct error *err);
MUST_CHECK int store_campaign_page(struct db *db, int64_t list /* 0 all */, int64_t before_id, struct campaign *out, size_t max, size_t *n,
                                   struct arena *arena, struct error *err);
MUST_CHECK int store_campaign_update(struct db *db, int64_t id, const char *subject, const char *preheader,
                                     struct error *err); /* drafts only */

/* draft or scheduled -> preparing, with its edition 1 and the post's state used: one commit. CONFLICT if it is neither.
 * prepared_last becomes the last subscription id there is now: who joins later is not in it. */
MUST_CHECK int store_campaign_start(struct db *db, int64_t id, struct bytes compiled, const char *who, int64_t now_us, struct error *err);
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
MUST_CHECK int store_campaign_sending(struct db *db, int64_t *ids, size_t max, size_t *n, struct error *err);

MUST_CHECK int store_campaign_counts(struct db *db, int64_t id, struct campaign_counts *out, struct error *err);
MUST_CHECK int store_campaign_counts_by_provider(struct db *db, int64_t id, struct campaign_counts *out, size_t max, size_t *n,
                                                 struct error *err);
/* Recounts the deliveries: for store check. */
MUST_CHECK int store_campaign_recount(struct db *db, int64_t id, struct campaign_counts *out, struct error *err);
/* Subscriptions that are active now, by provider: what `send` shows first. out[i].queued is the number. */
MUST_CHECK int store_campaign_audience(struct db *db, int64_t list, int64_t post, bool is_again, struct campaign_counts *out, size_t max,
                                       size_t *n, struct error *err);
/* The compiled edition; 1, 0, -1. */
MUST_CHECK int store_edition_get(struct db *db, int64_t edition, struct bytes *compiled, struct arena *arena, struct error *err);

/* Who was not sent, or was returned. Keyset by delivery id. */
struct missed {
	int64_t delivery_id;
	const char *email;
	int state;            /* enum delivery_state */
	const char *returned; /* class or "" */
	const char *reason;
	int64_t code;
	const char *status;
	const char *reply;
	int64_t provider;
	int64_t attempts;
	int64_t last_attempt_us;
};
extern const struct field missed_fields[];
MUST_CHECK int store_missed_page(struct db *db, int64_t campaign, int64_t after, struct missed *out, size_t max, size_t *n,
                                 struct arena *arena, struct error *err);
#endif
