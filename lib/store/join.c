/* Joining: rows of an import or a sign-up, a chunk in one transaction. */
#include "base/json.h"
#include "store/arg.h"
#include "store/subscriber.h"
#include "system/random.h"
#include <stdlib.h>

struct person {
	int64_t id;
	const char *attributes;
	int state;
};
static const struct field person_fields[] = { FIELD(struct person, id, FIELD_INT), FIELD(struct person, attributes, FIELD_TEXT),
	                                      FIELD_WORDS(struct person, state, subscription_words), FIELD_END };
static const struct sql PERSON = {
	.name = "join find",
	.text = "SELECT s.id AS id, s.attributes AS attributes, p.state AS state FROM subscriber s LEFT JOIN subscription p ON "
		"p.subscriber_id = s.id AND p.list_id = $1 WHERE s.email_key = $2",
	.in = ARGS(ARG(a, INT), ARG(s, TEXT)),
	.row = person_fields,
	.row_bytes = sizeof(struct person),
};
/* By octets, as strcmp() orders. */
static const struct sql NEXT_SUPPRESSED = {
	.name = "join next suppressed",
	.text = "SELECT email_key FROM suppression WHERE email_key >= $1 ORDER BY email_key LIMIT 1",
	.postgresql = "SELECT email_key FROM suppression WHERE email_key COLLATE \"C\" >= $1 ORDER BY email_key COLLATE \"C\" LIMIT 1",
	.in = ARGS(ARG(s, TEXT)),
	.row = (const struct field[]){ { "email_key", FIELD_TEXT, 0, NULL }, FIELD_END },
	.row_bytes = sizeof(const char *),
};
static const struct sql ADD_PERSON = {
	.name = "join add subscriber",
	.text = "INSERT INTO subscriber (uuid, email, email_key, name, attributes, provider, created_us, updated_us) VALUES ($1, $2, $3, "
		"$4, $5, $6, $7, $8) ON CONFLICT (email_key) DO NOTHING",
	.in = ARGS(ARG(s, TEXT), ARG(t, TEXT), ARG(u, TEXT), ARG(v, TEXT), ARG(w, TEXT), ARG(a, INT), ARG(b, INT), ARG(b, INT)),
};
static const struct sql UPDATE_PERSON = {
	.name = "join update subscriber",
	.text = "UPDATE subscriber SET name = CASE WHEN $1 = '' THEN name ELSE CAST($2 AS TEXT) END, attributes = $3, updated_us = $4 "
		"WHERE id = $5",
	.in = ARGS(ARG(s, TEXT), ARG(s, TEXT), ARG(t, TEXT), ARG(a, INT), ARG(b, INT)),
};
struct subscription_in {
	int64_t list_id, subscriber_id, requested_us, confirmed_us, left_us;
	int state;
};
static const struct sql UPDATE_SUBSCRIPTION = {
	.name = "join update subscription",
	.text = "UPDATE subscription SET state = $1, confirmed_us = CASE WHEN $2 = 0 OR confirmed_us > 0 THEN confirmed_us ELSE CAST($3 AS "
		"BIGINT) END, "
		"left_us = $4 WHERE list_id = $5 AND subscriber_id = $6",
	.in = (const struct field[]){ FIELD_WORDS(struct subscription_in, state, subscription_words),
	                              FIELD(struct subscription_in, confirmed_us, FIELD_INT),
	                              FIELD(struct subscription_in, confirmed_us, FIELD_INT),
	                              FIELD(struct subscription_in, left_us, FIELD_INT), FIELD(struct subscription_in, list_id, FIELD_INT),
	                              FIELD(struct subscription_in, subscriber_id, FIELD_INT), FIELD_END },
};
static const struct sql ADD_CONSENT = {
	.name = "join consent",
	.text = "INSERT INTO consent (list_id, subscriber_id, what, how, text, evidence, at_us) VALUES ($1, $2, $3, $4, $5, $6, $7)",
	.in = consent_fields,
};
/* Those who joined one after the other in the same way: written together, since a statement for each costs three times as much. */
struct joined {
	struct subscription_in subscription;
	struct consent consent;
	int64_t first, last; /* ids of subscribers without a gap; 0: nobody */
};
static const struct sql ADD_SUBSCRIPTIONS = {
	.name = "join add subscriptions",
	.text = "INSERT INTO subscription (list_id, subscriber_id, state, requested_us, confirmed_us, left_us) SELECT CAST($1 AS BIGINT), "
		"id, CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT) FROM subscriber WHERE id >= $6 AND id <= "
		"$7 "
		"ORDER BY id",
	.in = (const struct field[]){ FIELD(struct joined, subscription.list_id, FIELD_INT),
	                              FIELD_WORDS(struct joined, subscription.state, subscription_words),
	                              FIELD(struct joined, subscription.requested_us, FIELD_INT),
	                              FIELD(struct joined, subscription.confirmed_us, FIELD_INT),
	                              FIELD(struct joined, subscription.left_us, FIELD_INT), FIELD(struct joined, first, FIELD_INT),
	                              FIELD(struct joined, last, FIELD_INT), FIELD_END },
};
static const struct sql ADD_CONSENTS = {
	.name = "join consents",
	.text = "INSERT INTO consent (list_id, subscriber_id, what, how, text, evidence, at_us) SELECT CAST($1 AS BIGINT), id, CAST($2 AS "
		"TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT) FROM subscriber WHERE id >= $7 AND id <= "
		"$8 "
		"ORDER BY id",
	.in = (const struct field[]){ FIELD(struct joined, consent.list_id, FIELD_INT),
	                              FIELD_WORDS(struct joined, consent.what, consent_words),
	                              FIELD(struct joined, consent.how, FIELD_TEXT), FIELD(struct joined, consent.text, FIELD_TEXT),
	                              FIELD(struct joined, consent.evidence, FIELD_TEXT), FIELD(struct joined, consent.at_us, FIELD_TIME),
	                              FIELD(struct joined, first, FIELD_INT), FIELD(struct joined, last, FIELD_INT), FIELD_END },
};
const struct sql *const join_statements[] = {
	&PERSON, &NEXT_SUPPRESSED, &ADD_PERSON, &UPDATE_PERSON, &UPDATE_SUBSCRIPTION, &ADD_CONSENT, &ADD_SUBSCRIPTIONS, &ADD_CONSENTS, NULL
};

struct joining {
	int64_t list;
	struct join *rows;
	size_t n;
	int64_t now_us;
	char (*uuids)[37];    /* for newcomers */
	struct joined joined; /* not yet written */
	/* Of the keys from `from` to before `until` none is suppressed: in a sorted batch a look for many. NULL until: to the end. */
	const char *from, *until;
	struct arena until_arena;
};

/* The file's attributes laid over those there are. */
static const char *merge_attributes(const char *old, const char *fresh, struct arena *arena)
{
	CLEANUP(json_free) json_t *a = json_read(bytes_text(old), NULL);
	CLEANUP(json_free) json_t *b = json_read(bytes_text(fresh), NULL);
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
	if (!a || !b || json_object_update(a, b) != 0 || json_write(a, &out, NULL) < 0)
		return old;
	const char *text = arena_text(arena, buffer_text(&out));
	return text ? text : old;
}

/* *id 0: the address is known. */
static int add_person(struct db *db, const struct joining *in, const struct join *row, const char *uuid, int64_t *id, struct error *err)
{
	struct arg arg = {
		.s = uuid, .t = row->email, .u = row->email_key, .v = row->name, .w = row->attributes, .a = row->provider, .b = in->now_us
	};
	return db_insert(db, &ADD_PERSON, &arg, id, err);
}

static int write_joined(struct db *db, struct joining *in, struct error *err)
{
	struct joined *joined = &in->joined;
	if (joined->first > 0 &&
	    (db_run(db, &ADD_SUBSCRIPTIONS, joined, NULL, err) < 0 || db_run(db, &ADD_CONSENTS, joined, NULL, err) < 0))
		return -1;
	joined->first = joined->last = 0;
	return 0;
}

static enum consent_what what_of(const struct join *row)
{
	if (row->left)
		return CONSENT_LEFT;
	return row->event == SUBSCRIPTION_ON_REQUEST ? CONSENT_REQUESTED : CONSENT_IMPORTED;
}

static struct consent consent_of(const struct joining *in, const struct join *row)
{
	return (struct consent){ in->list, row->subscriber_id, (int)what_of(row), row->how, row->text, row->evidence, in->now_us };
}

/* An import's rows have one text, not copies of it. */
static bool goes_on(const struct joined *joined, const struct joined *next)
{
	return joined->first > 0 && next->first == joined->last + 1 && next->subscription.state == joined->subscription.state &&
	       next->consent.what == joined->consent.what && next->consent.how == joined->consent.how &&
	       next->consent.text == joined->consent.text && next->consent.evidence == joined->consent.evidence;
}

static int add_subscription(struct db *db, struct joining *in, struct join *row, struct error *err)
{
	enum subscription_state state =
		row->left ? SUBSCRIPTION_UNSUBSCRIBED : subscription_next(SUBSCRIPTION_NONE, (enum subscription_event)row->event);
	struct joined next = { .subscription = { .list_id = in->list,
		                                 .state = state,
		                                 .requested_us = in->now_us,
		                                 .confirmed_us = state == SUBSCRIPTION_ACTIVE ? in->now_us : 0,
		                                 .left_us = row->left ? in->now_us : 0 },
		               .consent = consent_of(in, row),
		               .first = row->subscriber_id,
		               .last = row->subscriber_id };
	row->result = row->left ? JOIN_LEFT : state == SUBSCRIPTION_PENDING ? JOIN_PENDING : JOIN_NEW;
	if (goes_on(&in->joined, &next))
		next.first = in->joined.first;
	else if (write_joined(db, in, err) < 0)
		return -1;
	in->joined = next;
	return 0;
}

static int update_person(struct db *db, const struct joining *in, struct join *row, const struct person *person, struct arena *arena,
                         struct error *err)
{
	const char *merged = merge_attributes(person->attributes, row->attributes, arena);
	struct arg arg = { .s = row->name, .t = merged, .a = in->now_us, .b = person->id };
	return db_run(db, &UPDATE_PERSON, &arg, NULL, err);
}

/* A subscriber whom the list knows: by the state table, which brings nobody back who left. */
static int change_subscription(struct db *db, const struct joining *in, struct join *row, const struct person *person, struct error *err)
{
	enum subscription_event event = row->left ? SUBSCRIPTION_ON_LEAVE : (enum subscription_event)row->event;
	enum subscription_state next = subscription_next((enum subscription_state)person->state, event);
	if (next == (enum subscription_state)person->state || next == SUBSCRIPTION_NONE) {
		row->result = person->state == SUBSCRIPTION_UNSUBSCRIBED                                  ? JOIN_LEFT
		              : person->state == SUBSCRIPTION_PENDING && event == SUBSCRIPTION_ON_REQUEST ? JOIN_PENDING
		              : row->is_update                                                            ? JOIN_UPDATED
		                                                                                          : JOIN_SAME;
		return 0;
	}
	struct subscription_in subscription = { .list_id = in->list,
		                                .subscriber_id = person->id,
		                                .state = next,
		                                .confirmed_us = next == SUBSCRIPTION_ACTIVE ? in->now_us : 0,
		                                .left_us = row->left ? in->now_us : 0 };
	struct consent consent = consent_of(in, row);
	row->result = row->left ? JOIN_LEFT : JOIN_ACTIVATED;
	return db_run(db, &UPDATE_SUBSCRIPTION, &subscription, NULL, err) < 0 ? -1 : db_run(db, &ADD_CONSENT, &consent, NULL, err);
}

static int is_suppressed(struct db *db, struct joining *in, const char *key, bool *is, struct error *err)
{
	if (!in->from || strcmp(key, in->from) < 0 || (in->until && strcmp(key, in->until) >= 0)) {
		in->from = in->until = NULL;
		arena_reset(&in->until_arena);
		if (db_one(db, &NEXT_SUPPRESSED, &(struct arg){ .s = key }, &in->until, &in->until_arena, err) < 0)
			return -1;
		in->from = key;
	}
	*is = in->until && strcmp(key, in->until) == 0;
	return 0;
}

/* Who was added a row ago is not yet on the list in the store's eyes. */
static int find_person(struct db *db, struct joining *in, const struct join *row, struct person *out, struct arena *arena,
                       struct error *err)
{
	struct arg arg = { .a = in->list, .s = row->email_key };
	int found = db_one(db, &PERSON, &arg, out, arena, err);
	if (found <= 0 || out->id < in->joined.first || out->id > in->joined.last)
		return found;
	return write_joined(db, in, err) < 0 ? -1 : db_one(db, &PERSON, &arg, out, arena, err);
}

static int join_one(struct db *db, struct joining *in, struct join *row, const char *uuid, struct arena *arena, struct error *err)
{
	struct person person = { 0 };
	bool suppressed = false;
	row->subscriber_id = 0;
	if (is_suppressed(db, in, row->email_key, &suppressed, err) < 0 ||
	    (!suppressed && add_person(db, in, row, uuid, &row->subscriber_id, err) < 0))
		return -1;
	if (row->subscriber_id > 0)
		return add_subscription(db, in, row, err);
	if (find_person(db, in, row, &person, arena, err) < 0)
		return -1;
	row->subscriber_id = person.id;
	if (person.id > 0 && row->is_update && update_person(db, in, row, &person, arena, err) < 0)
		return -1;
	if (suppressed && (person.id == 0 || !row->left)) {
		row->result = JOIN_SUPPRESSED;
		return 0;
	}
	return person.state == SUBSCRIPTION_NONE ? add_subscription(db, in, row, err) : change_subscription(db, in, row, &person, err);
}

static int join_body(struct db *db, void *arg, struct error *err)
{
	struct joining *in = arg;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	in->joined.first = in->joined.last = 0;
	in->from = NULL;
	for (size_t i = 0; i < in->n; i++) {
		if (join_one(db, in, &in->rows[i], in->uuids[i], &arena, err) < 0)
			return -1;
		if (arena.used_bytes > 1 << 20)
			arena_reset(&arena);
	}
	return write_joined(db, in, err);
}

static void uuids_free(char (**uuids)[37])
{
	free(*uuids);
}

int store_join(struct db *db, int64_t list, struct join *rows, size_t n, int64_t now_us, struct error *err)
{
	/* Drawn before the lock is taken. */
	CLEANUP(uuids_free) char(*uuids)[37] = malloc((n + 1) * sizeof *uuids);
	if (!uuids)
		return error_set(err, ERROR_MEMORY, "out of memory");
	random_uuids(uuids, n);
	struct joining in = { .list = list, .rows = rows, .n = n, .now_us = now_us, .uuids = uuids, .until_arena = ARENA_INIT };
	int result = db_write(db, join_body, &in, err);
	arena_clear(&in.until_arena);
	return result;
}
