#include "daemon/delivery/pace.h"
#include "ops/relays.h"
#include "store/event.h"
#include "system/clock.h"
#include "system/log.h"
#include <stdio.h>

enum { USES = 1024 };
#define LOOK_US (SECOND_US / 5)
#define FLOWS_US (SECOND_US / 2)
#define RATE_US (3 * SECOND_US)

static void setup(const struct pace *pace, const struct config *config, struct pacing_setup *out)
{
	const char *names[CONFIG_RELAYS];
	for (size_t i = 0; i < pace->delivery->relays; i++)
		names[i] = pace->delivery->relay[i].name;
	providers_setup(pace->ops, config, names, pace->delivery->relays, out);
}

static void save_ramp(struct pace *pace, size_t i)
{
	const struct pacing_relay *relay = &pace->pacing.relay[i];
	char key[PACING_NAME + 16];
	char value[96];
	struct error err;
	if (relay->ramp.steps == 0)
		return;
	snprintf(key, sizeof key, "warm_up:%s", relay->name);
	snprintf(value, sizeof value, "%zu %" PRId64 " %" PRId64 " %" PRId64, relay->ramp.at, relay->ramp.day, relay->ramp.used,
	         relay->ramp.bounced);
	if (store_meta_set(pace->ops->db, key, value, &err) < 0)
		log_error("warm-up not written text=\"%s\"", err.text);
}

static int load_ramp(struct pace *pace, size_t i, struct moment now, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	char key[PACING_NAME + 16];
	const char *value = NULL;
	struct ramp ramp = { 0 };
	if (pace->pacing.relay[i].ramp.steps == 0)
		return 0;
	snprintf(key, sizeof key, "warm_up:%s", pace->pacing.relay[i].name);
	int found = store_meta_get(pace->ops->db, key, &value, &arena, err);
	if (found > 0 && sscanf(value, "%zu %" SCNd64 " %" SCNd64 " %" SCNd64, &ramp.at, &ramp.day, &ramp.used, &ramp.bounced) != 4)
		ramp = (struct ramp){ 0 };
	if (found >= 0)
		pacing_restore_ramp(&pace->pacing, i, &ramp, now);
	return found < 0 ? -1 : 0;
}

int pace_start(struct pace *pace, struct delivery *delivery, struct ops *ops, struct error *err)
{
	struct pacing_setup out;
	struct moment now = clock_now();
	*pace = (struct pace){ .delivery = delivery, .ops = ops, .config = delivery->daemon->config };
	setup(pace, pace->config, &out);
	if (pacing_init(&pace->pacing, &out, now, err) < 0 || pace_load_uses(ops, &pace->pacing, now, err) < 0 ||
	    pace_load_providers(ops, &pace->pacing, true, now, err) < 0)
		return -1;
	for (size_t i = 0; i < delivery->relays; i++)
		if (load_ramp(pace, i, now, err) < 0)
			return -1;
	return 0;
}

void pace_clear(struct pace *pace)
{
	pacing_clear(&pace->pacing);
	pace_known_clear(&pace->known);
}

/* What is tried many times a second. True: it worked. */
static bool works(struct pace *pace, int try, int result, const struct error *err)
{
	static const char *const words[PACE_TRIES] = { "quotas not written", "providers not read", "resets of relays not read",
		                                       "flows not read" };
	enum repeat_say say = repeat_look(&pace->tries[try], result < 0, clock_now().mono_us);
	if (say == REPEAT_FAILS)
		log_error("%s text=\"%s\"", words[try], err->text);
	else if (say == REPEAT_WORKS)
		log_info("%s: over", words[try]);
	return result >= 0;
}

static int store_uses(struct pace *pace, const struct pacing_use *uses, size_t n, struct error *err)
{
	struct rate_use rows[64];
	for (size_t done = 0; done < n;) {
		size_t count = 0;
		for (; count < COUNT_OF(rows) && done < n; done++)
			rows[count++] = (struct rate_use){ uses[done].scope, uses[done].period_us, uses[done].slice_us, uses[done].used };
		if (store_rate_use_set(pace->ops->db, rows, count, err) < 0)
			return -1;
	}
	return 0;
}

bool pace_reserve(struct pace *pace, bool ahead)
{
	static struct pacing_use uses[USES];
	struct error err;
	size_t n = USES;
	/* As long as there are more: ahead, what was stored is short no longer. */
	do {
		n = pacing_reserve(&pace->pacing, ahead, uses, USES);
		if (n > 0 && !works(pace, PACE_QUOTAS, store_uses(pace, uses, n, &err), &err))
			return false;
		pacing_reserved(&pace->pacing, uses, n);
	} while (ahead && n == USES);
	for (size_t i = 0; i < pace->delivery->relays; i++)
		save_ramp(pace, i);
	return true;
}

/* What a relay's trouble is, for `status` and `queue --why`; written when it changes. */
static void say_relay(struct pace *pace, size_t i, struct moment now)
{
	const struct pacing_relay *relay = &pace->pacing.relay[i];
	bool paused = pacing_is_paused(&pace->pacing, i, now.mono_us);
	const char *state = paused || relay->pause.is_probing ? "paused" : relay->failures > 0 ? "slow" : "ok";
	struct relay_state row = { .name = relay->name,
		                   .state = state,
		                   .reason = relay->pause.reason,
		                   .until_us = paused ? now.wall_us + relay->pause.until_us - now.mono_us : 0,
		                   .at_us = now.wall_us };
	struct error err;
	if (strcmp(pace->said[i], state) == 0 && !paused)
		return;
	if (strcmp(state, "ok") != 0 && strcmp(pace->said[i], state) != 0)
		log_warn("relay %s is %s reason=\"%s\"", row.name, state, *row.reason ? row.reason : "a message failed there");
	else if (*pace->said[i] && strcmp(pace->said[i], state) != 0)
		log_info("relay %s is ok again", row.name);
	snprintf(pace->said[i], sizeof pace->said[i], "%s", state);
	if (store_relay_say(pace->ops->db, &row, &err) < 0)
		log_error("relay state not written text=\"%s\"", err.text);
}

/* Pauses that replies brought on, and what was learned. A person's pause is left alone. */
static void say_providers(struct pace *pace, struct moment now)
{
	for (int64_t i = 0; i < PROVIDERS_MOST; i++) {
		struct pacing_provider *p = &pace->pacing.provider[i];
		struct error err;
		if (!p->has_news)
			continue;
		p->has_news = false;
		const struct pause *pause = p->learn.pause.until_us > p->pause.until_us ? &p->learn.pause : &p->pause;
		bool paused = pause->until_us > now.mono_us;
		struct provider_state row = { .provider = i,
			                      .paused_until_us = paused ? now.wall_us + pause->until_us - now.mono_us : 0,
			                      .reason = paused ? pause->reason : "",
			                      .rate_milli = p->learn.rate_milli,
			                      .at_us = now.wall_us };
		const char *name = provider_name(pace->ops->providers, i);
		if (paused)
			log_warn("provider %s is paused reason=\"%s\"", name, row.reason);
		else
			log_info("provider %s goes on rate_milli=%" PRId64, name, row.rate_milli);
		if (store_provider_set(pace->ops->db, &row, false, &err) < 0)
			log_error("provider state not written text=\"%s\"", err.text);
	}
}

/* Sessions tell of successes only where something waits for them. */
static void ask_for_successes(struct pace *pace)
{
	struct delivery *delivery = pace->delivery;
	for (size_t i = 0; i < delivery->relays; i++) {
		const struct pacing_relay *relay = &pace->pacing.relay[i];
		atomic_store(&delivery->relay[i].troubled, relay->failures > 0 || relay->pause.until_us > 0 || relay->is_direct);
	}
	for (size_t i = 0; i < PROVIDERS_MOST; i++)
		atomic_store(&delivery->provider_troubled[i], pace->pacing.provider[i].pause.until_us > 0);
}

void pace_events(struct pace *pace, struct moment now)
{
	struct delivery *delivery = pace->delivery;
	struct pacing *pacing = &pace->pacing;
	bool touched[CONFIG_RELAYS] = { 0 };
	pthread_mutex_lock(&delivery->mutex);
	for (size_t i = 0; i < delivery->event_count; i++) {
		const struct happened *event = &delivery->events[i];
		pacing_outcome(pacing, event->relay, event->provider, &event->outcome, &event->verdict, now);
		touched[event->relay] = true;
	}
	bool any = delivery->event_count > 0;
	delivery->event_count = 0;
	pthread_mutex_unlock(&delivery->mutex);
	if (!any)
		return;
	ask_for_successes(pace);
	for (size_t i = 0; i < delivery->relays; i++)
		if (touched[i])
			say_relay(pace, i, now);
	say_providers(pace, now);
}

int pace_know(struct pace *pace, int64_t campaign, struct error *err)
{
	if (pace_knows(&pace->known, campaign))
		return 0;
	return pace_load_flows(pace->ops, &pace->pacing, clock_now(), &pace->known, err);
}

static void reload(struct pace *pace, const struct config *fresh, struct moment now)
{
	struct pacing_setup out;
	struct error err;
	setup(pace, fresh, &out);
	pace->config = fresh;
	if (pacing_reload(&pace->pacing, &out, now, &err) < 0)
		log_error("rates not taken text=\"%s\"", err.text);
}

/* Bounces and complaints of the day, for the warm-ups. */
static void count_returns(struct pace *pace, struct moment now)
{
	struct returns returns;
	struct error err;
	bool any = false;
	for (size_t i = 0; i < pace->delivery->relays; i++)
		any |= ramp_limit(&pace->pacing.relay[i].ramp) > 0;
	if (!any || now.mono_us - pace->returns_us < MINUTE_US)
		return;
	pace->returns_us = now.mono_us;
	for (size_t i = 0; i < pace->delivery->relays; i++) {
		struct ramp *ramp = &pace->pacing.relay[i].ramp;
		if (store_returns_since(pace->ops->db, ramp->day * DAY_US, &returns, &err) < 0)
			return;
		ramp->bounced = returns.bounced;
		ramp->complained = returns.complained;
	}
}

/* How fast mail goes out, for estimates: written while it does. */
static void say_rate(struct pace *pace, struct moment now)
{
	int64_t sent = atomic_load(&pace->delivery->sent);
	int64_t passed_us = now.mono_us - pace->rate_us;
	char text[32];
	struct error err;
	if (passed_us < RATE_US)
		return;
	int64_t rate_milli = (sent - pace->rate_sent) * 1000 * SECOND_US / passed_us;
	pace->rate_us = now.mono_us;
	pace->rate_sent = sent;
	if (rate_milli == 0)
		return;
	snprintf(text, sizeof text, "%" PRId64, rate_milli);
	if (store_meta_set(pace->ops->db, "rate_milli", text, &err) < 0)
		log_error("rate not written text=\"%s\"", err.text);
}

static void take_resets(struct pace *pace)
{
	struct error err;
	int asked = 0;
	for (size_t i = 0; i < pace->delivery->relays && asked >= 0; i++) {
		asked = relay_take_reset(pace->ops, pace->pacing.relay[i].name, &err);
		if (asked > 0)
			pacing_reset_relay(&pace->pacing, i);
	}
	works(pace, PACE_RESETS, asked, &err);
}

bool pace_look(struct pace *pace, struct moment now)
{
	const struct config *fresh = atomic_load(&pace->delivery->daemon->reloaded);
	struct error err;
	bool is_fresh = fresh && fresh != pace->config;
	if (is_fresh)
		reload(pace, fresh, now);
	if (now.mono_us - pace->looked_us < LOOK_US)
		return is_fresh;
	pace->looked_us = now.mono_us;
	count_returns(pace, now);
	if (pacing_tick(&pace->pacing, now))
		for (size_t i = 0; i < pace->delivery->relays; i++)
			save_ramp(pace, i);
	say_providers(pace, now);
	int loaded = pace_load_providers(pace->ops, &pace->pacing, false, now, &err) < 0
	                     ? -1
	                     : pace_load_holds(pace->ops, &pace->pacing, now, &err);
	works(pace, PACE_PROVIDERS, loaded, &err);
	take_resets(pace);
	/* A pause that came back from the store ends with a probe's success too. */
	ask_for_successes(pace);
	if (now.mono_us - pace->flows_us >= FLOWS_US) {
		pace->flows_us = now.mono_us;
		works(pace, PACE_FLOWS, pace_load_flows(pace->ops, &pace->pacing, now, &pace->known, &err), &err);
	}
	say_rate(pace, now);
	for (size_t i = 0; i < pace->delivery->relays; i++)
		if (pace->pacing.relay[i].is_held ? pace->said[i][0] != 'p'
		                                  : pace->said[i][0] != 'o' && !pacing_is_paused(&pace->pacing, i, now.mono_us))
			say_relay(pace, i, now);
	return is_fresh;
}
