#include "store/archive.h"
#include "store/arg.h"
#include "store/words.h"

const struct field archived_fields[] = {
	FIELD(struct archived, id, FIELD_INT),
	FIELD(struct archived, sent_us, FIELD_TIME),
	POST_WORDS(struct archived),
	FIELD_END,
};

static const struct field version_fields[] = { FIELD(struct archived_version, id, FIELD_INT),
	                                       FIELD(struct archived_version, sent_us, FIELD_INT),
	                                       FIELD(struct archived_version, version, FIELD_INT), FIELD_END };

#define FROM                                                                                                                               \
	"FROM (SELECT cp.post_id, min(c.started_us) AS sent_us FROM campaign c JOIN campaign_post cp ON cp.campaign_id = c.id WHERE "      \
	"c.list_id = $1 AND c.started_us > 0 AND c.state <> 'cancelled' GROUP BY cp.post_id) first JOIN post ON post.id = first.post_id "
#define SELECT "SELECT post.id, first.sent_us, " POST_COLUMNS " " FROM
#define ROWS .row = archived_fields, .row_bytes = sizeof(struct archived)
static const struct sql GET = { .name = "archive get", .text = SELECT "WHERE post.id = $2", .in = ARGS(ARG(a, INT), ARG(b, INT)), ROWS };
static const struct sql PAGE = {
	.name = "archive page",
	.text = SELECT
	"WHERE first.sent_us < $2 OR (first.sent_us = $3 AND post.id < $4) ORDER BY first.sent_us DESC, post.id DESC LIMIT $5",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(d, INT), ARG(e, INT)),
	ROWS,
};
static const struct sql VERSIONS = {
	.name = "archive versions",
	.text = "SELECT post.id, first.sent_us, post.version " FROM "ORDER BY first.sent_us DESC, post.id DESC LIMIT $2",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	.row = version_fields,
	.row_bytes = sizeof(struct archived_version),
};
const struct sql *const archive_statements[] = { &GET, &PAGE, &VERSIONS, NULL };

int store_archive_get(struct db *db, int64_t list, int64_t post, struct archived *out, struct arena *arena, struct error *err)
{
	return db_one(db, &GET, &(struct arg){ .a = list, .b = post }, out, arena, err);
}

int store_archive_versions(struct db *db, int64_t list, struct archived_version *out, size_t max, size_t *n, struct error *err)
{
	return db_all(db, &VERSIONS, &(struct arg){ .a = list, .b = (int64_t)max }, out, max, n, NULL, err);
}

int store_archive_page(struct db *db, int64_t list, const struct archived *before, struct archived *out, size_t max, size_t *n,
                       struct arena *arena, struct error *err)
{
	int64_t sent_us = before ? before->sent_us : INT64_MAX;
	struct arg arg = { .a = list, .b = sent_us, .c = sent_us, .d = before ? before->id : INT64_MAX, .e = (int64_t)max };
	return db_all(db, &PAGE, &arg, out, max, n, arena, err);
}
