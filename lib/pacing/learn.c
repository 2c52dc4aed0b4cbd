#include "pacing/learn.h"
#include "base/text.h"
#include "base/units.h"
#include <stdio.h>

#define INTERVAL_US MINUTE_US
#define BURST_US (SECOND_US / 10)
#define FIRST_STOP_US (5 * MINUTE_US)
#define LONGEST_STOP_US (4 * HOUR_US)
enum { LEAST_MILLI = 50 /* three a minute: less teaches nothing */, MOST_MILLI = 2000000, STEP_PERCENT = 10 };

/* A burst of a tenth of a second: enough for whoever looks that often, too little for the receiver to notice. */
static void set_rate(struct learn *learn, int64_t rate_milli, int64_t now_us)
{
	int64_t full_at_us = learn->bucket.full_at_us;
	rate_milli = rate_milli > LEAST_MILLI ? rate_milli : LEAST_MILLI;
	learn->rate_milli = rate_milli < MOST_MILLI ? rate_milli : MOST_MILLI;
	learn->changed_us = now_us;
	int64_t token_us = 1000 * SECOND_US / learn->rate_milli;
	learn->bucket =
		(struct bucket){ .token_us = token_us, .burst_us = token_us > BURST_US ? token_us : BURST_US, .full_at_us = full_at_us };
}

void learn_init(struct learn *learn, int64_t rate_milli, int64_t now_us)
{
	*learn = (struct learn){ 0 };
	set_rate(learn, rate_milli, now_us);
}

void learn_reply(struct learn *learn, const struct outcome *outcome, const struct verdict *verdict, int64_t now_us)
{
	if (outcome->kind == OUTCOME_ACCEPTED) {
		learn->was_used = true;
		/* The probe came through: open again, at the pace it had when it stopped. */
		if (learn->pause.until_us > 0 && learn->pause.until_us <= now_us) {
			pause_end(&learn->pause);
			learn->changed_us = now_us;
		}
		return;
	}
	if (!verdict->slow_down)
		return;
	bool asks_long = verdict->asked_us > INTERVAL_US;
	/* A refused probe, or a slowest pace that is still too fast, or its own words: nothing for a while. */
	if (learn->pause.is_probing || learn->rate_milli <= LEAST_MILLI || asks_long) {
		snprintf(learn->pause.reason, sizeof learn->pause.reason, "%d %.140s", outcome->code, outcome->reply);
		text_mend_cut(learn->pause.reason);
		pause_begin(&learn->pause, FIRST_STOP_US, LONGEST_STOP_US, verdict->asked_us, now_us);
	} else if (!learn->was_slow) {
		/* Once an interval: the replies to what was on its way say the same thing again. */
		set_rate(learn, learn->rate_milli / 2, now_us);
		learn->was_slow = true;
	}
}

bool learn_step(struct learn *learn, int64_t now_us)
{
	if (learn->rate_milli == 0 || now_us - learn->changed_us < INTERVAL_US || learn->pause.until_us > 0)
		return false;
	bool grows = learn->was_used && !learn->was_slow && learn->rate_milli < MOST_MILLI;
	learn->changed_us = now_us;
	learn->was_used = learn->was_slow = false;
	if (grows)
		set_rate(learn, learn->rate_milli + learn->rate_milli * STEP_PERCENT / 100 + 1, now_us);
	return grows;
}

int64_t learn_wait(const struct learn *learn, int64_t now_us)
{
	int64_t pause_us = pause_wait(&learn->pause, now_us);
	int64_t pace_us = bucket_wait(&learn->bucket, now_us);
	return pause_us > pace_us ? pause_us : pace_us;
}

void learn_took(struct learn *learn, int64_t now_us)
{
	bucket_take(&learn->bucket, now_us);
	pause_took(&learn->pause, now_us);
}
