/* Joining: rows of an import or a sign-up, a chunk in one transaction. */
#include "base/json.h"
#include "store/arg.h"
#include "store/subscriber.h"
#include "system/random.h"
#include <stdlib.h>

struct newcomer {
	char uuid[37];
};

struct person {
	int64_t id;
	const char *attributes;
	int state;
	int64_t is_suppressed;
};
static const struct field person_fields[] = { FIELD(struct person, id, FIELD_INT), FIELD(struct person, attributes, FIELD_TEXT),
	                                      FIELD_WORDS(struct person, state, subscription_words),
	                                      FIELD(struct person, is_suppressed, FIELD_INT), FIELD_END };
static const struct sql PERSON = {
	.name = "join find",
	.text = "SELECT s.id AS id, s.attributes AS attributes, p.state AS state, CASE WHEN EXISTS (SELECT 1 FROM suppression x WHERE "
		"x.email_key = "
		"s.email_key) THEN 1 ELSE 0 END AS is_suppressed FROM subscriber s LEFT JOIN subscription p ON p.subscriber_id = s.id AND "
		"p.list_id = $1 WHERE s.email_key = $2",
	.in = ARGS(ARG(a, INT), ARG(s, TEXT)),
	.row = person_fields,
	.row_bytes = sizeof(struct person),
};
static const struct sql IS_SUPPRESSED = {
	.name = "join suppressed",
	.text = "SELECT 1 AS n FROM suppression WHERE email_key = $1",
	.in = ARGS(ARG(s, TEXT)),
	.row = COLUMN_NUMBER("n"),
	.row_bytes = sizeof(int64_t),
};
static const struct sql ADD_PERSON = {
	.name = "join add subscriber",
	.text = "INSERT INTO subscriber (uuid, email, email_key, name, attributes, provider, created_us, updated_us) VALUES ($1, $2, $3, "
		"$4, $5, $6, $7, "
		"$8)",
	.in = ARGS(ARG(s, TEXT), ARG(t, TEXT), ARG(u, TEXT), ARG(v, TEXT), ARG(w, TEXT), ARG(a, INT), ARG(b, INT), ARG(b, INT)),
};
/* A look costs SQLite a tenth of RETURNING, for which it builds a table. */
static const struct sql ADDED = {
	.name = "join added",
	.text = "SELECT id FROM subscriber WHERE email_key = $1",
	.in = ARGS(ARG(u, TEXT)),
	.row = COLUMN_NUMBER("id"),
	.row_bytes = sizeof(int64_t),
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
static const struct sql ADD_SUBSCRIPTION = {
	.name = "join add subscription",
	.text = "INSERT INTO subscription (list_id, subscriber_id, state, requested_us, confirmed_us, left_us) VALUES ($1, $2, $3, $4, $5, "
		"$6)",
	.in = (const struct field[]){ FIELD(struct subscription_in, list_id, FIELD_INT),
	                              FIELD(struct subscription_in, subscriber_id, FIELD_INT),
	                              FIELD_WORDS(struct subscription_in, state, subscription_words),
	                              FIELD(struct subscription_in, requested_us, FIELD_INT),
	                              FIELD(struct subscription_in, confirmed_us, FIELD_INT),
	                              FIELD(struct subscription_in, left_us, FIELD_INT), FIELD_END },
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
static const struct sql CONSENT = {
	.name = "join consent",
	.text = "INSERT INTO consent (list_id, subscriber_id, what, how, text, evidence, at_us) VALUES ($1, $2, $3, $4, $5, $6, $7)",
	.in = consent_fields,
};
const struct sql *const join_statements[] = { &PERSON,           &IS_SUPPRESSED,       &ADD_PERSON, &ADDED, &UPDATE_PERSON,
	                                      &ADD_SUBSCRIPTION, &UPDATE_SUBSCRIPTION, &CONSENT,    NULL };

struct joining {
	int64_t list;
	struct join *rows;
	size_t n;
	int64_t now_us;
	const struct newcomer *newcomers;
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

static int add_person(struct db *db, const struct joining *in, struct join *row, const char *uuid, struct error *err)
{
	struct arg arg = {
		.s = uuid, .t = row->email, .u = row->email_key, .v = row->name, .w = row->attributes, .a = row->provider, .b = in->now_us
	};
	if (db_run(db, &ADD_PERSON, &arg, NULL, err) < 0)
		return -1;
	return db_one(db, &ADDED, &arg, &row->subscriber_id, NULL, err) < 0 ? -1 : 0;
}

static int add_consent(struct db *db, const struct joining *in, const struct join *row, enum consent_what what, struct error *err)
{
	struct consent consent = { in->list, row->subscriber_id, (int)what, row->how, row->text, row->evidence, in->now_us };
	return db_run(db, &CONSENT, &consent, NULL, err);
}

static enum consent_what what_of(const struct join *row)
{
	if (row->left)
		return CONSENT_LEFT;
	return row->event == SUBSCRIPTION_ON_REQUEST ? CONSENT_REQUESTED : CONSENT_IMPORTED;
}

static int add_subscription(struct db *db, const struct joining *in, struct join *row, struct error *err)
{
	enum subscription_state state =
		row->left ? SUBSCRIPTION_UNSUBSCRIBED : subscription_next(SUBSCRIPTION_NONE, (enum subscription_event)row->event);
	struct subscription_in subscription = { .list_id = in->list,
		                                .subscriber_id = row->subscriber_id,
		                                .state = state,
		                                .requested_us = in->now_us,
		                                .confirmed_us = state == SUBSCRIPTION_ACTIVE ? in->now_us : 0,
		                                .left_us = row->left ? in->now_us : 0 };
	row->result = row->left ? JOIN_LEFT : state == SUBSCRIPTION_PENDING ? JOIN_PENDING : JOIN_NEW;
	return db_run(db, &ADD_SUBSCRIPTION, &subscription, NULL, err) < 0 ? -1 : add_consent(db, in, row, what_of(row), err);
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
	row->result = row->left ? JOIN_LEFT : JOIN_ACTIVATED;
	return db_run(db, &UPDATE_SUBSCRIPTION, &subscription, NULL, err) < 0 ? -1 : add_consent(db, in, row, what_of(row), err);
}

static int join_one(struct db *db, const struct joining *in, struct join *row, const char *uuid, struct arena *arena, struct error *err)
{
	struct person person = { 0 };
	int64_t suppressed = 0;
	int found = db_one(db, &PERSON, &(struct arg){ .a = in->list, .s = row->email_key }, &person, arena, err);
	if (found < 0)
		return -1;
	if (found == 0) {
		int hit = db_one(db, &IS_SUPPRESSED, &(struct arg){ .s = row->email_key }, &suppressed, NULL, err);
		if (hit < 0)
			return -1;
		if (hit > 0) {
			row->result = JOIN_SUPPRESSED;
			return 0;
		}
		return add_person(db, in, row, uuid, err) < 0 ? -1 : add_subscription(db, in, row, err);
	}
	row->subscriber_id = person.id;
	if (row->is_update && update_person(db, in, row, &person, arena, err) < 0)
		return -1;
	if (person.is_suppressed && !row->left) {
		row->result = JOIN_SUPPRESSED;
		return 0;
	}
	return person.state == SUBSCRIPTION_NONE ? add_subscription(db, in, row, err) : change_subscription(db, in, row, &person, err);
}

static int join_body(struct db *db, void *arg, struct error *err)
{
	struct joining *in = arg;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	for (size_t i = 0; i < in->n; i++) {
		if (join_one(db, in, &in->rows[i], in->newcomers[i].uuid, &arena, err) < 0)
			return -1;
		if (arena.used_bytes > 1 << 20)
			arena_reset(&arena);
	}
	return 0;
}

static void newcomers_free(struct newcomer **newcomers)
{
	free(*newcomers);
}

int store_join(struct db *db, int64_t list, struct join *rows, size_t n, int64_t now_us, struct error *err)
{
	/* A system call each: drawn before the lock is taken. */
	CLEANUP(newcomers_free) struct newcomer *newcomers = malloc((n + 1) * sizeof *newcomers);
	if (!newcomers)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < n; i++)
		random_uuid(newcomers[i].uuid);
	return db_write(db, join_body, &(struct joining){ list, rows, n, now_us, newcomers }, err);
}
