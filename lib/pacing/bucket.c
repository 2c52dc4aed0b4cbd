#include "pacing/bucket.h"
#include <assert.h>

int bucket_init(struct bucket *bucket, uint32_t count, int64_t period_us, uint32_t burst, struct error *err)
{
	if (count < 1 || period_us < count || burst < 1)
		return error_set(err, ERROR_INPUT, "rate %u per %" PRId64 " us, burst %u: out of range", count, period_us, burst);
	/* Round up: a little slow is fine, a little fast gets the sender blocked. */
	int64_t token_us = (period_us + count - 1) / count;
	*bucket = (struct bucket){ .token_us = token_us, .burst_us = token_us * burst };
	return 0;
}

int64_t bucket_wait(const struct bucket *bucket, int64_t now_us)
{
	/* The bucket is kept as the moment it will be full, so no timer has to refill it. */
	int64_t full_at_us = bucket->full_at_us > now_us ? bucket->full_at_us : now_us;
	int64_t wait_us = full_at_us + bucket->token_us - bucket->burst_us - now_us;
	return wait_us > 0 ? wait_us : 0;
}

int64_t bucket_room(const struct bucket *bucket, int64_t at_us)
{
	if (bucket->token_us == 0)
		return INT64_MAX;
	int64_t full_at_us = bucket->full_at_us > at_us ? bucket->full_at_us : at_us;
	int64_t free_us = bucket->burst_us - (full_at_us - at_us);
	return free_us > 0 ? free_us / bucket->token_us : 0;
}

void bucket_take(struct bucket *bucket, int64_t now_us)
{
	assert(bucket_wait(bucket, now_us) == 0);
	bucket->full_at_us = (bucket->full_at_us > now_us ? bucket->full_at_us : now_us) + bucket->token_us;
}

void bucket_untake(struct bucket *bucket)
{
	bucket->full_at_us -= bucket->token_us;
}
