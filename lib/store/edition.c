/* Editions: stored when a campaign starts, and again when an edited post is taken to those who have not been mailed yet. */
#include "store/arg.h"
#include "store/campaign.h"

#define NUMBER(column) .row = COLUMN_NUMBER(column), .row_bytes = sizeof(int64_t)
static const struct sql INSERT = {
	.name = "edition insert",
	.text = "INSERT INTO edition (campaign_id, number, compiled, had, created_us) SELECT CAST($1 AS BIGINT), coalesce(max(number), 0) "
		"+ 1, "
		"CAST($2 AS BLOB), CAST($3 AS BIGINT), CAST($4 AS BIGINT) FROM edition WHERE campaign_id = $5 RETURNING id",
	.postgresql =
		"INSERT INTO edition (campaign_id, number, compiled, had, created_us) SELECT CAST($1 AS BIGINT), coalesce(max(number), 0) "
		"+ 1, CAST($2 AS BYTEA), CAST($3 AS BIGINT), CAST($4 AS BIGINT) FROM edition WHERE campaign_id = $5 RETURNING id",
	.in = ARGS(ARG(a, INT), ARG(x, BYTES), ARG(b, INT), ARG(c, INT), ARG(a, INT)),
	NUMBER("id"),
};
static const struct sql ADD_POST = {
	.name = "edition post",
	.text = "INSERT INTO edition_post (edition_id, post_id, version) VALUES ($1, $2, $3)",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),
};
static const struct sql ADD_POSTS = {
	.name = "edition posts as they are",
	.text = "INSERT INTO edition_post (edition_id, post_id, version) SELECT CAST($1 AS BIGINT), p.id, p.version FROM campaign_post cp "
		"JOIN "
		"post p ON p.id = cp.post_id WHERE cp.campaign_id = $2",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
};
static const struct sql LAST_SUBSCRIPTION = { .name = "last subscription",
	                                      .text = "SELECT coalesce(max(id), 0) AS id FROM subscription WHERE list_id = $1",
	                                      .in = ARGS(ARG(a, INT)),
	                                      NUMBER("id") };
static const struct sql START = {
	.name = "campaign start",
	.text = "UPDATE campaign SET state = 'preparing', started_us = $1, edition_id = $2, prepared_last = $3, prepared_after = 0, "
		"paused_by = '' "
		"WHERE id = $4",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(d, INT)),
};
static const struct sql POSTS_USED = { .name = "posts used",
	                               .text = "UPDATE post SET state = 'used' WHERE id IN (SELECT post_id FROM campaign_post WHERE "
	                                       "campaign_id = $1)",
	                               .in = ARGS(ARG(a, INT)) };
static const struct sql GET = { .name = "edition get",
	                        .text = "SELECT compiled AS x FROM edition WHERE id = $1",
	                        .in = ARGS(ARG(a, INT)),
	                        .row = (const struct field[]){ { "x", FIELD_BYTES, 0, NULL }, FIELD_END },
	                        .row_bytes = sizeof(struct bytes) };
const struct field edition_row_fields[] = { FIELD(struct edition_row, id, FIELD_INT), FIELD(struct edition_row, number, FIELD_INT),
	                                    FIELD(struct edition_row, had, FIELD_INT), FIELD(struct edition_row, created_us, FIELD_TIME),
	                                    FIELD_END };
static const struct sql LIVE = {
	.name = "editions in use",
	.text = "SELECT id, number, had, created_us FROM edition WHERE campaign_id = $1 AND replaced_by = 0 ORDER BY id",
	.in = ARGS(ARG(a, INT)),
	.row = edition_row_fields,
	.row_bytes = sizeof(struct edition_row),
};
static const struct sql REPLACED = { .name = "editions replaced",
	                             .text = "SELECT count(*) AS n FROM edition WHERE campaign_id = $1 AND replaced_by > 0",
	                             .in = ARGS(ARG(a, INT)),
	                             NUMBER("n") };
static const struct sql REPLACE = { .name = "edition replace",
	                            .text = "UPDATE edition SET replaced_by = $1 WHERE id = $2 AND campaign_id = $3 AND replaced_by = 0",
	                            .in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)) };
static const struct sql SET_EDITION = { .name = "campaign edition",
	                                .text = "UPDATE campaign SET edition_id = $1, subject = $2 WHERE id = $3 AND edition_id = $4",
	                                .in = ARGS(ARG(a, INT), ARG(s, TEXT), ARG(b, INT), ARG(c, INT)) };
static const struct sql MOVE_END = {
	.name = "edition move to",
	.text = "SELECT coalesce(max(subscriber_id), 0) AS n FROM (SELECT subscriber_id FROM delivery WHERE campaign_id = $1 AND "
		"subscriber_id > "
		"$2 ORDER BY subscriber_id LIMIT $3) AS step",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),
	NUMBER("n"),
};
/* Only what never began: a mail that was tried is tried again as it was, byte for byte. */
static const struct sql MOVE = {
	.name = "edition move",
	.text = "UPDATE delivery SET edition_id = (SELECT e.replaced_by FROM edition e WHERE e.id = delivery.edition_id) WHERE campaign_id "
		"= $1 "
		"AND subscriber_id > $2 AND subscriber_id <= $3 AND +state = 'queued' AND first_us = 0 AND is_tried = 0 AND EXISTS (SELECT "
		"1 FROM "
		"edition o WHERE o.id = delivery.edition_id AND o.replaced_by > 0)",
	.postgresql =
		"UPDATE delivery SET edition_id = (SELECT e.replaced_by FROM edition e WHERE e.id = delivery.edition_id) WHERE "
		"campaign_id = $1 AND subscriber_id > $2 AND subscriber_id <= $3 AND state = 'queued' AND first_us = 0 AND is_tried = 0 "
		"AND EXISTS (SELECT 1 FROM edition o WHERE o.id = delivery.edition_id AND o.replaced_by > 0)",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),
};
static const struct sql VERSION = { .name = "edition version",
	                            .text = "SELECT version AS n FROM edition_post WHERE edition_id = $1 AND post_id = $2",
	                            .in = ARGS(ARG(a, INT), ARG(b, INT)),
	                            NUMBER("n") };
static const struct sql CHANGED = {
	.name = "campaign changed",
	.text = "SELECT cp.post_id AS id FROM campaign_post cp JOIN post t ON t.id = cp.post_id WHERE cp.campaign_id = $1 AND EXISTS "
		"(SELECT 1 "
		"FROM edition e JOIN edition_post ep ON ep.edition_id = e.id WHERE e.campaign_id = cp.campaign_id AND ep.post_id = t.id "
		"AND "
		"ep.version < t.version) ORDER BY cp.position",
	.in = ARGS(ARG(a, INT)),
	NUMBER("id"),
};
static const struct sql OUTDATED = {
	.name = "campaign outdated",
	.text = "SELECT count(*) AS n FROM delivery d WHERE d.campaign_id = $1 AND d.state = 'sent' AND d.returned_us = 0 AND EXISTS "
		"(SELECT 1 "
		"FROM edition_post ep JOIN post t ON t.id = ep.post_id WHERE ep.edition_id = d.edition_id AND ep.version < t.version)",
	.in = ARGS(ARG(a, INT)),
	NUMBER("n"),
};
const struct sql *const edition_statements[] = { &INSERT,   &ADD_POST, &ADD_POSTS, &LAST_SUBSCRIPTION, &START, &POSTS_USED,
	                                         &GET,      &LIVE,     &REPLACE,   &SET_EDITION,       &MOVE,  &MOVE_END,
	                                         &REPLACED, &VERSION,  &OUTDATED,  &CHANGED,           NULL };

static int insert(struct db *db, int64_t campaign, const struct edition_new *edition, int64_t now_us, int64_t *id, struct error *err)
{
	struct arg arg = { .a = campaign, .x = edition->compiled, .b = edition->had, .c = now_us };
	if (db_one(db, &INSERT, &arg, id, NULL, err) < 0)
		return -1;
	if (!edition->posts)
		return db_run(db, &ADD_POSTS, &(struct arg){ .a = *id, .b = campaign }, NULL, err);
	for (size_t i = 0; i < edition->count; i++)
		if (db_run(db, &ADD_POST, &(struct arg){ .a = *id, .b = edition->posts[i], .c = edition->versions[i] }, NULL, err) < 0)
			return -1;
	return 0;
}

struct starting {
	int64_t id, now_us;
	const struct edition_new *editions;
	size_t n;
	const char *subject;
};

static int load(struct db *db, int64_t id, struct campaign *out, struct arena *arena, struct error *err)
{
	int found = store_campaign_get(db, id, out, arena, err);
	return found < 0 ? -1 : found ? 0 : error_set(err, ERROR_NOT_FOUND, "there is no campaign %" PRId64, id);
}

static int start_body(struct db *db, void *arg, struct error *err)
{
	const struct starting *in = arg;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct campaign campaign;
	int64_t first = 0;
	int64_t last = 0;
	if (load(db, in->id, &campaign, &arena, err) < 0)
		return -1;
	if (campaign_next((enum campaign_state)campaign.state, CAMPAIGN_ON_START) == CAMPAIGN_NONE)
		return error_set(err, ERROR_CONFLICT, "campaign %" PRId64 " can not be started: it is %s", in->id,
		                 campaign_words[campaign.state]);
	for (size_t i = 0; i < in->n; i++) {
		int64_t id = 0;
		if (insert(db, in->id, &in->editions[i], in->now_us, &id, err) < 0)
			return -1;
		first = i == 0 ? id : first;
	}
	if (db_one(db, &LAST_SUBSCRIPTION, &(struct arg){ .a = campaign.list_id }, &last, NULL, err) < 0 ||
	    db_run(db, &START, &(struct arg){ .a = in->now_us, .b = first, .c = last, .d = in->id }, NULL, err) < 0)
		return -1;
	return db_run(db, &POSTS_USED, &(struct arg){ .a = in->id }, NULL, err);
}

int store_campaign_start_with(struct db *db, int64_t id, const struct edition_new *editions, size_t n, const char *who, int64_t now_us,
                              struct error *err)
{
	(void)who; /* the audit log has it */
	struct starting in = { .id = id, .editions = editions, .n = n, .now_us = now_us };
	return db_write(db, start_body, &in, err);
}

int store_campaign_start(struct db *db, int64_t id, struct bytes compiled, const char *who, int64_t now_us, struct error *err)
{
	struct edition_new edition = { .compiled = compiled };
	return store_campaign_start_with(db, id, &edition, 1, who, now_us, err);
}

static int refresh_body(struct db *db, void *arg, struct error *err)
{
	const struct starting *in = arg;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct campaign campaign;
	if (load(db, in->id, &campaign, &arena, err) < 0)
		return -1;
	if (campaign.state != CAMPAIGN_PAUSED)
		return error_set(err, ERROR_CONFLICT, "campaign %" PRId64 " is %s: pause it first", in->id, campaign_words[campaign.state]);
	for (size_t i = 0; i < in->n; i++) {
		int64_t id = 0;
		int64_t replaced = 0;
		struct arg old = { .b = in->editions[i].replaces, .c = in->id };
		if (insert(db, in->id, &in->editions[i], in->now_us, &id, err) < 0)
			return -1;
		old.a = id;
		if (db_run(db, &REPLACE, &old, &replaced, err) < 0)
			return -1;
		if (replaced == 0)
			return error_set(err, ERROR_CONFLICT, "campaign %" PRId64 " was refreshed meanwhile: look again", in->id);
		if (db_run(db, &SET_EDITION, &(struct arg){ .a = id, .s = in->subject, .b = in->id, .c = old.b }, NULL, err) < 0)
			return -1;
	}
	return 0;
}

int store_campaign_refresh(struct db *db, int64_t id, const struct edition_new *editions, size_t n, const char *subject, int64_t now_us,
                           struct error *err)
{
	struct starting in = { .id = id, .subject = subject, .editions = editions, .n = n, .now_us = now_us };
	return db_write(db, refresh_body, &in, err);
}

struct moving {
	int64_t id, after, last, moved;
	size_t max;
};

static int move_body(struct db *db, void *arg, struct error *err)
{
	struct moving *in = arg;
	if (db_one(db, &MOVE_END, &(struct arg){ .a = in->id, .b = in->after, .c = (int64_t)in->max }, &in->last, NULL, err) < 0)
		return -1;
	if (in->last == 0)
		return 0;
	return db_run(db, &MOVE, &(struct arg){ .a = in->id, .b = in->after, .c = in->last }, &in->moved, err);
}

int store_campaign_move(struct db *db, int64_t id, size_t max, int64_t *after, int64_t *moved, struct error *err)
{
	struct moving in = { .id = id, .after = *after, .max = max };
	int64_t replaced = 0;
	*moved = 0;
	if (db_one(db, &REPLACED, &(struct arg){ .a = id }, &replaced, NULL, err) < 0)
		return -1;
	if (replaced == 0)
		return 0;
	if (db_write(db, move_body, &in, err) < 0)
		return -1;
	*after = in.last;
	*moved = in.moved;
	return in.last != 0;
}

int store_campaign_editions(struct db *db, int64_t campaign, struct edition_row *out, size_t max, size_t *n, struct error *err)
{
	return db_all(db, &LIVE, &(struct arg){ .a = campaign }, out, max, n, NULL, err);
}

int store_edition_get(struct db *db, int64_t edition, struct bytes *compiled, struct arena *arena, struct error *err)
{
	return db_one(db, &GET, &(struct arg){ .a = edition }, compiled, arena, err);
}

int store_edition_version(struct db *db, int64_t edition, int64_t post, int64_t *version, struct error *err)
{
	return db_one(db, &VERSION, &(struct arg){ .a = edition, .b = post }, version, NULL, err);
}

int store_campaign_changed(struct db *db, int64_t campaign, int64_t posts[CAMPAIGN_POSTS], size_t *n, struct error *err)
{
	return db_all(db, &CHANGED, &(struct arg){ .a = campaign }, posts, CAMPAIGN_POSTS, n, NULL, err);
}

int store_campaign_outdated(struct db *db, int64_t campaign, int64_t *n, struct error *err)
{
	return db_one(db, &OUTDATED, &(struct arg){ .a = campaign }, n, NULL, err) < 0 ? -1 : 0;
}
