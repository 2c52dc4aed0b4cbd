#include "store/file.h"
#include "store/arg.h"

#define F(member, kind) FIELD(struct stored_file, member, FIELD_##kind)
const struct field stored_file_fields[] = { F(key, TEXT), F(type, TEXT), F(width, INT), F(height, INT), F(content, BYTES), FIELD_END };

static const struct sql ADD = {
	.name = "file add",
	.text = "INSERT INTO file (key, type, width, height, content) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key) DO NOTHING",
	.in = stored_file_fields,
};
static const struct sql HAS = { .name = "file has",
	                        .text = "SELECT COUNT(*) AS id FROM file WHERE key = $1",
	                        .in = ARGS(ARG(s, TEXT)),
	                        .row = COLUMN_NUMBER("id"),
	                        .row_bytes = sizeof(int64_t) };
static const struct sql GET = { .name = "file get",
	                        .text = "SELECT key, type, width, height, content FROM file WHERE key = $1",
	                        .in = ARGS(ARG(s, TEXT)),
	                        .row = stored_file_fields,
	                        .row_bytes = sizeof(struct stored_file) };
static const struct sql TYPE = { .name = "file type",
	                         .text = "SELECT type FROM file WHERE key = $1",
	                         .in = ARGS(ARG(s, TEXT)),
	                         .row = (const struct field[]){ { "type", FIELD_TEXT, 0, NULL }, FIELD_END },
	                         .row_bytes = sizeof(char *) };
static const struct sql SIZE = { .name = "file size",
	                         .text = "SELECT width, height FROM file WHERE key = $1",
	                         .in = ARGS(ARG(s, TEXT)),
	                         .row = (const struct field[]){ F(width, INT), F(height, INT), FIELD_END },
	                         .row_bytes = sizeof(struct stored_file) };
const struct sql *const file_statements[] = { &ADD, &HAS, &GET, &TYPE, &SIZE, NULL };

int store_file_has(struct db *db, const char *key, struct error *err)
{
	int64_t n = 0;
	return db_one(db, &HAS, &(struct arg){ .s = key }, &n, NULL, err) < 0 ? -1 : n > 0;
}

int store_file_type(struct db *db, const char *key, const char **type, struct arena *arena, struct error *err)
{
	return db_one(db, &TYPE, &(struct arg){ .s = key }, type, arena, err);
}

int store_file_size(struct db *db, const char *key, struct stored_file *out, struct error *err)
{
	*out = (struct stored_file){ 0 };
	return db_one(db, &SIZE, &(struct arg){ .s = key }, out, NULL, err);
}

int store_file_get(struct db *db, const char *key, struct stored_file *out, struct arena *arena, struct error *err)
{
	return db_one(db, &GET, &(struct arg){ .s = key }, out, arena, err);
}

int store_file_add(struct db *db, const struct stored_file *file, struct error *err)
{
	return store_run(db, &ADD, file, NULL, err);
}
