/* jump - the wall clock against the boot clock. When they part by more than a minute at once, nobody knows what the time is: nothing
 * expires and no schedule starts until the clock is back, or a person says by a reload that it is right now. What is due stays due after a
 * jump back, and our own leases and all pauses keep their length. */
#ifndef CLOCKWORK_JUMP_H
#define CLOCKWORK_JUMP_H
#include "daemon/daemon.h"

struct jump {
	int64_t offset_us;           /* wall less boot, as last seen */
	int64_t trusted_us;          /* the same, when it was last believed; 0: not looked yet */
	const struct config *config; /* the newest one seen */
};

/* Each tick, before anything that asks the time. Says a change in the log and in the store, as "clock". */
void jump_look(struct jump *jump, struct daemon *daemon, struct ops *ops);
#endif
