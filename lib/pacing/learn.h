/* learn - how fast one provider likes it, from what it says: a little faster after an interval in which all went well, half as fast after
 * "slower", once an interval; at the slowest pace it stops, and then one message goes ahead. Used where we speak to the provider itself.
 * Pure; monotonic time. */
#ifndef PACING_LEARN_H
#define PACING_LEARN_H
#include "model/outcome.h"
#include "pacing/bucket.h"
#include "pacing/pause.h"

struct learn {
	int64_t rate_milli; /* thousandths of a message a second; 0: nothing is learned here */
	int64_t changed_us; /* when the rate last changed, or was last looked at */
	bool was_slow, was_used;
	struct bucket bucket;
	struct pause pause;
};

void learn_init(struct learn *learn, int64_t rate_milli, int64_t now_us);
/* What the provider said to one message. */
void learn_reply(struct learn *learn, const struct outcome *outcome, const struct verdict *verdict, int64_t now_us);
/* Time passes: true if the rate grew. */
bool learn_step(struct learn *learn, int64_t now_us);
/* 0: a message may go; else the wait. */
int64_t learn_wait(const struct learn *learn, int64_t now_us);
void learn_took(struct learn *learn, int64_t now_us); /* a message went */
#endif
