/* pacing - when the next message may go: a total rate, a rate for each relay, and pauses that a relay's own words bring on.
 * Pure: time comes in, decisions go out. One owner. */
#ifndef PACING_PACING_H
#define PACING_PACING_H
#include "base/units.h"
#include "model/outcome.h"
#include "pacing/bucket.h"

enum { PACING_RELAYS = 16, PACING_BUCKETS = 4 };

struct pacing_rates {
	struct rate rate[PACING_BUCKETS];
	size_t count;
};

struct pacing_relay {
	struct bucket bucket[PACING_BUCKETS];
	size_t buckets;
	int64_t paused_until_us; /* monotonic; 0: open */
	int64_t pause_us;        /* the last pause: the next is twice as long */
	int failures;            /* faults of the relay in a row */
	bool is_probing;         /* one message tries whether it is well again */
	char reason[160];
};

struct pacing {
	struct bucket bucket[PACING_BUCKETS];
	size_t buckets;
	struct pacing_relay relay[PACING_RELAYS];
	size_t relays;
};

/* Burst is one second's worth, at least one message. */
MUST_CHECK int pacing_init(struct pacing *pacing, const struct pacing_rates *total, const struct pacing_rates *relays, size_t n,
                           struct error *err);

/* 0 and the tokens are taken, or the microseconds to wait; looks at all buckets first, takes from all or none. */
int64_t pacing_take(struct pacing *pacing, size_t relay, int64_t now_us);
/* What became of a message or an attempt to connect: a success opens, three faults of the relay in a row or a 421 pause. */
void pacing_outcome(struct pacing *pacing, size_t relay, const struct outcome *outcome, const struct verdict *verdict, int64_t now_us);
bool pacing_is_paused(const struct pacing *pacing, size_t relay, int64_t now_us);
#endif
