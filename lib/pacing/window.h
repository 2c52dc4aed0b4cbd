/* window - a quota over an hour or a day: at most `limit` messages in any `period_us`, counted in slices, so that it holds over a restart.
 * A number is reserved in the store before it is used: after a crash a little too much is counted, never too little.
 * Wall time, since the count outlives the machine's uptime. Pure. */
#ifndef PACING_WINDOW_H
#define PACING_WINDOW_H
#include "base/error.h"
#include <stdbool.h>

enum { WINDOW_SLICES = 48 };

struct window {
	int64_t limit, period_us;
	int64_t slice;               /* number of the newest slice: wall time by the length of one */
	int64_t used[WINDOW_SLICES]; /* by number modulo WINDOW_SLICES */
	int64_t sum;
	int64_t reserved; /* of the newest slice: what the store knows of */
};

void window_init(struct window *window, int64_t limit, int64_t period_us);
/* 0, or the microseconds until the next message fits. */
int64_t window_wait(struct window *window, int64_t wall_us);
/* How many fit now. */
int64_t window_room(struct window *window, int64_t wall_us);
void window_take(struct window *window, int64_t wall_us);

/* Puts one back that was taken and not used; in the newest slice, where it can do no harm. */
void window_untake(struct window *window);

/* More was taken than was reserved: the caller stores the slice as `window_reserve` says before the message goes. */
bool window_is_short(const struct window *window);
/* The newest slice's begin and what to store for it. `ahead`: with a hundredth of the limit on top; otherwise just what was used. It
 * counts as reserved only when window_reserved() says that it is stored. */
int64_t window_reserve(const struct window *window, bool ahead, int64_t *slice_us);
void window_reserved(struct window *window, int64_t slice_us, int64_t used);
/* A stored slice comes back. Those that lie outside the window are left out. */
void window_restore(struct window *window, int64_t slice_us, int64_t used, int64_t wall_us);
#endif
