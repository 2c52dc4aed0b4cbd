/* What nobody holds any more: leases that ran out or whose node died, and everything at once after a rollback of the store. */
#include "store/arg.h"
#include "store/delivery.h"
#include "store/tally.h"

enum { CHUNK = 1000 };
#define NUMBER(column) .row = COLUMN_NUMBER(column), .row_bytes = sizeof(int64_t)

static const struct sql NODE = {
	.name = "node start",
	.text = "INSERT INTO node (name, started_us, seen_us) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET started_us = "
		"excluded.started_us, "
		"seen_us = excluded.seen_us RETURNING id",
	.in = ARGS(ARG(s, TEXT), ARG(a, INT), ARG(a, INT)),
	NUMBER("id"),
};
static const struct sql END_LEASES = { .name = "lease end",
	                               .text = "UPDATE lease SET until_us = 0 WHERE node_id = $1 AND until_us > 0",
	                               .in = ARGS(ARG(a, INT)) };
/* The text of the index on what is held: the planner takes it only where it is repeated. */
#define HELD "state IN ('leased', 'inflight')"
static const struct sql PURGE = {
	.name = "lease purge",
	.text = "DELETE FROM lease WHERE until_us < $1 AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.lease_id = lease.id AND d." HELD
		") AND NOT EXISTS (SELECT 1 FROM "
		"notice n WHERE "
		"n.lease_id = lease.id AND n.state = 'leased') AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.lease_id = lease.id AND "
		"n.state = 'inflight')",
	.in = ARGS(ARG(a, INT)),
};
/* A look before the write: clockwork asks every few seconds, and a commit is a flush. */
#define HOLDS(table, word) "EXISTS (SELECT 1 FROM " #table " h WHERE h.lease_id = l.id AND h.state = '" #word "')"
static const struct sql HAS_EXPIRED = {
	.name = "lease has expired",
	.text = "SELECT count(*) AS n FROM lease l WHERE l.until_us <= $1 AND (EXISTS (SELECT 1 FROM delivery h WHERE h.lease_id = l.id "
		"AND h." HELD ") OR " HOLDS(notice, leased) " OR " HOLDS(notice, inflight) ")",
	.in = ARGS(ARG(a, INT)),
	NUMBER("n"),
};
static const struct sql HAS_OLD = {
	.name = "lease has old", .text = "SELECT count(*) AS n FROM lease WHERE until_us < $1", .in = ARGS(ARG(a, INT)), NUMBER("n")
};
#define EXPIRED "lease_id IN (SELECT id FROM lease WHERE until_us <= $1)"
static const struct sql EXPIRE_LEASED = {
	.name = "lease expire leased",
	.text = "UPDATE delivery SET state = 'queued', lease_id = 0 WHERE id IN (SELECT id FROM delivery WHERE " HELD
		" AND state = 'leased' "
		"AND " EXPIRED " LIMIT $2) RETURNING campaign_id, provider",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	MOVED,
};
/* The token stays: a late 250 that bears it is still believed. */
static const struct sql EXPIRE_TO_UNCERTAIN = {
	.name = "lease expire in doubt",
	.text = "UPDATE delivery SET state = 'uncertain', is_tried = 1, reason = 'in doubt: the sender stopped after the message went out' "
		"WHERE id IN (SELECT id FROM delivery WHERE " HELD " AND state = 'inflight' AND " EXPIRED
		" LIMIT $2) RETURNING campaign_id, provider",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	MOVED,
};
static const struct sql EXPIRE_TO_RESEND = {
	.name = "lease expire resend",
	.text = "UPDATE delivery SET state = 'queued', lease_id = 0, is_tried = 1, resends = resends + 1, due_us = $1, reason = 'sent "
		"again: it was in "
		"doubt' WHERE id IN (SELECT id FROM delivery WHERE " HELD
		" AND state = 'inflight' AND resends = 0 AND lease_id IN (SELECT id FROM "
		"lease WHERE until_us "
		"<= $2) AND campaign_id NOT IN (SELECT id FROM campaign WHERE state = 'cancelled') LIMIT $3) RETURNING campaign_id, "
		"provider",
	.in = ARGS(ARG(c, INT), ARG(a, INT), ARG(b, INT)),
	MOVED,
};
static const struct sql EXPIRE_NOTICES = {
	.name = "lease expire notices",
	.text = "UPDATE notice SET state = 'queued', lease_id = 0 WHERE state = 'leased' AND " EXPIRED,
	.in = ARGS(ARG(a, INT)),
};
static const struct sql RESEND_NOTICES = {
	.name = "lease expire notices resend",
	.text = "UPDATE notice SET state = 'queued', resends = resends + 1, lease_id = 0, due_us = $1, reason = 'sent again: it was in "
		"doubt' WHERE state = "
		"'inflight' AND resends = 0 AND lease_id IN (SELECT id FROM lease WHERE until_us <= $2)",
	.in = ARGS(ARG(c, INT), ARG(a, INT)),
};
static const struct sql DOUBT_NOTICES = {
	.name = "lease expire notices in doubt",
	.text = "UPDATE notice SET state = 'uncertain', reason = 'in doubt: the sender stopped after the message went out' WHERE state = "
		"'inflight' AND " EXPIRED,
	.in = ARGS(ARG(a, INT)),
};
#define HOLD(word)                                                                                                                         \
	"UPDATE delivery SET state = 'uncertain', lease_id = 0, reason = 'held: the store was put back to an earlier state' WHERE id IN "  \
	"(SELECT id FROM "                                                                                                                 \
	"delivery WHERE state = '" #word "' LIMIT $1) RETURNING campaign_id, provider"
#define HOLD_HELD(word)                                                                                                                    \
	"UPDATE delivery SET state = 'uncertain', lease_id = 0, reason = 'held: the store was put back to an earlier state' WHERE id IN "  \
	"(SELECT id FROM delivery WHERE " HELD " AND state = '" #word "' LIMIT $1) RETURNING campaign_id, provider"
static const struct sql HOLD_QUEUED = { .name = "hold queued", .text = HOLD(queued), .in = ARGS(ARG(a, INT)), MOVED };
static const struct sql HOLD_LEASED = { .name = "hold leased", .text = HOLD_HELD(leased), .in = ARGS(ARG(a, INT)), MOVED };
static const struct sql HOLD_INFLIGHT = { .name = "hold inflight", .text = HOLD_HELD(inflight), .in = ARGS(ARG(a, INT)), MOVED };
static const struct sql HOLD_DEFERRED = { .name = "hold deferred", .text = HOLD(deferred), .in = ARGS(ARG(a, INT)), MOVED };
static const struct sql HOLD_NOTICES = {
	.name = "hold notices",
	.text = "UPDATE notice SET state = 'uncertain', reason = 'held: the store was put back to an earlier state' WHERE state IN "
		"('queued', 'leased', "
		"'inflight', 'deferred')",
};
/* What is not written yet can not be uncertain: campaigns that would still start or grow stand still, and posts that a source
 * brings again are old news, as at its first look. */
static const struct sql HOLD_CAMPAIGNS = {
	.name = "hold campaigns",
	.text = "UPDATE campaign SET state = 'paused', paused_by = 'the store was put back to an earlier state' WHERE state = 'preparing'",
};
static const struct sql HOLD_SCHEDULED = {
	.name = "hold scheduled",
	.text = "UPDATE campaign SET state = 'draft', paused_by = 'the store was put back to an earlier state' WHERE state = 'scheduled'",
};
static const struct sql HOLD_POSTS = {
	.name = "hold posts",
	.text = "UPDATE post SET state = 'draft', alert = 'the store was put back to an earlier state' WHERE state = 'held'",
};
/* What others got since the last digest may have been in one already. */
static const struct sql HOLD_DIGESTS = { .name = "hold digests",
	                                 .text = "UPDATE digest SET next_us = 0, last_us = $1",
	                                 .in = ARGS(ARG(a, INT)) };
static const struct sql HOLD_SOURCES = {
	.name = "hold sources", .text = "UPDATE source SET is_seen = 0, latest = 0, etag = NULL, last_modified = NULL WHERE kind <> 'mail'"
};

const struct sql *const expire_statements[] = { &NODE,
	                                        &END_LEASES,
	                                        &PURGE,
	                                        &HAS_EXPIRED,
	                                        &HAS_OLD,
	                                        &EXPIRE_LEASED,
	                                        &EXPIRE_TO_UNCERTAIN,
	                                        &EXPIRE_TO_RESEND,
	                                        &EXPIRE_NOTICES,
	                                        &RESEND_NOTICES,
	                                        &DOUBT_NOTICES,
	                                        &HOLD_QUEUED,
	                                        &HOLD_LEASED,
	                                        &HOLD_INFLIGHT,
	                                        &HOLD_DEFERRED,
	                                        &HOLD_NOTICES,
	                                        &HOLD_CAMPAIGNS,
	                                        &HOLD_SCHEDULED,
	                                        &HOLD_POSTS,
	                                        &HOLD_SOURCES,
	                                        &HOLD_DIGESTS,
	                                        NULL };

/* Runs a statement that moves at most CHUNK rows and says which. */
static int move(struct db *db, const struct sql *sql, const struct arg *arg, enum delivery_state from, enum delivery_state to, int64_t *n,
                struct error *err)
{
	struct moved rows[CHUNK];
	struct tally tally = { 0 };
	size_t count = 0;
	if (db_all(db, sql, arg, rows, CHUNK, &count, NULL, err) < 0 || tally_moved(db, &tally, rows, count, from, to, err) < 0)
		return -1;
	*n = (int64_t)count;
	return tally_write(db, &tally, err);
}

struct expiring {
	int64_t now_us, resend_after_us, released, in_doubt;
	bool resend, more;
};

static int expire_body(struct db *db, void *arg, struct error *err)
{
	struct expiring *in = arg;
	struct arg at = { .a = in->now_us, .b = CHUNK, .c = in->resend_after_us };
	int64_t released = 0;
	int64_t again = 0;
	int64_t held = 0;
	int64_t notices = 0;
	int64_t notices_again = 0;
	int64_t notices_held = 0;
	if (move(db, &EXPIRE_LEASED, &at, DELIVERY_LEASED, DELIVERY_QUEUED, &released, err) < 0 ||
	    (in->resend && move(db, &EXPIRE_TO_RESEND, &at, DELIVERY_INFLIGHT, DELIVERY_QUEUED, &again, err) < 0) ||
	    (again < CHUNK && move(db, &EXPIRE_TO_UNCERTAIN, &at, DELIVERY_INFLIGHT, DELIVERY_UNCERTAIN, &held, err) < 0) ||
	    db_run(db, &EXPIRE_NOTICES, &at, &notices, err) < 0 ||
	    (in->resend && db_run(db, &RESEND_NOTICES, &at, &notices_again, err) < 0) ||
	    db_run(db, &DOUBT_NOTICES, &at, &notices_held, err) < 0)
		return -1;
	in->released = released + notices;
	in->in_doubt = again + held + notices_again + notices_held;
	in->more = released == CHUNK || again == CHUNK || held == CHUNK;
	return 0;
}

static int expire(struct db *db, struct expiring *in, struct error *err)
{
	int64_t released = 0;
	int64_t in_doubt = 0;
	do {
		if (db_write(db, expire_body, in, err) < 0)
			return -1;
		released += in->released;
		in_doubt += in->in_doubt;
	} while (in->more);
	in->released = released;
	in->in_doubt = in_doubt;
	return 0;
}

struct starting {
	const char *name;
	int64_t now_us, node;
};

static int start_body(struct db *db, void *arg, struct error *err)
{
	struct starting *in = arg;
	if (db_one(db, &NODE, &(struct arg){ .s = in->name, .a = in->now_us }, &in->node, NULL, err) < 0)
		return -1;
	/* What an earlier life of this node held has run out now. */
	return db_run(db, &END_LEASES, &(struct arg){ .a = in->node }, NULL, err);
}

int store_node_start(struct db *db, const char *name, bool resend, int64_t resend_after_us, int64_t now_us, int64_t *node,
                     int64_t *in_doubt, struct error *err)
{
	struct starting in = { .name = name, .now_us = now_us };
	struct expiring expiring = { .resend = resend, .resend_after_us = resend_after_us, .now_us = now_us };
	if (db_write(db, start_body, &in, err) < 0 || expire(db, &expiring, err) < 0)
		return -1;
	*node = in.node;
	*in_doubt = expiring.in_doubt;
	return 0;
}

int store_lease_expire(struct db *db, bool resend, int64_t resend_after_us, int64_t now_us, int64_t *released, int64_t *in_doubt,
                       struct error *err)
{
	struct expiring in = { .resend = resend, .resend_after_us = resend_after_us, .now_us = now_us };
	struct arg old = { .a = now_us - DAY_US };
	int64_t expired = 0;
	int64_t ended = 0;
	if (db_one(db, &HAS_EXPIRED, &(struct arg){ .a = now_us }, &expired, NULL, err) < 0 ||
	    db_one(db, &HAS_OLD, &old, &ended, NULL, err) < 0)
		return -1;
	if (expired > 0 && expire(db, &in, err) < 0)
		return -1;
	*released = in.released;
	*in_doubt = in.in_doubt;
	/* Ended leases that nothing bears any more. */
	return ended > 0 ? store_run(db, &PURGE, &old, NULL, err) : 0;
}

struct holding {
	int64_t max, now_us;
	bool done;
};

static int hold_body(struct db *db, void *arg, struct error *err)
{
	static const struct {
		const struct sql *sql;
		enum delivery_state from;
	} steps[] = { { &HOLD_QUEUED, DELIVERY_QUEUED },
		      { &HOLD_LEASED, DELIVERY_LEASED },
		      { &HOLD_INFLIGHT, DELIVERY_INFLIGHT },
		      { &HOLD_DEFERRED, DELIVERY_DEFERRED } };
	struct holding *in = arg;
	in->done = true;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		int64_t n = 0;
		if (move(db, steps[i].sql, &(struct arg){ .a = in->max }, steps[i].from, DELIVERY_UNCERTAIN, &n, err) < 0)
			return -1;
		in->done = in->done && n < in->max;
	}
	static const struct sql *const rest[] = { &HOLD_NOTICES, &HOLD_CAMPAIGNS, &HOLD_SCHEDULED, &HOLD_POSTS, &HOLD_SOURCES };
	for (size_t i = 0; in->done && i < COUNT_OF(rest); i++)
		if (db_run(db, rest[i], NULL, NULL, err) < 0)
			return -1;
	return in->done ? db_run(db, &HOLD_DIGESTS, &(struct arg){ .a = in->now_us }, NULL, err) : 0;
}

int store_hold_unfinished(struct db *db, size_t max, int64_t now_us, bool *done, struct error *err)
{
	struct holding in = { .max = (int64_t)(max < CHUNK ? max : CHUNK), .now_us = now_us };
	int result = db_write(db, hold_body, &in, err);
	*done = in.done;
	return result;
}
