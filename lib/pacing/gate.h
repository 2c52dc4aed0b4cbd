/* gate - all the rates of one thing (the total, a list, a campaign, a relay, a provider): buckets for rates by second and minute, durable
 * windows for those by hour and day. A message passes where every gate it falls in lets it; then it takes from all of them. Pure. */
#ifndef PACING_GATE_H
#define PACING_GATE_H
#include "base/units.h"
#include "pacing/bucket.h"
#include "pacing/window.h"

enum { GATE_RATES = 4 };

struct gate {
	struct bucket bucket[GATE_RATES];
	size_t buckets;
	struct window window[GATE_RATES];
	size_t windows;
};

/* Burst is one second's worth, at least one message, unless the rate says another. No rates: always open. */
MUST_CHECK int gate_init(struct gate *gate, const struct rate *rates, size_t n, struct error *err);
/* 0, or the microseconds until it opens. Takes nothing. */
int64_t gate_wait(struct gate *gate, struct moment now);
/* True: a durable quota took more than the store knows of. */
bool gate_take(struct gate *gate, struct moment now);
void gate_untake(struct gate *gate); /* what was taken was not used */
/* How many may pass from now on within `within_us`, at most `max`. */
size_t gate_room(struct gate *gate, struct moment now, int64_t within_us, size_t max);
#endif
