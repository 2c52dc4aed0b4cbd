#include "store/arg.h"
#include "store/delivery.h"

static const struct sql ADD = {
	.name = "notice add",
	.text = "INSERT INTO notice (kind, list_id, subscriber_id, email, sender, message, state, due_us, queued_us) VALUES ($1, $2, $3, "
		"$4, $5, $6, "
		"'queued', $7, $8) RETURNING id",
	.in = ARGS(ARG(s, TEXT), ARG(a, ID), ARG(b, ID), ARG(t, TEXT), ARG(u, TEXT), ARG(x, BYTES), ARG(c, INT), ARG(c, INT)),
	.row = COLUMN_NUMBER("id"),
	.row_bytes = sizeof(int64_t),
};
static const struct sql MESSAGE = { .name = "notice message",
	                            .text = "SELECT message AS x FROM notice WHERE id = $1",
	                            .in = ARGS(ARG(a, INT)),
	                            .row = (const struct field[]){ { "x", FIELD_BYTES, 0, NULL }, FIELD_END },
	                            .row_bytes = sizeof(struct bytes) };
struct state_row {
	int state;
	const char *reply;
};
static const struct sql STATE = {
	.name = "notice state",
	.text = "SELECT n.state AS state, coalesce(a.reply, '') AS reply FROM notice n LEFT JOIN attempt a ON a.id = (SELECT max(b.id) "
		"FROM attempt b WHERE "
		"b.notice_id = n.id) WHERE n.id = $1",
	.in = ARGS(ARG(a, INT)),
	.row = (const struct field[]){ FIELD_WORDS(struct state_row, state, delivery_words), FIELD(struct state_row, reply, FIELD_TEXT),
	                               FIELD_END },
	.row_bytes = sizeof(struct state_row),
};
const struct sql *const notice_statements[] = { &ADD, &MESSAGE, &STATE, NULL };

int store_notice_add(struct db *db, const struct notice *notice, int64_t now_us, int64_t *id, struct error *err)
{
	struct arg arg = { .s = notice->kind,
		           .a = notice->list_id,
		           .b = notice->subscriber_id,
		           .t = notice->email,
		           .u = notice->sender,
		           .x = notice->message,
		           .c = now_us };
	return store_insert(db, &ADD, &arg, id, err);
}

int store_notice_message(struct db *db, int64_t id, struct bytes *message, struct arena *arena, struct error *err)
{
	return db_one(db, &MESSAGE, &(struct arg){ .a = id }, message, arena, err);
}

int store_notice_state(struct db *db, int64_t id, int *state, char reply[OUTCOME_REPLY_BYTES], struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct state_row row = { 0 };
	int found = db_one(db, &STATE, &(struct arg){ .a = id }, &row, &arena, err);
	*state = row.state;
	snprintf(reply, OUTCOME_REPLY_BYTES, "%s", row.reply ? row.reply : "");
	return found;
}
