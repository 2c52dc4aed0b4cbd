/* bucket - a token bucket: at most `burst` messages at once, `count` per `period` over time.
 * Pure: the caller passes the time in, so tests never sleep. A message that falls into several
 * buckets asks bucket_wait() of all of them first and takes from all or from none. */
#ifndef PACING_BUCKET_H
#define PACING_BUCKET_H
#include "base/error.h"

struct bucket {
	int64_t token_us;   /* time one token takes to come back; 0: no limit */
	int64_t burst_us;   /* the whole bucket, counted in that time */
	int64_t full_at_us; /* when the bucket will next be full; monotonic */
};

/* Fill *bucket for `count` messages per `period_us`, at most `burst` at once (both at least 1).
 * Returns 0, or -1 with err set (ERROR_INPUT) and *bucket untouched. */
MUST_CHECK int bucket_init(struct bucket *bucket, uint32_t count, int64_t period_us, uint32_t burst, struct error *err);

/* Returns 0 if a message may go at now_us, else the microseconds to wait. Changes nothing. */
int64_t bucket_wait(const struct bucket *bucket, int64_t now_us);

/* How many could go one after the other until `at_us`, if none goes before. */
int64_t bucket_room(const struct bucket *bucket, int64_t at_us);

/* Spends one token. Call it only when bucket_wait() said 0. */
void bucket_take(struct bucket *bucket, int64_t now_us);
/* Puts one back that was taken and not used. */
void bucket_untake(struct bucket *bucket);
#endif
