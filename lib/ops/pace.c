#include "ops/pace.h"
#include "store/campaign.h"
#include "store/delivery.h"
#include "store/event.h"
#include "system/clock.h"
#include <stdio.h>
#include <stdlib.h>

enum { USES = 1024, WAITING = 1000, FLOWS = 128 };

int pace_load_uses(struct ops *ops, struct pacing *pacing, struct moment now, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct rate_use *rows = arena_alloc(&arena, USES * sizeof *rows);
	size_t n = 0;
	if (!rows)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (store_rate_use_all(ops->db, now.wall_us, rows, USES, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct pacing_use use = { .period_us = rows[i].period_us, .slice_us = rows[i].slice_us, .used = rows[i].used };
		snprintf(use.scope, sizeof use.scope, "%s", rows[i].scope);
		pacing_restore(pacing, &use, now);
	}
	return 0;
}

int pace_load_providers(struct ops *ops, struct pacing *pacing, bool with_rates, struct moment now, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct provider_state rows[PROVIDERS_MOST];
	bool is_there[PROVIDERS_MOST] = { 0 };
	size_t n = 0;
	if (store_provider_all(ops->db, rows, PROVIDERS_MOST, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct provider_state *row = &rows[i];
		if (row->provider < 0 || row->provider >= PROVIDERS_MOST)
			continue;
		is_there[row->provider] = true;
		struct pacing_told told = { with_rates ? row->rate_milli : 0, row->paused_until_us, row->at_us, row->is_held, row->reason };
		pacing_restore_provider(pacing, row->provider, &told, now);
	}
	/* One that was reset has no row. */
	for (int64_t i = 0; i < PROVIDERS_MOST; i++)
		if (!is_there[i])
			pacing_restore_provider(pacing, i, &(struct pacing_told){ .reason = "" }, now);
	return 0;
}

void pace_known_clear(struct pace_known *known)
{
	free(known->campaign);
	*known = (struct pace_known){ 0 };
}

static int by_number(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;
	return *x == *y ? 0 : *x < *y ? -1 : 1;
}

bool pace_knows(const struct pace_known *known, int64_t campaign)
{
	return known->count > 0 && bsearch(&campaign, known->campaign, known->count, sizeof campaign, by_number);
}

static int add_known(struct pace_known *known, int64_t campaign, struct error *err)
{
	if (known->count == known->room) {
		size_t room = known->room ? known->room * 2 : FLOWS;
		int64_t *more = reallocarray(known->campaign, room, sizeof *more);
		if (!more)
			return error_set(err, ERROR_MEMORY, "out of memory");
		known->campaign = more;
		known->room = room;
	}
	known->campaign[known->count++] = campaign;
	return 0;
}

struct flows {
	struct pacing_flow *flow;
	size_t count, room;
};

static void flows_clear(struct flows *flows)
{
	free(flows->flow);
}

static int add_flow(const struct pacing *pacing, const struct flow *row, struct flows *flows, struct error *err)
{
	struct pacing_flow flow = { .list = row->list, .campaign = row->campaign, .relay = -1 };
	if (rates_read(row->rate, &flow.rates, err) < 0)
		return error_wrap(err, "the rate of %s %" PRId64, row->campaign ? "campaign" : "list",
		                  row->campaign ? row->campaign : row->list);
	for (size_t i = 0; i < pacing->relays; i++)
		if (strcmp(pacing->relay[i].name, row->relay) == 0)
			flow.relay = (int)i;
	if (flow.rates.count == 0 && flow.relay < 0)
		return 0;
	if (flows->count == flows->room) {
		size_t room = flows->room ? flows->room * 2 : 16;
		struct pacing_flow *more = reallocarray(flows->flow, room, sizeof *more);
		if (!more)
			return error_set(err, ERROR_MEMORY, "out of memory");
		flows->flow = more;
		flows->room = room;
	}
	flows->flow[flows->count++] = flow;
	return 0;
}

static int add_campaigns(struct ops *ops, const struct pacing *pacing, struct flows *flows, struct pace_known *known, struct error *err)
{
	int64_t after = 0;
	known->count = 0;
	for (size_t n = FLOWS; n == FLOWS;) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct flow rows[FLOWS];
		if (store_flow_campaigns(ops->db, after, rows, FLOWS, &n, &arena, err) < 0)
			return -1;
		for (size_t i = 0; i < n; i++)
			if (add_known(known, rows[i].campaign, err) < 0 || add_flow(pacing, &rows[i], flows, err) < 0)
				return -1;
		after = n ? rows[n - 1].campaign : after;
	}
	return 0;
}

static int add_lists(struct ops *ops, const struct pacing *pacing, struct flows *flows, struct error *err)
{
	int64_t after = 0;
	for (size_t n = FLOWS; n == FLOWS;) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct flow rows[FLOWS];
		if (store_flow_lists(ops->db, after, rows, FLOWS, &n, &arena, err) < 0)
			return -1;
		for (size_t i = 0; i < n; i++)
			if (add_flow(pacing, &rows[i], flows, err) < 0)
				return -1;
		after = n ? rows[n - 1].list : after;
	}
	return 0;
}

int pace_load_flows(struct ops *ops, struct pacing *pacing, struct moment now, struct pace_known *known, struct error *err)
{
	CLEANUP(flows_clear) struct flows flows = { 0 };
	if (add_campaigns(ops, pacing, &flows, known, err) < 0 || add_lists(ops, pacing, &flows, err) < 0) {
		known->count = 0;
		return -1;
	}
	int is_new = pacing_set_flows(pacing, flows.flow, flows.count, err);
	return is_new > 0 ? pace_load_uses(ops, pacing, now, err) : is_new;
}

/* "UNTIL REASON", as relay_pause() writes it. 1, 0 none, -1. */
static int read_hold(struct ops *ops, const char *relay, int64_t *until_us, const char **reason, struct arena *arena, struct error *err)
{
	const char *key = arena_format(arena, "relay_hold:%s", relay);
	const char *value = "";
	char *rest = NULL;
	if (!key)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int found = store_meta_get(ops->db, key, &value, arena, err);
	*until_us = strtoll(value, &rest, 10);
	*reason = rest + (*rest == ' ');
	return found;
}

int pace_load_holds(struct ops *ops, struct pacing *pacing, struct moment now, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	for (size_t i = 0; i < pacing->relays; i++) {
		int64_t until_us = 0;
		const char *reason = "";
		if (read_hold(ops, pacing->relay[i].name, &until_us, &reason, &arena, err) < 0)
			return -1;
		pacing_hold_relay(pacing, i, until_us, reason, now);
	}
	return 0;
}

int pace_shift(struct ops *ops, int64_t by_us, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	for (size_t i = 0; i < ops->config->relay_count; i++) {
		const char *name = ops->config->relay[i].name;
		const char *reason = "";
		int64_t until_us = 0;
		int found = read_hold(ops, name, &until_us, &reason, &arena, err);
		const char *key = arena_format(&arena, "relay_hold:%s", name);
		const char *value = arena_format(&arena, "%" PRId64 " %s", until_us + by_us, reason);
		if (found < 0 || !key || !value || (found > 0 && store_meta_set(ops->db, key, value, err) < 0))
			return -1;
	}
	return store_pauses_shift(ops->db, by_us, err);
}

static int load_relays(struct ops *ops, struct pacing *pacing, struct moment now, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct relay_state rows[PACING_RELAYS];
	size_t n = 0;
	if (store_relay_all(ops->db, rows, PACING_RELAYS, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < pacing->relays; j++) {
			struct pause *pause = &pacing->relay[j].pause;
			int64_t left_us = rows[i].until_us - now.wall_us;
			/* One without an end is a person's: pace_load_holds() knows whether it still is. */
			if (strcmp(pacing->relay[j].name, rows[i].name) != 0 || left_us <= 0 || pause_is_for_good(left_us))
				continue;
			pause->until_us = now.mono_us + left_us;
			snprintf(pause->reason, sizeof pause->reason, "%s", rows[i].reason);
		}
	return 0;
}

int pace_open(struct ops *ops, struct pacing **out, struct error *err)
{
	CLEANUP(pace_free) struct pacing *pacing = calloc(1, sizeof *pacing);
	const char *names[CONFIG_RELAYS];
	struct pacing_setup setup;
	struct moment now = clock_now();
	CLEANUP(pace_known_clear) struct pace_known known = { 0 };
	if (!pacing)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < ops->config->relay_count; i++)
		names[i] = ops->config->relay[i].name;
	providers_setup(ops, ops->config, names, ops->config->relay_count, &setup);
	if (pacing_init(pacing, &setup, now, err) < 0 || pace_load_uses(ops, pacing, now, err) < 0 ||
	    pace_load_providers(ops, pacing, true, now, err) < 0 || pace_load_flows(ops, pacing, now, &known, err) < 0 ||
	    load_relays(ops, pacing, now, err) < 0 || pace_load_holds(ops, pacing, now, err) < 0)
		return -1;
	*out = pacing;
	pacing = NULL;
	return 0;
}

void pace_free(struct pacing **pacing)
{
	if (*pacing)
		pacing_clear(*pacing);
	free(*pacing);
	*pacing = NULL;
}

static int load_waiting(struct ops *ops, struct waiting **rows, size_t *n, struct arena *arena, struct error *err)
{
	for (size_t room = WAITING;; room *= 2) {
		*rows = arena_alloc(arena, room * sizeof **rows);
		if (!*rows)
			return error_set(err, ERROR_MEMORY, "out of memory");
		if (store_delivery_waiting(ops->db, *rows, room, n, err) < 0)
			return -1;
		if (*n < room)
			return 0;
	}
}

/* What waits of that campaign and of the older ones, which go first. */
static int load_lines(struct ops *ops, int64_t campaign, struct pacing_line **lines, size_t *n, struct arena *arena, struct error *err)
{
	struct waiting *rows = NULL;
	struct campaign found = { 0 };
	size_t count = 0;
	*n = 0;
	if (load_waiting(ops, &rows, &count, arena, err) < 0)
		return -1;
	*lines = arena_alloc(arena, (count + 1) * sizeof **lines);
	if (!*lines)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (campaign && store_campaign_get(ops->db, campaign, &found, arena, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct flow flow;
		bool goes_first = !campaign || rows[i].campaign_id == campaign || rows[i].oldest_us <= found.started_us;
		bool waits = rows[i].state == DELIVERY_QUEUED || rows[i].state == DELIVERY_LEASED || rows[i].state == DELIVERY_INFLIGHT;
		if (!goes_first || !waits || rows[i].campaign_id == 0)
			continue;
		if (store_flow_of(ops->db, rows[i].campaign_id, &flow, arena, err) <= 0)
			return -1;
		(*lines)[(*n)++] = (struct pacing_line){ rows[i].provider, flow.list, rows[i].campaign_id, rows[i].n };
	}
	return 0;
}

int pace_estimate(struct ops *ops, int64_t campaign, struct estimate *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(pace_free) struct pacing *pacing = NULL;
	struct pacing_line *lines = NULL;
	const char *rate = NULL;
	size_t n = 0;
	if (pace_open(ops, &pacing, err) < 0 || load_lines(ops, campaign, &lines, &n, &arena, err) < 0 ||
	    store_meta_get(ops->db, "rate_milli", &rate, &arena, err) < 0)
		return -1;
	*out = pacing_estimate(pacing, lines, n, rate ? strtoll(rate, NULL, 10) : 0, clock_now());
	return 0;
}

static const char *rates_words(const struct config_rates *rates, struct arena *arena)
{
	const char *text = "";
	char one[UNITS_TEXT];
	for (size_t i = 0; i < rates->count; i++)
		text = arena_format(arena, "%s, %s", text, units_write_rate(rates->rate[i], one));
	return text;
}

const char *pace_words(const struct ops *ops, const struct estimate *estimate, struct arena *arena)
{
	const struct config *config = ops->config;
	const char *provider = provider_name(ops->providers, estimate->which);
	switch (estimate->by) {
	case HOLD_TOTAL: return arena_format(arena, "the total rate%s", rates_words(&config->delivery.rates, arena));
	case HOLD_LIST: return "the list's own rate";
	case HOLD_CAMPAIGN: return "the campaign's own rate";
	case HOLD_PROVIDER_PAUSE: return arena_format(arena, "the pause of provider %s", provider);
	case HOLD_PROVIDER_RATE:
		for (size_t i = 0; i < config->provider_count; i++)
			if (strcmp(config->provider[i].name, provider) == 0)
				return arena_format(arena, "the rate of provider %s%s", provider,
				                    rates_words(&config->provider[i].rates, arena));
		return arena_format(arena, "the pace of provider %s", provider);
	case HOLD_RELAY_RATE:
	case HOLD_RELAY_PAUSE:
		if (estimate->which >= 0 && (size_t)estimate->which < config->relay_count)
			return arena_format(arena, "relay %s", config->relay[estimate->which].name);
		return "the relays' rates and pauses";
	default: return "the pace of the relay and the machine";
	}
}
