/* The audience of a campaign: written in chunks when it starts, taken back when it is cancelled; and its numbers. */
#include "store/arg.h"
#include "store/campaign.h"
#include "store/tally.h"

#define COUNT(member) FIELD(struct campaign_counts, member, FIELD_INT)
const struct field campaign_count_fields[] = { COUNT(provider),  COUNT(queued),   COUNT(leased),     COUNT(inflight),     COUNT(sent),
	                                       COUNT(deferred),  COUNT(bounced),  COUNT(expired),    COUNT(uncertain),    COUNT(suppressed),
	                                       COUNT(cancelled), COUNT(returned), COUNT(complaints), COUNT(unsubscribes), FIELD_END };
#define COUNT_ROWS .row = campaign_count_fields, .row_bytes = sizeof(struct campaign_counts)
#define SUM(column) "CAST(coalesce(sum(" #column "), 0) AS BIGINT) AS " #column
#define SUMS                                                                                                                               \
	SUM(queued)                                                                                                                        \
	", " SUM(leased) ", " SUM(inflight) ", " SUM(sent) ", " SUM(deferred) ", " SUM(bounced) ", " SUM(expired) ", " SUM(                \
		uncertain) ", " SUM(suppressed) ", " SUM(cancelled) ", " SUM(returned) ", " SUM(complaints) ", " SUM(unsubscribes)
static const struct sql COUNTS = { .name = "campaign counts",
	                           .text = "SELECT CAST(0 AS BIGINT) AS provider, " SUMS " FROM campaign_count WHERE campaign_id = $1",
	                           .in = ARGS(ARG(a, INT)),
	                           COUNT_ROWS };
static const struct sql COUNTS_BY = { .name = "campaign counts by provider",
	                              .text = "SELECT provider, " SUMS
	                                      " FROM campaign_count WHERE campaign_id = $1 GROUP BY provider ORDER BY provider",
	                              .in = ARGS(ARG(a, INT)),
	                              COUNT_ROWS };
#define IN(word) "count(CASE WHEN state = '" #word "' THEN 1 END) AS " #word
static const struct sql RECOUNT = {
	.name = "campaign recount",
	.text = "SELECT CAST(0 AS BIGINT) AS provider, " IN(queued) ", " IN(leased) ", " IN(inflight) ", " IN(sent) ", " IN(
		deferred) ", " IN(bounced) ", " IN(expired) ", " IN(uncertain) ", " IN(suppressed) ", " IN(cancelled) ", count(CASE WHEN "
														      "returned_us > 0 AND "
														      "returned_class "
														      "<> 'complaint' THEN "
														      "1 END) AS returned, "
														      "count(CASE "
														      "WHEN returned_class "
														      "= 'complaint' THEN "
														      "1 END) AS "
														      "complaints, CAST(0 "
														      "AS BIGINT) AS "
														      "unsubscribes FROM "
														      "delivery WHERE "
														      "campaign_id = $1",
	.in = ARGS(ARG(a, INT)),
	COUNT_ROWS,
};
/* A reader's wish as the bit that campaigns are for. */
#define CADENCE "(CASE p.cadence WHEN 'each' THEN 1 WHEN 'daily' THEN 2 ELSE 4 END)"
/* How a reader of a digest stands: a bit for each of its posts that came before. */
#define HAD(campaign)                                                                                                                      \
	"CAST(coalesce((SELECT sum(CAST(1 AS BIGINT) << CAST(cp.position AS INTEGER)) FROM campaign_post cp JOIN received r ON r.post_id " \
	"= cp.post_id AND r.subscriber_id = p.subscriber_id WHERE cp.campaign_id = " campaign "), 0) AS BIGINT)"
#define ALL_OF(campaign)                                                                                                                   \
	"CAST(coalesce((SELECT sum(CAST(1 AS BIGINT) << CAST(position AS INTEGER)) FROM campaign_post WHERE campaign_id = " campaign       \
	"), 0) AS BIGINT)"
/* Who got a text that was changed since. */
#define OUTDATED(campaign)                                                                                                                 \
	"EXISTS (SELECT 1 FROM delivery o JOIN edition_post ep ON ep.edition_id = o.edition_id JOIN post t ON t.id = ep.post_id WHERE "    \
	"o.campaign_id = " campaign                                                                                                        \
	" AND o.subscriber_id = p.subscriber_id AND o.state = 'sent' AND o.returned_us = 0 AND ep.version < t.version)"

/* What `send` shows before it starts. */
#define BY_PROVIDER(queued, suppressed, joins)                                                                                             \
	"SELECT s.provider AS provider, count(CASE WHEN " queued                                                                           \
	" THEN 1 END) AS queued, CAST(0 AS BIGINT) AS leased, CAST(0 AS BIGINT) AS inflight, CAST(0 AS BIGINT) AS sent, "                  \
	"CAST(0 AS BIGINT) AS deferred, CAST(0 AS BIGINT) AS bounced, CAST(0 AS BIGINT) AS expired, CAST(0 AS BIGINT) AS uncertain, "      \
	"count(CASE WHEN " suppressed                                                                                                      \
	" THEN 1 END) AS suppressed, CAST(0 AS BIGINT) AS cancelled, CAST(0 AS BIGINT) AS returned, CAST(0 AS BIGINT) AS complaints, "     \
	"CAST(0 AS BIGINT) AS unsubscribes FROM subscription p JOIN subscriber s ON s.id = p.subscriber_id LEFT JOIN suppression x ON "    \
	"x.email_key = s.email_key " joins
static const struct sql AUDIENCE = {
	.name = "audience",
	.text = BY_PROVIDER("x.id IS NULL AND (r.post_id IS NULL OR $1 = 1)", "x.id IS NOT NULL OR (r.post_id IS NOT NULL AND $2 = 0)",
	                    "LEFT JOIN received r ON r.subscriber_id = s.id AND r.post_id = $3 WHERE p.list_id = $4 AND p.state = 'active' "
	                    "AND (" CADENCE " & $5) <> 0 GROUP BY s.provider ORDER BY s.provider"),
	.in = ARGS(ARG(a, INT), ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(d, INT)),
	COUNT_ROWS,
};
static const struct sql AUDIENCE_DIGEST = {
	.name = "audience of digest",
	.text = BY_PROVIDER("x.id IS NULL AND " HAD("$1") " <> " ALL_OF("$2"), "x.id IS NOT NULL OR " HAD("$3") " = " ALL_OF("$4"),
	                    "WHERE p.list_id = $5 AND p.state = 'active' AND (" CADENCE
	                    " & $6) <> 0 GROUP BY s.provider ORDER BY s.provider"),
	.in = ARGS(ARG(a, INT), ARG(a, INT), ARG(a, INT), ARG(a, INT), ARG(b, INT), ARG(c, INT)),
	COUNT_ROWS,
};
static const struct sql AUDIENCE_CORRECTION = {
	.name = "audience of correction",
	.text = BY_PROVIDER("x.id IS NULL", "x.id IS NOT NULL",
	                    "WHERE p.list_id = $1 AND p.state = 'active' AND " OUTDATED("$2") " GROUP BY s.provider ORDER BY s.provider"),
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	COUNT_ROWS,
};

#define NUMBER .row = COLUMN_NUMBER("n"), .row_bytes = sizeof(int64_t)
static const struct sql CHUNK_END = {
	.name = "audience chunk",
	.text = "SELECT coalesce(max(id), 0) AS n FROM (SELECT id FROM subscription WHERE list_id = $1 AND id > $2 AND id <= $3 ORDER BY "
		"id LIMIT $4) AS "
		"chunk",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(d, INT)),
	NUMBER,
};
static const struct sql LAST_DELIVERY = { .name = "last delivery", .text = "SELECT coalesce(max(id), 0) AS n FROM delivery", NUMBER };
static const struct sql WRITE = {
	.name = "audience write",
	.text = "INSERT INTO delivery (campaign_id, subscriber_id, edition_id, state, provider, due_us, queued_us, finished_us, reason) "
		"SELECT "
		"CAST($1 AS BIGINT), s.id, CAST($2 AS BIGINT), CASE WHEN x.id IS NOT NULL OR r.post_id IS NOT NULL THEN 'suppressed' ELSE "
		"'queued' END, "
		"s.provider, CAST($3 AS BIGINT), CAST($4 AS BIGINT), CASE WHEN x.id IS NOT NULL OR r.post_id IS NOT NULL THEN CAST($5 AS "
		"BIGINT) ELSE 0 "
		"END, CASE WHEN x.id IS NOT NULL THEN x.reason WHEN r.post_id IS NOT NULL THEN 'already got it' ELSE '' END FROM "
		"subscription p JOIN "
		"subscriber s ON s.id = p.subscriber_id LEFT JOIN suppression x ON x.email_key = s.email_key LEFT JOIN received r ON "
		"r.subscriber_id = "
		"s.id AND r.post_id = $6 WHERE p.list_id = $7 AND p.state = 'active' AND p.id > $8 AND p.id <= $9 AND (" CADENCE
		" & $10) <> 0 ON CONFLICT "
		"(campaign_id, "
		"subscriber_id) DO NOTHING",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(c, INT), ARG(c, INT), ARG(d, INT), ARG(e, INT), ARG(f, INT), ARG(g, INT),
	           ARG(h, INT)),
};
#define ROW "INSERT INTO delivery (campaign_id, subscriber_id, edition_id, state, provider, due_us, queued_us, finished_us, reason) SELECT "
/* Each reader gets the edition without what came before. For one who got something since the editions were compiled there may be none:
 * the next is the one that leaves out what he had, and as little else as the order of numbers knows. */
#define EDITION_WITHOUT                                                                                                                    \
	"coalesce((SELECT e.id FROM edition e WHERE e.campaign_id = g.campaign_id AND e.had = g.had AND e.replaced_by = 0), (SELECT e.id " \
	"FROM edition e WHERE e.campaign_id = g.campaign_id AND (e.had & g.had) = g.had AND e.replaced_by = 0 ORDER BY e.had LIMIT 1))"
static const struct sql WRITE_DIGEST = {
	.name = "audience write digest",
	.text = ROW
	"h.campaign_id, h.subscriber_id, coalesce(h.edition_id, CAST($1 AS BIGINT)), CASE WHEN h.suppressed IS NOT NULL OR h.edition_id IS "
	"NULL THEN 'suppressed' ELSE 'queued' END, h.provider, CAST($2 AS BIGINT), CAST($3 AS BIGINT), CASE WHEN h.suppressed IS NOT NULL "
	"OR "
	"h.edition_id IS NULL THEN CAST($4 AS BIGINT) ELSE 0 END, CASE WHEN h.suppressed IS NOT NULL THEN h.suppressed WHEN h.edition_id "
	"IS "
	"NULL THEN 'already got it' ELSE '' END FROM (SELECT g.campaign_id AS campaign_id, g.subscriber_id AS subscriber_id, g.provider AS "
	"provider, g.suppressed AS suppressed, " EDITION_WITHOUT " AS edition_id FROM (SELECT CAST($5 AS BIGINT) AS campaign_id, "
	"p.subscriber_id AS subscriber_id, s.provider AS provider, x.reason AS suppressed, " HAD(
		"$6") " AS had FROM subscription p JOIN "
		      "subscriber s ON s.id = p.subscriber_id LEFT JOIN suppression x ON x.email_key = s.email_key WHERE p.list_id = $7 "
		      "AND p.state = "
		      "'active' AND p.id > $8 AND p.id <= $9 AND (" CADENCE
		      " & $10) <> 0) AS g) AS h WHERE true ON CONFLICT (campaign_id, subscriber_id) "
		      "DO NOTHING",
	.in = ARGS(ARG(b, INT), ARG(c, INT), ARG(c, INT), ARG(c, INT), ARG(a, INT), ARG(a, INT), ARG(e, INT), ARG(f, INT), ARG(g, INT),
	           ARG(h, INT)),
};
static const struct sql WRITE_CORRECTION = {
	.name = "audience write correction",
	.text = ROW
	"CAST($1 AS BIGINT), s.id, CAST($2 AS BIGINT), CASE WHEN x.id IS NOT NULL THEN 'suppressed' ELSE 'queued' END, s.provider, "
	"CAST($3 AS BIGINT), CAST($4 AS BIGINT), CASE WHEN x.id IS NOT NULL THEN CAST($5 AS BIGINT) ELSE 0 END, coalesce(x.reason, '') "
	"FROM subscription p JOIN subscriber s ON s.id = p.subscriber_id LEFT JOIN suppression x ON x.email_key = s.email_key WHERE "
	"p.list_id = $6 AND p.state = 'active' AND p.id > $7 AND p.id <= $8 AND " OUTDATED("$9") " ON CONFLICT (campaign_id, "
												 "subscriber_id) DO NOTHING",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(c, INT), ARG(c, INT), ARG(e, INT), ARG(f, INT), ARG(g, INT), ARG(i, INT)),
};
static const struct sql HAD_BEFORE = {
	.name = "audience had",
	.text = "SELECT " HAD("$1") " AS n FROM subscription p WHERE p.list_id = $2 AND p.state = 'active' AND (" CADENCE
				    " & $3) <> 0 GROUP BY 1",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),
	NUMBER,
};
static const struct sql RECEIVED_DIGEST = {
	.name = "audience received digest",
	.text = "INSERT INTO received (subscriber_id, post_id, campaign_id) SELECT d.subscriber_id, ep.post_id, d.campaign_id FROM "
		"delivery d "
		"JOIN edition_post ep ON ep.edition_id = d.edition_id WHERE d.id > $1 AND +d.campaign_id = $2 AND +d.state = 'queued' ON "
		"CONFLICT "
		"(subscriber_id, post_id) DO NOTHING",
	.postgresql =
		"INSERT INTO received (subscriber_id, post_id, campaign_id) SELECT d.subscriber_id, ep.post_id, d.campaign_id FROM "
		"delivery d JOIN edition_post ep ON ep.edition_id = d.edition_id WHERE d.id > $1 AND d.campaign_id = $2 AND d.state = "
		"'queued' ON CONFLICT (subscriber_id, post_id) DO NOTHING",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
};
/* The id range comes first in the plan: a chunk is a thousand rows at the table's end, a campaign may be a million. */
static const struct sql RECEIVED = {
	.name = "audience received",
	.text = "INSERT INTO received (subscriber_id, post_id, campaign_id) SELECT subscriber_id, CAST($1 AS BIGINT), CAST($2 AS BIGINT) "
		"FROM delivery "
		"WHERE id > $3 AND +campaign_id = $4 AND +state = 'queued' ON CONFLICT (subscriber_id, post_id) DO NOTHING",
	.postgresql = "INSERT INTO received (subscriber_id, post_id, campaign_id) SELECT subscriber_id, CAST($1 AS BIGINT), CAST($2 AS "
		      "BIGINT) FROM "
		      "delivery WHERE id > $3 AND campaign_id = $4 AND state = 'queued' ON CONFLICT (subscriber_id, post_id) DO NOTHING",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(b, INT)),
};
struct chunk_count {
	int64_t provider, queued, suppressed;
};
static const struct sql CHUNK_COUNT = {
	.name = "audience chunk count",
	.text = "SELECT provider, count(CASE WHEN state = 'queued' THEN 1 END) AS queued, count(CASE WHEN state = 'suppressed' THEN 1 END) "
		"AS suppressed "
		"FROM delivery WHERE id > $1 AND +campaign_id = $2 GROUP BY provider",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	.row = (const struct field[]){ FIELD(struct chunk_count, provider, FIELD_INT), FIELD(struct chunk_count, queued, FIELD_INT),
	                               FIELD(struct chunk_count, suppressed, FIELD_INT), FIELD_END },
	.row_bytes = sizeof(struct chunk_count),
};
static const struct sql ADVANCE = { .name = "audience advance",
	                            .text = "UPDATE campaign SET prepared_after = $1 WHERE id = $2",
	                            .in = ARGS(ARG(a, INT), ARG(b, INT)) };
static const struct sql PREPARED = { .name = "audience prepared",
	                             .text = "UPDATE campaign SET state = 'sending', is_prepared = 1 WHERE id = $1 AND state = 'preparing'",
	                             .in = ARGS(ARG(a, INT)) };
struct taken_back {
	int64_t subscriber_id, provider, resends;
};
#define TAKEN_BACK                                                                                                                         \
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),                                                                                 \
	.row = (const struct field[]){ FIELD(struct taken_back, subscriber_id, FIELD_INT), FIELD(struct taken_back, provider, FIELD_INT),  \
		                       FIELD(struct taken_back, resends, FIELD_INT), FIELD_END },                                          \
	.row_bytes = sizeof(struct taken_back)
#define CANCEL_IN(word)                                                                                                                    \
	"UPDATE delivery SET state = 'cancelled', finished_us = $1, lease_id = 0, merge_values = NULL WHERE id IN (SELECT id FROM "        \
	"delivery WHERE "                                                                                                                  \
	"campaign_id = $2 AND state = '" #word "' LIMIT $3) RETURNING subscriber_id, provider, resends"
static const struct sql CANCEL_QUEUED = { .name = "cancel queued", .text = CANCEL_IN(queued), TAKEN_BACK };
static const struct sql CANCEL_DEFERRED = { .name = "cancel deferred", .text = CANCEL_IN(deferred), TAKEN_BACK };
/* What is leased is little, and its own index is the short way; the + 0 keeps the planner off the campaign's whole index. */
static const struct sql CANCEL_LEASED = {
	.name = "cancel leased",
	.text = "UPDATE delivery SET state = 'cancelled', finished_us = $1, lease_id = 0, merge_values = NULL WHERE id IN (SELECT id FROM "
		"delivery WHERE "
		"campaign_id + 0 = $2 AND state IN ('leased', 'inflight') AND state = 'leased' LIMIT $3) RETURNING subscriber_id, "
		"provider, resends",
	TAKEN_BACK,
};
static const struct sql FORGET = { .name = "audience forget", .text = FORGET_RECEIVED, .in = ARGS(ARG(a, INT), ARG(c, INT)) };
static const struct sql CANCEL = { .name = "campaign cancel",
	                           .text = "UPDATE campaign SET state = 'cancelled', finished_us = $1, paused_by = $2 WHERE id = $3",
	                           .in = ARGS(ARG(a, INT), ARG(s, TEXT), ARG(b, INT)) };
static const struct sql REVOKE = { .name = "cancel revoke",
	                           .text = "INSERT INTO revocation (campaign_id, at_us) VALUES ($1, $2)",
	                           .in = ARGS(ARG(a, INT), ARG(b, INT)) };
const struct sql *const audience_statements[] = {
	&COUNTS,          &COUNTS_BY,        &RECOUNT,     &AUDIENCE,        &AUDIENCE_DIGEST, &AUDIENCE_CORRECTION,
	&WRITE_DIGEST,    &WRITE_CORRECTION, &HAD_BEFORE,  &RECEIVED_DIGEST, &CHUNK_END,       &LAST_DELIVERY,
	&WRITE,           &RECEIVED,         &CHUNK_COUNT, &ADVANCE,         &PREPARED,        &CANCEL_QUEUED,
	&CANCEL_DEFERRED, &CANCEL_LEASED,    &FORGET,      &CANCEL,          &REVOKE,          NULL
};

int store_campaign_counts(struct db *db, int64_t id, struct campaign_counts *out, struct error *err)
{
	return db_one(db, &COUNTS, &(struct arg){ .a = id }, out, NULL, err) < 0 ? -1 : 0;
}

int store_campaign_counts_by_provider(struct db *db, int64_t id, struct campaign_counts *out, size_t max, size_t *n, struct error *err)
{
	return db_all(db, &COUNTS_BY, &(struct arg){ .a = id }, out, max, n, NULL, err);
}

int store_campaign_recount(struct db *db, int64_t id, struct campaign_counts *out, struct error *err)
{
	return db_one(db, &RECOUNT, &(struct arg){ .a = id }, out, NULL, err) < 0 ? -1 : 0;
}

struct checking {
	int64_t id;
	bool is_right;
};

static int check_body(struct db *db, void *arg, struct error *err)
{
	struct checking *in = arg;
	struct campaign_counts kept;
	struct campaign_counts real;
	if (store_campaign_counts(db, in->id, &kept, err) < 0 || store_campaign_recount(db, in->id, &real, err) < 0)
		return -1;
	/* From queued to cancelled. */
	in->is_right = memcmp(&kept.queued, &real.queued, 10 * sizeof kept.queued) == 0;
	return 0;
}

int store_campaign_check(struct db *db, int64_t id, bool *is_right, struct error *err)
{
	struct checking in = { .id = id };
	int result = db_read(db, check_body, &in, err);
	*is_right = in.is_right;
	return result;
}

int store_campaign_audience(struct db *db, const struct campaign *campaign, struct campaign_counts *out, size_t max, size_t *n,
                            struct error *err)
{
	struct arg post = { .a = campaign->is_again, .b = campaign->post_id, .c = campaign->list_id, .d = campaign->cadences };
	struct arg digest = { .a = campaign->id, .b = campaign->list_id, .c = campaign->cadences };
	struct arg correction = { .a = campaign->list_id, .b = campaign->corrects_id };
	switch (campaign->kind) {
	case CAMPAIGN_DIGEST: return db_all(db, &AUDIENCE_DIGEST, &digest, out, max, n, NULL, err);
	case CAMPAIGN_CORRECTION: return db_all(db, &AUDIENCE_CORRECTION, &correction, out, max, n, NULL, err);
	default: return db_all(db, &AUDIENCE, &post, out, max, n, NULL, err);
	}
}

int store_campaign_had(struct db *db, const struct campaign *campaign, int64_t *had, size_t max, size_t *n, struct error *err)
{
	struct arg arg = { .a = campaign->id, .b = campaign->list_id, .c = campaign->cadences };
	return db_all(db, &HAD_BEFORE, &arg, had, max, n, NULL, err);
}

struct preparing {
	int64_t id, now_us;
	size_t max;
	bool done;
};

/* A chunk of `max` rows has no more providers than that. */
static int count_chunk(struct db *db, int64_t campaign, int64_t before, size_t max, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct chunk_count *counts = arena_alloc(&arena, max * sizeof *counts);
	struct tally tally = { 0 };
	size_t n = 0;
	if (!counts)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (db_all(db, &CHUNK_COUNT, &(struct arg){ .a = before, .b = campaign }, counts, max, &n, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (tally_move(db, &tally, campaign, counts[i].provider, DELIVERY_NONE, DELIVERY_QUEUED, counts[i].queued, err) < 0 ||
		    tally_move(db, &tally, campaign, counts[i].provider, DELIVERY_NONE, DELIVERY_SUPPRESSED, counts[i].suppressed, err) < 0)
			return -1;
	return tally_write(db, &tally, err);
}

static int write_chunk(struct db *db, const struct campaign *campaign, int64_t last, size_t max, int64_t now_us, struct error *err)
{
	int64_t before = 0;
	if (db_one(db, &LAST_DELIVERY, NULL, &before, NULL, err) < 0)
		return -1;
	static const struct sql *const writes[] = {
		[CAMPAIGN_POST] = &WRITE, [CAMPAIGN_DIGEST] = &WRITE_DIGEST, [CAMPAIGN_CORRECTION] = &WRITE_CORRECTION
	};
	/* Who had the post already is left out by joining with nothing when the editor said "again". */
	struct arg rows = { .a = campaign->id,
		            .b = campaign->edition_id,
		            .c = now_us,
		            .d = campaign->is_again ? 0 : campaign->post_id,
		            .e = campaign->list_id,
		            .f = campaign->prepared_after,
		            .g = last,
		            .h = campaign->cadences,
		            .i = campaign->corrects_id };
	struct arg received = { .a = campaign->post_id, .b = campaign->id, .c = before };
	struct arg several = { .a = before, .b = campaign->id };
	if (db_run(db, writes[campaign->kind], &rows, NULL, err) < 0 ||
	    (campaign->post_id > 0 && db_run(db, &RECEIVED, &received, NULL, err) < 0) ||
	    (campaign->kind == CAMPAIGN_DIGEST && db_run(db, &RECEIVED_DIGEST, &several, NULL, err) < 0) ||
	    count_chunk(db, campaign->id, before, max, err) < 0)
		return -1;
	return db_run(db, &ADVANCE, &(struct arg){ .a = last, .b = campaign->id }, NULL, err);
}

static int prepare_body(struct db *db, void *arg, struct error *err)
{
	struct preparing *in = arg;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct campaign campaign;
	int64_t last = 0;
	in->done = true;
	int found = store_campaign_get(db, in->id, &campaign, &arena, err);
	if (found <= 0 || campaign.state != CAMPAIGN_PREPARING)
		return found < 0 ? -1 : 0;
	struct arg chunk = { .a = campaign.list_id, .b = campaign.prepared_after, .c = campaign.prepared_last, .d = (int64_t)in->max };
	if (db_one(db, &CHUNK_END, &chunk, &last, NULL, err) < 0)
		return -1;
	if (last == 0)
		return db_run(db, &PREPARED, &(struct arg){ .a = in->id }, NULL, err);
	in->done = false;
	return write_chunk(db, &campaign, last, in->max, in->now_us, err);
}

int store_campaign_prepare(struct db *db, int64_t id, size_t max, int64_t now_us, bool *done, struct error *err)
{
	struct preparing in = { .id = id, .now_us = now_us, .max = max };
	int result = db_write(db, prepare_body, &in, err);
	*done = in.done;
	return result;
}

struct cancelling {
	int64_t id, now_us;
	const char *who;
	size_t max;
	bool done;
};

static int take_back(struct db *db, const struct sql *sql, enum delivery_state from, const struct cancelling *in, size_t *n,
                     struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct tally tally = { 0 };
	struct taken_back *rows = arena_alloc(&arena, in->max * sizeof *rows);
	if (!rows)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (db_all(db, sql, &(struct arg){ .a = in->now_us, .b = in->id, .c = (int64_t)in->max }, rows, in->max, n, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++) {
		/* Taken back before it was sent: another campaign may bring the post to this reader. What was in doubt may have come. */
		struct arg forget = { .a = rows[i].subscriber_id, .c = in->id };
		if (tally_move(db, &tally, in->id, rows[i].provider, from, DELIVERY_CANCELLED, 1, err) < 0 ||
		    (rows[i].resends == 0 && db_run(db, &FORGET, &forget, NULL, err) < 0))
			return -1;
	}
	return tally_write(db, &tally, err);
}

static int cancel_body(struct db *db, void *arg, struct error *err)
{
	struct cancelling *in = arg;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct campaign campaign;
	size_t n[3] = { 0 };
	int found = store_campaign_get(db, in->id, &campaign, &arena, err);
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, ERROR_NOT_FOUND, "there is no campaign %" PRId64, in->id);
	if (campaign.state != CAMPAIGN_CANCELLED) {
		if (campaign_next((enum campaign_state)campaign.state, CAMPAIGN_ON_CANCEL) == CAMPAIGN_NONE)
			return error_set(err, ERROR_CONFLICT, "campaign %" PRId64 " can not be cancelled: it is %s", in->id,
			                 campaign_words[campaign.state]);
		if (db_run(db, &CANCEL, &(struct arg){ .a = in->now_us, .s = in->who, .b = in->id }, NULL, err) < 0 ||
		    db_run(db, &REVOKE, &(struct arg){ .a = in->id, .b = in->now_us }, NULL, err) < 0)
			return -1;
	}
	if (take_back(db, &CANCEL_QUEUED, DELIVERY_QUEUED, in, &n[0], err) < 0 ||
	    take_back(db, &CANCEL_DEFERRED, DELIVERY_DEFERRED, in, &n[1], err) < 0 ||
	    /* Leased too, at once: the mark finds no leased row, so no session can start one. */
	    take_back(db, &CANCEL_LEASED, DELIVERY_LEASED, in, &n[2], err) < 0)
		return -1;
	in->done = n[0] < in->max && n[1] < in->max && n[2] < in->max;
	return 0;
}

int store_campaign_cancel(struct db *db, int64_t id, const char *who, size_t max, int64_t now_us, bool *done, struct error *err)
{
	struct cancelling in = { .id = id, .who = who, .max = max, .now_us = now_us };
	int result = db_write(db, cancel_body, &in, err);
	*done = in.done;
	return result;
}
