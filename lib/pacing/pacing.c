#include "pacing/pacing.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULTS_IN_A_ROW = 3 };
#define FIRST_PAUSE_US (5 * SECOND_US)
#define LONGEST_PAUSE_US (10 * MINUTE_US)
#define STALL_US (2 * SECOND_US)
#define HANGS_US (10 * SECOND_US) /* for all we know */
#define SOON_US SECOND_US         /* what is leased now is handed out within about this */

const char *const hold_words[] = {
	"nothing",      "total rate", "list rate", "campaign rate", "provider rate", "provider paused", "provider full", "relay rate",
	"relay paused", "sessions",   NULL
};

static void set_warm(struct pacing_relay *relay)
{
	struct gate before = relay->warm;
	int64_t limit = ramp_limit(&relay->ramp);
	relay->warm = (struct gate){ 0 };
	if (limit == 0)
		return;
	if (before.windows)
		relay->warm = before;
	else
		window_init(&relay->warm.window[0], limit, DAY_US);
	relay->warm.windows = 1;
	relay->warm.window[0].limit = limit;
}

int pacing_init(struct pacing *pacing, const struct pacing_setup *setup, struct moment now, struct error *err)
{
	*pacing = (struct pacing){ .relays = setup->relays };
	if (setup->relays > PACING_RELAYS)
		return error_set(err, ERROR_INPUT, "more than %d relays", PACING_RELAYS);
	if (gate_init(&pacing->total, setup->total.rate, setup->total.count, err) < 0)
		return -1;
	bool any_direct = false;
	for (size_t i = 0; i < setup->relays; i++) {
		struct pacing_relay *relay = &pacing->relay[i];
		relay->weight = setup->relay[i].weight;
		relay->is_direct = setup->relay[i].is_direct;
		relay->ramp = setup->relay[i].ramp;
		any_direct |= relay->is_direct;
		snprintf(relay->name, sizeof relay->name, "%s", setup->relay[i].name);
		if (gate_init(&relay->gate, setup->relay[i].rates.rate, setup->relay[i].rates.count, err) < 0)
			return -1;
		set_warm(relay);
	}
	for (size_t i = 0; i < PROVIDERS_MOST; i++) {
		struct pacing_provider *provider = &pacing->provider[i];
		provider->cap = provider->open = setup->provider[i].cap;
		if (gate_init(&provider->gate, setup->provider[i].rates.rate, setup->provider[i].rates.count, err) < 0)
			return -1;
		if (any_direct)
			learn_init(&provider->learn, provider_limits((int64_t)i).rate_s * 1000, now.mono_us);
	}
	return 0;
}

void pacing_clear(struct pacing *pacing)
{
	free(pacing->flow);
	pacing->flow = NULL;
	pacing->flows = 0;
}

/* What was used of a quota counts on, whatever its limit is now. */
static void keep_windows(struct gate *to, const struct gate *from)
{
	for (size_t i = 0; i < to->windows; i++)
		for (size_t j = 0; j < from->windows; j++)
			if (from->window[j].period_us == to->window[i].period_us) {
				int64_t limit = to->window[i].limit;
				to->window[i] = from->window[j];
				to->window[i].limit = limit;
			}
}

static void release(struct pacing **pacing)
{
	free(*pacing);
}

int pacing_reload(struct pacing *pacing, const struct pacing_setup *setup, struct moment now, struct error *err)
{
	CLEANUP(release) struct pacing *fresh = malloc(sizeof *fresh); /* too large for a thread's stack */
	if (!fresh)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (pacing_init(fresh, setup, now, err) < 0)
		return -1;
	keep_windows(&fresh->total, &pacing->total);
	for (size_t i = 0; i < fresh->relays; i++)
		for (size_t j = 0; j < pacing->relays; j++) {
			struct pacing_relay *to = &fresh->relay[i];
			const struct pacing_relay *from = &pacing->relay[j];
			if (strcmp(to->name, from->name) != 0)
				continue;
			keep_windows(&to->gate, &from->gate);
			to->pause = from->pause;
			to->is_held = from->is_held;
			to->told_us = from->told_us;
			to->failures = from->failures;
			pacing_restore_ramp(fresh, i, &from->ramp, now);
			keep_windows(&to->warm, &from->warm);
		}
	for (size_t i = 0; i < PROVIDERS_MOST; i++) {
		struct pacing_provider *to = &fresh->provider[i];
		const struct pacing_provider *from = &pacing->provider[i];
		keep_windows(&to->gate, &from->gate);
		to->pause = from->pause;
		to->is_held = from->is_held;
		to->told_us = from->told_us;
		to->busy = from->busy;
		if (from->learn.rate_milli && to->learn.rate_milli)
			to->learn = from->learn;
	}
	fresh->flow = pacing->flow;
	fresh->flows = pacing->flows;
	*pacing = *fresh;
	return 0;
}

void pacing_progress(struct pacing *pacing, int64_t provider, size_t busy, int64_t mono_us)
{
	struct pacing_provider *p = &pacing->provider[provider];
	size_t through = p->busy > busy ? p->busy - busy : 0;
	p->busy = busy;
	if (p->cap == 0)
		return;
	if (through > 0 || busy == 0) {
		p->moved_us = mono_us;
		p->open = p->open + through < p->cap ? p->open + through : p->cap;
	} else if (busy >= p->open && mono_us - p->moved_us > STALL_US) {
		p->moved_us = mono_us;
		p->open = p->open > 1 ? p->open / 2 : 1;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct pacing_flow *x = a;
	const struct pacing_flow *y = b;
	if (x->list != y->list)
		return x->list < y->list ? -1 : 1;
	return x->campaign == y->campaign ? 0 : x->campaign < y->campaign ? -1 : 1;
}

static struct pacing_flow *find_flow(const struct pacing *pacing, int64_t list, int64_t campaign)
{
	struct pacing_flow wanted = { .list = list, .campaign = campaign };
	return pacing->flows ? bsearch(&wanted, pacing->flow, pacing->flows, sizeof wanted, by_place) : NULL;
}

/* What a message falls in: its list's and its campaign's own, where they have one. */
struct flows_of {
	struct pacing_flow *flow[2];
	size_t n;
};

static struct flows_of flows_of(const struct pacing *pacing, int64_t list, int64_t campaign)
{
	struct flows_of out = { .n = 0 };
	struct pacing_flow *of_list = find_flow(pacing, list, 0);
	struct pacing_flow *of_campaign = campaign ? find_flow(pacing, list, campaign) : NULL;
	if (of_list)
		out.flow[out.n++] = of_list;
	if (of_campaign)
		out.flow[out.n++] = of_campaign;
	return out;
}

static bool has_same_rates(const struct pacing_flow *a, const struct pacing_flow *b)
{
	if (a->rates.count != b->rates.count)
		return false;
	for (size_t i = 0; i < a->rates.count; i++)
		if (a->rates.rate[i].count != b->rates.rate[i].count || a->rates.rate[i].burst != b->rates.rate[i].burst ||
		    a->rates.rate[i].period_us != b->rates.rate[i].period_us)
			return false;
	return true;
}

int pacing_set_flows(struct pacing *pacing, const struct pacing_flow *flows, size_t n, struct error *err)
{
	struct pacing_flow *fresh = n > 0 ? calloc(n, sizeof *fresh) : NULL;
	bool is_new = false;
	if (n > 0 && !fresh)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < n; i++) {
		const struct pacing_flow *old = find_flow(pacing, flows[i].list, flows[i].campaign);
		fresh[i] = flows[i];
		if (old && has_same_rates(old, &flows[i]))
			fresh[i].gate = old->gate;
		/* The rates were read and checked when they were set. */
		else if (gate_init(&fresh[i].gate, fresh[i].rates.rate, fresh[i].rates.count, NULL) < 0)
			fresh[i].gate = (struct gate){ 0 };
		else
			is_new |= fresh[i].gate.windows > 0;
	}
	if (n > 0)
		qsort(fresh, n, sizeof *fresh, by_place);
	free(pacing->flow);
	pacing->flow = fresh;
	pacing->flows = n;
	return is_new;
}

size_t pacing_room(struct pacing *pacing, int64_t provider, struct moment now, size_t max)
{
	struct pacing_provider *p = &pacing->provider[provider];
	if (pause_wait(&p->pause, now.mono_us) > SOON_US || (p->pause.until_us > 0 && p->is_held))
		return 0;
	if (p->pause.until_us > 0)
		max = max > 1 ? 1 : max;
	size_t room = gate_room(&p->gate, now, SOON_US, max);
	/* Enough for the next moment: what waits for a place in progress waits in the queue, where all can see it. */
	if (p->cap > 0)
		room = room < p->cap * 16 ? room : p->cap * 16;
	if (p->learn.rate_milli > 0) {
		size_t pace = (size_t)(p->learn.rate_milli / 1000) + 1;
		room = learn_wait(&p->learn, now.mono_us) > SOON_US ? 0 : room < pace ? room : pace;
	}
	return room;
}

static size_t relay_room(struct pacing_relay *relay, struct moment now, size_t max)
{
	if (relay->hangs || relay->pause.until_us > now.mono_us)
		return 0;
	size_t room = gate_room(&relay->gate, now, SOON_US, max);
	room = gate_room(&relay->warm, now, SOON_US, room);
	/* A relay on trial gets one. */
	return relay->pause.until_us > 0 && room > 0 ? 1 : room;
}

size_t pacing_flow_room(struct pacing *pacing, int64_t list, int64_t campaign, struct moment now, size_t max)
{
	struct flows_of flows = flows_of(pacing, list, campaign);
	for (size_t i = 0; i < flows.n; i++) {
		struct pacing_flow *flow = flows.flow[i];
		if (flow->relay >= 0)
			max = relay_room(&pacing->relay[flow->relay], now, max);
		max = gate_room(&flow->gate, now, SOON_US, max);
	}
	return max;
}

int pacing_pinned(struct pacing *pacing, int64_t list, int64_t campaign)
{
	struct flows_of flows = flows_of(pacing, list, campaign);
	int pinned = -1;
	for (size_t i = 0; i < flows.n; i++)
		pinned = flows.flow[i]->relay >= 0 ? flows.flow[i]->relay : pinned;
	return pinned;
}

size_t pacing_total_room(struct pacing *pacing, struct moment now, size_t max)
{
	size_t relays = 0;
	for (size_t i = 0; i < pacing->relays && relays < max; i++)
		relays += relay_room(&pacing->relay[i], now, max);
	return gate_room(&pacing->total, now, SOON_US, relays < max ? relays : max);
}

static enum hold provider_hold(struct pacing *pacing, int64_t provider, struct moment now, int64_t *wait_us)
{
	struct pacing_provider *p = &pacing->provider[provider];
	if ((*wait_us = pause_wait(&p->pause, now.mono_us)) > 0)
		return HOLD_PROVIDER_PAUSE;
	if (p->learn.rate_milli > 0 && (*wait_us = learn_wait(&p->learn, now.mono_us)) > 0)
		return p->learn.pause.until_us > now.mono_us ? HOLD_PROVIDER_PAUSE : HOLD_PROVIDER_RATE;
	if ((*wait_us = gate_wait(&p->gate, now)) > 0)
		return HOLD_PROVIDER_RATE;
	if (p->cap > 0 && p->busy >= p->open) {
		*wait_us = 500; /* until one of them is through */
		return HOLD_PROVIDER_CAP;
	}
	return HOLD_NOTHING;
}

static enum hold relay_hold(struct pacing_relay *relay, struct moment now, int64_t *wait_us)
{
	if ((*wait_us = pause_wait(&relay->pause, now.mono_us)) > 0)
		return HOLD_RELAY_PAUSE;
	if (relay->hangs) {
		*wait_us = HANGS_US;
		return HOLD_RELAY_PAUSE;
	}
	int64_t gate_us = gate_wait(&relay->gate, now);
	int64_t warm_us = gate_wait(&relay->warm, now);
	*wait_us = gate_us > warm_us ? gate_us : warm_us;
	return *wait_us > 0 ? HOLD_RELAY_RATE : HOLD_NOTHING;
}

/* The relay whose turn it is by weight, among those that may take one now; else what holds the one that waits the least. */
static enum hold choose_relay(struct pacing *pacing, int pinned, uint32_t full, struct moment now, size_t *relay, int64_t *wait_us)
{
	uint64_t weights = 0;
	size_t first = 0;
	enum hold hold = HOLD_RELAY_PAUSE;
	*wait_us = HOUR_US;
	for (size_t i = 0; i < pacing->relays; i++)
		weights += pacing->relay[i].weight;
	if (weights == 0)
		return hold;
	for (uint64_t place = pacing->turn++ % weights; place >= pacing->relay[first].weight;)
		place -= pacing->relay[first++].weight;
	for (size_t i = 0; i < pacing->relays; i++) {
		size_t at = pinned >= 0 ? (size_t)pinned : (first + i) % pacing->relays;
		int64_t one_us = 0;
		enum hold one = relay_hold(&pacing->relay[at], now, &one_us);
		if (one == HOLD_NOTHING && full >> at & 1) {
			one = HOLD_SESSIONS;
			one_us = 1000;
		}
		if (one == HOLD_NOTHING) {
			*relay = at;
			*wait_us = 0;
			return one;
		}
		if (one_us < *wait_us) {
			*wait_us = one_us;
			hold = one;
		}
		if (pinned >= 0)
			break;
	}
	return hold;
}

static void take(struct pacing *pacing, const struct pacing_key *key, struct pacing_relay *relay, struct moment now)
{
	bool is_short = gate_take(&pacing->total, now);
	is_short |= gate_take(&relay->gate, now);
	is_short |= gate_take(&relay->warm, now);
	relay->ramp.used++;
	pause_took(&relay->pause, now.mono_us);
	if (!key->is_notice) {
		struct pacing_provider *provider = &pacing->provider[key->provider];
		is_short |= gate_take(&provider->gate, now);
		pause_took(&provider->pause, now.mono_us);
		provider->busy++;
		if (provider->learn.rate_milli > 0)
			learn_took(&provider->learn, now.mono_us);
		struct flows_of flows = flows_of(pacing, key->list, key->campaign);
		for (size_t i = 0; i < flows.n; i++)
			is_short |= gate_take(&flows.flow[i]->gate, now);
	}
	pacing->is_short |= is_short;
}

enum hold pacing_take(struct pacing *pacing, const struct pacing_key *key, uint32_t full, struct moment now, size_t *relay,
                      int64_t *wait_us)
{
	int pinned = -1;
	enum hold hold = HOLD_NOTHING;
	if ((*wait_us = gate_wait(&pacing->total, now)) > 0)
		return HOLD_TOTAL;
	if (!key->is_notice && (hold = provider_hold(pacing, key->provider, now, wait_us)) != HOLD_NOTHING)
		return hold;
	struct flows_of flows = { .n = 0 };
	if (!key->is_notice)
		flows = flows_of(pacing, key->list, key->campaign);
	for (size_t i = 0; i < flows.n; i++) {
		struct pacing_flow *flow = flows.flow[i];
		if ((*wait_us = gate_wait(&flow->gate, now)) > 0)
			return flow->campaign ? HOLD_CAMPAIGN : HOLD_LIST;
		pinned = flow->relay >= 0 ? flow->relay : pinned;
	}
	hold = choose_relay(pacing, pinned, full, now, relay, wait_us);
	if (hold == HOLD_NOTHING)
		take(pacing, key, &pacing->relay[*relay], now);
	return hold;
}

void pacing_untake(struct pacing *pacing, const struct pacing_key *key, size_t index)
{
	struct pacing_relay *relay = &pacing->relay[index];
	gate_untake(&pacing->total);
	gate_untake(&relay->gate);
	gate_untake(&relay->warm);
	relay->ramp.used -= relay->ramp.used > 0;
	relay->pause.is_probing = false;
	if (key->is_notice)
		return;
	struct pacing_provider *provider = &pacing->provider[provider_known(key->provider)];
	gate_untake(&provider->gate);
	provider->pause.is_probing = false;
	provider->busy -= provider->busy > 0;
	struct flows_of flows = flows_of(pacing, key->list, key->campaign);
	for (size_t i = 0; i < flows.n; i++)
		gate_untake(&flows.flow[i]->gate);
}

bool pacing_is_paused(const struct pacing *pacing, size_t relay, int64_t mono_us)
{
	return pacing->relay[relay].pause.until_us > mono_us;
}

bool pacing_is_troubled(const struct pacing *pacing, size_t relay, int64_t provider)
{
	const struct pacing_relay *r = &pacing->relay[relay];
	return r->failures > 0 || r->pause.until_us > 0 || pacing->provider[provider].pause.until_us > 0 || r->is_direct;
}

static void say(char *reason, size_t size, const struct outcome *outcome)
{
	if (outcome->code)
		snprintf(reason, size, "%s: %d %.120s", stage_words[outcome->stage], outcome->code, outcome->reply);
	else
		snprintf(reason, size, "%s: %.130s", stage_words[outcome->stage], outcome->reply);
	text_mend_cut(reason);
}

/* True: the reply spoke of the provider, and the relay is not to blame. */
static bool provider_outcome(const struct pacing_relay *relay, struct pacing_provider *p, const struct outcome *outcome,
                             const struct verdict *verdict, struct moment now)
{
	if (relay->is_direct) {
		int64_t rate_milli = p->learn.rate_milli;
		bool was_stopped = p->learn.pause.until_us > 0;
		learn_reply(&p->learn, outcome, verdict, now.mono_us);
		p->has_news |= p->learn.rate_milli != rate_milli || was_stopped != (p->learn.pause.until_us > 0);
	}
	bool is_well = outcome->kind == OUTCOME_ACCEPTED || verdict->door == DOOR_READER;
	if (is_well && p->pause.until_us > 0 && p->pause.until_us <= now.mono_us && !p->is_held) {
		pause_end(&p->pause);
		p->has_news = true;
	}
	if (verdict->scope != SCOPE_PROVIDER)
		return false;
	if (!relay->is_direct && (verdict->slow_down || verdict->door == DOOR_US) && !p->is_held) {
		pause_begin(&p->pause, PROVIDER_PAUSE_US, PROVIDER_PAUSE_LONGEST_US, verdict->asked_us, now.mono_us);
		say(p->pause.reason, sizeof p->pause.reason, outcome);
		p->has_news = true;
	}
	return true;
}

void pacing_hold_relay(struct pacing *pacing, size_t index, int64_t until_us, const char *reason, struct moment now)
{
	struct pacing_relay *relay = &pacing->relay[index];
	bool is_news = until_us != relay->told_us;
	relay->told_us = until_us;
	if (is_news && until_us > now.wall_us) {
		relay->is_held = true;
		relay->pause = (struct pause){ .until_us = now.mono_us + until_us - now.wall_us };
		snprintf(relay->pause.reason, sizeof relay->pause.reason, "%s", reason);
		text_mend_cut(relay->pause.reason);
	} else if (relay->is_held && (is_news || relay->pause.until_us <= now.mono_us)) {
		relay->is_held = false;
		pause_end(&relay->pause);
	}
}

void pacing_hang_relay(struct pacing *pacing, size_t index, bool hangs)
{
	pacing->relay[index].hangs = hangs;
}

void pacing_reset_relay(struct pacing *pacing, size_t index)
{
	struct pacing_relay *relay = &pacing->relay[index];
	relay->failures = 0;
	if (!relay->is_held)
		pause_end(&relay->pause);
}

void pacing_outcome(struct pacing *pacing, size_t index, int64_t provider, const struct outcome *outcome, const struct verdict *verdict,
                    struct moment now)
{
	struct pacing_relay *relay = &pacing->relay[index];
	struct pacing_provider *p = &pacing->provider[provider];
	if (outcome->kind == OUTCOME_NONE || outcome->kind == OUTCOME_WITHHELD) {
		relay->pause.is_probing = p->pause.is_probing = false;
		return;
	}
	relay->ramp.bounced += verdict->kind == VERDICT_BOUNCE;
	bool is_providers = provider_outcome(relay, p, outcome, verdict, now);
	bool relays_fault = verdict->door == DOOR_RELAY || verdict->door == DOOR_US;
	if (is_providers || (!relays_fault && !verdict->slow_down)) {
		/* It took a message, or spoke of somebody else: it works. */
		relay->failures = 0;
		/* What was on its way when a pause began says nothing of how it is now. */
		if (!relay->is_held && relay->pause.until_us <= now.mono_us)
			pause_end(&relay->pause);
		return;
	}
	relay->failures++;
	if (relay->is_held)
		return;
	if (verdict->slow_down || relay->pause.is_probing || relay->failures >= FAULTS_IN_A_ROW) {
		if (relay->pause.until_us <= now.mono_us)
			say(relay->pause.reason, sizeof relay->pause.reason, outcome);
		pause_begin(&relay->pause, FIRST_PAUSE_US, LONGEST_PAUSE_US, verdict->asked_us, now.mono_us);
	}
}

bool pacing_tick(struct pacing *pacing, struct moment now)
{
	bool is_new_day = false;
	for (size_t i = 0; i < PROVIDERS_MOST; i++)
		pacing->provider[i].has_news |= learn_step(&pacing->provider[i].learn, now.mono_us);
	for (size_t i = 0; i < pacing->relays; i++)
		if (ramp_day(&pacing->relay[i].ramp, now.wall_us)) {
			set_warm(&pacing->relay[i]);
			is_new_day = true;
		}
	return is_new_day;
}

void pacing_restore_ramp(struct pacing *pacing, size_t index, const struct ramp *ramp, struct moment now)
{
	struct pacing_relay *relay = &pacing->relay[index];
	/* The steps are the configuration's. */
	relay->ramp.at = ramp->at;
	relay->ramp.day = ramp->day;
	relay->ramp.used = ramp->used;
	relay->ramp.bounced = ramp->bounced;
	relay->ramp.complained = ramp->complained;
	ramp_day(&relay->ramp, now.wall_us);
	set_warm(relay);
}

void pacing_restore_provider(struct pacing *pacing, int64_t provider, const struct pacing_told *told, struct moment now)
{
	struct pacing_provider *p = &pacing->provider[provider];
	int64_t left_us = told->paused_us - (told->at_us > now.wall_us ? told->at_us : now.wall_us);
	bool is_news = told->paused_us != p->told_us;
	bool was_held = p->is_held;
	if (told->rate_milli > 0 && p->learn.rate_milli > 0)
		learn_init(&p->learn, told->rate_milli, now.mono_us);
	p->told_us = told->paused_us;
	if (is_news && left_us > 0) {
		p->is_held = told->is_held;
		p->pause.until_us = now.mono_us + left_us;
		snprintf(p->pause.reason, sizeof p->pause.reason, "%s", told->reason);
		text_mend_cut(p->pause.reason);
		return;
	}
	p->is_held = was_held && !is_news && p->pause.until_us > now.mono_us;
	/* One that ran out while nobody looked is over, and a person's when it was to be; a probe is not lost by that. */
	if ((was_held && !p->is_held) || (is_news && p->pause.until_us > now.mono_us))
		pause_end(&p->pause);
}
