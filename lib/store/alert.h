/* alert - what needs a person, while it does; and where each campaign's circuit breaker begins to count. */
#ifndef STORE_ALERT_H
#define STORE_ALERT_H
#include "store/db.h"

struct alert {
	const char *kind, *object, *text; /* "relay", "main", one line */
	int64_t raised_us, seen_us;       /* first and last noticed */
	int64_t mailed_us;                /* 0: not yet */
};
extern const struct field alert_fields[];

/* New, or noticed again with what is said of it now; 1 if it is new. A write only when there is something new to say, or a minute on. */
MUST_CHECK int store_alert_raise(struct db *db, const char *kind, const char *object, const char *text, int64_t now_us, struct error *err);
MUST_CHECK int store_alert_end(struct db *db, const char *kind, const char *object, struct error *err);
/* Those of a kind that nobody noticed since. */
MUST_CHECK int store_alert_end_old(struct db *db, const char *kind, int64_t before_us, struct error *err);
MUST_CHECK int store_alert_all(struct db *db, struct alert *out, size_t max, size_t *n, struct arena *arena, struct error *err);
/* When a kind was mailed last; 0: never. Mailed marks all of the kind, with the time. */
MUST_CHECK int store_alert_mailed_us(struct db *db, const char *kind, int64_t *at_us, struct error *err);
MUST_CHECK int store_alert_mailed(struct db *db, const char *kind, int64_t now_us, struct error *err);

/* What servers said since `after` that is our own fault, by reason and relay; *last: where to go on. */
struct fault {
	const char *reason, *relay, *reply;
	int64_t n;
};
MUST_CHECK int store_fault_since(struct db *db, int64_t *after, struct fault *out, size_t max, size_t *n, struct arena *arena,
                                 struct error *err);

struct breaker_base {
	int64_t tried, bounces, complaints;
};
MUST_CHECK int store_breaker_base(struct db *db, int64_t campaign, struct breaker_base *out, struct error *err);
/* Within a write: from now on only what comes counts. */
MUST_CHECK int store_breaker_rebase(struct db *db, int64_t campaign, struct error *err);
#endif
