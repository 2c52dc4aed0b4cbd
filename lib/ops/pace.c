#include "ops/pace.h"
#include "store/campaign.h"
#include "store/delivery.h"
#include "store/event.h"
#include "system/clock.h"
#include <stdio.h>
#include <stdlib.h>

enum { USES = 1024, WAITING = 1000 };

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
		pacing_restore_provider(pacing, row->provider, with_rates ? row->rate_milli : 0, row->paused_until_us, row->is_held,
		                        row->reason, now);
	}
	/* One that was reset has no row. */
	for (int64_t i = 0; i < PROVIDERS_MOST; i++)
		if (!is_there[i])
			pacing_restore_provider(pacing, i, 0, 0, false, "", now);
	return 0;
}

static int flow_from(const struct pacing *pacing, const struct flow *row, bool of_list, struct pacing_flow *out, struct error *err)
{
	*out = (struct pacing_flow){ .list = row->list, .campaign = of_list ? 0 : row->campaign, .relay = -1 };
	if (rates_read(of_list ? row->list_rate : row->campaign_rate, &out->rates, err) < 0)
		return error_wrap(err, "the rate of %s %" PRId64, of_list ? "list" : "campaign", of_list ? row->list : row->campaign);
	for (size_t i = 0; of_list && i < pacing->relays; i++)
		if (strcmp(pacing->relay[i].name, row->relay) == 0)
			out->relay = (int)i;
	return out->rates.count > 0 || out->relay >= 0;
}

int pace_load_flows(struct ops *ops, struct pacing *pacing, struct moment now, int64_t *known, size_t *known_count, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct flow rows[PACING_FLOWS];
	struct pacing_flow flows[PACING_FLOWS];
	size_t n = 0;
	size_t count = 0;
	if (store_flow_all(ops->db, rows, COUNT_OF(rows), &n, &arena, err) < 0)
		return -1;
	*known_count = n;
	for (size_t i = 0; i < n; i++) {
		bool is_known = false;
		known[i] = rows[i].campaign;
		for (size_t j = 0; j < i; j++)
			is_known |= rows[j].list == rows[i].list;
		for (int of_list = 0; of_list < 2 - is_known && count < PACING_FLOWS; of_list++) {
			int any = flow_from(pacing, &rows[i], of_list, &flows[count], err);
			if (any < 0)
				return -1;
			count += any > 0;
		}
	}
	return pacing_set_flows(pacing, flows, count) ? pace_load_uses(ops, pacing, now, err) : 0;
}

int pace_load_holds(struct ops *ops, struct pacing *pacing, struct moment now, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	for (size_t i = 0; i < pacing->relays; i++) {
		const char *key = arena_format(&arena, "relay_hold:%s", pacing->relay[i].name);
		const char *value = "";
		char *reason = NULL;
		if (!key || store_meta_get(ops->db, key, &value, &arena, err) < 0)
			return -1;
		int64_t until_us = strtoll(value, &reason, 10);
		pacing_hold_relay(pacing, i, until_us > now.wall_us ? now.mono_us + until_us - now.wall_us : 0, reason + (*reason == ' '),
		                  now.mono_us);
	}
	return 0;
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
			if (strcmp(pacing->relay[j].name, rows[i].name) != 0 || rows[i].until_us <= now.wall_us)
				continue;
			pause->until_us = now.mono_us + rows[i].until_us - now.wall_us;
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
	int64_t known[PACING_FLOWS];
	size_t count = 0;
	if (!pacing)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < ops->config->relay_count; i++)
		names[i] = ops->config->relay[i].name;
	providers_setup(ops, ops->config, names, ops->config->relay_count, &setup);
	if (pacing_init(pacing, &setup, now, err) < 0 || pace_load_uses(ops, pacing, now, err) < 0 ||
	    pace_load_providers(ops, pacing, true, now, err) < 0 || pace_load_flows(ops, pacing, now, known, &count, err) < 0 ||
	    load_relays(ops, pacing, now, err) < 0 || pace_load_holds(ops, pacing, now, err) < 0)
		return -1;
	*out = pacing;
	pacing = NULL;
	return 0;
}

void pace_free(struct pacing **pacing)
{
	free(*pacing);
	*pacing = NULL;
}

/* What waits of that campaign and of the older ones, which go first. */
static int load_lines(struct ops *ops, int64_t campaign, struct pacing_line *lines, size_t *n, struct arena *arena, struct error *err)
{
	struct waiting *rows = arena_alloc(arena, WAITING * sizeof *rows);
	struct campaign found = { 0 };
	size_t count = 0;
	if (!rows || store_delivery_waiting(ops->db, rows, WAITING, &count, err) < 0)
		return -1;
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
		lines[(*n)++] = (struct pacing_line){ rows[i].provider, flow.list, rows[i].campaign_id, rows[i].n };
	}
	return 0;
}

int pace_estimate(struct ops *ops, int64_t campaign, struct estimate *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(pace_free) struct pacing *pacing = NULL;
	struct pacing_line *lines = arena_alloc(&arena, WAITING * sizeof *lines);
	const char *rate = NULL;
	size_t n = 0;
	if (!lines)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (pace_open(ops, &pacing, err) < 0 || load_lines(ops, campaign, lines, &n, &arena, err) < 0 ||
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
