#include "store/source.h"
#include "store/arg.h"

const char *const source_policy_words[] = { "draft", "send", "hold", "digest", NULL };
const char *const source_state_words[] = { "active", "paused", "failing", NULL };

static const char *const standard[] = { "standard" };
static const char *const none[] = { "none" };
#define STORED                                                                                                                             \
	FIELD(struct source, id, FIELD_INT), FIELD(struct source, list_id, FIELD_INT), FIELD(struct source, kind, FIELD_TEXT),             \
		FIELD(struct source, url, FIELD_TEXT), FIELD(struct source, title, FIELD_TEXT),                                            \
		FIELD_WORDS(struct source, policy, source_policy_words), FIELD_OR(struct source, hold_us, FIELD_DURATION, none),           \
		FIELD_OR(struct source, latest, FIELD_INT, none), FIELD_OR(struct source, interval_us, FIELD_DURATION, standard),          \
		FIELD_OR(struct source, max_age_us, FIELD_DURATION, standard), FIELD_OR(struct source, flood, FIELD_INT, standard),        \
		FIELD(struct source, only_posts, FIELD_TEXT), FIELD(struct source, except_posts, FIELD_TEXT),                              \
		FIELD(struct source, strips_tracking, FIELD_BOOL), FIELD_WORDS(struct source, state, source_state_words),                  \
		FIELD(struct source, is_seen, FIELD_BOOL), FIELD_OR(struct source, ttl_us, FIELD_DURATION, none),                          \
		FIELD(struct source, feed_url, FIELD_TEXT), FIELD(struct source, etag, FIELD_TEXT),                                        \
		FIELD(struct source, last_modified, FIELD_TEXT), FIELD(struct source, failures, FIELD_INT),                                \
		FIELD(struct source, error, FIELD_TEXT), FIELD(struct source, note, FIELD_TEXT), FIELD(struct source, taken, FIELD_INT),   \
		FIELD(struct source, checked_us, FIELD_TIME), FIELD(struct source, due_us, FIELD_TIME),                                    \
		FIELD(struct source, paced_by, FIELD_TEXT), FIELD(struct source, created_us, FIELD_TIME)
const struct field source_fields[] = { STORED, FIELD_END };
/* What is read knows the address it was read with. */
static const struct field row_fields[] = { STORED, FIELD(struct source, looked_at, FIELD_TEXT), FIELD_END };

#define COLUMNS                                                                                                                            \
	"list_id, kind, url, title, policy, hold_us, latest, interval_us, max_age_us, flood, only_posts, except_posts, strips_tracking, "  \
	"state, is_seen, ttl_us, feed_url, etag, last_modified, failures, error, note, taken, checked_us, due_us, paced_by, created_us"
#define SELECT_SOURCE "SELECT id, " COLUMNS ", url AS looked_at FROM source "

static const struct sql INSERT = {
	.name = "source insert",
	.text = "INSERT INTO source (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
		"$19, $20, $21, $22, $23, $24, $25, $26, $27) RETURNING id",
	.in = source_fields + 1,
	.row = COLUMN_NUMBER("id"),
	.row_bytes = sizeof(int64_t),
};
#define ROWS .row = row_fields, .row_bytes = sizeof(struct source)
static const struct sql GET = { .name = "source get", .text = SELECT_SOURCE "WHERE id = $1", .in = ARGS(ARG(a, INT)), ROWS };
static const struct sql ALL = { .name = "source all", .text = SELECT_SOURCE "ORDER BY id", ROWS };
static const struct sql OF_LIST = {
	.name = "source of list", .text = SELECT_SOURCE "WHERE list_id = $1 ORDER BY id", .in = ARGS(ARG(a, INT)), ROWS
};
static const struct sql DUE = { .name = "source due",
	                        .text = SELECT_SOURCE "WHERE state <> 'paused' AND due_us <= $1 ORDER BY due_us",
	                        .in = ARGS(ARG(a, INT)),
	                        ROWS };
/* The look took a while: what a person paused meanwhile stays paused, and where another address was set nothing of it counts. */
const struct sql source_checked_sql = {
	.name = "source checked",
	.text = "UPDATE source SET url = $1, title = $2, state = CASE WHEN state = 'paused' THEN state ELSE $3 END, is_seen = $4, ttl_us = "
		"$5, "
		"feed_url = $6, etag = $7, last_modified = $8, failures = $9, error = $10, note = $11, taken = $12, checked_us = $13, "
		"due_us = "
		"$14, paced_by = $15 WHERE id = $16 AND url = coalesce(CAST($17 AS TEXT), url)",
	.in = (const struct field[]){ FIELD(struct source, url, FIELD_TEXT), FIELD(struct source, title, FIELD_TEXT),
	                              FIELD_WORDS(struct source, state, source_state_words), FIELD(struct source, is_seen, FIELD_BOOL),
	                              FIELD(struct source, ttl_us, FIELD_INT), FIELD(struct source, feed_url, FIELD_TEXT),
	                              FIELD(struct source, etag, FIELD_TEXT), FIELD(struct source, last_modified, FIELD_TEXT),
	                              FIELD(struct source, failures, FIELD_INT), FIELD(struct source, error, FIELD_TEXT),
	                              FIELD(struct source, note, FIELD_TEXT), FIELD(struct source, taken, FIELD_INT),
	                              FIELD(struct source, checked_us, FIELD_TIME), FIELD(struct source, due_us, FIELD_TIME),
	                              FIELD(struct source, paced_by, FIELD_TEXT), FIELD(struct source, id, FIELD_INT),
	                              FIELD(struct source, looked_at, FIELD_TEXT), FIELD_END },
};
static const struct sql SET = {
	.name = "source set",
	.text = "UPDATE source SET url = $1, policy = $2, hold_us = $3, interval_us = $4, max_age_us = $5, flood = $6, only_posts = $7, "
		"except_posts = $8, "
		"strips_tracking = $9, due_us = $10, feed_url = $11, etag = $12, last_modified = $13 WHERE id = $14",
	.in = (const struct field[]){ FIELD(struct source, url, FIELD_TEXT), FIELD_WORDS(struct source, policy, source_policy_words),
	                              FIELD(struct source, hold_us, FIELD_INT), FIELD(struct source, interval_us, FIELD_DURATION),
	                              FIELD(struct source, max_age_us, FIELD_DURATION), FIELD(struct source, flood, FIELD_INT),
	                              FIELD(struct source, only_posts, FIELD_TEXT), FIELD(struct source, except_posts, FIELD_TEXT),
	                              FIELD(struct source, strips_tracking, FIELD_BOOL), FIELD(struct source, due_us, FIELD_TIME),
	                              FIELD(struct source, feed_url, FIELD_TEXT), FIELD(struct source, etag, FIELD_TEXT),
	                              FIELD(struct source, last_modified, FIELD_TEXT), FIELD(struct source, id, FIELD_INT), FIELD_END },
};
static const struct sql OF_KIND = { .name = "source of kind",
	                            .text = SELECT_SOURCE "WHERE list_id = $1 AND kind = $2 ORDER BY id LIMIT 1",
	                            .in = ARGS(ARG(a, INT), ARG(s, TEXT)),
	                            ROWS };
static const struct sql SET_STATE = { .name = "source state",
	                              .text = "UPDATE source SET state = $1, due_us = $2, failures = 0, error = NULL WHERE id = $3",
	                              .in = ARGS(ARG(s, TEXT), ARG(a, INT), ARG(b, INT)) };
static const struct sql SET_DUE = { .name = "source due at",
	                            .text = "UPDATE source SET due_us = $1 WHERE id = $2",
	                            .in = ARGS(ARG(a, INT), ARG(b, INT)) };
static const struct sql DETACH = { .name = "source detach",
	                           .text = "UPDATE post SET source_id = NULL WHERE source_id = $1",
	                           .in = ARGS(ARG(a, INT)) };
static const struct sql REMOVE = { .name = "source remove", .text = "DELETE FROM source WHERE id = $1", .in = ARGS(ARG(a, INT)) };

const struct sql *const source_statements[] = { &INSERT,    &GET,     &ALL,    &OF_LIST, &DUE, &source_checked_sql, &SET, &OF_KIND,
	                                        &SET_STATE, &SET_DUE, &DETACH, &REMOVE,  NULL };

static int twice(const struct source *source, const struct error *why, struct error *err)
{
	if (why->code == ERROR_CONFLICT)
		return error_set(err, ERROR_CONFLICT, "%s is a source of this list already", source->url);
	if (err)
		*err = *why;
	return -1;
}

int store_source_add(struct db *db, const struct source *source, int64_t *id, struct error *err)
{
	struct error why = { 0 };
	struct source row = *source;
	row.only_posts = row.only_posts ? row.only_posts : "";
	row.except_posts = row.except_posts ? row.except_posts : "";
	row.paced_by = row.paced_by ? row.paced_by : "";
	return store_insert(db, &INSERT, &row, id, &why) == 0 ? 0 : twice(source, &why, err);
}

int store_source_set(struct db *db, const struct source *source, struct error *err)
{
	struct error why = { 0 };
	return store_run(db, &SET, source, NULL, &why) == 0 ? 0 : twice(source, &why, err);
}

int store_source_of_kind(struct db *db, int64_t list, const char *kind, struct source *out, struct arena *arena, struct error *err)
{
	return db_one(db, &OF_KIND, &(struct arg){ .a = list, .s = kind }, out, arena, err);
}

int store_source_get(struct db *db, int64_t id, struct source *out, struct arena *arena, struct error *err)
{
	return db_one(db, &GET, &(struct arg){ .a = id }, out, arena, err);
}

int store_source_all(struct db *db, int64_t list, struct source *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, list ? &OF_LIST : &ALL, &(struct arg){ .a = list }, out, max, n, arena, err);
}

int store_source_due(struct db *db, int64_t now_us, struct source *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &DUE, &(struct arg){ .a = now_us }, out, max, n, arena, err);
}

int store_source_checked(struct db *db, const struct source *source, struct error *err)
{
	return store_run(db, &source_checked_sql, source, NULL, err);
}

int store_source_set_due(struct db *db, int64_t id, int64_t due_us, struct error *err)
{
	return store_run(db, &SET_DUE, &(struct arg){ .a = due_us, .b = id }, NULL, err);
}

int store_source_set_state(struct db *db, int64_t id, enum source_state state, int64_t due_us, struct error *err)
{
	return store_run(db, &SET_STATE, &(struct arg){ .s = source_state_words[state], .a = due_us, .b = id }, NULL, err);
}

static int remove_body(struct db *db, void *arg, struct error *err)
{
	return db_run(db, &DETACH, arg, NULL, err) < 0 ? -1 : db_run(db, &REMOVE, arg, NULL, err);
}

int store_source_remove(struct db *db, int64_t id, struct error *err)
{
	return db_write(db, remove_body, &(struct arg){ .a = id }, err);
}
