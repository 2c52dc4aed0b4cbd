#include "pacing/estimate.h"
#include <assert.h>

#define LONGEST_US (INT64_C(3650) * DAY_US)

/* How many a gate lets through within that time. */
static int64_t passes(const struct gate *gate, struct moment now, int64_t within_us)
{
	int64_t most = INT64_MAX;
	for (size_t i = 0; i < gate->buckets; i++) {
		const struct bucket *bucket = &gate->bucket[i];
		int64_t wait_us = bucket_wait(bucket, now.mono_us);
		int64_t burst = bucket_room(bucket, now.mono_us);
		int64_t n = within_us < wait_us ? 0 : (burst > 0 ? burst : 1) + (within_us - wait_us) / bucket->token_us;
		most = n < most ? n : most;
	}
	for (size_t i = 0; i < gate->windows; i++) {
		struct window window = gate->window[i];
		/* What is used now is free again after a period at the latest. */
		int64_t n = window_room(&window, now.wall_us) + within_us / window.period_us * window.limit;
		most = n < most ? n : most;
	}
	return most;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

struct asking {
	const struct pacing *pacing;
	struct moment now;
	int64_t n;
	const struct gate *gate; /* or, if it is NULL, all relays */
	int64_t closed_us;       /* for so long nothing goes */
};

static int64_t asked_passes(const struct asking *in, int64_t within_us)
{
	int64_t sum = 0;
	assert(in->pacing);
	if (in->gate)
		return within_us < in->closed_us ? 0 : passes(in->gate, in->now, within_us - in->closed_us);
	for (size_t i = 0; i < in->pacing->relays; i++) {
		const struct pacing_relay *relay = &in->pacing->relay[i];
		int64_t paused_us = pause_wait(&relay->pause, in->now.mono_us);
		if (relay->weight == 0 || within_us < paused_us)
			continue;
		int64_t by_rate = passes(&relay->gate, in->now, within_us - paused_us);
		int64_t by_warm_up = passes(&relay->warm, in->now, within_us - paused_us);
		int64_t n = by_rate < by_warm_up ? by_rate : by_warm_up;
		if (n > in->n || sum + n > in->n)
			return in->n;
		sum += n;
	}
	return sum;
}

/* The first moment at which all have passed. */
static int64_t time_for(const struct asking *in)
{
	int64_t low = 0;
	int64_t high = LONGEST_US;
	if (in->n == 0 || asked_passes(in, 0) >= in->n)
		return 0;
	if (asked_passes(in, high) < in->n)
		return INT64_MAX;
	while (high - low > 1000) {
		int64_t middle = low + (high - low) / 2;
		if (asked_passes(in, middle) >= in->n)
			high = middle;
		else
			low = middle;
	}
	return high;
}

static void consider(struct estimate *out, int64_t us, enum hold by, int64_t which)
{
	/* A pace that was measured under a limit is that limit. */
	bool is_measured = out->by == HOLD_NOTHING && us > 0 && us / 9 >= out->us / 10;
	if (us > out->us || is_measured)
		*out = (struct estimate){ later(us, out->us), by, which };
}

static void consider_providers(const struct pacing *pacing, const struct pacing_line *lines, size_t n, struct moment now,
                               struct estimate *out)
{
	int64_t of[PROVIDERS_MOST] = { 0 };
	for (size_t i = 0; i < n; i++)
		of[provider_known(lines[i].provider)] += lines[i].n;
	for (int64_t i = 0; i < PROVIDERS_MOST; i++) {
		const struct pacing_provider *p = &pacing->provider[i];
		struct asking in = { pacing, now, of[i], &p->gate, 0 };
		if (of[i] == 0)
			continue;
		int64_t closed_us = later(pause_wait(&p->pause, now.mono_us), learn_wait(&p->learn, now.mono_us));
		if (closed_us > 0)
			consider(out, closed_us, HOLD_PROVIDER_PAUSE, i);
		int64_t pace_us = p->learn.rate_milli > 0 ? of[i] * 1000 * SECOND_US / p->learn.rate_milli : 0;
		int64_t rate_us = later(time_for(&in), pace_us);
		if (rate_us == INT64_MAX || rate_us > 0)
			consider(out, rate_us == INT64_MAX ? rate_us : closed_us + rate_us, HOLD_PROVIDER_RATE, i);
	}
}

static void consider_flows(const struct pacing *pacing, const struct pacing_line *lines, size_t n, struct moment now, struct estimate *out)
{
	for (size_t i = 0; i < pacing->flows; i++) {
		const struct pacing_flow *flow = &pacing->flow[i];
		struct asking in = { pacing, now, 0, &flow->gate, 0 };
		for (size_t j = 0; j < n; j++)
			if (lines[j].list == flow->list && (flow->campaign == 0 || flow->campaign == lines[j].campaign))
				in.n += lines[j].n;
		consider(out, time_for(&in), flow->campaign ? HOLD_CAMPAIGN : HOLD_LIST, flow->campaign ? flow->campaign : flow->list);
		if (flow->relay < 0 || in.n == 0)
			continue;
		const struct pacing_relay *relay = &pacing->relay[flow->relay];
		in.closed_us = pause_wait(&relay->pause, now.mono_us);
		in.gate = &relay->gate;
		consider(out, time_for(&in), HOLD_RELAY_RATE, flow->relay);
	}
}

struct estimate pacing_estimate(const struct pacing *pacing, const struct pacing_line *lines, size_t n, int64_t measured_milli,
                                struct moment now)
{
	struct estimate out = { 0 };
	int64_t all = 0;
	for (size_t i = 0; i < n; i++)
		all += lines[i].n;
	if (all == 0)
		return out;
	if (measured_milli > 0)
		out.us = (int64_t)((double)all * 1000.0 / (double)measured_milli * (double)SECOND_US);
	consider(&out, time_for(&(struct asking){ pacing, now, all, &pacing->total, 0 }), HOLD_TOTAL, 0);
	consider(&out, time_for(&(struct asking){ pacing, now, all, NULL, 0 }), HOLD_RELAY_RATE, -1);
	consider_providers(pacing, lines, n, now, &out);
	consider_flows(pacing, lines, n, now, &out);
	return out;
}
