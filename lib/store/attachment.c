#include "store/attachment.h"
#include "store/arg.h"

#define A(member, kind) FIELD(struct attachment, member, FIELD_##kind)
const struct field attachment_fields[] = { A(id, INT), A(post_id, INT), A(name, TEXT), A(type, TEXT), A(content, BYTES), FIELD_END };

static const struct sql SET = {
	.name = "attachment set",
	.text = "INSERT INTO attachment (post_id, name, type, content) VALUES ($1, $2, $3, $4) ON CONFLICT (post_id, name) DO UPDATE SET "
		"type = excluded.type, content = excluded.content",
	.in = attachment_fields + 1,
};
static const struct sql OF_POST = {
	.name = "attachments of post",
	.text = "SELECT id, post_id, name, type, content FROM attachment WHERE post_id = $1 ORDER BY id",
	.in = ARGS(ARG(a, INT)),
	.row = attachment_fields,
	.row_bytes = sizeof(struct attachment),
};
static const struct sql REMOVE = {
	.name = "attachment remove",
	.text = "DELETE FROM attachment WHERE post_id = $1 AND name = $2",
	.in = ARGS(ARG(a, INT), ARG(s, TEXT)),
};
const struct sql *const attachment_statements[] = { &SET, &OF_POST, &REMOVE, NULL };

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
