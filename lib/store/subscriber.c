#include "store/subscriber.h"
#include "store/arg.h"

const struct field subscriber_fields[] = {
	FIELD(struct subscriber, id, FIELD_INT),          FIELD(struct subscriber, uuid, FIELD_TEXT),
	FIELD(struct subscriber, email, FIELD_TEXT),      FIELD(struct subscriber, email_key, FIELD_TEXT),
	FIELD(struct subscriber, name, FIELD_TEXT),       FIELD(struct subscriber, attributes, FIELD_TEXT),
	FIELD(struct subscriber, language, FIELD_TEXT),   FIELD(struct subscriber, provider, FIELD_INT),
	FIELD(struct subscriber, epoch, FIELD_INT),       FIELD(struct subscriber, created_us, FIELD_TIME),
	FIELD(struct subscriber, updated_us, FIELD_TIME), FIELD_END,
};
const struct field member_fields[] = {
	FIELD(struct member, subscriber_id, FIELD_INT),
	FIELD(struct member, subscription_id, FIELD_INT),
	FIELD(struct member, uuid, FIELD_TEXT),
	FIELD(struct member, email, FIELD_TEXT),
	FIELD(struct member, name, FIELD_TEXT),
	FIELD(struct member, attributes, FIELD_TEXT),
	FIELD_WORDS(struct member, state, subscription_words),
	FIELD(struct member, cadence, FIELD_TEXT),
	FIELD(struct member, requested_us, FIELD_TIME),
	FIELD(struct member, confirmed_us, FIELD_TIME),
	FIELD(struct member, left_us, FIELD_TIME),
	FIELD(struct member, suppressed, FIELD_TEXT),
	FIELD_END,
};
const char *const consent_words[] = { "requested", "confirmed", "imported", "added", "left", "paused", "resumed", NULL };
const struct field consent_fields[] = {
	FIELD(struct consent, list_id, FIELD_INT),        FIELD(struct consent, subscriber_id, FIELD_INT),
	FIELD_WORDS(struct consent, what, consent_words), FIELD(struct consent, how, FIELD_TEXT),
	FIELD(struct consent, text, FIELD_TEXT),          FIELD(struct consent, evidence, FIELD_TEXT),
	FIELD(struct consent, at_us, FIELD_TIME),         FIELD_END,
};
const struct field membership_fields[] = {
	FIELD(struct membership, list_id, FIELD_INT),
	FIELD(struct membership, list, FIELD_TEXT),
	FIELD_WORDS(struct membership, state, subscription_words),
	FIELD(struct membership, cadence, FIELD_TEXT),
	FIELD(struct membership, requested_us, FIELD_TIME),
	FIELD(struct membership, confirmed_us, FIELD_TIME),
	FIELD(struct membership, left_us, FIELD_TIME),
	FIELD_END,
};

#define SUBSCRIBER "SELECT id, uuid, email, email_key, name, attributes, language, provider, epoch, created_us, updated_us FROM subscriber "
static const struct sql FIND = { .name = "subscriber find",
	                         .text = SUBSCRIBER "WHERE email_key = $1",
	                         .in = ARGS(ARG(s, TEXT)),
	                         .row = subscriber_fields,
	                         .row_bytes = sizeof(struct subscriber) };
static const struct sql GET = { .name = "subscriber get",
	                        .text = SUBSCRIBER "WHERE id = $1",
	                        .in = ARGS(ARG(a, INT)),
	                        .row = subscriber_fields,
	                        .row_bytes = sizeof(struct subscriber) };

struct state_row {
	int64_t list_id;
	int state;
};
static const struct field state_fields[] = { FIELD(struct state_row, list_id, FIELD_INT),
	                                     FIELD_WORDS(struct state_row, state, subscription_words), FIELD_END };
static const struct sql STATE = { .name = "subscription state",
	                          .text = "SELECT list_id, state FROM subscription WHERE list_id = $1 AND subscriber_id = $2",
	                          .in = ARGS(ARG(a, INT), ARG(b, INT)),
	                          .row = state_fields,
	                          .row_bytes = sizeof(struct state_row) };
static const struct sql STATES = { .name = "subscription states",
	                           .text = "SELECT list_id, state FROM subscription WHERE subscriber_id = $1 ORDER BY list_id",
	                           .in = ARGS(ARG(a, INT)),
	                           .row = state_fields,
	                           .row_bytes = sizeof(struct state_row) };
/* One statement a state: the partial indexes and the readers of this file want the words as literals. */
static const struct sql SET_LEFT = {
	.name = "subscription leave",
	.text = "UPDATE subscription SET state = 'unsubscribed', left_us = $1 WHERE list_id = $2 AND subscriber_id = $3",
	.in = ARGS(ARG(c, INT), ARG(a, INT), ARG(b, INT))
};
static const struct sql SET_ACTIVE = {
	.name = "subscription activate",
	.text = "UPDATE subscription SET state = 'active', left_us = 0, confirmed_us = CASE WHEN confirmed_us = 0 THEN "
		"CAST($1 AS BIGINT) ELSE confirmed_us END WHERE list_id = $2 AND subscriber_id = $3",
	.in = ARGS(ARG(c, INT), ARG(a, INT), ARG(b, INT))
};
static const struct sql SET_PAUSED = { .name = "subscription pause",
	                               .text = "UPDATE subscription SET state = 'paused' WHERE list_id = $1 AND subscriber_id = $2",
	                               .in = ARGS(ARG(a, INT), ARG(b, INT)) };
static const struct sql SET_CADENCE = { .name = "subscription cadence",
	                                .text = "UPDATE subscription SET cadence = $1 WHERE list_id = $2 AND subscriber_id = $3",
	                                .in = ARGS(ARG(s, TEXT), ARG(a, INT), ARG(b, INT)) };
static const struct sql SET_NAME = { .name = "subscriber name",
	                             .text = "UPDATE subscriber SET name = $1, updated_us = $2 WHERE id = $3",
	                             .in = ARGS(ARG(s, TEXT), ARG(a, INT), ARG(b, INT)) };
static const struct sql CONSENT = {
	.name = "consent insert",
	.text = "INSERT INTO consent (list_id, subscriber_id, what, how, text, evidence, at_us) VALUES ($1, $2, $3, $4, $5, $6, $7)",
	.in = consent_fields,
};
static const struct sql REVOKE = { .name = "revoke",
	                           .text = "INSERT INTO revocation (list_id, campaign_id, subscriber_id, at_us) VALUES ($1, $2, $3, $4)",
	                           .in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(d, INT)) };
static const struct sql UNSUBSCRIBE_EVENT = {
	.name = "unsubscribe event",
	.text = "INSERT INTO event (kind, list_id, campaign_id, subscriber_id, detail, at_us) VALUES ('unsubscribe', $1, $2, $3, $4, $5)",
	.in = ARGS(ARG(a, ID), ARG(b, ID), ARG(c, ID), ARG(s, TEXT), ARG(d, INT)),
};
static const struct sql COUNT_UNSUBSCRIBE = {
	.name = "count unsubscribe",
	.text = "INSERT INTO campaign_count (campaign_id, node_id, provider, unsubscribes) SELECT d.campaign_id, 0, d.provider, 1 FROM "
		"delivery d "
		"WHERE d.campaign_id = $1 AND d.subscriber_id = $2 ON CONFLICT (campaign_id, node_id, provider) DO UPDATE SET "
		"unsubscribes = campaign_count.unsubscribes + 1",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
};
static const struct sql CONFIRMATION_ADD = {
	.name = "confirmation add",
	.text = "INSERT INTO confirmation (hash, list_id, subscriber_id, created_us, until_us) VALUES ($1, $2, $3, $4, $5)",
	.in = ARGS(ARG(x, BYTES), ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(d, INT)),
};
struct confirmation {
	int64_t list_id, subscriber_id, used_us;
};
static const struct field confirmation_fields[] = { FIELD(struct confirmation, list_id, FIELD_INT),
	                                            FIELD(struct confirmation, subscriber_id, FIELD_INT),
	                                            FIELD(struct confirmation, used_us, FIELD_INT), FIELD_END };
static const struct sql CONFIRMATION_FIND = {
	.name = "confirmation find",
	.text = "SELECT list_id, subscriber_id, used_us FROM confirmation WHERE hash = $1 AND until_us > $2",
	.in = ARGS(ARG(x, BYTES), ARG(a, INT)),
	.row = confirmation_fields,
	.row_bytes = sizeof(struct confirmation),
};
static const struct sql CONFIRMATION_USE = {
	.name = "confirmation use",
	.text = "UPDATE confirmation SET used_us = $1 WHERE hash = $2 AND until_us > $3 AND used_us = 0 RETURNING list_id, subscriber_id, "
		"used_us",
	.in = ARGS(ARG(a, INT), ARG(x, BYTES), ARG(a, INT)),
	.row = confirmation_fields,
	.row_bytes = sizeof(struct confirmation),
};
static const struct sql CONFIRMATION_COUNT = {
	.name = "confirmation count",
	.text = "SELECT count(*) AS n FROM confirmation WHERE (CAST($1 AS BIGINT) = 0 OR list_id = $2) AND subscriber_id = $3 AND "
		"created_us > "
		"$4 AND used_us = 0",
	.in = ARGS(ARG(a, INT), ARG(a, INT), ARG(b, INT), ARG(c, INT)),
	.row = COLUMN_NUMBER("n"),
	.row_bytes = sizeof(int64_t),
};
#define MEMBER                                                                                                                             \
	"SELECT s.id AS subscriber_id, p.id AS subscription_id, s.uuid AS uuid, s.email AS email, s.name AS name, s.attributes AS "        \
	"attributes, "                                                                                                                     \
	"p.state AS state, p.cadence AS cadence, p.requested_us AS requested_us, p.confirmed_us AS confirmed_us, p.left_us AS left_us, "   \
	"x.reason AS suppressed FROM subscription p JOIN subscriber s ON s.id = p.subscriber_id LEFT JOIN suppression x ON x.email_key = " \
	"s.email_key "
static const struct sql MEMBERS = { .name = "members",
	                            .text = MEMBER "WHERE p.list_id = $1 AND p.id > $2 ORDER BY p.id LIMIT $3",
	                            .in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),
	                            .row = member_fields,
	                            .row_bytes = sizeof(struct member) };
static const struct sql MEMBERS_IN = { .name = "members in a state",
	                               .text = MEMBER "WHERE p.list_id = $1 AND p.id > $2 AND p.state = $3 ORDER BY p.id LIMIT $4",
	                               .in = ARGS(ARG(a, INT), ARG(b, INT), ARG(s, TEXT), ARG(c, INT)),
	                               .row = member_fields,
	                               .row_bytes = sizeof(struct member) };
static const struct sql MEMBERSHIPS = {
	.name = "memberships",
	.text = "SELECT p.list_id AS list_id, l.name AS list, p.state AS state, p.cadence AS cadence, p.requested_us AS requested_us, "
		"p.confirmed_us AS confirmed_us, p.left_us AS left_us FROM subscription p JOIN list l ON l.id = p.list_id WHERE "
		"p.subscriber_id = $1 "
		"ORDER BY l.name",
	.in = ARGS(ARG(a, INT)),
	.row = membership_fields,
	.row_bytes = sizeof(struct membership),
};
static const struct sql CONSENTS = {
	.name = "consents",
	.text = "SELECT list_id, subscriber_id, what, how, text, evidence, at_us FROM consent WHERE subscriber_id = $1 ORDER BY id",
	.in = ARGS(ARG(a, INT)),
	.row = consent_fields,
	.row_bytes = sizeof(struct consent),
};

const struct sql *const subscriber_statements[] = { &FIND,
	                                            &GET,
	                                            &STATE,
	                                            &STATES,
	                                            &SET_LEFT,
	                                            &SET_ACTIVE,
	                                            &SET_PAUSED,
	                                            &SET_CADENCE,
	                                            &SET_NAME,
	                                            &CONSENT,
	                                            &REVOKE,
	                                            &UNSUBSCRIBE_EVENT,
	                                            &COUNT_UNSUBSCRIBE,
	                                            &CONFIRMATION_ADD,
	                                            &CONFIRMATION_FIND,
	                                            &CONFIRMATION_USE,
	                                            &CONFIRMATION_COUNT,
	                                            &MEMBERS,
	                                            &MEMBERS_IN,
	                                            &MEMBERSHIPS,
	                                            &CONSENTS,
	                                            NULL };

int store_subscriber_find(struct db *db, const char *email_key, struct subscriber *out, struct arena *arena, struct error *err)
{
	return db_one(db, &FIND, &(struct arg){ .s = email_key }, out, arena, err);
}

int store_subscriber_get(struct db *db, int64_t id, struct subscriber *out, struct arena *arena, struct error *err)
{
	return db_one(db, &GET, &(struct arg){ .a = id }, out, arena, err);
}

int store_subscription_state(struct db *db, int64_t list, int64_t subscriber, struct error *err)
{
	struct state_row row = { 0 };
	int found = db_one(db, &STATE, &(struct arg){ .a = list, .b = subscriber }, &row, NULL, err);
	return found < 0 ? -1 : found ? row.state : SUBSCRIPTION_NONE;
}

struct change {
	int64_t list, subscriber, campaign, now_us;
	enum subscription_event event;
	const char *how, *text, *evidence;
	enum subscription_state was;
	bool changed;
};

static const enum consent_what consent_of[SUBSCRIPTION_EVENTS] = {
	[SUBSCRIPTION_ON_REQUEST] = CONSENT_REQUESTED, [SUBSCRIPTION_ON_CONFIRM] = CONSENT_CONFIRMED,
	[SUBSCRIPTION_ON_IMPORT] = CONSENT_IMPORTED,   [SUBSCRIPTION_ON_PAUSE] = CONSENT_PAUSED,
	[SUBSCRIPTION_ON_RESUME] = CONSENT_RESUMED,    [SUBSCRIPTION_ON_LEAVE] = CONSENT_LEFT,
};

static int write_state(struct db *db, const struct change *change, int64_t list, enum subscription_state next, struct error *err)
{
	struct arg arg = { .a = list, .b = change->subscriber, .c = change->now_us };
	switch (next) {
	case SUBSCRIPTION_ACTIVE: return db_run(db, &SET_ACTIVE, &arg, NULL, err);
	case SUBSCRIPTION_PAUSED: return db_run(db, &SET_PAUSED, &arg, NULL, err);
	case SUBSCRIPTION_UNSUBSCRIBED: return db_run(db, &SET_LEFT, &arg, NULL, err);
	default: return 0;
	}
}

static int change_one(struct db *db, struct change *change, int64_t list, enum subscription_state state, struct error *err)
{
	enum subscription_state next = subscription_next(state, change->event);
	if (change->was == SUBSCRIPTION_NONE)
		change->was = state;
	if (next == state || next == SUBSCRIPTION_NONE)
		return 0;
	struct consent consent = { list,          change->subscriber, (int)consent_of[change->event],
		                   change->how,   change->text,       change->evidence,
		                   change->now_us };
	change->changed = true;
	if (write_state(db, change, list, next, err) < 0 || db_run(db, &CONSENT, &consent, NULL, err) < 0)
		return -1;
	if (change->event != SUBSCRIPTION_ON_LEAVE && change->event != SUBSCRIPTION_ON_PAUSE)
		return 0;
	struct arg revoke = { .a = list, .c = change->subscriber, .d = change->now_us };
	struct arg event = { .a = list, .b = change->campaign, .c = change->subscriber, .s = change->how, .d = change->now_us };
	if (db_run(db, &REVOKE, &revoke, NULL, err) < 0)
		return -1;
	return change->event == SUBSCRIPTION_ON_LEAVE ? db_run(db, &UNSUBSCRIBE_EVENT, &event, NULL, err) : 0;
}

static int change_body(struct db *db, void *arg, struct error *err)
{
	enum { LISTS = 256 };
	struct change *change = arg;
	struct state_row rows[LISTS];
	size_t n = 0;
	change->changed = false;
	change->was = SUBSCRIPTION_NONE;
	if (db_all(db, &STATES, &(struct arg){ .a = change->subscriber }, rows, LISTS, &n, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if ((change->list == 0 || rows[i].list_id == change->list) &&
		    change_one(db, change, rows[i].list_id, (enum subscription_state)rows[i].state, err) < 0)
			return -1;
	if (change->changed && change->event == SUBSCRIPTION_ON_LEAVE && change->campaign > 0)
		return db_run(db, &COUNT_UNSUBSCRIBE, &(struct arg){ .a = change->campaign, .b = change->subscriber }, NULL, err);
	return 0;
}

int store_leave(struct db *db, int64_t list, int64_t subscriber, int64_t campaign, const char *how, int64_t now_us,
                enum subscription_state *was, struct error *err)
{
	struct change change = { .list = list,
		                 .subscriber = subscriber,
		                 .campaign = campaign,
		                 .now_us = now_us,
		                 .event = SUBSCRIPTION_ON_LEAVE,
		                 .how = how,
		                 .text = "",
		                 .evidence = "" };
	int result = db_write(db, change_body, &change, err);
	*was = change.was;
	return result;
}

int store_subscription_apply(struct db *db, int64_t list, int64_t subscriber, enum subscription_event event, const char *how,
                             const char *text, const char *evidence, int64_t now_us, struct error *err)
{
	struct change change = {
		.list = list, .subscriber = subscriber, .now_us = now_us, .event = event, .how = how, .text = text, .evidence = evidence
	};
	return db_write(db, change_body, &change, err) < 0 ? -1 : change.changed;
}

int store_confirmation_add(struct db *db, const uint8_t hash[32], int64_t list, int64_t subscriber, int64_t now_us, int64_t until_us,
                           struct error *err)
{
	struct arg arg = { .x = { (const char *)hash, 32 }, .a = list, .b = subscriber, .c = now_us, .d = until_us };
	return store_run(db, &CONFIRMATION_ADD, &arg, NULL, err);
}

int store_confirmation_find(struct db *db, const uint8_t hash[32], int64_t now_us, int64_t *list, int64_t *subscriber, bool *used,
                            struct error *err)
{
	struct confirmation row = { 0 };
	int found = db_one(db, &CONFIRMATION_FIND, &(struct arg){ .x = { (const char *)hash, 32 }, .a = now_us }, &row, NULL, err);
	*list = row.list_id;
	*subscriber = row.subscriber_id;
	*used = row.used_us != 0;
	return found;
}

struct use {
	const uint8_t *hash;
	struct change change;
	int found;
};

static int use_body(struct db *db, void *arg, struct error *err)
{
	struct use *use = arg;
	struct confirmation row = { 0 };
	use->found = db_one(db, &CONFIRMATION_USE, &(struct arg){ .x = { (const char *)use->hash, 32 }, .a = use->change.now_us }, &row,
	                    NULL, err);
	if (use->found <= 0)
		return use->found;
	use->change.list = row.list_id;
	use->change.subscriber = row.subscriber_id;
	return change_body(db, &use->change, err);
}

int store_confirmation_use(struct db *db, const uint8_t hash[32], const char *how, const char *evidence, int64_t now_us, int64_t *list,
                           int64_t *subscriber, struct error *err)
{
	struct use use = { .hash = hash,
		           .change = { .now_us = now_us, .event = SUBSCRIPTION_ON_CONFIRM, .how = how, .text = "", .evidence = evidence } };
	if (db_write(db, use_body, &use, err) < 0)
		return -1;
	*list = use.change.list;
	*subscriber = use.change.subscriber;
	return use.found;
}

int store_confirmation_count(struct db *db, int64_t list, int64_t subscriber, int64_t since_us, int64_t *n, struct error *err)
{
	return db_one(db, &CONFIRMATION_COUNT, &(struct arg){ .a = list, .b = subscriber, .c = since_us }, n, NULL, err) < 0 ? -1 : 0;
}

int store_member_page(struct db *db, int64_t list, int state, int64_t after_subscription, struct member *out, size_t max, size_t *n,
                      struct arena *arena, struct error *err)
{
	struct arg arg = { .a = list, .b = after_subscription, .c = (int64_t)max, .s = subscription_words[state] };
	return db_all(db, state ? &MEMBERS_IN : &MEMBERS, &arg, out, max, n, arena, err);
}

int store_membership_all(struct db *db, int64_t subscriber, struct membership *out, size_t max, size_t *n, struct arena *arena,
                         struct error *err)
{
	return db_all(db, &MEMBERSHIPS, &(struct arg){ .a = subscriber }, out, max, n, arena, err);
}

int store_consent_all(struct db *db, int64_t subscriber, struct consent *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &CONSENTS, &(struct arg){ .a = subscriber }, out, max, n, arena, err);
}

int store_subscription_set_cadence(struct db *db, int64_t list, int64_t subscriber, const char *cadence, int64_t *changed,
                                   struct error *err)
{
	struct arg arg = { .s = cadence, .a = list, .b = subscriber };
	return store_run(db, &SET_CADENCE, &arg, changed, err);
}

int store_subscriber_set_name(struct db *db, int64_t subscriber, const char *name, int64_t now_us, struct error *err)
{
	return store_run(db, &SET_NAME, &(struct arg){ .s = name, .a = now_us, .b = subscriber }, NULL, err);
}
