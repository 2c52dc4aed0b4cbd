/* event - what came back and what it did: bounces, complaints, suppressions, alerts, the audit log. */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H
#include "model/token.h"
#include "store/db.h"

enum event_kind { EVENT_BOUNCE, EVENT_DELAY, EVENT_COMPLAINT, EVENT_UNSUBSCRIBE, EVENT_REPLY, EVENT_REFUSED, EVENT_ALERT };
extern const char *const event_words[];

struct event {
	int64_t id;
	int kind;
	int64_t list_id, campaign_id, subscriber_id, delivery_id; /* 0 unknown */
	const char *class;                                        /* "hard", "soft", ... */
	const char *status;                                       /* "5.1.1" */
	const char *detail;                                       /* diagnostic, one line */
	struct bytes evidence;                                    /* the mail, at most 256 KB */
	int64_t at_us;
};
extern const struct field event_fields[];

/* One transaction: the event with its evidence (the same evidence twice is taken once: *is_new false), the delivery's returned_us and class
 * and the counters, proof for an uncertain one, the suppression (reason; NULL none) with a revocation. */
MUST_CHECK int store_event_apply(struct db *db, const struct event *event, const char *suppress_reason, bool *is_new, struct error *err);
MUST_CHECK int store_event_page(struct db *db, int64_t subscriber /* 0 all */, int64_t before, struct event *out, size_t max, size_t *n,
                                struct arena *arena, struct error *err);

/* Whose mail came back: the provider its reader belongs to, and when it went out (0: not known). 1, 0 (no such reader), -1. */
struct returned_from {
	int64_t provider, sent_us;
};
MUST_CHECK int store_returned_from(struct db *db, int64_t campaign, int64_t subscriber, struct returned_from *out, struct error *err);

struct suppression {
	int64_t id;
	const char *email, *email_key, *reason;
	bool is_provisional;
	int64_t event_id;
	int64_t created_us;
	const char *status, *evidence; /* read only: what the event says that led to it, "" if there was none */
};
extern const struct field suppression_fields[];
MUST_CHECK int store_suppression_add(struct db *db, const struct suppression *suppression, struct error *err); /* already there: kept */
MUST_CHECK int store_suppression_remove(struct db *db, const char *email_key, int64_t *changed, struct error *err);
MUST_CHECK int store_suppression_find(struct db *db, const char *email_key, struct suppression *out, struct arena *arena,
                                      struct error *err);
MUST_CHECK int store_suppression_page(struct db *db, int64_t after, struct suppression *out, size_t max, size_t *n, struct arena *arena,
                                      struct error *err);

MUST_CHECK int store_audit(struct db *db, const char *who, const char *verb, const char *object, const char *detail, int64_t now_us,
                           struct error *err);

/* Token keys; makes the first one when there is none (in the same call, one transaction). */
MUST_CHECK int store_keyring(struct db *db, int64_t now_us, struct keyring *out, struct error *err);

/* What the daemon says of its relays, for `status` and `queue --why`. */
struct relay_state {
	const char *name, *state, *reason;
	int64_t until_us, at_us;
};
extern const struct field relay_state_fields[];
MUST_CHECK int store_relay_say(struct db *db, const struct relay_state *state, struct error *err);
MUST_CHECK int store_relay_all(struct db *db, struct relay_state *out, size_t max, size_t *n, struct arena *arena, struct error *err);
/* Free-form values of the store: "paused" with its reason, the alert text, ... 1, 0, -1. */
MUST_CHECK int store_meta_get(struct db *db, const char *key, const char **value, struct arena *arena, struct error *err);
MUST_CHECK int store_meta_set(struct db *db, const char *key, const char *value, struct error *err); /* NULL removes */
#endif
