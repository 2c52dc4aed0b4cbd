/* delivery - the ledger: leases, the inflight mark, outcomes. Notices go through the same functions, and first.
 * Every change of state changes the counters in the same transaction. */
#ifndef STORE_DELIVERY_H
#define STORE_DELIVERY_H
#include "model/job.h"
#include "model/outcome.h"
#include "store/db.h"

/* Before store_node_start(): if the node's last start lies ahead of now, the clock has gone back since, and what was queued or deferred by
 * then would wait as long. Such that is due later than it could be is due now; *n of them. */
MUST_CHECK int store_due_repair(struct db *db, const char *node, int64_t queued_wait_us, int64_t deferred_wait_us, int64_t now_us,
                                int64_t *n, struct error *err);
/* Registers this node (one row a name) and gives back what an earlier life of it still held: leased becomes queued, inflight becomes
 * uncertain (resend: queued again, once per delivery, due no sooner than resend_after_us; else held). Returns the node's id. */
MUST_CHECK int store_node_start(struct db *db, const char *name, bool resend, int64_t resend_after_us, int64_t now_us, int64_t *node,
                                int64_t *in_doubt, struct error *err);
/* The same for leases of any node that ran out (clockwork). */
MUST_CHECK int store_lease_expire(struct db *db, bool resend, int64_t resend_after_us, int64_t now_us, int64_t *released, int64_t *in_doubt,
                                  struct error *err);
/* After a rollback of the store (promise 10): puts every unfinished delivery and notice to uncertain, held; at the end also pauses
 * campaigns in preparing, makes drafts of scheduled ones and of held posts, and has sources take their next look as a first one.
 * In chunks; *done at the end. */
MUST_CHECK int store_hold_unfinished(struct db *db, size_t max, int64_t now_us, bool *done, struct error *err);

struct lease_pick {
	int64_t campaign, provider;
	size_t max;
};
struct lease {
	int64_t node;
	int64_t until_us;              /* wall */
	int64_t now_us;                /* only what is due */
	const struct lease_pick *pick; /* what may be sent now, in the order it is taken; nothing else is given but notices */
	size_t picks;
};
/* Takes up to `max` jobs that are due, of campaigns that are sending, notices first, oldest campaign first; makes one lease row.
 * Deliveries whose subscription is no longer active, or whose address is suppressed, become suppressed instead, and are not given.
 * 0 with *n == 0: nothing is due. */
MUST_CHECK int store_delivery_lease(struct db *db, const struct lease *lease, struct job *jobs, size_t max, size_t *n, struct error *err);
/* Gives unstarted ones back: leased -> queued where the token matches. */
MUST_CHECK int store_delivery_release(struct db *db, const struct job *jobs, size_t n, struct error *err);
/* The wall clock jumped: a node's leases end that much later. */
MUST_CHECK int store_lease_shift(struct db *db, int64_t node, int64_t by_us, struct error *err);
MUST_CHECK int store_lease_extend(struct db *db, int64_t lease_token, int64_t until_us, struct error *err);

/* One commit for many sessions: outcomes with their verdicts, and inflight marks (promises 4 to 8). */
struct record {
	struct outcome outcome; /* kind OUTCOME_NONE: none with this record (a session's first message) */
	struct verdict verdict;
	int64_t campaign, provider; /* of the outcome's delivery, for its counters */
	struct job *next;           /* mark this one inflight; NULL: none. first_us, first_try_us are filled in when 0 */
	const char *frozen;         /* of next: store_job_freeze() */
	bool next_refused;          /* out: the mark changed no row: paused, cancelled, unsubscribed, suppressed, fenced */
	bool outcome_fenced;        /* out: the outcome's token no longer matched; nothing was written for it */
};
/* What a reader's mail is made of, kept from the mark until the end, so that a resend is the same bytes (promise 5). Adds JSON text. */
MUST_CHECK int store_job_freeze(const struct job *job, struct buffer *out, struct error *err);
MUST_CHECK int store_delivery_record(struct db *db, int64_t node, struct record *const *records, size_t n, int64_t now_us,
                                     struct error *err);

/* When the next queued or deferred one is due, of each campaign that is sending and each provider; oldest campaign first. */
struct due {
	int64_t campaign, provider, list, due_us;
};
MUST_CHECK int store_delivery_due(struct db *db, struct due *out, size_t max, size_t *n, struct error *err);
/* Deferred beyond age with enough attempts -> expired; at most `max`. */
MUST_CHECK int store_delivery_expire(struct db *db, int64_t queued_before_us, int min_attempts, size_t max, int64_t now_us, int64_t *n,
                                     struct error *err);
/* An admin: deferred (and queued) are due now. campaign 0: all. */
MUST_CHECK int store_delivery_retry(struct db *db, int64_t campaign, int64_t now_us, int64_t *n, struct error *err);
/* uncertain -> queued, by an editor. */
MUST_CHECK int store_delivery_resend_uncertain(struct db *db, int64_t campaign, int64_t now_us, int64_t *n, struct error *err);
/* A sign of life of a mail in doubt: uncertain -> sent. 1 changed. */
MUST_CHECK int store_delivery_proved(struct db *db, int64_t campaign, int64_t subscriber, int64_t now_us, struct error *err);

/* What waits: by provider and state, with age. */
struct waiting {
	int64_t campaign_id;
	int64_t provider;
	int state; /* enum delivery_state */
	int64_t n;
	int64_t oldest_us; /* queued_us of the oldest */
	int64_t next_due_us;
};
extern const struct field waiting_fields[];
MUST_CHECK int store_delivery_waiting(struct db *db, struct waiting *out, size_t max, size_t *n, struct error *err);
/* One delivery of one address, with its last attempt: for `queue --why ADDR`. */
struct why {
	int64_t delivery_id, campaign_id, provider;
	const char *email;
	int state;
	int campaign_state;
	int64_t due_us, attempts;
	const char *reason, *reply, *relay, *stage;
	int64_t code, at_us;
};
extern const struct field why_fields[];
MUST_CHECK int store_delivery_why(struct db *db, const char *email_key /* NULL: all waiting */, struct why *out, size_t max, size_t *n,
                                  struct arena *arena, struct error *err);
/* One reader's job as it would be sent now, for preview and the page of a mail: found by campaign and subscriber, or made up from the
 * subscriber if there is no delivery yet. 1, 0 no such subscriber, -1. */
MUST_CHECK int store_delivery_job(struct db *db, int64_t campaign, int64_t subscriber, struct job *out, struct error *err);

/* Revocations after `after`: for the veto set. */
struct revocation {
	int64_t id, list_id, campaign_id, subscriber_id;
};
MUST_CHECK int store_revocation_after(struct db *db, int64_t after, struct revocation *out, size_t max, size_t *n, struct error *err);

/* Notices. */
struct notice {
	int64_t id;
	const char *kind; /* "confirmation", "test", "alert" */
	int64_t list_id, subscriber_id;
	const char *email, *sender;
	struct bytes message; /* complete, CRLF */
};
MUST_CHECK int store_notice_add(struct db *db, const struct notice *notice, int64_t now_us, int64_t *id, struct error *err);
MUST_CHECK int store_notice_message(struct db *db, int64_t id, struct bytes *message, struct arena *arena,
                                    struct error *err); /* 1, 0, -1 */
/* State and last reply of one notice: what `campaign test` waits for. 1, 0, -1. */
MUST_CHECK int store_notice_state(struct db *db, int64_t id, int *state, char reply[OUTCOME_REPLY_BYTES], struct error *err);
#endif
