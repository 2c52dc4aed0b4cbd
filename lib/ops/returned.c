#include "ops/returned.h"
#include "base/text.h"
#include "ops/alerts.h"
#include "ops/providers.h"
#include "policy/policy.h"
#include "store/event.h"
#include "system/clock.h"
#include <stdio.h>

#define CALM_US DAY_US                /* after so long without a word a provider is asked anew, gently */
#define ONE_VOICE_US (15 * MINUTE_US) /* as long as one reader's mail can stop all others' */

/* The last pause that came of returned mail; wall time. */
struct last {
	struct pause pause;
	int64_t began_us, subscriber;
};

static int read_last(struct ops *ops, const char *key, struct last *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	const char *value = NULL;
	*out = (struct last){ 0 };
	int found = store_meta_get(ops->db, key, &value, &arena, err);
	if (found > 0 && sscanf(value, "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &out->began_us, &out->pause.until_us,
	                        &out->pause.length_us, &out->subscriber) != 4)
		*out = (struct last){ 0 };
	return found < 0 ? -1 : 0;
}

/* A pause that is longer already, of whatever origin, stays. */
static int set_pause(struct ops *ops, int64_t provider, int64_t until_us, const char *reason, int64_t now_us, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct provider_state states[PROVIDERS_MOST];
	struct provider_state state = { .provider = provider, .paused_until_us = until_us, .reason = reason, .at_us = now_us };
	size_t n = 0;
	if (store_provider_all(ops->db, states, COUNT_OF(states), &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (states[i].provider != provider)
			continue;
		if (states[i].paused_until_us >= until_us)
			return 0;
		state.rate_milli = states[i].rate_milli;
	}
	return store_provider_set(ops->db, &state, false, err);
}

/* Moves the pause by what this reader's mail says; false: it says nothing new. A return path is known to whoever got the mail: what one
 * reader alone says is believed for a while, no longer the second time, and is not said again while it lasts. `subscriber` 0: one who is
 * no reader of that provider, whose word is nobody's. */
static bool hear(struct last *last, int64_t subscriber, int64_t sent_us, int64_t asked_us, int64_t now_us)
{
	/* The clock has gone back since, or it is long ago. */
	if (last->began_us > now_us || now_us - last->pause.until_us > CALM_US)
		*last = (struct last){ 0 };
	bool is_running = last->pause.until_us > now_us;
	bool is_alone = last->subscriber == 0 || subscriber == 0 || last->subscriber == subscriber;
	/* What was on its way when the pause began, or nobody knows when, does not say how it is after it. */
	if (is_running ? is_alone : last->began_us > 0 && sent_us <= last->began_us)
		return false;
	int64_t before_us = last->pause.until_us;
	/* Two readers may be one person: whatever they ask and however often, from its beginning on it lasts no longer than this. */
	int64_t end_us = (is_running ? last->began_us : now_us) + (is_alone ? ONE_VOICE_US : PROVIDER_PAUSE_LONGEST_US);
	if (is_alone)
		last->pause.length_us = 0;
	pause_begin(&last->pause, PROVIDER_PAUSE_US, PROVIDER_PAUSE_LONGEST_US, asked_us, now_us);
	last->pause.until_us = last->pause.until_us < end_us ? last->pause.until_us : end_us;
	if (last->pause.until_us == before_us)
		return false;
	last->began_us = is_running ? last->began_us : now_us;
	last->subscriber = is_running ? last->subscriber : subscriber;
	return true;
}

static int leave_alone(struct ops *ops, const struct returned_from *from, int64_t subscriber, const struct verdict *verdict,
                       const char *said, int64_t now_us, struct error *err)
{
	char key[64];
	char value[128];
	char reason[160];
	struct last last;
	snprintf(key, sizeof key, "returned_pause:%" PRId64, from->provider);
	if (read_last(ops, key, &last, err) < 0)
		return -1;
	if (!hear(&last, subscriber, from->sent_us, verdict->asked_us, now_us))
		return 0;
	snprintf(value, sizeof value, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, last.began_us, last.pause.until_us,
	         last.pause.length_us, last.subscriber);
	snprintf(reason, sizeof reason, "returned mail: %.130s", said);
	text_mend_cut(reason);
	if (store_meta_set(ops->db, key, value, err) < 0)
		return -1;
	return set_pause(ops, from->provider, last.pause.until_us, reason, now_us, err);
}

/* By the reader it was for: 1; one who is gone is known by the address alone, which the mail says: 0; -1. */
static int whose(struct ops *ops, const struct report *report, const struct report_recipient *about, struct returned_from *out,
                 struct error *err)
{
	const char *at = about->address ? strrchr(about->address, '@') : NULL;
	*out = (struct returned_from){ .provider = at ? provider_of(ops->providers, at + 1) : PROVIDER_OTHER };
	int found = store_returned_from(ops->db, report->token.extra, report->token.subscriber, out, err);
	out->provider = provider_known(out->provider);
	return found;
}

static int judge_one(struct ops *ops, const struct report *report, const struct report_recipient *about, struct error *err)
{
	struct moment now = clock_now();
	struct returned_from from;
	char object[128];
	const char *said = about->diagnostic ? about->diagnostic : about->status;
	struct verdict verdict = policy_returned(about->status, about->diagnostic ? about->diagnostic : "", now);
	if (verdict.door == DOOR_NONE)
		return 0;
	int found = whose(ops, report, about, &from, err);
	if (found < 0)
		return -1;
	int64_t reader = found ? report->token.subscriber : 0;
	/* A domain of anybody's may quote anybody. */
	if (from.provider == PROVIDER_OTHER && verdict.quoted && provider_find(ops->providers, verdict.quoted, &from.provider))
		reader = 0;
	bool is_relays = verdict.scope == SCOPE_RELAY;
	snprintf(object, sizeof object, "%s at %.60s, in returned mail", verdict.reason,
	         is_relays ? "the relay" : provider_name(ops->providers, from.provider));
	if (verdict.door == DOOR_US && alert_raise(ops, "sender", object, said, err) < 0)
		return -1;
	/* "Other" is nobody: one small server's words must not stop all of them. */
	return is_relays || from.provider == PROVIDER_OTHER ? 0 : leave_alone(ops, &from, reader, &verdict, said, now.wall_us, err);
}

int returned_judge(struct ops *ops, const struct report *report, struct error *err)
{
	if (report->kind != REPORT_BOUNCE && report->kind != REPORT_DELAY)
		return 0;
	for (size_t i = 0; i < report->count; i++)
		if (judge_one(ops, report, &report->recipients[i], err) < 0)
			return -1;
	return 0;
}
