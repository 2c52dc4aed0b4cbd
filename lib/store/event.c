#include "store/event.h"
#include "base/digest.h"
#include "store/arg.h"
#include "store/delivery.h"
#include "store/tally.h"

const char *const event_words[] = { "bounce", "delay", "complaint", "unsubscribe", "reply", "refused", "alert", NULL };
#define V(member, kind) FIELD(struct event, member, FIELD_##kind)
const struct field event_fields[] = { V(id, INT),           FIELD_WORDS(struct event, kind, event_words),
	                              V(list_id, ID),       V(campaign_id, ID),
	                              V(subscriber_id, ID), V(delivery_id, ID),
	                              V(class, TEXT),       V(status, TEXT),
	                              V(detail, TEXT),      V(evidence, BYTES),
	                              V(at_us, TIME),       FIELD_END };
struct event_in {
	struct event event;
	const char *hash;
};
#define E(member, kind)                                                                                                                    \
	{                                                                                                                                  \
#member, FIELD_##kind, offsetof(struct event_in, event.member), NULL                                                       \
	}
static const struct sql ADD = {
	.name = "event add",
	.text = "INSERT INTO event (kind, list_id, campaign_id, subscriber_id, delivery_id, class, status, detail, evidence, "
		"evidence_hash, at_us) VALUES ($1, "
		"$2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (evidence_hash) DO NOTHING RETURNING id",
	.in = (const struct field[]){ { "kind", FIELD_WORD, offsetof(struct event_in, event.kind), event_words },
	                              E(list_id, ID),
	                              E(campaign_id, ID),
	                              E(subscriber_id, ID),
	                              E(delivery_id, ID),
	                              E(class, TEXT),
	                              E(status, TEXT),
	                              E(detail, TEXT),
	                              E(evidence, BYTES),
	                              FIELD(struct event_in, hash, FIELD_TEXT),
	                              E(at_us, INT),
	                              FIELD_END },
	.row = COLUMN_NUMBER("id"),
	.row_bytes = sizeof(int64_t),
};
static const struct sql PAGE = {
	.name = "event page",
	.text = "SELECT id, kind, list_id, campaign_id, subscriber_id, delivery_id, class, status, detail, evidence, at_us FROM event "
		"WHERE id < $1 ORDER BY id "
		"DESC LIMIT $2",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	.row = event_fields,
	.row_bytes = sizeof(struct event),
};
static const struct sql PAGE_OF = {
	.name = "event page of subscriber",
	.text = "SELECT id, kind, list_id, campaign_id, subscriber_id, delivery_id, class, status, detail, evidence, at_us FROM event "
		"WHERE subscriber_id = $1 "
		"AND id < $2 ORDER BY id DESC LIMIT $3",
	.in = ARGS(ARG(c, INT), ARG(a, INT), ARG(b, INT)),
	.row = event_fields,
	.row_bytes = sizeof(struct event),
};
struct returned {
	int64_t id, provider;
	int state, class;
};
/* What counts of a delivery that came back; every other class is a return. */
enum { CAME_NOT, CAME_COMPLAINT, CAME_BACK };
static const char *const came_words[] = { "no", "complaint", "back", NULL };
static const struct sql DELIVERY = {
	.name = "event delivery",
	.text = "SELECT id, provider, state, CASE WHEN returned_us = 0 THEN 'no' WHEN returned_class = 'complaint' THEN 'complaint' ELSE "
		"'back' END AS "
		"class FROM delivery WHERE campaign_id = $1 AND subscriber_id = $2",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	.row = (const struct field[]){ FIELD(struct returned, id, FIELD_INT), FIELD(struct returned, provider, FIELD_INT),
	                               FIELD_WORDS(struct returned, state, delivery_words), FIELD_WORDS(struct returned, class, came_words),
	                               FIELD_END },
	.row_bytes = sizeof(struct returned),
};
static const struct sql RETURNED_FROM = {
	.name = "event returned from",
	.text = "SELECT coalesce(d.provider, s.provider) AS provider, coalesce(d.finished_us, 0) AS sent_us FROM subscriber s LEFT JOIN "
		"delivery d ON d.campaign_id = $1 AND d.subscriber_id = s.id WHERE s.id = $2",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	.row = (const struct field[]){ FIELD(struct returned_from, provider, FIELD_INT), FIELD(struct returned_from, sent_us, FIELD_INT),
	                               FIELD_END },
	.row_bytes = sizeof(struct returned_from),
};
static const struct sql RETURNED = { .name = "event returned",
	                             .text = "UPDATE delivery SET returned_us = $1, returned_class = $2 WHERE id = $3",
	                             .in = ARGS(ARG(a, INT), ARG(s, TEXT), ARG(b, INT)) };
static const struct sql PROVED = {
	.name = "event proved",
	.text = "UPDATE delivery SET state = 'sent', finished_us = $1, merge_values = NULL, reason = '' WHERE id = $2 AND state = "
		"'uncertain'",
	.in = ARGS(ARG(a, INT), ARG(b, INT))
};
static const struct sql SUPPRESS = {
	.name = "event suppress",
	.text = "INSERT INTO suppression (email, email_key, reason, is_provisional, event_id, created_us) SELECT s.email, s.email_key, "
		"CAST($1 AS TEXT), 0, "
		"CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM subscriber s WHERE s.id = $4 ON CONFLICT (email_key) DO NOTHING",
	.in = ARGS(ARG(s, TEXT), ARG(a, INT), ARG(b, INT), ARG(c, INT)),
};
static const struct sql REVOKE = { .name = "event revoke",
	                           .text = "INSERT INTO revocation (subscriber_id, at_us) VALUES ($1, $2)",
	                           .in = ARGS(ARG(c, INT), ARG(b, INT)) };
#define S(member, kind) FIELD(struct suppression, member, FIELD_##kind)
#define SUPPRESSION_STORED                                                                                                                 \
	S(email, TEXT), S(email_key, TEXT), S(reason, TEXT), S(is_provisional, BOOL), S(event_id, ID), S(created_us, TIME)
const struct field suppression_fields[] = { S(id, INT), SUPPRESSION_STORED, S(status, TEXT), S(evidence, TEXT), FIELD_END };
#define SUPPRESSION                                                                                                                        \
	"SELECT p.id, p.email, p.email_key, p.reason, p.is_provisional, p.event_id, p.created_us, coalesce(e.status, '') AS status, "      \
	"coalesce(e.detail, '') AS evidence FROM suppression p LEFT JOIN event e ON e.id = p.event_id "
#define SUPPRESSION_ROWS .row = suppression_fields, .row_bytes = sizeof(struct suppression)
static const struct sql SUPPRESSION_ADD = {
	.name = "suppression add",
	.text = "INSERT INTO suppression (email, email_key, reason, is_provisional, event_id, created_us) VALUES ($1, $2, $3, $4, $5, $6) "
		"ON CONFLICT "
		"(email_key) DO NOTHING",
	.in = (const struct field[]){ SUPPRESSION_STORED, FIELD_END },
};
static const struct sql SUPPRESSION_REMOVE = { .name = "suppression remove",
	                                       .text = "DELETE FROM suppression WHERE email_key = $1",
	                                       .in = ARGS(ARG(s, TEXT)) };
static const struct sql SUPPRESSION_FIND = {
	.name = "suppression find", .text = SUPPRESSION "WHERE p.email_key = $1", .in = ARGS(ARG(s, TEXT)), SUPPRESSION_ROWS
};
static const struct sql SUPPRESSION_PAGE = { .name = "suppression page",
	                                     .text = SUPPRESSION "WHERE p.id > $1 ORDER BY p.id LIMIT $2",
	                                     .in = ARGS(ARG(a, INT), ARG(b, INT)),
	                                     SUPPRESSION_ROWS };
const struct sql *const event_statements[] = {
	&ADD,      &PAGE,   &PAGE_OF,         &DELIVERY,           &RETURNED_FROM,    &RETURNED,         &PROVED,
	&SUPPRESS, &REVOKE, &SUPPRESSION_ADD, &SUPPRESSION_REMOVE, &SUPPRESSION_FIND, &SUPPRESSION_PAGE, NULL
};

struct applying {
	struct event_in in;
	const char *suppress_reason;
	bool is_new;
};

/* The first return counts; a complaint counts even after one, in its place. */
static int count_returned(struct db *db, const struct event *event, const struct returned *row, struct tally *tally, struct error *err)
{
	bool complaint = event->kind == EVENT_COMPLAINT;
	if (complaint ? row->class == CAME_COMPLAINT : event->kind != EVENT_BOUNCE || row->class != CAME_NOT)
		return 0;
	struct arg arg = { .a = event->at_us, .s = complaint ? "complaint" : event->class, .b = row->id };
	if (db_run(db, &RETURNED, &arg, NULL, err) < 0)
		return -1;
	if (row->class == CAME_BACK && tally_returned(db, tally, event->campaign_id, row->provider, false, -1, err) < 0)
		return -1;
	return tally_returned(db, tally, event->campaign_id, row->provider, complaint, 1, err);
}

static int mark_returned(struct db *db, const struct event *event, struct error *err)
{
	struct returned row = { 0 };
	struct tally tally = { 0 };
	int found = db_one(db, &DELIVERY, &(struct arg){ .a = event->campaign_id, .b = event->subscriber_id }, &row, NULL, err);
	if (found <= 0)
		return found;
	/* What came back was sent. */
	if (row.state == DELIVERY_UNCERTAIN &&
	    (db_run(db, &PROVED, &(struct arg){ .a = event->at_us, .b = row.id }, NULL, err) < 0 ||
	     tally_move(db, &tally, event->campaign_id, row.provider, DELIVERY_UNCERTAIN, DELIVERY_SENT, 1, err) < 0))
		return -1;
	if (count_returned(db, event, &row, &tally, err) < 0)
		return -1;
	return tally_write(db, &tally, err);
}

static int apply_body(struct db *db, void *arg, struct error *err)
{
	struct applying *in = arg;
	const struct event *event = &in->in.event;
	int64_t id = 0;
	int added = db_one(db, &ADD, &in->in, &id, NULL, err);
	in->is_new = added > 0;
	if (added <= 0)
		return added;
	if (event->campaign_id > 0 && event->subscriber_id > 0 && mark_returned(db, event, err) < 0)
		return -1;
	if (!in->suppress_reason || event->subscriber_id == 0)
		return 0;
	struct arg suppress = { .s = in->suppress_reason, .a = id, .b = event->at_us, .c = event->subscriber_id };
	return db_run(db, &SUPPRESS, &suppress, NULL, err) < 0 ? -1 : db_run(db, &REVOKE, &suppress, NULL, err);
}

int store_event_apply(struct db *db, const struct event *event, const char *suppress_reason, bool *is_new, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer hex = BUFFER_INIT(128);
	uint8_t digest[DIGEST_BYTES];
	struct applying in = { .in.event = *event, .suppress_reason = suppress_reason };
	in.in.event.class = event->class ? event->class : "";
	in.in.event.status = event->status ? event->status : "";
	in.in.event.detail = event->detail ? event->detail : "";
	if (event->evidence.data) {
		digest_sha256(event->evidence, digest);
		digest_hex(digest, sizeof digest, &hex);
		in.in.hash = buffer_text(&hex);
	}
	int result = db_write(db, apply_body, &in, err);
	*is_new = in.is_new;
	return result;
}

int store_returned_from(struct db *db, int64_t campaign, int64_t subscriber, struct returned_from *out, struct error *err)
{
	return db_one(db, &RETURNED_FROM, &(struct arg){ .a = campaign, .b = subscriber }, out, NULL, err);
}

int store_event_page(struct db *db, int64_t subscriber, int64_t before, struct event *out, size_t max, size_t *n, struct arena *arena,
                     struct error *err)
{
	struct arg arg = { .a = before ? before : INT64_MAX, .b = (int64_t)max, .c = subscriber };
	return db_all(db, subscriber ? &PAGE_OF : &PAGE, &arg, out, max, n, arena, err);
}

int store_suppression_add(struct db *db, const struct suppression *suppression, struct error *err)
{
	return store_run(db, &SUPPRESSION_ADD, suppression, NULL, err);
}

int store_suppression_remove(struct db *db, const char *email_key, int64_t *changed, struct error *err)
{
	return store_run(db, &SUPPRESSION_REMOVE, &(struct arg){ .s = email_key }, changed, err);
}

int store_suppression_find(struct db *db, const char *email_key, struct suppression *out, struct arena *arena, struct error *err)
{
	return db_one(db, &SUPPRESSION_FIND, &(struct arg){ .s = email_key }, out, arena, err);
}

int store_suppression_page(struct db *db, int64_t after, struct suppression *out, size_t max, size_t *n, struct arena *arena,
                           struct error *err)
{
	return db_all(db, &SUPPRESSION_PAGE, &(struct arg){ .a = after, .b = (int64_t)max }, out, max, n, arena, err);
}
