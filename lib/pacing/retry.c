#include "pacing/retry.h"

int64_t retry_due(const struct retry *retry, int attempts, uint64_t random, int64_t now_us)
{
	size_t step = attempts < 1 ? 0 : (size_t)attempts - 1;
	if (step >= retry->count)
		step = retry->count - 1;
	int64_t wait_us = retry->steps_us[step];
	/* A whole campaign that was deferred together must not come back together. */
	int64_t spread_us = wait_us / 5;
	return now_us + wait_us - spread_us / 2 + (spread_us > 0 ? (int64_t)(random % (uint64_t)spread_us) : 0);
}
