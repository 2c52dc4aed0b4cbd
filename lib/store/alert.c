#include "store/alert.h"
#include "store/arg.h"
#include <string.h>

#define AGAIN_US MINUTE_US
#define A(member, kind) FIELD(struct alert, member, FIELD_##kind)
const struct field alert_fields[] = { A(kind, TEXT),    A(object, TEXT),    A(text, TEXT), A(raised_us, TIME),
	                              A(seen_us, TIME), A(mailed_us, TIME), FIELD_END };
#define ROWS .row = alert_fields, .row_bytes = sizeof(struct alert)
#define NUMBER(column) .row = COLUMN_NUMBER(column), .row_bytes = sizeof(int64_t)
static const struct sql FIND = {
	.name = "alert find",
	.text = "SELECT kind, object, text, raised_us, seen_us, mailed_us FROM alert WHERE kind = $1 AND object = $2",
	.in = ARGS(ARG(s, TEXT), ARG(t, TEXT)),
	ROWS,
};
static const struct sql RAISE = {
	.name = "alert raise",
	.text = "INSERT INTO alert (kind, object, text, raised_us, seen_us) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, object) DO "
		"UPDATE "
		"SET text = excluded.text, seen_us = excluded.seen_us",
	.in = ARGS(ARG(s, TEXT), ARG(t, TEXT), ARG(u, TEXT), ARG(a, INT), ARG(a, INT)),
};
static const struct sql END = { .name = "alert end",
	                        .text = "DELETE FROM alert WHERE kind = $1 AND object = $2",
	                        .in = ARGS(ARG(s, TEXT), ARG(t, TEXT)) };
static const struct sql HAS_OLD = { .name = "alert has old",
	                            .text = "SELECT count(*) AS n FROM alert WHERE kind = $1 AND seen_us < $2",
	                            .in = ARGS(ARG(s, TEXT), ARG(a, INT)),
	                            NUMBER("n") };
static const struct sql END_OLD = { .name = "alert end old",
	                            .text = "DELETE FROM alert WHERE kind = $1 AND seen_us < $2",
	                            .in = ARGS(ARG(s, TEXT), ARG(a, INT)) };
static const struct sql ALL = { .name = "alerts",
	                        .text = "SELECT kind, object, text, raised_us, seen_us, mailed_us FROM alert ORDER BY kind, object",
	                        ROWS };
static const struct sql MAILED_AT = {
	.name = "alert mailed at", .text = "SELECT at_us FROM alert_mail WHERE kind = $1", .in = ARGS(ARG(s, TEXT)), NUMBER("at_us")
};
static const struct sql MAILED = {
	.name = "alert mailed",
	.text = "INSERT INTO alert_mail (kind, at_us) VALUES ($1, $2) ON CONFLICT (kind) DO UPDATE SET at_us = excluded.at_us",
	.in = ARGS(ARG(s, TEXT), ARG(a, INT)),
};
static const struct sql MARK_MAILED = { .name = "alert mark mailed",
	                                .text = "UPDATE alert SET mailed_us = $1 WHERE kind = $2 AND mailed_us = 0",
	                                .in = ARGS(ARG(a, INT), ARG(s, TEXT)) };
static const struct sql LAST_ATTEMPT = { .name = "fault last", .text = "SELECT coalesce(max(id), 0) AS n FROM attempt", NUMBER("n") };
static const struct sql FAULTS = {
	.name = "faults",
	.text = "SELECT reason, relay, max(reply) AS reply, count(*) AS n FROM attempt WHERE id > $1 AND id <= $2 AND door = 'us' GROUP BY "
		"reason, relay",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	.row = (const struct field[]){ FIELD(struct fault, reason, FIELD_TEXT), FIELD(struct fault, relay, FIELD_TEXT),
	                               FIELD(struct fault, reply, FIELD_TEXT), FIELD(struct fault, n, FIELD_INT), FIELD_END },
	.row_bytes = sizeof(struct fault),
};
static const struct sql BASE = {
	.name = "breaker base",
	.text = "SELECT tried, bounces, complaints FROM breaker WHERE campaign_id = $1",
	.in = ARGS(ARG(a, INT)),
	.row = (const struct field[]){ FIELD(struct breaker_base, tried, FIELD_INT), FIELD(struct breaker_base, bounces, FIELD_INT),
	                               FIELD(struct breaker_base, complaints, FIELD_INT), FIELD_END },
	.row_bytes = sizeof(struct breaker_base),
};
static const struct sql REBASE = {
	.name = "breaker rebase",
	.text = "INSERT INTO breaker (campaign_id, tried, bounces, complaints) SELECT campaign_id, CAST(sum(sent + bounced) AS BIGINT), "
		"CAST(sum(bounced + returned) AS BIGINT), CAST(sum(complaints) AS BIGINT) FROM campaign_count WHERE campaign_id = $1 GROUP "
		"BY campaign_id ON CONFLICT (campaign_id) DO UPDATE SET tried = excluded.tried, bounces = excluded.bounces, complaints = "
		"excluded.complaints",
	.in = ARGS(ARG(a, INT)),
};
const struct sql *const alert_statements[] = { &FIND,   &RAISE,       &END,          &HAS_OLD, &END_OLD, &ALL,    &MAILED_AT,
	                                       &MAILED, &MARK_MAILED, &LAST_ATTEMPT, &FAULTS,  &BASE,    &REBASE, NULL };

int store_alert_raise(struct db *db, const char *kind, const char *object, const char *text, int64_t now_us, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct arg arg = { .s = kind, .t = object, .u = text, .a = now_us };
	struct alert known = { 0 };
	int found = db_one(db, &FIND, &arg, &known, &arena, err);
	if (found < 0)
		return -1;
	if (found > 0 && strcmp(known.text, text) == 0 && now_us - known.seen_us < AGAIN_US)
		return 0;
	return store_run(db, &RAISE, &arg, NULL, err) < 0 ? -1 : found == 0;
}

int store_alert_end(struct db *db, const char *kind, const char *object, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct arg arg = { .s = kind, .t = object };
	struct alert known;
	int found = db_one(db, &FIND, &arg, &known, &arena, err);
	return found <= 0 ? found : store_run(db, &END, &arg, NULL, err);
}

int store_alert_end_old(struct db *db, const char *kind, int64_t before_us, struct error *err)
{
	struct arg arg = { .s = kind, .a = before_us };
	int64_t n = 0;
	if (db_one(db, &HAS_OLD, &arg, &n, NULL, err) < 0)
		return -1;
	return n > 0 ? store_run(db, &END_OLD, &arg, NULL, err) : 0;
}

int store_alert_all(struct db *db, struct alert *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &ALL, NULL, out, max, n, arena, err);
}

int store_alert_mailed_us(struct db *db, const char *kind, int64_t *at_us, struct error *err)
{
	*at_us = 0;
	return db_one(db, &MAILED_AT, &(struct arg){ .s = kind }, at_us, NULL, err) < 0 ? -1 : 0;
}

static int mailed_body(struct db *db, void *arg, struct error *err)
{
	return db_run(db, &MAILED, arg, NULL, err) < 0 ? -1 : db_run(db, &MARK_MAILED, arg, NULL, err);
}

int store_alert_mailed(struct db *db, const char *kind, int64_t now_us, struct error *err)
{
	struct arg arg = { .s = kind, .a = now_us };
	return db_write(db, mailed_body, &arg, err);
}

int store_fault_since(struct db *db, int64_t *after, struct fault *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	struct arg arg = { .a = *after };
	*n = 0;
	if (db_one(db, &LAST_ATTEMPT, NULL, &arg.b, NULL, err) < 0)
		return -1;
	if (arg.b == *after)
		return 0;
	if (db_all(db, &FAULTS, &arg, out, max, n, arena, err) < 0)
		return -1;
	*after = arg.b;
	return 0;
}

int store_breaker_base(struct db *db, int64_t campaign, struct breaker_base *out, struct error *err)
{
	*out = (struct breaker_base){ 0 };
	return db_one(db, &BASE, &(struct arg){ .a = campaign }, out, NULL, err) < 0 ? -1 : 0;
}

int store_breaker_rebase(struct db *db, int64_t campaign, struct error *err)
{
	return db_run(db, &REBASE, &(struct arg){ .a = campaign }, NULL, err);
}
