/* Due times that a clock left behind which has gone back since: nobody would wait for them on purpose. */
#include "store/arg.h"
#include "store/delivery.h"

enum { CHUNK = 1000 };

static const struct sql STARTED = { .name = "due node started",
	                            .text = "SELECT started_us AS n FROM node WHERE name = $1",
	                            .in = ARGS(ARG(s, TEXT)),
	                            .row = COLUMN_NUMBER("n"),
	                            .row_bytes = sizeof(int64_t) };
#define REPAIR(word)                                                                                                                       \
	"UPDATE delivery SET due_us = $1 WHERE id IN (SELECT d.id FROM campaign c JOIN delivery d ON d.campaign_id = c.id AND d.state = '" \
	"" #word "' AND d.due_us > $2 WHERE c.state IN ('preparing', 'sending', 'paused') LIMIT $3)"
#define REPAIR_NOTICES(word) "UPDATE notice SET due_us = $1 WHERE state = '" #word "' AND due_us > $2"
static const struct sql QUEUED = { .name = "due queued", .text = REPAIR(queued), .in = ARGS(ARG(a, INT), ARG(b, INT), ARG(d, INT)) };
static const struct sql DEFERRED = { .name = "due deferred", .text = REPAIR(deferred), .in = ARGS(ARG(a, INT), ARG(c, INT), ARG(d, INT)) };
static const struct sql NOTICES = { .name = "due notices", .text = REPAIR_NOTICES(queued), .in = ARGS(ARG(a, INT), ARG(b, INT)) };
static const struct sql NOTICES_DEFERRED = { .name = "due deferred notices",
	                                     .text = REPAIR_NOTICES(deferred),
	                                     .in = ARGS(ARG(a, INT), ARG(c, INT)) };
const struct sql *const due_statements[] = { &STARTED, &QUEUED, &DEFERRED, &NOTICES, &NOTICES_DEFERRED, NULL };

struct repair {
	struct arg arg; /* a: now, b: queued no later than this, c: deferred no later, d: how many at once */
	int64_t n, more;
};

static int repair_body(struct db *db, void *arg, struct error *err)
{
	static const struct sql *const steps[] = { &QUEUED, &DEFERRED, &NOTICES, &NOTICES_DEFERRED };
	struct repair *in = arg;
	in->n = in->more = 0;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		int64_t changed = 0;
		if (db_run(db, steps[i], &in->arg, &changed, err) < 0)
			return -1;
		in->n += changed;
		in->more += i < 2 && changed == CHUNK;
	}
	return 0;
}

int store_due_repair(struct db *db, const char *node, int64_t queued_wait_us, int64_t deferred_wait_us, int64_t now_us, int64_t *n,
                     struct error *err)
{
	int64_t started_us = 0;
	struct repair in = { .arg = { .a = now_us, .b = now_us + queued_wait_us, .c = now_us + deferred_wait_us, .d = CHUNK }, .more = 1 };
	*n = 0;
	if (db_one(db, &STARTED, &(struct arg){ .s = node }, &started_us, NULL, err) < 0)
		return -1;
	/* A start that lies ahead of us: the clock went back since. */
	if (started_us <= now_us + MINUTE_US)
		return 0;
	while (in.more > 0) {
		if (db_write(db, repair_body, &in, err) < 0)
			return -1;
		*n += in.n;
	}
	return 0;
}
