#include "pacing/pacing.h"
#include <stdio.h>

enum { FAULTS_IN_A_ROW = 3 };
#define FIRST_PAUSE_US (5 * SECOND_US)
#define LONGEST_PAUSE_US (10 * MINUTE_US)

static int add_rates(struct bucket *buckets, size_t *count, const struct pacing_rates *rates, struct error *err)
{
	*count = 0;
	for (size_t i = 0; i < rates->count; i++) {
		const struct rate *rate = &rates->rate[i];
		int64_t burst = rate->count * SECOND_US / rate->period_us;
		if (bucket_init(&buckets[(*count)++], rate->count, rate->period_us, burst < 1 ? 1 : (uint32_t)burst, err) < 0)
			return -1;
	}
	return 0;
}

int pacing_init(struct pacing *pacing, const struct pacing_rates *total, const struct pacing_rates *relays, size_t n, struct error *err)
{
	*pacing = (struct pacing){ .relays = n };
	if (n > PACING_RELAYS)
		return error_set(err, ERROR_INPUT, "more than %d relays", PACING_RELAYS);
	if (add_rates(pacing->bucket, &pacing->buckets, total, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (add_rates(pacing->relay[i].bucket, &pacing->relay[i].buckets, &relays[i], err) < 0)
			return -1;
	return 0;
}

static int64_t longest_wait(const struct bucket *buckets, size_t n, int64_t now_us)
{
	int64_t wait_us = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t one_us = bucket_wait(&buckets[i], now_us);
		wait_us = one_us > wait_us ? one_us : wait_us;
	}
	return wait_us;
}

static void take_all(struct bucket *buckets, size_t n, int64_t now_us)
{
	for (size_t i = 0; i < n; i++)
		bucket_take(&buckets[i], now_us);
}

bool pacing_is_paused(const struct pacing *pacing, size_t relay, int64_t now_us)
{
	return pacing->relay[relay].paused_until_us > now_us;
}

int64_t pacing_take(struct pacing *pacing, size_t index, int64_t now_us)
{
	struct pacing_relay *relay = &pacing->relay[index];
	if (relay->paused_until_us > now_us)
		return relay->paused_until_us - now_us;
	/* After a pause one message goes ahead; the others wait for what comes of it. */
	if (relay->is_probing)
		return SECOND_US / 10;
	int64_t total_us = longest_wait(pacing->bucket, pacing->buckets, now_us);
	int64_t relay_us = longest_wait(relay->bucket, relay->buckets, now_us);
	if (total_us > 0 || relay_us > 0)
		return total_us > relay_us ? total_us : relay_us;
	take_all(pacing->bucket, pacing->buckets, now_us);
	take_all(relay->bucket, relay->buckets, now_us);
	relay->is_probing = relay->paused_until_us > 0;
	return 0;
}

static void pause(struct pacing_relay *relay, const struct outcome *outcome, int64_t now_us)
{
	/* Sessions that failed together are one failure. */
	if (relay->paused_until_us > now_us)
		return;
	relay->pause_us = relay->pause_us ? relay->pause_us * 2 : FIRST_PAUSE_US;
	if (relay->pause_us > LONGEST_PAUSE_US)
		relay->pause_us = LONGEST_PAUSE_US;
	relay->paused_until_us = now_us + relay->pause_us;
	relay->is_probing = false;
	if (outcome->code)
		snprintf(relay->reason, sizeof relay->reason, "%s: %d %.120s", stage_words[outcome->stage], outcome->code, outcome->reply);
	else
		snprintf(relay->reason, sizeof relay->reason, "%s: %.130s", stage_words[outcome->stage], outcome->reply);
}

void pacing_outcome(struct pacing *pacing, size_t index, const struct outcome *outcome, const struct verdict *verdict, int64_t now_us)
{
	struct pacing_relay *relay = &pacing->relay[index];
	if (outcome->kind == OUTCOME_NONE || outcome->kind == OUTCOME_WITHHELD) {
		relay->is_probing = false;
		return;
	}
	bool relays_fault = verdict->door == DOOR_RELAY || verdict->door == DOOR_US;
	if (!relays_fault && !verdict->slow_down) {
		/* It took a message, or spoke of one reader: it works. */
		relay->failures = 0;
		relay->is_probing = false;
		relay->paused_until_us = 0;
		relay->pause_us = 0;
		relay->reason[0] = '\0';
		return;
	}
	relay->failures++;
	if (verdict->slow_down || relay->is_probing || relay->failures >= FAULTS_IN_A_ROW)
		pause(relay, outcome, now_us);
}
