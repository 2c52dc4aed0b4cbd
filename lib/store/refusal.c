#include "store/refusal.h"
#include "store/arg.h"
#include "store/delivery.h"
#include "store/tally.h"
#include <assert.h>

enum { DROPS = 200, DELIVERIES = 64 };

#define R(member, kind) FIELD(struct refusal, member, FIELD_##kind)
const struct field refusal_fields[] = {
	R(relay, TEXT), R(provider, INT), R(verdicts, INT), R(refusals, INT), R(provisional, INT), FIELD_END
};
static const struct sql ALL = {
	.name = "refusals",
	.text = "SELECT k.relay AS relay, k.provider AS provider, coalesce(r.verdicts, 0) AS verdicts, coalesce(r.refusals, 0) AS "
		"refusals, "
		"(SELECT count(*) FROM suppression x WHERE x.is_provisional = 1 AND x.relay = k.relay AND x.provider = k.provider) AS "
		"provisional FROM (SELECT relay, provider FROM refusal UNION SELECT relay, provider FROM suppression WHERE is_provisional "
		"= "
		"1) AS k LEFT JOIN refusal r ON r.relay = k.relay AND r.provider = k.provider ORDER BY k.relay, k.provider",
	.row = refusal_fields,
	.row_bytes = sizeof(struct refusal),
};
static const struct sql SAVE = {
	.name = "refusal save",
	.text = "INSERT INTO refusal (relay, provider, verdicts, refusals) VALUES ($1, $2, $3, $4) ON CONFLICT (relay, provider) DO UPDATE "
		"SET verdicts = excluded.verdicts, refusals = excluded.refusals",
	.in = ARGS(ARG(s, TEXT), ARG(a, INT), ARG(b, INT), ARG(c, INT)),
};
static const struct sql FORGET = { .name = "refusal forget", .text = "DELETE FROM refusal" };
static const struct sql CONFIRM = {
	.name = "suppression confirm",
	.text = "UPDATE suppression SET is_provisional = 0 WHERE is_provisional = 1 AND relay = $1 AND provider = $2",
	.in = ARGS(ARG(s, TEXT), ARG(a, INT)),
};
static const struct sql CONFIRM_ALL = { .name = "suppression confirm all",
	                                .text = "UPDATE suppression SET is_provisional = 0 WHERE is_provisional = 1" };
struct provisional {
	int64_t id, created_us, subscriber_id, delivery_id;
	const char *reason;
};
#define P(member, kind) FIELD(struct provisional, member, FIELD_##kind)
static const struct sql PROVISIONAL = {
	.name = "suppression provisional",
	.text = "SELECT x.id AS id, x.created_us AS created_us, x.reason AS reason, coalesce(s.id, 0) "
		"AS "
		"subscriber_id, coalesce(e.delivery_id, 0) AS delivery_id FROM suppression x LEFT JOIN subscriber s ON s.email_key = "
		"x.email_key LEFT JOIN event e ON e.id = x.event_id WHERE x.is_provisional = 1 ORDER BY x.relay, x.provider, x.id LIMIT $1",
	.in = ARGS(ARG(a, INT)),
	.row = (const struct field[]){ P(id, INT), P(created_us, INT), P(reason, TEXT), P(subscriber_id, INT), P(delivery_id, INT),
	                               FIELD_END },
	.row_bytes = sizeof(struct provisional),
};
static const struct sql REMOVE = { .name = "suppression undo",
	                           .text = "DELETE FROM suppression WHERE id = $1 AND is_provisional = 1",
	                           .in = ARGS(ARG(a, INT)) };
#define AGAIN(word)                                                                                                                        \
	"UPDATE delivery SET state = 'queued', reason = 'sent again: the refusal was not believed', due_us = $1, queued_us = $2, "         \
	"attempts "                                                                                                                        \
	"= 0, finished_us = 0, lease_id = 0 WHERE state = '" #word "' AND campaign_id IN (SELECT id FROM campaign WHERE state IN "         \
	"('sending', 'paused', 'sent')) "
static const struct sql AGAIN_BOUNCED = {
	.name = "suppression undo bounce",
	.text = AGAIN(bounced) "AND id = $3 RETURNING campaign_id, provider",
	.in = ARGS(ARG(a, INT), ARG(a, INT), ARG(b, INT)),
	MOVED,
};
static const struct sql AGAIN_SUPPRESSED = {
	.name = "suppression undo leaving out",
	.text = AGAIN(suppressed) "AND subscriber_id = $3 AND finished_us >= $4 AND reason IN ($5, 'suppressed', 'no longer subscribed') "
				  "RETURNING campaign_id, provider",
	.in = ARGS(ARG(a, INT), ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(s, TEXT)),
	MOVED,
};
static const struct sql REOPEN = { .name = "suppression undo reopens",
	                           .text = "UPDATE campaign SET state = 'sending', finished_us = 0 WHERE id = $1 AND state = 'sent'",
	                           .in = ARGS(ARG(a, INT)) };
const struct sql *const refusal_statements[] = { &ALL,    &SAVE,          &FORGET,           &CONFIRM, &CONFIRM_ALL, &PROVISIONAL,
	                                         &REMOVE, &AGAIN_BOUNCED, &AGAIN_SUPPRESSED, &REOPEN,  NULL };

int store_refusal_all(struct db *db, struct refusal *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &ALL, NULL, out, max, n, arena, err);
}

int store_refusal_save(struct db *db, const char *relay, int64_t provider, int64_t verdicts, int64_t refusals, struct error *err)
{
	return store_run(db, &SAVE, &(struct arg){ .s = relay, .a = provider, .b = verdicts, .c = refusals }, NULL, err);
}

int store_suppression_confirm(struct db *db, const char *relay, int64_t provider, int64_t *n, struct error *err)
{
	return store_run(db, relay ? &CONFIRM : &CONFIRM_ALL, relay ? &(struct arg){ .s = relay, .a = provider } : NULL, n, err);
}

struct dropping {
	size_t max;
	int64_t now_us, n, queued;
};

static int again(struct db *db, const struct sql *sql, const struct arg *arg, enum delivery_state from, struct dropping *in,
                 struct error *err)
{
	struct moved rows[DELIVERIES];
	struct tally tally = { 0 };
	size_t n = 0;
	assert(delivery_next(from, ON_RESEND) == DELIVERY_QUEUED);
	if (db_all(db, sql, arg, rows, DELIVERIES, &n, NULL, err) < 0 || tally_moved(db, &tally, rows, n, from, DELIVERY_QUEUED, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (db_run(db, &REOPEN, &(struct arg){ .a = rows[i].campaign_id }, NULL, err) < 0)
			return -1;
	in->queued += (int64_t)n;
	return tally_write(db, &tally, err);
}

static int drop_one(struct db *db, struct dropping *in, const struct provisional *row, struct error *err)
{
	struct arg bounced = { .a = in->now_us, .b = row->delivery_id };
	struct arg left_out = { .a = in->now_us, .b = row->subscriber_id, .c = row->created_us, .s = row->reason };
	if (row->delivery_id > 0 && again(db, &AGAIN_BOUNCED, &bounced, DELIVERY_BOUNCED, in, err) < 0)
		return -1;
	if (row->subscriber_id > 0 && again(db, &AGAIN_SUPPRESSED, &left_out, DELIVERY_SUPPRESSED, in, err) < 0)
		return -1;
	return db_run(db, &REMOVE, &(struct arg){ .a = row->id }, NULL, err);
}

static int drop_body(struct db *db, void *arg, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct dropping *in = arg;
	struct provisional *rows = arena_alloc(&arena, in->max * sizeof *rows);
	size_t n = 0;
	in->queued = 0;
	if (!rows)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (db_all(db, &PROVISIONAL, &(struct arg){ .a = (int64_t)in->max }, rows, in->max, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (drop_one(db, in, &rows[i], err) < 0)
			return -1;
	in->n = (int64_t)n;
	return db_run(db, &FORGET, NULL, NULL, err);
}

int store_suppression_drop(struct db *db, size_t max, int64_t now_us, int64_t *n, int64_t *queued, struct error *err)
{
	struct dropping in = { .max = max < DROPS ? max : DROPS, .now_us = now_us };
	int result = db_write(db, drop_body, &in, err);
	*n = in.n;
	*queued = in.queued;
	return result;
}
