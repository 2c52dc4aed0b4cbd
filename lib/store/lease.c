/* Leases: what is due is taken in batches, given back, or runs out. */
#include "store/arg.h"
#include "store/campaign.h"
#include "store/delivery.h"
#include "store/frozen.h"
#include "store/tally.h"
#include <assert.h>
#include <stdlib.h>

enum { CHUNK = 1000 };
#define NUMBER(column) .row = COLUMN_NUMBER(column), .row_bytes = sizeof(int64_t)

static const struct sql LEASE = { .name = "lease",
	                          .text = "INSERT INTO lease (node_id, until_us) VALUES ($1, $2) RETURNING id",
	                          .in = ARGS(ARG(a, INT), ARG(b, INT)),
	                          NUMBER("id") };
static const struct sql EXTEND = { .name = "lease extend",
	                           .text = "UPDATE lease SET until_us = $1 WHERE id = $2",
	                           .in = ARGS(ARG(a, INT), ARG(b, INT)) };
static const struct sql SHIFT = { .name = "lease shift",
	                          .text = "UPDATE lease SET until_us = until_us + $1 WHERE node_id = $2 AND until_us > 0",
	                          .in = ARGS(ARG(a, INT), ARG(b, INT)) };
/* What is due when, of each campaign and provider. Correlated minima walk the partial indexes; a join would count the queue. */
#define DUE_IN(word)                                                                                                                       \
	"SELECT k.campaign_id AS campaign, k.provider AS provider, c.list_id AS list, c.started_us AS started_us, (SELECT min(d.due_us) "  \
	"FROM delivery d WHERE d.campaign_id = k.campaign_id AND d.provider = k.provider AND d.state = '" #word                            \
	"') AS due_us FROM campaign_count k JOIN campaign c ON c.id = k.campaign_id WHERE c.state = 'sending'"
#define D(member) FIELD(struct due, member, FIELD_INT)
static const struct sql DUE = {
	.name = "due",
	.text = "SELECT campaign, provider, list, min(due_us) AS due_us FROM (" DUE_IN(queued) " UNION ALL " DUE_IN(
		deferred) ") AS due WHERE due_us IS NOT NULL GROUP BY campaign, provider, list, started_us ORDER BY started_us, campaign, "
			  "provider",
	.row = (const struct field[]){ D(campaign), D(provider), D(list), D(due_us), FIELD_END },
	.row_bytes = sizeof(struct due),
};
static const struct sql NOTICE_DUE = {
	.name = "notices due",
	.text = "SELECT coalesce(min(due), 9223372036854775807) AS n FROM (SELECT (SELECT min(due_us) FROM notice WHERE state = 'queued') "
		"AS "
		"due UNION ALL SELECT (SELECT min(due_us) FROM notice WHERE state = 'deferred') AS due) AS all_due",
	NUMBER("n"),
};
/* Whose they are is known, and how many: RETURNING would build a table. */
#define TAKE(table, word) "UPDATE " #table " SET state = 'leased', lease_id = $1 WHERE id IN (SELECT id FROM " #table " WHERE "
#define TAKE_ARGS .in = ARGS(ARG(a, INT), ARG(b, INT), ARG(e, INT), ARG(c, INT), ARG(d, INT))
static const struct sql TAKE_QUEUED = {
	.name = "lease queued",
	.text = TAKE(delivery, queued) "campaign_id = $2 AND provider = $3 AND state = 'queued' AND due_us <= $4 ORDER BY due_us LIMIT $5)",
	TAKE_ARGS,
};
static const struct sql TAKE_DEFERRED = {
	.name = "lease deferred",
	.text = TAKE(delivery,
	             deferred) "campaign_id = $2 AND provider = $3 AND state = 'deferred' AND due_us <= $4 ORDER BY due_us LIMIT $5)",
	TAKE_ARGS,
};
static const struct sql TAKE_NOTICE = { .name = "lease notices",
	                                .text = TAKE(notice, queued) "state = 'queued' AND due_us <= $2 ORDER BY due_us LIMIT $3)",
	                                .in = ARGS(ARG(a, INT), ARG(c, INT), ARG(d, INT)) };
static const struct sql TAKE_NOTICE_DEFERRED = { .name = "lease deferred notices",
	                                         .text = TAKE(notice,
	                                                      deferred) "state = 'deferred' AND due_us <= $2 ORDER BY due_us LIMIT $3)",
	                                         .in = ARGS(ARG(a, INT), ARG(c, INT), ARG(d, INT)) };

struct job_row {
	int64_t delivery, campaign, edition, list, subscriber, epoch, first_us, due_us, provider, queued_us, first_try_us, attempts,
		resends;
	const char *email, *name, *uuid, *attributes, *merge_values, *sender, *suppressed;
	int subscription;
};
#define J(member, kind) FIELD(struct job_row, member, FIELD_##kind)
static const struct field job_fields[] = { J(delivery, INT),
	                                   J(campaign, INT),
	                                   J(edition, INT),
	                                   J(list, INT),
	                                   J(subscriber, INT),
	                                   J(epoch, INT),
	                                   J(first_us, INT),
	                                   J(due_us, INT),
	                                   J(provider, INT),
	                                   J(queued_us, INT),
	                                   J(first_try_us, INT),
	                                   J(attempts, INT),
	                                   J(resends, INT),
	                                   J(email, TEXT),
	                                   J(name, TEXT),
	                                   J(uuid, TEXT),
	                                   J(attributes, TEXT),
	                                   J(merge_values, TEXT),
	                                   J(suppressed, TEXT),
	                                   FIELD_WORDS(struct job_row, subscription, subscription_words),
	                                   FIELD_END };
#define JOB                                                                                                                                \
	"SELECT d.id AS delivery, c.id AS campaign, d.edition_id AS edition, c.list_id AS list, s.id AS subscriber, s.epoch AS epoch, "    \
	"d.first_us AS "                                                                                                                   \
	"first_us, d.due_us AS due_us, d.provider AS provider, d.queued_us AS queued_us, d.first_try_us AS first_try_us, d.attempts AS "   \
	"attempts, "                                                                                                                       \
	"d.resends AS resends, s.email AS email, s.name AS name, s.uuid AS uuid, s.attributes AS attributes, d.merge_values AS "           \
	"merge_values, "                                                                                                                   \
	"x.reason AS suppressed, p.state AS subscription FROM "
#define JOB_JOINS                                                                                                                          \
	" LEFT JOIN subscription p ON p.list_id = c.list_id AND p.subscriber_id = s.id LEFT JOIN suppression x ON x.email_key = "          \
	"s.email_key "
static const struct sql JOBS = {
	.name = "lease jobs",
	.text = JOB "delivery d JOIN campaign c ON c.id = d.campaign_id JOIN subscriber s ON s.id = d.subscriber_id" JOB_JOINS
		    "WHERE d.lease_id = $1 AND d.state IN ('leased', 'inflight') AND d.state = 'leased' ORDER BY d.due_us, d.id",
	.in = ARGS(ARG(a, INT)),
	.row = job_fields,
	.row_bytes = sizeof(struct job_row),
};
/* A preview: there may be no delivery yet. */
static const struct sql JOB_OF = {
	.name = "job of a reader",
	.text = "SELECT coalesce(d.id, 0) AS delivery, c.id AS campaign, coalesce(d.edition_id, 0) AS edition, c.list_id AS list, s.id AS "
		"subscriber, "
		"s.epoch AS epoch, coalesce(d.first_us, 0) AS first_us, coalesce(d.due_us, 0) AS due_us, s.provider AS provider, "
		"coalesce(d.queued_us, 0) "
		"AS queued_us, coalesce(d.first_try_us, 0) AS first_try_us, coalesce(d.attempts, 0) AS attempts, coalesce(d.resends, 0) AS "
		"resends, "
		"s.email AS email, s.name AS name, s.uuid AS uuid, s.attributes AS attributes, d.merge_values AS merge_values, x.reason AS "
		"suppressed, "
		"p.state AS subscription FROM subscriber s JOIN campaign c ON c.id = $1 LEFT JOIN delivery d ON d.campaign_id = c.id AND "
		"d.subscriber_id = "
		"s.id" JOB_JOINS "WHERE s.id = $2",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	.row = job_fields,
	.row_bytes = sizeof(struct job_row),
};
static const struct sql NOTICES = {
	.name = "lease notice jobs",
	.text = "SELECT id AS delivery, coalesce(list_id, 0) AS list, coalesce(subscriber_id, 0) AS subscriber, first_us, due_us, "
		"queued_us, first_try_us, "
		"attempts, resends, email, sender FROM notice WHERE lease_id = $1 AND state = 'leased' ORDER BY due_us, id",
	.in = ARGS(ARG(a, INT)),
	.row = (const struct field[]){ J(delivery, INT), J(list, INT), J(subscriber, INT), J(first_us, INT), J(due_us, INT),
	                               J(queued_us, INT), J(first_try_us, INT), J(attempts, INT), J(resends, INT), J(email, TEXT),
	                               J(sender, TEXT), FIELD_END },
	.row_bytes = sizeof(struct job_row),
};
static const struct sql SUPPRESS = {
	.name = "lease suppress",
	.text = "UPDATE delivery SET state = 'suppressed', reason = $1, finished_us = $2, lease_id = 0, merge_values = NULL WHERE id = $3 "
		"AND state = "
		"'leased'",
	.in = ARGS(ARG(s, TEXT), ARG(a, INT), ARG(b, INT)),
};
static const struct sql RELEASE = {
	.name = "lease release",
	.text = "UPDATE delivery SET state = 'queued', lease_id = 0, " FOLLOW_EDITION
		" WHERE id = $1 AND lease_id = $2 AND state = 'leased' RETURNING "
		"campaign_id, provider",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	MOVED,
};
static const struct sql RELEASE_NOTICE = {
	.name = "lease release notice",
	.text = "UPDATE notice SET state = 'queued', lease_id = 0 WHERE id = $1 AND lease_id = $2 AND state = 'leased'",
	.in = ARGS(ARG(a, INT), ARG(b, INT))
};
const struct sql *const lease_statements[] = {
	&LEASE,  &EXTEND,  &SHIFT,    &DUE,     &NOTICE_DUE,     &TAKE_QUEUED, &TAKE_DEFERRED, &TAKE_NOTICE, &TAKE_NOTICE_DEFERRED, &JOBS,
	&JOB_OF, &NOTICES, &SUPPRESS, &RELEASE, &RELEASE_NOTICE, NULL
};

struct leasing {
	const struct lease *lease;
	struct job *jobs;
	size_t max, n, room;
	int64_t token;
};

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static void fill_job(struct job *job, const struct job_row *row, int64_t token)
{
	*job = (struct job){ .delivery = row->delivery,
		             .lease_token = token,
		             .campaign = row->campaign,
		             .edition = row->edition,
		             .list = row->list,
		             .subscriber = row->subscriber,
		             .epoch = row->epoch,
		             .first_us = row->first_us,
		             .due_us = row->due_us,
		             .provider = row->provider,
		             .queued_us = row->queued_us,
		             .first_try_us = row->first_try_us,
		             .attempts = (int)row->attempts,
		             .resends = (int)row->resends };
	copy_text(job->email, sizeof job->email, row->email);
	copy_text(job->uuid, sizeof job->uuid, row->uuid);
	copy_text(job->name, sizeof job->name, row->name);
	copy_text(job->values, sizeof job->values,
	          row->attributes && strlen(row->attributes) < sizeof job->values ? row->attributes : "{}");
	/* A mail that went out before goes out again as it was: with the name, address and values of that day. */
	if (row->merge_values)
		store_job_thaw(job, row->merge_values);
}

/* Fresh ones before those that were tried. */
static int take_pick(struct db *db, struct leasing *in, const struct lease_pick *pick, struct tally *tally, struct error *err)
{
	static const struct {
		const struct sql *sql;
		enum delivery_state from;
	} steps[] = { { &TAKE_QUEUED, DELIVERY_QUEUED }, { &TAKE_DEFERRED, DELIVERY_DEFERRED } };
	size_t left = pick->max;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		size_t want = left < in->room ? left : in->room;
		int64_t n = 0;
		want = want < CHUNK ? want : CHUNK;
		if (want == 0)
			return 0;
		struct arg arg = { .a = in->token, .b = pick->campaign, .e = pick->provider, .c = in->lease->now_us, .d = (int64_t)want };
		if (db_run(db, steps[i].sql, &arg, &n, err) < 0 ||
		    tally_move(db, tally, pick->campaign, pick->provider, steps[i].from, DELIVERY_LEASED, n, err) < 0)
			return -1;
		left -= (size_t)n;
		in->room -= (size_t)n;
	}
	return 0;
}

static int take_deliveries(struct db *db, struct leasing *in, struct tally *tally, struct error *err)
{
	in->room = in->max - in->n;
	for (size_t i = 0; i < in->lease->picks; i++)
		if (take_pick(db, in, &in->lease->pick[i], tally, err) < 0)
			return -1;
	return 0;
}

static int give_deliveries(struct db *db, struct leasing *in, struct tally *tally, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	size_t room = in->max - in->n;
	size_t n = 0;
	struct job_row *rows = arena_alloc(&arena, (room + 1) * sizeof *rows);
	if (!rows)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (db_all(db, &JOBS, &(struct arg){ .a = in->token }, rows, room, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const char *why = rows[i].suppressed                            ? rows[i].suppressed
		                  : rows[i].subscription != SUBSCRIPTION_ACTIVE ? "no longer subscribed"
		                                                                : NULL;
		if (!why) {
			fill_job(&in->jobs[in->n++], &rows[i], in->token);
			continue;
		}
		struct arg arg = { .s = why, .a = in->lease->now_us, .b = rows[i].delivery };
		if (db_run(db, &SUPPRESS, &arg, NULL, err) < 0 ||
		    tally_move(db, tally, rows[i].campaign, rows[i].provider, DELIVERY_LEASED, DELIVERY_SUPPRESSED, 1, err) < 0)
			return -1;
	}
	return 0;
}

static int take_notices(struct db *db, struct leasing *in, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct arg arg = { .a = in->token, .c = in->lease->now_us, .d = (int64_t)(in->max < CHUNK ? in->max : CHUNK) };
	int64_t taken = 0;
	int64_t more = 0;
	size_t n = 0;
	if (db_run(db, &TAKE_NOTICE, &arg, &taken, err) < 0)
		return -1;
	arg.d -= taken;
	if (arg.d > 0 && db_run(db, &TAKE_NOTICE_DEFERRED, &arg, &more, err) < 0)
		return -1;
	size_t room = (size_t)(taken + more);
	struct job_row *rows = arena_alloc(&arena, (room + 1) * sizeof *rows);
	if (!rows)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (db_all(db, &NOTICES, &(struct arg){ .a = in->token }, rows, room, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct job *job = &in->jobs[in->n++];
		fill_job(job, &rows[i], in->token);
		job->is_notice = true;
		copy_text(job->sender, sizeof job->sender, rows[i].sender);
	}
	return 0;
}

static int lease_body(struct db *db, void *arg, struct error *err)
{
	struct leasing *in = arg;
	struct tally tally = { .node = in->lease->node };
	in->n = 0;
	if (db_one(db, &LEASE, &(struct arg){ .a = in->lease->node, .b = in->lease->until_us }, &in->token, NULL, err) < 0 ||
	    take_notices(db, in, err) < 0 || take_deliveries(db, in, &tally, err) < 0 || give_deliveries(db, in, &tally, err) < 0)
		return -1;
	return tally_write(db, &tally, err);
}

int store_delivery_lease(struct db *db, const struct lease *lease, struct job *jobs, size_t max, size_t *n, struct error *err)
{
	int64_t notice_us = 0;
	*n = 0;
	/* A look is cheap, a commit is a flush. */
	if (max == 0)
		return 0;
	if (lease->picks == 0 && (db_one(db, &NOTICE_DUE, NULL, &notice_us, NULL, err) < 0 || notice_us > lease->now_us))
		return notice_us > lease->now_us ? 0 : -1;
	struct leasing in = { .lease = lease, .jobs = jobs, .max = max };
	if (db_write(db, lease_body, &in, err) < 0)
		return -1;
	*n = in.n;
	return 0;
}

struct releasing {
	const struct job *jobs;
	size_t n;
};

static int release_body(struct db *db, void *arg, struct error *err)
{
	struct releasing *in = arg;
	struct tally tally = { 0 };
	for (size_t i = 0; i < in->n; i++) {
		struct moved moved;
		struct arg one = { .a = in->jobs[i].delivery, .b = in->jobs[i].lease_token };
		if (in->jobs[i].is_notice) {
			if (db_run(db, &RELEASE_NOTICE, &one, NULL, err) < 0)
				return -1;
			continue;
		}
		int found = db_one(db, &RELEASE, &one, &moved, NULL, err);
		if (found < 0 || (found > 0 && tally_moved(db, &tally, &moved, 1, DELIVERY_LEASED, DELIVERY_QUEUED, err) < 0))
			return -1;
	}
	return tally_write(db, &tally, err);
}

int store_delivery_release(struct db *db, const struct job *jobs, size_t n, struct error *err)
{
	return n == 0 ? 0 : db_write(db, release_body, &(struct releasing){ jobs, n }, err);
}

int store_lease_shift(struct db *db, int64_t node, int64_t by_us, struct error *err)
{
	return store_run(db, &SHIFT, &(struct arg){ .a = by_us, .b = node }, NULL, err);
}

int store_lease_extend(struct db *db, int64_t lease_token, int64_t until_us, struct error *err)
{
	return store_run(db, &EXTEND, &(struct arg){ .a = until_us, .b = lease_token }, NULL, err);
}

int store_delivery_due(struct db *db, struct due *out, size_t max, size_t *n, struct error *err)
{
	return db_all(db, &DUE, NULL, out, max, n, NULL, err);
}

int store_delivery_job(struct db *db, int64_t campaign, int64_t subscriber, struct job *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct job_row row = { 0 };
	int found = db_one(db, &JOB_OF, &(struct arg){ .a = campaign, .b = subscriber }, &row, &arena, err);
	if (found > 0)
		fill_job(out, &row, 0);
	return found;
}
