#include "pacing/gate.h"

int gate_init(struct gate *gate, const struct rate *rates, size_t n, struct error *err)
{
	*gate = (struct gate){ 0 };
	if (n > GATE_RATES)
		return error_set(err, ERROR_INPUT, "more than %d rates at once", GATE_RATES);
	for (size_t i = 0; i < n; i++) {
		const struct rate *rate = &rates[i];
		int64_t burst = rate->burst ? rate->burst : rate->count * SECOND_US / rate->period_us;
		if (rate->period_us >= HOUR_US)
			window_init(&gate->window[gate->windows++], rate->count, rate->period_us);
		else if (bucket_init(&gate->bucket[gate->buckets++], rate->count, rate->period_us, burst < 1 ? 1 : (uint32_t)burst, err) <
		         0)
			return -1;
	}
	return 0;
}

int64_t gate_wait(struct gate *gate, struct moment now)
{
	int64_t wait_us = 0;
	for (size_t i = 0; i < gate->buckets; i++) {
		int64_t one_us = bucket_wait(&gate->bucket[i], now.mono_us);
		wait_us = one_us > wait_us ? one_us : wait_us;
	}
	for (size_t i = 0; i < gate->windows; i++) {
		int64_t one_us = window_wait(&gate->window[i], now.wall_us);
		wait_us = one_us > wait_us ? one_us : wait_us;
	}
	return wait_us;
}

bool gate_take(struct gate *gate, struct moment now)
{
	bool is_short = false;
	for (size_t i = 0; i < gate->buckets; i++)
		bucket_take(&gate->bucket[i], now.mono_us);
	for (size_t i = 0; i < gate->windows; i++) {
		window_take(&gate->window[i], now.wall_us);
		is_short |= window_is_short(&gate->window[i]);
	}
	return is_short;
}

void gate_untake(struct gate *gate)
{
	for (size_t i = 0; i < gate->buckets; i++)
		bucket_untake(&gate->bucket[i]);
	for (size_t i = 0; i < gate->windows; i++)
		window_untake(&gate->window[i]);
}

size_t gate_room(struct gate *gate, struct moment now, int64_t within_us, size_t max)
{
	int64_t room = (int64_t)max;
	for (size_t i = 0; i < gate->buckets; i++) {
		int64_t fits = bucket_room(&gate->bucket[i], now.mono_us + within_us);
		room = fits < room ? fits : room;
	}
	for (size_t i = 0; i < gate->windows; i++) {
		int64_t fits = window_room(&gate->window[i], now.wall_us);
		room = fits < room ? fits : room;
	}
	return (size_t)room;
}
