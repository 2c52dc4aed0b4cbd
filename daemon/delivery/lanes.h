/* lanes - jobs that are leased and wait for their turn: one line for each campaign and provider, so that what holds one line back holds
 * nobody else. Within the dispatcher. */
#ifndef DELIVERY_LANES_H
#define DELIVERY_LANES_H
#include "model/job.h"

enum { LANES = 128, LANES_ROOM = 1024 };

struct lane {
	int64_t campaign, provider, list; /* campaign 0: notices */
	size_t count;
	int first, last; /* slots, -1 none */
	bool is_held;    /* the last look found that something other than busy sessions holds it */
	int stuck;       /* the number from 1 of the relay of its own that it waits for; 0 none */
};

struct lanes {
	struct lane lane[LANES];
	size_t lanes;            /* those with jobs; order is of no account */
	size_t count;            /* jobs in all */
	struct lane_slot *slots; /* four MB: only what is needed is ever touched */
	int free;                /* the first of those used before, -1 none */
	int begun;               /* slots from here on never were */
};

MUST_CHECK int lanes_init(struct lanes *lanes, struct error *err);
void lanes_clear(struct lanes *lanes);
/* False: there is no room for another job or another line. */
bool lanes_add(struct lanes *lanes, const struct job *job);
const struct job *lanes_first(const struct lanes *lanes, const struct lane *lane); /* borrowed until it is dropped */
void lanes_drop_first(struct lanes *lanes, struct lane *lane);
/* Takes out those that `match` picks, at most `max`; returns how many. */
size_t lanes_take(struct lanes *lanes, bool (*match)(const struct job *, const void *), const void *what, struct job *out, size_t max);
/* Lines that have run empty go; pointers to lines end. */
void lanes_tidy(struct lanes *lanes);
/* Jobs of one provider (-1: all) and one campaign (0: all); notices are not counted. Nor are, without a campaign, those that are stuck:
 * what waits for a relay of its own keeps no place from others. */
size_t lanes_count(const struct lanes *lanes, int64_t provider, int64_t campaign);
size_t lanes_stuck(const struct lanes *lanes, int stuck);
/* Jobs that nothing but busy sessions holds. */
size_t lanes_ready(const struct lanes *lanes);
#endif
