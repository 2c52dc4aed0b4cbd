/* ramp - warm-up of a new sender: so many messages on the first day, more on the next, as the steps say. A day that went badly (bounces or
 * complaints over their share) is a step back, a day on which less than half was used changes nothing. Days are UTC. Pure. */
#ifndef PACING_RAMP_H
#define PACING_RAMP_H
#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

enum { RAMP_STEPS = 32 };

struct ramp {
	int64_t step[RAMP_STEPS];          /* messages a day */
	size_t steps;                      /* 0: no ramp */
	size_t at;                         /* == steps: it is over, there is no limit */
	int64_t day;                       /* since 1970; 0: not begun */
	int64_t used, bounced, complained; /* today */
};

/* Begins, or moves on to the day of wall_us: true if the day changed and the ramp is to be stored. */
bool ramp_day(struct ramp *ramp, int64_t wall_us);
/* Messages a day now; 0: no limit. */
int64_t ramp_limit(const struct ramp *ramp);
#endif
