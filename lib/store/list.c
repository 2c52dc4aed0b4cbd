#include "store/list.h"
#include "store/arg.h"

const struct field list_fields[] = {
	FIELD(struct list, id, FIELD_INT),
	FIELD(struct list, name, FIELD_TEXT),
	FIELD(struct list, title, FIELD_TEXT),
	FIELD(struct list, description, FIELD_TEXT),
	FIELD(struct list, list_id, FIELD_TEXT),
	FIELD(struct list, from_name, FIELD_TEXT),
	FIELD(struct list, from_email, FIELD_TEXT),
	FIELD(struct list, reply_to, FIELD_TEXT),
	FIELD(struct list, owner_email, FIELD_TEXT),
	FIELD(struct list, postal, FIELD_TEXT),
	FIELD(struct list, language, FIELD_TEXT),
	FIELD(struct list, timezone, FIELD_TEXT),
	FIELD(struct list, return_path, FIELD_TEXT),
	FIELD(struct list, template, FIELD_TEXT),
	FIELD(struct list, theme, FIELD_TEXT),
	FIELD(struct list, text_links, FIELD_TEXT),
	FIELD(struct list, images, FIELD_TEXT),
	FIELD(struct list, is_public, FIELD_BOOL),
	FIELD(struct list, testers, FIELD_TEXT),
	FIELD(struct list, policy, FIELD_TEXT),
	FIELD(struct list, editors, FIELD_TEXT),
	FIELD(struct list, post_token, FIELD_TEXT),
	FIELD(struct list, needs_approval, FIELD_BOOL),
	FIELD(struct list, created_us, FIELD_TIME),
	FIELD(struct list, closed_us, FIELD_TIME),
	FIELD(struct list, rate, FIELD_TEXT),
	FIELD(struct list, relay, FIELD_TEXT),
	FIELD_END,
};

#define COLUMNS                                                                                                                            \
	"name, title, description, list_id, from_name, from_email, reply_to, owner_email, postal, language, timezone, return_path, "       \
	"template, theme, text_links, images, is_public, testers, policy, editors, post_token, needs_approval, created_us, closed_us, "    \
	"rate, relay"

static const struct sql INSERT = {
	.name = "list insert",
	.text = "INSERT INTO list (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
		"$19, $20, $21, $22, $23, $24, $25, $26) RETURNING id",
	.in = list_fields + 1,
	.row = COLUMN_NUMBER("id"),
	.row_bytes = sizeof(int64_t),
};

static const struct field update_fields[] = {
	FIELD(struct list, title, FIELD_TEXT),
	FIELD(struct list, description, FIELD_TEXT),
	FIELD(struct list, from_name, FIELD_TEXT),
	FIELD(struct list, from_email, FIELD_TEXT),
	FIELD(struct list, reply_to, FIELD_TEXT),
	FIELD(struct list, owner_email, FIELD_TEXT),
	FIELD(struct list, postal, FIELD_TEXT),
	FIELD(struct list, language, FIELD_TEXT),
	FIELD(struct list, timezone, FIELD_TEXT),
	FIELD(struct list, return_path, FIELD_TEXT),
	FIELD(struct list, template, FIELD_TEXT),
	FIELD(struct list, theme, FIELD_TEXT),
	FIELD(struct list, text_links, FIELD_TEXT),
	FIELD(struct list, images, FIELD_TEXT),
	FIELD(struct list, is_public, FIELD_BOOL),
	FIELD(struct list, testers, FIELD_TEXT),
	FIELD(struct list, policy, FIELD_TEXT),
	FIELD(struct list, editors, FIELD_TEXT),
	FIELD(struct list, post_token, FIELD_TEXT),
	FIELD(struct list, needs_approval, FIELD_BOOL),
	FIELD(struct list, closed_us, FIELD_TIME),
	FIELD(struct list, rate, FIELD_TEXT),
	FIELD(struct list, relay, FIELD_TEXT),
	FIELD(struct list, id, FIELD_INT),
	FIELD_END,
};

static const struct sql UPDATE = {
	.name = "list update",
	.text = "UPDATE list SET title = $1, description = $2, from_name = $3, from_email = $4, reply_to = $5, owner_email = $6, postal = "
		"$7, "
		"language = $8, timezone = $9, return_path = $10, template = $11, theme = $12, text_links = $13, images = $14, "
		"is_public = $15, testers = $16, policy = $17, editors = $18, post_token = $19, needs_approval = $20, closed_us = $21, "
		"rate = $22, relay = $23 WHERE id = $24",
	.in = update_fields,
};

static const struct sql GET = {
	.name = "list get",
	.text = "SELECT id, " COLUMNS " FROM list WHERE id = $1",
	.in = ARGS(ARG(a, INT)),
	.row = list_fields,
	.row_bytes = sizeof(struct list),
};

static const struct sql FIND = {
	.name = "list find",
	.text = "SELECT id, " COLUMNS " FROM list WHERE name = $1",
	.in = ARGS(ARG(s, TEXT)),
	.row = list_fields,
	.row_bytes = sizeof(struct list),
};

static const struct sql OF_TOKEN = {
	.name = "list of token",
	.text = "SELECT id, " COLUMNS " FROM list WHERE post_token = $1 AND post_token <> ''",
	.in = ARGS(ARG(s, TEXT)),
	.row = list_fields,
	.row_bytes = sizeof(struct list),
};

static const struct sql ALL = {
	.name = "list all",
	.text = "SELECT id, " COLUMNS " FROM list ORDER BY name",
	.row = list_fields,
	.row_bytes = sizeof(struct list),
};

static const struct sql COUNT = {
	.name = "list count",
	.text = "SELECT count(CASE WHEN state = 'pending' THEN 1 END) AS pending, count(CASE WHEN state = 'active' THEN 1 END) AS active, "
		"count(CASE WHEN state = 'paused' THEN 1 END) AS paused, count(CASE WHEN state = 'unsubscribed' THEN 1 END) AS "
		"unsubscribed "
		"FROM subscription WHERE list_id = $1",
	.in = ARGS(ARG(a, INT)),
	.row = (const struct field[]){ FIELD(struct list_counts, pending, FIELD_INT), FIELD(struct list_counts, active, FIELD_INT),
	                               FIELD(struct list_counts, paused, FIELD_INT), FIELD(struct list_counts, unsubscribed, FIELD_INT),
	                               FIELD_END },
	.row_bytes = sizeof(struct list_counts),
};

const struct sql *const list_statements[] = { &INSERT, &UPDATE, &GET, &FIND, &OF_TOKEN, &ALL, &COUNT, NULL };

int store_list_create(struct db *db, const struct list *list, int64_t *id, struct error *err)
{
	struct error why = { 0 };
	struct list row = *list;
	row.theme = row.theme ? row.theme : "";
	row.text_links = row.text_links ? row.text_links : "notes";
	row.images = row.images ? row.images : "link";
	row.policy = row.policy ? row.policy : "draft";
	row.editors = row.editors ? row.editors : "";
	row.post_token = row.post_token ? row.post_token : "";
	if (store_insert(db, &INSERT, &row, id, &why) == 0)
		return 0;
	if (why.code == ERROR_CONFLICT)
		return error_set(err, ERROR_CONFLICT, "there is a list \"%s\" already", list->name);
	if (err)
		*err = why;
	return -1;
}

int store_list_update(struct db *db, const struct list *list, struct error *err)
{
	return store_run(db, &UPDATE, list, NULL, err);
}

int store_list_get(struct db *db, int64_t id, struct list *out, struct arena *arena, struct error *err)
{
	int found = db_one(db, &GET, &(struct arg){ .a = id }, out, arena, err);
	if (found == 0)
		error_set(err, ERROR_NOT_FOUND, "list %" PRId64 " is there no more", id);
	return found;
}

int store_list_find(struct db *db, const char *name, struct list *out, struct arena *arena, struct error *err)
{
	return db_one(db, &FIND, &(struct arg){ .s = name }, out, arena, err);
}

int store_list_of_token(struct db *db, const char *post_token, struct list *out, struct arena *arena, struct error *err)
{
	return db_one(db, &OF_TOKEN, &(struct arg){ .s = post_token }, out, arena, err);
}

int store_list_all(struct db *db, struct list *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &ALL, NULL, out, max, n, arena, err);
}

int store_list_count(struct db *db, int64_t list, struct list_counts *out, struct error *err)
{
	return db_one(db, &COUNT, &(struct arg){ .a = list }, out, NULL, err) < 0 ? -1 : 0;
}
