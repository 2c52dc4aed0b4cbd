/* pause - a relay or a provider is left alone for a while; each time in a row twice as long. Afterwards one message goes ahead, and what
 * becomes of it opens the gate or closes it again. Monotonic time, pure. */
#ifndef PACING_PAUSE_H
#define PACING_PAUSE_H
#include "base/units.h"
#include <stdbool.h>

/* A person's pause without an end: until it is resumed. */
#define PAUSE_FOR_GOOD_US (INT64_C(3650) * DAY_US)
static inline bool pause_is_for_good(int64_t left_us)
{
	return left_us > PAUSE_FOR_GOOD_US / 2;
}

struct pause {
	int64_t until_us;  /* 0: open */
	int64_t length_us; /* of the last one: the next is twice as long */
	bool is_probing;   /* one message is on its way to try */
	int64_t probed_us; /* since then */
	char reason[160];
};

/* Closes it for at least `asked_us`; a pause that is running stays as it is (those who failed together are one failure) unless more was
 * asked for. */
void pause_begin(struct pause *pause, int64_t first_us, int64_t longest_us, int64_t asked_us, int64_t now_us);
/* 0: open, or the probe may go. Else the microseconds to wait. A probe that nothing was heard of for minutes was taken back on its way:
 * another one goes. */
int64_t pause_wait(const struct pause *pause, int64_t now_us);
void pause_took(struct pause *pause, int64_t now_us); /* a message went: after a pause it is the probe */
void pause_end(struct pause *pause);
#endif
