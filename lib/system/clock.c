#include "system/clock.h"
#include <time.h>

static int64_t read_us(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

struct moment clock_now(void)
{
	return (struct moment){ .wall_us = read_us(CLOCK_REALTIME), .mono_us = read_us(CLOCK_BOOTTIME) };
}
