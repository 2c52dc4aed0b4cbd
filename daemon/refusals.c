#include "daemon/refusals.h"
#include "ops/alerts.h"
#include "policy/trust.h"
#include "store/refusal.h"
#include "system/log.h"
#include <stdio.h>

enum { ROWS = CONFIG_RELAYS * PROVIDERS_MOST };

static enum trust trust_in(const struct refusal_count *count)
{
	return policy_trust(atomic_load(&count->verdicts), atomic_load(&count->refusals));
}

static size_t relay_of(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->relay_count; i++)
		if (strcmp(config->relay[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}

static struct refusal_count *count_of(struct refusals *refusals, const struct config *config, const struct refusal *row)
{
	size_t relay = relay_of(config, row->relay);
	bool known = relay != SIZE_MAX && row->provider >= 0 && row->provider < PROVIDERS_MOST;
	return known ? &refusals->of[relay][row->provider] : NULL;
}

static struct refusal *read_rows(struct ops *ops, struct arena *arena, size_t *n, struct error *err)
{
	struct refusal *rows = arena_alloc(arena, ROWS * sizeof *rows);
	if (!rows)
		error_set(err, ERROR_MEMORY, "out of memory");
	return rows && store_refusal_all(ops->db, rows, ROWS, n, arena, err) == 0 ? rows : NULL;
}

int refusals_load(struct refusals *refusals, struct ops *ops, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	size_t n = 0;
	struct refusal *rows = read_rows(ops, &arena, &n, err);
	if (!rows)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct refusal_count *count = count_of(refusals, ops->config, &rows[i]);
		if (!count)
			continue;
		atomic_store(&count->verdicts, rows[i].verdicts);
		atomic_store(&count->refusals, rows[i].refusals);
		count->saved = rows[i].verdicts;
	}
	return 0;
}

/* What was long ago weighs less. Two sessions at once may halve twice, which loses a little history and nothing else. */
static void halve(struct refusal_count *count, long long verdicts)
{
	if (verdicts <= TRUST_MOST)
		return;
	atomic_store(&count->verdicts, verdicts / 2);
	atomic_store(&count->refusals, atomic_load(&count->refusals) / 2);
}

/* Another provider's readers are taken: it is this provider that refuses all. */
static bool takes_others(const struct refusals *refusals, size_t relay, int64_t provider)
{
	for (int64_t i = 0; i < PROVIDERS_MOST; i++) {
		const struct refusal_count *other = &refusals->of[relay][i];
		if (i != provider && atomic_load(&other->verdicts) > atomic_load(&other->refusals))
			return true;
	}
	return false;
}

void refusals_judge(struct refusals *refusals, size_t relay, int64_t provider, enum outcome_kind kind, struct verdict *verdict,
                    int64_t due_us)
{
	struct refusal_count *count = &refusals->of[relay][provider >= 0 && provider < PROVIDERS_MOST ? provider : 0];
	if (kind != OUTCOME_ACCEPTED && !verdict->suppress)
		return;
	bool believed = trust_in(count) != TRUST_NONE;
	if (verdict->suppress)
		atomic_fetch_add(&count->refusals, 1);
	halve(count, atomic_fetch_add(&count->verdicts, 1) + 1);
	if (!verdict->suppress || believed)
		return;
	*verdict = (struct verdict){ .kind = VERDICT_HOLD,
		                     .door = DOOR_RELAY,
		                     .slow_down = true,
		                     .scope = takes_others(refusals, relay, provider) ? SCOPE_PROVIDER : SCOPE_RELAY,
		                     .due_us = due_us };
	snprintf(verdict->reason, sizeof verdict->reason, "refuses_everybody");
}

static int look_at(struct refusal_count *count, struct ops *ops, const struct refusal *row, struct error *err)
{
	char object[128];
	char text[256];
	int64_t n = 0;
	const char *provider = provider_name(ops->providers, row->provider);
	enum trust trust = trust_in(count);
	snprintf(object, sizeof object, "%.64s/%.40s", row->relay, provider);
	if (row->provisional > 0 && trust == TRUST_GOOD) {
		if (store_suppression_confirm(ops->db, row->relay, row->provider, &n, err) < 0)
			return -1;
		log_info("suppressions confirmed relay=%s provider=%s n=%" PRId64, row->relay, provider, n);
	}
	if (row->provisional == 0 || trust == TRUST_GOOD || trust == TRUST_OPEN)
		return alert_end(ops, "suppressions", object, err);
	snprintf(text, sizeof text,
	         "%s refused %lld of the last %lld readers of %s as unknown: that speaks of it, not of them. %s"
	         "Look at one, then: gazette suppression drop --provisional, or confirm --provisional",
	         row->relay, atomic_load(&count->refusals), atomic_load(&count->verdicts), provider,
	         trust == TRUST_NONE ? "Sending there is paused. " : "");
	int raised = alert_raise(ops, "suppressions", object, text, err);
	if (raised > 0)
		log_error("%s", text);
	return raised < 0 ? -1 : 0;
}

static int save(struct refusals *refusals, struct ops *ops, const struct refusal *rows, size_t n, struct error *err)
{
	for (size_t r = 0; r < ops->config->relay_count; r++)
		for (int64_t p = 0; p < PROVIDERS_MOST; p++) {
			struct refusal_count *count = &refusals->of[r][p];
			bool is_kept = false;
			for (size_t i = 0; i < n; i++)
				is_kept = is_kept || (count_of(refusals, ops->config, &rows[i]) == count && rows[i].verdicts > 0);
			/* A person dropped what came of it: it begins anew. */
			if (count->saved > 0 && !is_kept) {
				atomic_store(&count->verdicts, 0);
				atomic_store(&count->refusals, 0);
				count->saved = 0;
			}
			long long verdicts = atomic_load(&count->verdicts);
			if (verdicts == count->saved)
				continue;
			if (store_refusal_save(ops->db, ops->config->relay[r].name, p, verdicts, atomic_load(&count->refusals), err) < 0)
				return -1;
			count->saved = verdicts;
		}
	return 0;
}

int refusals_look(struct refusals *refusals, struct ops *ops, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	size_t n = 0;
	struct refusal *rows = read_rows(ops, &arena, &n, err);
	if (!rows || save(refusals, ops, rows, n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct refusal_count *count = count_of(refusals, ops->config, &rows[i]);
		if (count && look_at(count, ops, &rows[i], err) < 0)
			return -1;
	}
	return 0;
}
