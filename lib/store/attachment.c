#include "store/attachment.h"
#include "store/arg.h"

#define A(member, kind) FIELD(struct attachment, member, FIELD_##kind)
const struct field attachment_fields[] = { A(id, INT),        A(post_id, INT),   A(name, TEXT), A(type, TEXT),
	                                   A(content, BYTES), A(file_key, TEXT), FIELD_END };

static const struct sql SET = {
	.name = "attachment set",
	.text = "INSERT INTO attachment (post_id, name, type, content) VALUES ($1, $2, $3, $4) ON CONFLICT (post_id, name) DO UPDATE SET "
		"type = excluded.type, content = excluded.content, file_key = NULL",
	.in = (const struct field[]){ A(post_id, INT), A(name, TEXT), A(type, TEXT), A(content, BYTES), FIELD_END },
};
/* Those that a post's own file names are the file's: what it names no more goes. */
const struct sql attachment_name_sql = {
	.name = "attachment name",
	.text = "INSERT INTO attachment (post_id, name, type, content, file_key) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (post_id, name) "
		"DO UPDATE SET type = excluded.type, content = excluded.content, file_key = excluded.file_key",
	.in = ARGS(ARG(a, INT), ARG(s, TEXT), ARG(t, TEXT), ARG(x, BYTES), ARG(u, TEXT)),
};
const struct sql attachment_unname_sql = { .name = "attachment unname",
	                                   .text = "DELETE FROM attachment WHERE post_id = $1 AND file_key IS NOT NULL",
	                                   .in = ARGS(ARG(a, INT)) };
static const struct sql OF_POST = {
	.name = "attachments of post",
	.text = "SELECT a.id, a.post_id, a.name, a.type, COALESCE(f.content, a.content) AS content, a.file_key FROM attachment a LEFT JOIN "
		"file f ON "
		"f.key "
		"= a.file_key WHERE a.post_id = $1 ORDER BY a.id",
	.in = ARGS(ARG(a, INT)),
	.row = attachment_fields,
	.row_bytes = sizeof(struct attachment),
};
static const struct sql REMOVE = {
	.name = "attachment remove",
	.text = "DELETE FROM attachment WHERE post_id = $1 AND name = $2",
	.in = ARGS(ARG(a, INT), ARG(s, TEXT)),
};
const struct sql *const attachment_statements[] = { &SET, &attachment_name_sql, &attachment_unname_sql, &OF_POST, &REMOVE, NULL };

int store_attachment_set(struct db *db, const struct attachment *attachment, struct error *err)
{
	return store_run(db, &SET, attachment, NULL, err);
}

int store_attachments(struct db *db, int64_t post, struct attachment *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &OF_POST, &(struct arg){ .a = post }, out, max, n, arena, err);
}

int store_attachment_remove(struct db *db, int64_t post, const char *name, struct error *err)
{
	int64_t changed = 0;
	if (store_run(db, &REMOVE, &(struct arg){ .a = post, .s = name }, &changed, err) < 0)
		return -1;
	return changed > 0;
}
