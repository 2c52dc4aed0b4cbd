/* subscriber - people, their subscriptions, the consent behind them and the confirmation tokens. */
#ifndef STORE_SUBSCRIBER_H
#define STORE_SUBSCRIBER_H
#include "model/state.h"
#include "store/db.h"

struct subscriber {
	int64_t id;
	const char *uuid;
	const char *email;
	const char *email_key; /* address_read()'s key */
	const char *name;
	const char *attributes; /* a JSON object's text */
	const char *language;   /* or NULL */
	int64_t provider;
	int64_t epoch;
	int64_t created_us;
	int64_t updated_us;
};
extern const struct field subscriber_fields[];

/* A subscriber as a list sees it: for ls, show and export. */
struct member {
	int64_t subscriber_id;
	int64_t subscription_id;
	const char *uuid;
	const char *email;
	const char *name;
	const char *attributes;
	int state; /* enum subscription_state */
	const char *cadence;
	int64_t requested_us, confirmed_us, left_us;
	const char *suppressed; /* reason, or NULL */
};
extern const struct field member_fields[];

enum consent_what { CONSENT_REQUESTED, CONSENT_CONFIRMED, CONSENT_IMPORTED, CONSENT_ADDED, CONSENT_LEFT, CONSENT_PAUSED, CONSENT_RESUMED };
struct consent {
	int64_t list_id, subscriber_id;
	int what;             /* enum consent_what */
	const char *how;      /* "form /news", "import readers.csv", "cli dana", "one-click", "link" */
	const char *text;     /* what they saw or what the importer said */
	const char *evidence; /* JSON object text or "" */
	int64_t at_us;
};
extern const struct field consent_fields[];
extern const char *const consent_words[];

/* 1, 0, -1 as everywhere. */
MUST_CHECK int store_subscriber_find(struct db *db, const char *email_key, struct subscriber *out, struct arena *arena, struct error *err);
MUST_CHECK int store_subscriber_get(struct db *db, int64_t id, struct subscriber *out, struct arena *arena, struct error *err);
/* state of the subscription, or SUBSCRIPTION_NONE; -1 failure. */
MUST_CHECK int store_subscription_state(struct db *db, int64_t list, int64_t subscriber, struct error *err);

/* One row of an import or a sign-up; applied by the state table of model. Several of them are one transaction: give at most
 * 1,000 at a time. For each, `result` says what happened. */
enum join_result {
	JOIN_NEW,
	JOIN_ACTIVATED,
	JOIN_UPDATED,
	JOIN_SAME,
	JOIN_LEFT /* unsubscribed: stays so */,
	JOIN_SUPPRESSED,
	JOIN_PENDING
};
struct join {
	const char *email, *email_key, *name,
		*attributes; /* name "" and attributes "{}": unknown; existing ones are kept unless is_update */
	int64_t provider;
	int event; /* enum subscription_event: ON_REQUEST, ON_IMPORT, ON_CONFIRM */
	int left;  /* 1: the file says unsubscribed: record them as such, never mail them */
	bool is_update;
	const char *how, *text, *evidence; /* the consent */
	int64_t subscriber_id;             /* out */
	int result;                        /* out: enum join_result */
};
MUST_CHECK int store_join(struct db *db, int64_t list, struct join *rows, size_t n, int64_t now_us, struct error *err);

/* Leaving, pausing, resuming: state, consent record, revocation row, counters of `campaign` (0 none) if an unsubscribe is
 * credited to it, in one transaction. Queued deliveries of the list are refused by the mark; *was tells the state before.
 * list 0: all lists of the subscriber. Idempotent. */
MUST_CHECK int store_leave(struct db *db, int64_t list, int64_t subscriber, int64_t campaign, const char *how, int64_t now_us,
                           enum subscription_state *was, struct error *err);
/* Undo of a leave within the page, or confirm: the state table decides; 1 changed, 0 not. */
MUST_CHECK int store_subscription_apply(struct db *db, int64_t list, int64_t subscriber, enum subscription_event event, const char *how,
                                        const char *text, const char *evidence, int64_t now_us, struct error *err);

/* How often the reader hears from the list: "each", "daily", "weekly". *changed 0: not on that list. */
MUST_CHECK int store_subscription_set_cadence(struct db *db, int64_t list, int64_t subscriber, const char *cadence, int64_t *changed,
                                              struct error *err);
MUST_CHECK int store_subscriber_set_name(struct db *db, int64_t subscriber, const char *name, int64_t now_us, struct error *err);

/* Confirmation tokens, by hash. find: 1 valid (or already used: *used), 0 none or expired. use: marks used and activates, one transaction.
 */
MUST_CHECK int store_confirmation_add(struct db *db, const uint8_t hash[32], int64_t list, int64_t subscriber, int64_t now_us,
                                      int64_t until_us, struct error *err);
MUST_CHECK int store_confirmation_find(struct db *db, const uint8_t hash[32], int64_t now_us, int64_t *list, int64_t *subscriber,
                                       bool *used, struct error *err);
MUST_CHECK int store_confirmation_use(struct db *db, const uint8_t hash[32], const char *how, const char *evidence, int64_t now_us,
                                      int64_t *list, int64_t *subscriber, struct error *err);
/* How many confirmations this subscriber was mailed for this list (0: for any) since since_us, and did not use (RULES A2). */
MUST_CHECK int store_confirmation_count(struct db *db, int64_t list, int64_t subscriber, int64_t since_us, int64_t *n, struct error *err);

/* Pages of a list's members after `after_subscription`, in id order; state 0: all. */
MUST_CHECK int store_member_page(struct db *db, int64_t list, int state, int64_t after_subscription, struct member *out, size_t max,
                                 size_t *n, struct arena *arena, struct error *err);
/* All subscriptions of one subscriber, and the consent records. */
struct membership {
	int64_t list_id;
	const char *list;
	int state;
	const char *cadence;
	int64_t requested_us, confirmed_us, left_us;
};
extern const struct field membership_fields[];
MUST_CHECK int store_membership_all(struct db *db, int64_t subscriber, struct membership *out, size_t max, size_t *n, struct arena *arena,
                                    struct error *err);
MUST_CHECK int store_consent_all(struct db *db, int64_t subscriber, struct consent *out, size_t max, size_t *n, struct arena *arena,
                                 struct error *err);
#endif
