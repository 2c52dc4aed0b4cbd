#include "ops/providers.h"
#include "base/digest.h"
#include "base/text.h"
#include "store/event.h"
#include "system/clock.h"
#include <stdio.h>

enum { PAGE = 2000 };

static int name_stored(struct ops *ops, struct providers *providers, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct provider_named names[PROVIDERS_MOST];
	size_t n = 0;
	if (store_provider_names(ops->db, names, COUNT_OF(names), &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		providers_name(providers, names[i].id, names[i].name);
	return 0;
}

static int add_provider(struct ops *ops, struct providers *providers, const struct config_provider *from, struct error *err)
{
	int64_t number = 0;
	if (!provider_find(providers, from->name, &number)) {
		if (store_provider_number(ops->db, from->name, PROVIDER_FIRST_OWN, PROVIDERS_MOST, &number, err) < 0)
			return error_wrap(err, "[provider:%s]", from->name);
		providers_name(providers, number, from->name);
	}
	if (!providers_match(providers, number, from->match))
		return error_set(err, ERROR_INPUT, "[provider:%s] match: too many domains, or one that is too long", from->name);
	return 0;
}

int providers_load(struct ops *ops, const struct config *config, struct providers **out, struct error *err)
{
	CLEANUP(providers_free) struct providers *providers = providers_new();
	if (!providers)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (name_stored(ops, providers, err) < 0)
		return -1;
	for (size_t i = 0; i < config->provider_count; i++)
		if (add_provider(ops, providers, &config->provider[i], err) < 0)
			return -1;
	*out = providers;
	providers = NULL;
	return 0;
}

static void copy_rates(struct pacing_rates *to, const struct config_rates *from)
{
	to->count = from->count;
	memcpy(to->rate, from->rate, from->count * sizeof from->rate[0]);
}

static void setup_relay(struct pacing_setup *out, size_t i, const struct config_relay *relay)
{
	copy_rates(&out->relay[i].rates, &relay->rates);
	out->relay[i].weight = (uint32_t)relay->weight;
	out->relay[i].ramp.steps = relay->warm_up_count;
	memcpy(out->relay[i].ramp.step, relay->warm_up, relay->warm_up_count * sizeof relay->warm_up[0]);
}

void providers_setup(const struct ops *ops, const struct config *config, const char *const *relays, size_t n, struct pacing_setup *out)
{
	size_t quarter = (size_t)config->delivery.sessions / 4;
	int64_t number = 0;
	*out = (struct pacing_setup){ .relays = n };
	copy_rates(&out->total, &config->delivery.rates);
	for (size_t i = 0; i < n; i++) {
		out->relay[i].name = relays[i];
		out->relay[i].weight = 1;
		for (size_t j = 0; j < config->relay_count; j++)
			if (strcmp(config->relay[j].name, relays[i]) == 0)
				setup_relay(out, i, &config->relay[j]);
	}
	for (size_t i = 1; i < PROVIDERS_MOST; i++)
		out->provider[i].cap = quarter > 0 ? quarter : 1;
	for (size_t i = 0; i < config->provider_count; i++) {
		const struct config_provider *from = &config->provider[i];
		if (!provider_find(ops->providers, from->name, &number))
			continue;
		copy_rates(&out->provider[number].rates, &from->rates);
		if (from->sessions > 0)
			out->provider[number].cap = (size_t)from->sessions;
	}
}

/* What the table of domains is made of, as one short text; "" where the configuration adds nothing. */
static void write_print(const struct config *config, struct buffer *out)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
	uint8_t digest[DIGEST_BYTES];
	for (size_t i = 0; i < config->provider_count; i++)
		if (*config->provider[i].match)
			buffer_format(&text, "%s=%s\n", config->provider[i].name, config->provider[i].match);
	if (text.size == 0)
		return;
	digest_sha256(buffer_bytes(&text), digest);
	digest_hex(digest, sizeof digest, out);
}

int providers_are_stale(struct ops *ops, bool *stale, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(buffer_clear) struct buffer print = BUFFER_INIT(128);
	const char *stored = "";
	if (store_meta_get(ops->db, "provider_match", &stored, &arena, err) < 0)
		return -1;
	write_print(ops->config, &print);
	*stale = strcmp(stored, buffer_text(&print)) != 0;
	return 0;
}

int providers_are_assigned(struct ops *ops, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer print = BUFFER_INIT(128);
	write_print(ops->config, &print);
	return store_meta_set(ops->db, "provider_match", buffer_text(&print), err);
}

int providers_assign(struct ops *ops, int64_t *after, bool *done, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct subscriber_provider *rows = arena_alloc(&arena, PAGE * sizeof *rows);
	size_t n = 0;
	size_t changed = 0;
	if (!rows)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (store_subscriber_providers(ops->db, *after, rows, PAGE, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const char *at = strrchr(rows[i].email, '@');
		int64_t provider = provider_of(ops->providers, at ? at + 1 : "");
		*after = rows[i].id;
		if (provider == rows[i].provider)
			continue;
		rows[changed] = rows[i];
		rows[changed++].provider = provider;
	}
	*done = n < PAGE;
	return changed ? store_subscriber_set_providers(ops->db, rows, changed, err) : 0;
}

int provider_of_name(const struct ops *ops, const char *name, int64_t *provider, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer known = BUFFER_INIT(4096);
	if (provider_find(ops->providers, name, provider))
		return 0;
	for (int64_t i = 1; i < PROVIDERS_MOST; i++)
		if (strcmp(provider_name(ops->providers, i), "other") != 0)
			buffer_format(&known, " %s", provider_name(ops->providers, i));
	return error_set(err, ERROR_NOT_FOUND, "there is no provider \"%.40s\"; known are:%s", name, buffer_text(&known));
}

static int set_pause(struct ops *ops, const char *name, const struct provider_state *how, const char *verb, struct actor actor,
                     struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct provider_state states[PROVIDERS_MOST];
	struct provider_state state = *how;
	size_t n = 0;
	if (provider_of_name(ops, name, &state.provider, err) < 0 ||
	    store_provider_all(ops->db, states, COUNT_OF(states), &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (states[i].provider == state.provider)
			state.rate_milli = states[i].rate_milli;
	state.at_us = clock_now().wall_us;
	if (store_provider_set(ops->db, &state, true, err) < 0)
		return -1;
	return ops_audit(ops, actor, verb, name, state.reason, err);
}

int provider_pause(struct ops *ops, const char *name, int64_t for_us, const char *reason, struct actor actor, struct error *err)
{
	struct provider_state state = { .paused_until_us = clock_now().wall_us + (for_us ? for_us : PAUSE_FOR_GOOD_US),
		                        .is_held = true,
		                        .reason = reason };
	return set_pause(ops, name, &state, "provider pause", actor, err);
}

int provider_resume(struct ops *ops, const char *name, struct actor actor, struct error *err)
{
	return set_pause(ops, name, &(struct provider_state){ .reason = "" }, "provider resume", actor, err);
}

int provider_reset(struct ops *ops, const char *name, struct actor actor, struct error *err)
{
	int64_t provider = 0;
	if (provider_of_name(ops, name, &provider, err) < 0 || store_provider_reset(ops->db, provider, err) < 0)
		return -1;
	return ops_audit(ops, actor, "provider reset", name, "", err);
}

int rates_read(const char *text, struct pacing_rates *out, struct error *err)
{
	struct bytes rest = bytes_text(text);
	struct bytes part;
	*out = (struct pacing_rates){ 0 };
	while (text_next_part(&rest, ", \t", &part)) {
		char one[32];
		if (out->count == GATE_RATES || part.size >= sizeof one)
			return error_set(err, ERROR_INPUT, "at most %d rates, as 50/s", GATE_RATES);
		snprintf(one, sizeof one, "%.*s", (int)part.size, (const char *)part.data);
		if (units_rate(one, &out->rate[out->count++], err) < 0)
			return -1;
	}
	return 0;
}
