#include "store/pace.h"
#include "store/arg.h"

#define P(member, kind) FIELD(struct provider_state, member, FIELD_##kind)
const struct field provider_state_fields[] = { P(provider, INT),   P(paused_until_us, TIME), P(is_held, BOOL), P(reason, TEXT),
	                                       P(rate_milli, INT), P(at_us, TIME),           FIELD_END };
static const struct sql ALL = {
	.name = "provider states",
	.text = "SELECT provider, paused_until_us, is_held, reason, rate_milli, at_us FROM provider_state ORDER BY provider",
	.row = provider_state_fields,
	.row_bytes = sizeof(struct provider_state),
};
#define SET_PROVIDER                                                                                                                       \
	"INSERT INTO provider_state (provider, paused_until_us, is_held, reason, rate_milli, at_us) VALUES ($1, $2, $3, $4, $5, $6) ON "   \
	"CONFLICT (provider) DO UPDATE SET paused_until_us = excluded.paused_until_us, is_held = excluded.is_held, reason = "              \
	"excluded.reason, rate_milli = excluded.rate_milli, at_us = excluded.at_us"
static const struct sql SET = { .name = "provider set", .text = SET_PROVIDER, .in = provider_state_fields };
static const struct sql SET_UNHELD = { .name = "provider set by daemon",
	                               .text = SET_PROVIDER
	                               " WHERE provider_state.is_held = 0 OR provider_state.paused_until_us <= excluded.at_us",
	                               .in = provider_state_fields };
static const struct sql SHIFT = {
	.name = "provider pauses shift",
	.text = "UPDATE provider_state SET paused_until_us = paused_until_us + $1, at_us = at_us + $2 WHERE paused_until_us > 0",
	.in = ARGS(ARG(a, INT), ARG(a, INT)),
};
static const struct sql SHIFT_RELAYS = { .name = "relay pauses shift",
	                                 .text = "UPDATE relay_state SET until_us = until_us + $1 WHERE until_us > 0",
	                                 .in = ARGS(ARG(a, INT)) };
static const struct sql RESET = { .name = "provider reset",
	                          .text = "DELETE FROM provider_state WHERE provider = $1",
	                          .in = ARGS(ARG(a, INT)) };
static const struct sql NAMES = {
	.name = "provider names",
	.text = "SELECT id, name FROM provider_name ORDER BY id",
	.row = (const struct field[]){ FIELD(struct provider_named, id, FIELD_INT), FIELD(struct provider_named, name, FIELD_TEXT),
	                               FIELD_END },
	.row_bytes = sizeof(struct provider_named),
};
static const struct sql NUMBER_OF = { .name = "provider number",
	                              .text = "SELECT id FROM provider_name WHERE name = $1",
	                              .in = ARGS(ARG(s, TEXT)),
	                              .row = COLUMN_NUMBER("id"),
	                              .row_bytes = sizeof(int64_t) };
static const struct sql NEW_NUMBER = {
	.name = "provider new number",
	.text = "INSERT INTO provider_name (id, name) SELECT coalesce(max(id) + 1, $1), $2 FROM provider_name WHERE true RETURNING id",
	.in = ARGS(ARG(a, INT), ARG(s, TEXT)),
	.row = COLUMN_NUMBER("id"),
	.row_bytes = sizeof(int64_t),
};
#define U(member, kind) FIELD(struct rate_use, member, FIELD_##kind)
static const struct field use_fields[] = { U(scope, TEXT), U(period_us, INT), U(slice_us, INT), U(used, INT), FIELD_END };
static const struct sql USES = { .name = "rate uses",
	                         .text = "SELECT scope, period_us, slice_us, used FROM rate_use ORDER BY scope, period_us, slice_us",
	                         .row = use_fields,
	                         .row_bytes = sizeof(struct rate_use) };
static const struct sql USE_SET = {
	.name = "rate use set",
	.text = "INSERT INTO rate_use (scope, period_us, slice_us, used) VALUES ($1, $2, $3, $4) ON CONFLICT (scope, period_us, slice_us) "
		"DO "
		"UPDATE SET used = excluded.used",
	.in = use_fields,
};
static const struct sql USES_OLD = { .name = "rate uses old",
	                             .text = "DELETE FROM rate_use WHERE slice_us + 2 * period_us < $1",
	                             .in = ARGS(ARG(a, INT)) };
#define F(member, kind) FIELD(struct flow, member, FIELD_##kind)
static const struct field flow_fields[] = { F(campaign, INT), F(list, INT), F(rate, TEXT), F(relay, TEXT), FIELD_END };
#define FLOW_ROWS .row = flow_fields, .row_bytes = sizeof(struct flow)
#define FLOW "SELECT c.id AS campaign, c.list_id AS list, c.rate AS rate, '' AS relay FROM campaign c "
static const struct sql FLOW_CAMPAIGNS = { .name = "flows of campaigns",
	                                   .text = FLOW "WHERE c.state = 'sending' AND c.id > $1 ORDER BY c.id LIMIT $2",
	                                   .in = ARGS(ARG(a, INT), ARG(b, INT)),
	                                   FLOW_ROWS };
static const struct sql FLOW_LISTS = {
	.name = "flows of lists",
	.text = "SELECT CAST(0 AS BIGINT) AS campaign, l.id AS list, l.rate AS rate, l.relay AS relay FROM list l WHERE l.id > $1 AND "
		"(l.rate <> '' OR l.relay <> '') AND EXISTS (SELECT 1 FROM campaign c WHERE c.list_id = l.id AND c.state = 'sending') "
		"ORDER "
		"BY l.id LIMIT $2",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	FLOW_ROWS
};
static const struct sql FLOW_OF = { .name = "flow of campaign", .text = FLOW "WHERE c.id = $1", .in = ARGS(ARG(a, INT)), FLOW_ROWS };
static const struct sql SET_RATE = { .name = "campaign set rate",
	                             .text = "UPDATE campaign SET rate = $1 WHERE id = $2 AND state NOT IN ('sent', 'cancelled')",
	                             .in = ARGS(ARG(s, TEXT), ARG(a, INT)) };
static const struct sql RETURNS = {
	.name = "returns since",
	.text = "SELECT coalesce(sum(CASE WHEN kind IN ('bounce', 'refused') AND class <> 'soft' THEN 1 ELSE 0 END), 0) AS bounced, "
		"coalesce(sum(CASE WHEN kind = 'complaint' THEN 1 ELSE 0 END), 0) AS complained FROM event WHERE at_us >= $1",
	.in = ARGS(ARG(a, INT)),
	.row = (const struct field[]){ FIELD(struct returns, bounced, FIELD_INT), FIELD(struct returns, complained, FIELD_INT), FIELD_END },
	.row_bytes = sizeof(struct returns),
};
#define S(member, kind) FIELD(struct subscriber_provider, member, FIELD_##kind)
static const struct sql PROVIDERS = {
	.name = "subscribers' providers",
	.text = "SELECT id, provider, email FROM subscriber WHERE id > $1 ORDER BY id LIMIT $2",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	.row = (const struct field[]){ S(id, INT), S(provider, INT), S(email, TEXT), FIELD_END },
	.row_bytes = sizeof(struct subscriber_provider),
};
static const struct sql SET_PROVIDERS = {
	.name = "subscriber's provider",
	.text = "UPDATE subscriber SET provider = $1 WHERE id = $2",
	.in = (const struct field[]){ S(provider, INT), S(id, INT), FIELD_END },
};
const struct sql *const pace_statements[] = { &ALL,      &SET,      &SET_UNHELD,     &SHIFT,         &SHIFT_RELAYS,
	                                      &RESET,    &NAMES,    &NUMBER_OF,      &NEW_NUMBER,    &USES,
	                                      &USE_SET,  &USES_OLD, &FLOW_CAMPAIGNS, &FLOW_LISTS,    &FLOW_OF,
	                                      &SET_RATE, &RETURNS,  &PROVIDERS,      &SET_PROVIDERS, NULL };

int store_provider_all(struct db *db, struct provider_state *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &ALL, NULL, out, max, n, arena, err);
}

int store_provider_set(struct db *db, const struct provider_state *state, bool is_person, struct error *err)
{
	return store_run(db, is_person ? &SET : &SET_UNHELD, state, NULL, err);
}

static int shift_body(struct db *db, void *arg, struct error *err)
{
	return db_run(db, &SHIFT, arg, NULL, err) < 0 ? -1 : db_run(db, &SHIFT_RELAYS, arg, NULL, err);
}

int store_pauses_shift(struct db *db, int64_t by_us, struct error *err)
{
	return db_write(db, shift_body, &(struct arg){ .a = by_us }, err);
}

int store_provider_reset(struct db *db, int64_t provider, struct error *err)
{
	return store_run(db, &RESET, &(struct arg){ .a = provider }, NULL, err);
}

int store_provider_names(struct db *db, struct provider_named *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &NAMES, NULL, out, max, n, arena, err);
}

struct numbering {
	struct arg arg;
	int64_t end, id;
};

static int number_body(struct db *db, void *arg, struct error *err)
{
	struct numbering *in = arg;
	int found = db_one(db, &NUMBER_OF, &in->arg, &in->id, NULL, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	if (db_one(db, &NEW_NUMBER, &in->arg, &in->id, NULL, err) < 0)
		return -1;
	return in->id < in->end ? 0 : error_set(err, ERROR_FULL, "no more providers of their own fit than %" PRId64, in->end - in->arg.a);
}

int store_provider_number(struct db *db, const char *name, int64_t first, int64_t end, int64_t *id, struct error *err)
{
	struct numbering in = { .arg = { .a = first, .s = name }, .end = end };
	/* Mostly it is there: a look needs no lock. */
	int found = db_one(db, &NUMBER_OF, &in.arg, id, NULL, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	if (db_write(db, number_body, &in, err) < 0)
		return -1;
	*id = in.id;
	return 0;
}

int store_rate_use_all(struct db *db, int64_t now_us, struct rate_use *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	if (store_run(db, &USES_OLD, &(struct arg){ .a = now_us }, NULL, err) < 0)
		return -1;
	return db_all(db, &USES, NULL, out, max, n, arena, err);
}

struct several {
	const struct sql *sql;
	const void *rows;
	size_t stride, n;
};

static int several_body(struct db *db, void *arg, struct error *err)
{
	const struct several *in = arg;
	return db_many(db, in->sql, in->rows, in->stride, in->n, err);
}

int store_rate_use_set(struct db *db, const struct rate_use *uses, size_t n, struct error *err)
{
	return db_write(db, several_body, &(struct several){ &USE_SET, uses, sizeof *uses, n }, err);
}

int store_flow_campaigns(struct db *db, int64_t after, struct flow *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &FLOW_CAMPAIGNS, &(struct arg){ .a = after, .b = (int64_t)max }, out, max, n, arena, err);
}

int store_flow_lists(struct db *db, int64_t after, struct flow *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &FLOW_LISTS, &(struct arg){ .a = after, .b = (int64_t)max }, out, max, n, arena, err);
}

int store_flow_of(struct db *db, int64_t campaign, struct flow *out, struct arena *arena, struct error *err)
{
	return db_one(db, &FLOW_OF, &(struct arg){ .a = campaign }, out, arena, err);
}

int store_campaign_set_rate(struct db *db, int64_t campaign, const char *rate, int64_t *changed, struct error *err)
{
	return store_run(db, &SET_RATE, &(struct arg){ .s = rate, .a = campaign }, changed, err);
}

int store_subscriber_providers(struct db *db, int64_t after, struct subscriber_provider *out, size_t max, size_t *n, struct arena *arena,
                               struct error *err)
{
	return db_all(db, &PROVIDERS, &(struct arg){ .a = after, .b = (int64_t)max }, out, max, n, arena, err);
}

int store_subscriber_set_providers(struct db *db, const struct subscriber_provider *rows, size_t n, struct error *err)
{
	return db_write(db, several_body, &(struct several){ &SET_PROVIDERS, rows, sizeof *rows, n }, err);
}

int store_returns_since(struct db *db, int64_t since_us, struct returns *out, struct error *err)
{
	return db_one(db, &RETURNS, &(struct arg){ .a = since_us }, out, NULL, err) < 0 ? -1 : 0;
}
