#include "store/post.h"
#include "store/arg.h"
#include "store/source.h"
#include "store/words.h"

const char *const post_state_words[] = { "seen", "draft", "held", "used", "skipped", NULL };

#define POST(member, kind) POST_FIELD(struct stored_post, member, kind)
const struct field stored_post_fields[] = {
	FIELD(struct stored_post, id, FIELD_INT),
	FIELD(struct stored_post, list_id, FIELD_INT),
	FIELD(struct stored_post, source_id, FIELD_ID),
	FIELD_WORDS(struct stored_post, state, post_state_words),
	FIELD(struct stored_post, hold_until_us, FIELD_TIME),
	FIELD(struct stored_post, version, FIELD_INT),
	FIELD(struct stored_post, alert, FIELD_TEXT),
	FIELD(struct stored_post, seen_us, FIELD_TIME),
	FIELD(struct stored_post, title_hash, FIELD_TEXT),
	FIELD(struct stored_post, text_hash, FIELD_TEXT),
	FIELD(struct stored_post, in_digest, FIELD_BOOL),
	FIELD(struct stored_post, digest_order, FIELD_INT),
	FIELD(struct stored_post, source_hash, FIELD_TEXT),
	POST(identity, TEXT),
	POST_WORDS(struct stored_post),
	FIELD_END,
};

#define COLUMNS                                                                                                                            \
	"list_id, source_id, state, hold_until_us, version, alert, seen_us, title_hash, text_hash, in_digest, digest_order, source_hash, " \
	"identity, " POST_COLUMNS
#define SELECT_POST "SELECT id, " COLUMNS " FROM post "
#define ROWS .row = stored_post_fields, .row_bytes = sizeof(struct stored_post)

static const struct sql INSERT = {
	.name = "post insert",
	.text = "INSERT INTO post (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
		"$19, $20, $21, $22, $23, $24, $25) "
		"RETURNING id",
	.in = stored_post_fields + 1,
	.row = COLUMN_NUMBER("id"),
	.row_bytes = sizeof(int64_t),
};
static const struct sql KEEP_VERSION = {
	.name = "post keep version",
	.text = "INSERT INTO post_version (post_id, version, title, subtitle, html, text, until_us) SELECT id, version, title, subtitle, "
		"html, text, "
		"CAST($1 AS BIGINT) FROM post WHERE id = $2 ON CONFLICT (post_id, version) DO NOTHING",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
};
static const struct sql UPDATE = {
	.name = "post update",
	.text = "UPDATE post SET version = $1, title_hash = $2, text_hash = $3, url = $4, title = $5, subtitle = $6, author = $7, language "
		"= $8, "
		"html = $9, text = $10, image = $11, image_alt = $12, updated_us = $13, source_hash = $14 WHERE id = $15",
	.in = (const struct field[]){ FIELD(struct stored_post, version, FIELD_INT), FIELD(struct stored_post, title_hash, FIELD_TEXT),
	                              FIELD(struct stored_post, text_hash, FIELD_TEXT), POST(url, TEXT), POST(title, TEXT),
	                              POST(subtitle, TEXT), POST(author, TEXT), POST(language, TEXT), POST(html, TEXT), POST(text, TEXT),
	                              POST(image, TEXT), POST(image_alt, TEXT), POST(updated_us, TIME),
	                              FIELD(struct stored_post, source_hash, FIELD_TEXT), FIELD(struct stored_post, id, FIELD_INT),
	                              FIELD_END },
};
static const struct sql GET = { .name = "post get", .text = SELECT_POST "WHERE id = $1", .in = ARGS(ARG(a, INT)), ROWS };
static const struct sql FIND = {
	.name = "post find", .text = SELECT_POST "WHERE list_id = $1 AND identity = $2", .in = ARGS(ARG(a, INT), ARG(s, TEXT)), ROWS
};
static const struct sql PAGE = {
	.name = "post page", .text = SELECT_POST "WHERE id < $1 ORDER BY id DESC LIMIT $2", .in = ARGS(ARG(a, INT), ARG(b, INT)), ROWS
};
static const struct sql PAGE_OF_LIST = { .name = "post page of list",
	                                 .text = SELECT_POST "WHERE id < $1 AND list_id = $2 ORDER BY id DESC LIMIT $3",
	                                 .in = ARGS(ARG(a, INT), ARG(c, INT), ARG(b, INT)),
	                                 ROWS };
#define NUMBER .row = COLUMN_NUMBER("id"), .row_bytes = sizeof(int64_t)
static const struct sql TWIN_TEXT = { .name = "post twin by text",
	                              .text = "SELECT id FROM post WHERE list_id = $1 AND text_hash = $2 ORDER BY id LIMIT 1",
	                              .in = ARGS(ARG(a, INT), ARG(s, TEXT)),
	                              NUMBER };
static const struct sql TWIN_TITLE = { .name = "post twin by title",
	                               .text = "SELECT id FROM post WHERE list_id = $1 AND title_hash = $2 ORDER BY id LIMIT 1",
	                               .in = ARGS(ARG(a, INT), ARG(s, TEXT)),
	                               NUMBER };
static const struct sql SET_STATE = { .name = "post state",
	                              .text = "UPDATE post SET state = $1 WHERE id = $2",
	                              .in = ARGS(ARG(s, TEXT), ARG(a, INT)) };
static const struct sql DUE = {
	.name = "post due",
	.text = "SELECT id FROM post WHERE state = 'held' AND in_digest = 0 AND hold_until_us <= $1 ORDER BY hold_until_us, id",
	.in = ARGS(ARG(a, INT)),
	NUMBER
};

/* What was approved were other words. */
static const struct sql UNAPPROVE = {
	.name = "post edit unapproves",
	.text = "UPDATE campaign SET approved_by = '' WHERE approved_by <> '' AND state IN ('draft', 'scheduled') AND id IN (SELECT "
		"campaign_id "
		"FROM campaign_post WHERE post_id = $1)",
	.in = ARGS(ARG(a, INT)),
};
#define V(member, kind) FIELD(struct stored_version, member, FIELD_##kind)
const struct field stored_version_fields[] = { V(version, INT), V(title, TEXT),    V(subtitle, TEXT), V(html, TEXT),
	                                       V(text, TEXT),   V(until_us, TIME), FIELD_END };
#define SELECT_VERSION "SELECT version, title, subtitle, html, text, until_us FROM post_version WHERE post_id = $1 "
#define VERSION_ROWS .row = stored_version_fields, .row_bytes = sizeof(struct stored_version)
static const struct sql VERSIONS = {
	.name = "post versions", .text = SELECT_VERSION "ORDER BY version DESC", .in = ARGS(ARG(a, INT)), VERSION_ROWS
};
static const struct sql VERSION = {
	.name = "post version", .text = SELECT_VERSION "AND version = $2", .in = ARGS(ARG(a, INT), ARG(b, INT)), VERSION_ROWS
};

const struct sql *const post_statements[] = { &VERSIONS, &VERSION,      &UNAPPROVE, &INSERT,     &KEEP_VERSION, &UPDATE, &GET, &FIND,
	                                      &PAGE,     &PAGE_OF_LIST, &TWIN_TEXT, &TWIN_TITLE, &SET_STATE,    &DUE,    NULL };
extern const struct sql source_checked_sql, attachment_name_sql, attachment_unname_sql;

int store_post_get(struct db *db, int64_t id, struct stored_post *out, struct arena *arena, struct error *err)
{
	*out = (struct stored_post){ 0 };
	return db_one(db, &GET, &(struct arg){ .a = id }, out, arena, err);
}

int store_post_find(struct db *db, int64_t list, const char *identity, struct stored_post *out, struct arena *arena, struct error *err)
{
	*out = (struct stored_post){ 0 };
	return db_one(db, &FIND, &(struct arg){ .a = list, .s = identity }, out, arena, err);
}

int store_post_twin(struct db *db, int64_t list, const char *title_hash, const char *text_hash, int64_t *id, struct error *err)
{
	int found = *text_hash ? db_one(db, &TWIN_TEXT, &(struct arg){ .a = list, .s = text_hash }, id, NULL, err) : 0;
	if (found == 0 && *title_hash)
		found = db_one(db, &TWIN_TITLE, &(struct arg){ .a = list, .s = title_hash }, id, NULL, err);
	return found;
}

int store_post_page(struct db *db, int64_t list, int64_t before_id, struct stored_post *out, size_t max, size_t *n, struct arena *arena,
                    struct error *err)
{
	struct arg arg = { .a = before_id ? before_id : INT64_MAX, .b = (int64_t)max, .c = list };
	return db_all(db, list ? &PAGE_OF_LIST : &PAGE, &arg, out, max, n, arena, err);
}

int store_post_versions(struct db *db, int64_t id, struct stored_version *out, size_t max, size_t *n, struct arena *arena,
                        struct error *err)
{
	return db_all(db, &VERSIONS, &(struct arg){ .a = id }, out, max, n, arena, err);
}

int store_post_version(struct db *db, int64_t id, int64_t version, struct stored_version *out, struct arena *arena, struct error *err)
{
	return db_one(db, &VERSION, &(struct arg){ .a = id, .b = version }, out, arena, err);
}

struct taking {
	struct stored_post *posts;
	size_t n;
	const struct source *source;
};

static int take_files(struct db *db, const struct stored_post *post, struct error *err)
{
	if (post->post.files && db_run(db, &attachment_unname_sql, &(struct arg){ .a = post->id }, NULL, err) < 0)
		return -1;
	for (size_t i = 0; post->post.files && i < post->post.file_count; i++) {
		const struct post_file *file = &post->post.files[i];
		struct arg arg = { .a = post->id, .s = file->name, .t = file->type, .u = file->key, .x = BYTES_OF("") };
		if (db_run(db, &attachment_name_sql, &arg, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int take_words(struct db *db, struct stored_post *post, struct error *err)
{
	if (post->id == 0)
		return db_one(db, &INSERT, post, &post->id, NULL, err) < 0 ? -1 : 0;
	int64_t now_us = post->post.updated_us ? post->post.updated_us : post->seen_us;
	if (db_run(db, &KEEP_VERSION, &(struct arg){ .a = now_us, .b = post->id }, NULL, err) < 0)
		return -1;
	if (db_run(db, &UPDATE, post, NULL, err) < 0)
		return -1;
	return db_run(db, &UNAPPROVE, &(struct arg){ .a = post->id }, NULL, err);
}

static int take_body(struct db *db, void *arg, struct error *err)
{
	struct taking *taking = arg;
	for (size_t i = 0; i < taking->n; i++)
		if (take_words(db, &taking->posts[i], err) < 0 || take_files(db, &taking->posts[i], err) < 0)
			return -1;
	int64_t changed = 1;
	if (taking->source && db_run(db, &source_checked_sql, taking->source, &changed, err) < 0)
		return -1;
	return changed > 0 ? 0
	                   : error_set(err, ERROR_CONFLICT,
	                               "source %" PRId64
	                               " was changed while it was looked at: what came is not taken, the next look is at what it is now",
	                               taking->source->id);
}

int store_post_take(struct db *db, struct stored_post *posts, size_t n, const struct source *source, struct error *err)
{
	return db_write(db, take_body, &(struct taking){ posts, n, source }, err);
}

int store_post_set_state(struct db *db, int64_t id, enum post_state state, struct error *err)
{
	return store_run(db, &SET_STATE, &(struct arg){ .s = post_state_words[state], .a = id }, NULL, err);
}

int store_post_due(struct db *db, int64_t now_us, int64_t *ids, size_t max, size_t *n, struct error *err)
{
	return db_all(db, &DUE, &(struct arg){ .a = now_us }, ids, max, n, NULL, err);
}
