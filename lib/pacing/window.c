#include "pacing/window.h"
#include <assert.h>

void window_init(struct window *window, int64_t limit, int64_t period_us)
{
	assert(limit > 0 && period_us >= WINDOW_SLICES);
	*window = (struct window){ .limit = limit, .period_us = period_us };
}

static int64_t slice_us(const struct window *window)
{
	return window->period_us / WINDOW_SLICES;
}

/* A clock that was set back moves nothing: the newest slice goes on counting until the time has come again. */
static void move_to(struct window *window, int64_t wall_us)
{
	int64_t slice = wall_us / slice_us(window);
	if (slice <= window->slice)
		return;
	if (slice - window->slice >= WINDOW_SLICES) {
		*window = (struct window){ .limit = window->limit, .period_us = window->period_us, .slice = slice };
		return;
	}
	while (window->slice < slice) {
		int64_t *oldest = &window->used[++window->slice % WINDOW_SLICES];
		window->sum -= *oldest;
		*oldest = 0;
	}
	window->reserved = 0;
}

int64_t window_wait(struct window *window, int64_t wall_us)
{
	move_to(window, wall_us);
	int64_t over = window->sum + 1 - window->limit;
	/* Slices leave the window oldest first. */
	for (int64_t age = WINDOW_SLICES - 1; over > 0 && age >= 0; age--) {
		int64_t slice = window->slice - age;
		over -= window->used[slice % WINDOW_SLICES];
		if (over <= 0)
			return (slice + WINDOW_SLICES) * slice_us(window) - wall_us;
	}
	return 0;
}

int64_t window_room(struct window *window, int64_t wall_us)
{
	move_to(window, wall_us);
	return window->sum < window->limit ? window->limit - window->sum : 0;
}

void window_take(struct window *window, int64_t wall_us)
{
	move_to(window, wall_us);
	assert(window->sum < window->limit);
	window->used[window->slice % WINDOW_SLICES]++;
	window->sum++;
}

void window_untake(struct window *window)
{
	int64_t *used = &window->used[window->slice % WINDOW_SLICES];
	if (*used == 0)
		return;
	--*used;
	window->sum--;
}

bool window_is_short(const struct window *window)
{
	return window->used[window->slice % WINDOW_SLICES] > window->reserved;
}

int64_t window_reserve(const struct window *window, bool ahead, int64_t *begin_us)
{
	int64_t used = window->used[window->slice % WINDOW_SLICES];
	*begin_us = window->slice * slice_us(window);
	return ahead ? used + window->limit / 100 : used;
}

void window_reserved(struct window *window, int64_t begin_us, int64_t used)
{
	if (begin_us == window->slice * slice_us(window))
		window->reserved = used;
}

void window_restore(struct window *window, int64_t begin_us, int64_t used, int64_t wall_us)
{
	move_to(window, wall_us);
	int64_t slice = begin_us / slice_us(window);
	if (used < 0 || slice > window->slice || window->slice - slice >= WINDOW_SLICES)
		return;
	window->sum += used - window->used[slice % WINDOW_SLICES];
	window->used[slice % WINDOW_SLICES] = used;
	if (slice == window->slice)
		window->reserved = used;
}
