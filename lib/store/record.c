/* One commit for many sessions: outcomes are written, and the next messages marked (promises 2 to 8). */
#include "store/arg.h"
#include "store/delivery.h"
#include "store/tally.h"
#include <assert.h>
#include <stdlib.h>

static const char *const verdict_words[] = { "sent", "defer", "bounce", "expire", "hold", "uncertain", "resend", NULL };

struct write {
	int state; /* enum delivery_state */
	const char *reason;
	int64_t due_us, attempts, resends, tried, tried_us, finished_us, keep, keep_token, id, token;
};
#define W(member, kind) FIELD(struct write, member, FIELD_##kind)
static const struct field write_fields[] = { FIELD_WORDS(struct write, state, delivery_words),
	                                     W(reason, TEXT),
	                                     W(due_us, INT),
	                                     W(attempts, INT),
	                                     W(resends, INT),
	                                     W(tried, INT),
	                                     W(tried_us, INT),
	                                     W(finished_us, INT),
	                                     W(keep_token, INT),
	                                     W(keep, INT),
	                                     W(id, INT),
	                                     W(token, INT),
	                                     FIELD_END };
struct written {
	int64_t campaign_id, provider, subscriber_id;
};
#define WRITTEN                                                                                                                            \
	.row = (const struct field[]){ FIELD(struct written, campaign_id, FIELD_INT), FIELD(struct written, provider, FIELD_INT),          \
		                       FIELD(struct written, subscriber_id, FIELD_INT), FIELD_END },                                       \
	.row_bytes = sizeof(struct written)
/* The token fences: who lost the lease changes no row, which is an outcome, not an error. */
#define WRITE(word)                                                                                                                        \
	"UPDATE delivery SET state = $1, reason = $2, due_us = $3, attempts = attempts + $4, resends = resends + $5, is_tried = CASE "     \
	"WHEN $6 = 1 THEN 1 "                                                                                                              \
	"ELSE is_tried END, first_try_us = CASE WHEN first_try_us = 0 THEN CAST($7 AS BIGINT) ELSE first_try_us END, finished_us = $8, "   \
	"lease_id = CASE WHEN $9 = 1 THEN lease_id ELSE 0 END, merge_values = CASE WHEN $10 = 1 THEN merge_values ELSE NULL END WHERE id " \
	"= $11 AND "                                                                                                                       \
	"lease_id = $12 AND state = '" #word "' RETURNING campaign_id, provider, subscriber_id"
static const struct sql WRITE_INFLIGHT = { .name = "record inflight", .text = WRITE(inflight), .in = write_fields, WRITTEN };
static const struct sql WRITE_LEASED = { .name = "record leased", .text = WRITE(leased), .in = write_fields, WRITTEN };
/* Nearly every message ends here: nothing is read back. */
static const struct sql WRITE_SENT = {
	.name = "record sent",
	.text = "UPDATE delivery SET state = 'sent', reason = '', is_tried = 1, attempts = attempts + $1, first_try_us = CASE WHEN "
		"first_try_us = 0 THEN CAST($2 AS BIGINT) ELSE first_try_us END, finished_us = $3, lease_id = 0, merge_values = NULL WHERE "
		"id = $4 AND lease_id = $5 AND state = 'inflight'",
	.in = ARGS(ARG(d, INT), ARG(a, INT), ARG(a, INT), ARG(b, INT), ARG(c, INT)),
};
/* In doubt keeps its token, so that a late 250 still finds it. */
static const struct sql WRITE_UNCERTAIN = { .name = "record uncertain", .text = WRITE(uncertain), .in = write_fields, WRITTEN };
#define WRITE_NOTICE_IN(word)                                                                                                              \
	"UPDATE notice SET state = $1, reason = $2, due_us = $3, attempts = attempts + $4, resends = resends + $5, finished_us = $6, "     \
	"lease_id = 0 WHERE "                                                                                                              \
	"id = $7 AND lease_id = $8 AND state = '" #word "'"
static const struct field notice_fields[] = { FIELD_WORDS(struct write, state, delivery_words),
	                                      W(reason, TEXT),
	                                      W(due_us, INT),
	                                      W(attempts, INT),
	                                      W(resends, INT),
	                                      W(finished_us, INT),
	                                      W(id, INT),
	                                      W(token, INT),
	                                      FIELD_END };
static const struct sql WRITE_NOTICE = { .name = "record notice inflight", .text = WRITE_NOTICE_IN(inflight), .in = notice_fields };
static const struct sql WRITE_NOTICE_LEASED = { .name = "record notice leased", .text = WRITE_NOTICE_IN(leased), .in = notice_fields };

struct attempt {
	int64_t delivery_id, notice_id, at_us, duration_us, code;
	const char *status, *reply, *relay, *reason;
	int stage, verdict, door;
};
#define T(member, kind) FIELD(struct attempt, member, FIELD_##kind)
static const struct sql ATTEMPT = {
	.name = "attempt",
	.text = "INSERT INTO attempt (delivery_id, notice_id, at_us, duration_us, stage, code, status, reply, relay, verdict, door, "
		"reason) VALUES ($1, $2, "
		"$3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
	.in = (const struct field[]){ T(delivery_id, ID), T(notice_id, ID), T(at_us, INT), T(duration_us, INT),
	                              FIELD_WORDS(struct attempt, stage, stage_words), T(code, INT), T(status, TEXT), T(reply, TEXT),
	                              T(relay, TEXT), FIELD_WORDS(struct attempt, verdict, verdict_words),
	                              FIELD_WORDS(struct attempt, door, door_words), T(reason, TEXT), FIELD_END },
};
/* The mark is the last check: one statement, inside the commit before the dot. */
static const struct sql MARK = {
	.name = "mark inflight",
	.text = "UPDATE delivery SET state = 'inflight', first_us = CASE WHEN first_us = 0 THEN CAST($1 AS BIGINT) ELSE first_us END, "
		"first_try_us = CASE "
		"WHEN first_try_us = 0 THEN CAST($2 AS BIGINT) ELSE first_try_us END, merge_values = CASE WHEN merge_values IS NULL THEN "
		"CAST($3 AS TEXT) "
		"ELSE merge_values END WHERE id = $4 AND lease_id = $5 AND state = 'leased' AND EXISTS (SELECT 1 FROM campaign c WHERE "
		"c.id = "
		"delivery.campaign_id AND c.state = 'sending') AND EXISTS (SELECT 1 FROM subscription p WHERE p.list_id = $6 AND "
		"p.subscriber_id = "
		"delivery.subscriber_id AND p.state = 'active') AND NOT EXISTS (SELECT 1 FROM subscriber s JOIN suppression x ON "
		"x.email_key = s.email_key "
		"WHERE s.id = delivery.subscriber_id)",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(s, TEXT), ARG(c, INT), ARG(d, INT), ARG(e, INT)),
};
static const struct sql MARK_NOTICE = {
	.name = "mark notice",
	.text = "UPDATE notice SET state = 'inflight', first_us = CASE WHEN first_us = 0 THEN CAST($1 AS BIGINT) ELSE first_us END, "
		"first_try_us = CASE WHEN "
		"first_try_us = 0 THEN CAST($2 AS BIGINT) ELSE first_try_us END WHERE id = $3 AND lease_id = $4 AND state = 'leased'",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(d, INT)),
};
/* What was refused the mark: suppressed if the reader may not have it, else queued again (a pause). */
static const struct sql REFUSE = {
	.name = "mark refused",
	.text = "UPDATE delivery SET state = 'suppressed', reason = 'no longer subscribed', finished_us = $1, lease_id = 0, merge_values = "
		"NULL WHERE id = $2 "
		"AND lease_id = $3 AND state = 'leased' AND (NOT EXISTS (SELECT 1 FROM subscription p WHERE p.list_id = $4 AND "
		"p.subscriber_id = "
		"delivery.subscriber_id AND p.state = 'active') OR EXISTS (SELECT 1 FROM subscriber s JOIN suppression x ON x.email_key = "
		"s.email_key WHERE "
		"s.id = delivery.subscriber_id)) RETURNING campaign_id, provider, subscriber_id",
	.in = ARGS(ARG(a, INT), ARG(c, INT), ARG(d, INT), ARG(e, INT)),
	WRITTEN,
};
static const struct sql UNLEASE = {
	.name = "mark released",
	.text = "UPDATE delivery SET state = 'queued', lease_id = 0, " FOLLOW_EDITION
		" WHERE id = $1 AND lease_id = $2 AND state = 'leased' RETURNING "
		"campaign_id, provider, "
		"subscriber_id",
	.in = ARGS(ARG(c, INT), ARG(d, INT)),
	WRITTEN,
};
static const struct sql FORGET = { .name = "record received back", .text = FORGET_RECEIVED, .in = ARGS(ARG(a, INT), ARG(b, INT)) };
/* What came back to wait while its campaign was cancelled does not wait. */
static const struct sql CANCEL = {
	.name = "record cancelled",
	.text = "UPDATE delivery SET state = 'cancelled', finished_us = $1, lease_id = 0, merge_values = NULL WHERE id = $2 AND EXISTS "
		"(SELECT 1 FROM "
		"campaign c WHERE c.id = delivery.campaign_id AND c.state = 'cancelled') RETURNING campaign_id, provider, subscriber_id",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	WRITTEN,
};
static const struct sql SUPPRESS = {
	.name = "record suppression",
	.text = "INSERT INTO suppression (email, email_key, reason, is_provisional, event_id, created_us, relay, provider) SELECT s.email, "
		"s.email_key, CAST($1 AS TEXT), 1, CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS BIGINT) FROM "
		"subscriber s WHERE s.id = $6 ON CONFLICT (email_key) DO NOTHING",
	.in = ARGS(ARG(s, TEXT), ARG(a, INT), ARG(b, INT), ARG(t, TEXT), ARG(d, INT), ARG(c, INT)),
};
static const struct sql REFUSED_EVENT = {
	.name = "record event",
	.text = "INSERT INTO event (kind, campaign_id, subscriber_id, delivery_id, class, status, detail, at_us) VALUES ('refused', $1, "
		"$2, $3, 'hard', $4, $5, "
		"$6) RETURNING id",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(s, TEXT), ARG(t, TEXT), ARG(d, INT)),
	.row = COLUMN_NUMBER("id"),
	.row_bytes = sizeof(int64_t),
};
static const struct sql REVOKE = { .name = "record revoke",
	                           .text = "INSERT INTO revocation (subscriber_id, at_us) VALUES ($1, $2)",
	                           .in = ARGS(ARG(a, INT), ARG(b, INT)) };
const struct sql *const record_statements[] = {
	&WRITE_SENT,    &WRITE_INFLIGHT, &WRITE_LEASED, &WRITE_UNCERTAIN, &CANCEL,  &WRITE_NOTICE, &WRITE_NOTICE_LEASED,
	&ATTEMPT,       &MARK,           &MARK_NOTICE,  &REFUSE,          &UNLEASE, &FORGET,       &SUPPRESS,
	&REFUSED_EVENT, &REVOKE,         NULL
};

struct recording {
	struct record *const *records;
	size_t n;
	int64_t now_us;
	struct tally tally;
};

/* The state a verdict leads to; asserted against model's table where it is stored. */
static enum delivery_state state_of(const struct verdict *verdict)
{
	switch (verdict->kind) {
	case VERDICT_SENT: return DELIVERY_SENT;
	case VERDICT_DEFER: return DELIVERY_DEFERRED;
	case VERDICT_BOUNCE: return DELIVERY_BOUNCED;
	case VERDICT_EXPIRE: return DELIVERY_EXPIRED;
	case VERDICT_HOLD:
	case VERDICT_RESEND: return DELIVERY_QUEUED;
	default: return DELIVERY_UNCERTAIN;
	}
}

static const enum delivery_event event_of[2][VERDICT_KINDS] = {
	/* from leased: nothing was marked, so nothing was sent */
	{ [VERDICT_DEFER] = ON_DEFER, [VERDICT_BOUNCE] = ON_REFUSE, [VERDICT_EXPIRE] = ON_DEFER, [VERDICT_HOLD] = ON_RELEASE },
	/* from inflight */
	{ [VERDICT_SENT] = ON_ACCEPT,
	  [VERDICT_DEFER] = ON_DEFER,
	  [VERDICT_BOUNCE] = ON_REFUSE,
	  [VERDICT_EXPIRE] = ON_DEFER,
	  [VERDICT_HOLD] = ON_ABANDON,
	  [VERDICT_UNCERTAIN] = ON_SILENCE,
	  [VERDICT_RESEND] = ON_SILENCE },
};

static void check_table(enum delivery_state from, enum verdict_kind kind, enum delivery_state to)
{
	enum delivery_state next = delivery_next(from, event_of[from != DELIVERY_LEASED][kind]);
	if (kind == VERDICT_EXPIRE)
		next = delivery_next(next, ON_EXPIRE);
	if (kind == VERDICT_RESEND)
		next = delivery_next(next, ON_RESEND);
	assert(next != DELIVERY_NONE && next == to);
}

static struct write make_write(const struct record *record, int64_t now_us)
{
	const struct verdict *verdict = &record->verdict;
	enum delivery_state state = state_of(verdict);
	bool final = !delivery_is_waiting(state) && state != DELIVERY_UNCERTAIN;
	return (struct write){ .state = state,
		               .reason = state == DELIVERY_SENT ? "" : verdict->reason,
		               .due_us = verdict->due_us > 0 ? verdict->due_us : now_us,
		               .attempts = verdict->counts_attempt,
		               .resends = verdict->kind == VERDICT_RESEND,
		               .tried = verdict->kind != VERDICT_HOLD,
		               .tried_us = verdict->kind != VERDICT_HOLD ? now_us : 0,
		               .finished_us = final ? now_us : 0,
		               .keep = !final,
		               .keep_token = state == DELIVERY_UNCERTAIN,
		               .id = record->outcome.delivery,
		               .token = record->outcome.lease_token };
}

static int add_attempt(struct db *db, const struct record *record, struct error *err)
{
	const struct outcome *outcome = &record->outcome;
	struct attempt attempt = { .delivery_id = outcome->is_notice ? 0 : outcome->delivery,
		                   .notice_id = outcome->is_notice ? outcome->delivery : 0,
		                   .at_us = outcome->at_us,
		                   .duration_us = outcome->duration_us,
		                   .code = outcome->code,
		                   .status = outcome->status,
		                   .reply = outcome->reply,
		                   .relay = outcome->relay,
		                   .reason = record->verdict.reason,
		                   .stage = outcome->stage,
		                   .verdict = record->verdict.kind,
		                   .door = record->verdict.door };
	return db_run(db, &ATTEMPT, &attempt, NULL, err);
}

static int suppress(struct db *db, const struct recording *in, const struct record *record, const struct written *written,
                    struct error *err)
{
	int64_t event = 0;
	struct arg what = { .a = written->campaign_id,
		            .b = written->subscriber_id,
		            .c = record->outcome.delivery,
		            .s = record->outcome.status,
		            .t = record->outcome.reply,
		            .d = in->now_us };
	if (db_one(db, &REFUSED_EVENT, &what, &event, NULL, err) < 0)
		return -1;
	struct arg who = { .s = record->verdict.reason,
		           .a = event,
		           .b = in->now_us,
		           .c = written->subscriber_id,
		           .t = record->outcome.relay,
		           .d = written->provider };
	if (db_run(db, &SUPPRESS, &who, NULL, err) < 0)
		return -1;
	return db_run(db, &REVOKE, &(struct arg){ .a = written->subscriber_id, .b = in->now_us }, NULL, err);
}

/* May it come of a message that was not marked? Success may not: a 2xx without a mark would be a broken promise. */
static bool is_unmarked(const struct record *record)
{
	return record->verdict.kind != VERDICT_SENT && record->verdict.kind != VERDICT_UNCERTAIN && record->verdict.kind != VERDICT_RESEND;
}

/* A try that did not simply succeed. What we withheld ourselves was none. */
static bool is_attempt(const struct record *record)
{
	return record->verdict.kind != VERDICT_SENT && record->outcome.kind != OUTCOME_WITHHELD;
}

static int write_notice(struct db *db, struct recording *in, struct record *record, struct error *err)
{
	struct write write = make_write(record, in->now_us);
	enum delivery_state from = DELIVERY_INFLIGHT;
	int64_t changed = 0;
	if (db_run(db, &WRITE_NOTICE, &write, &changed, err) < 0)
		return -1;
	if (changed == 0 && is_unmarked(record)) {
		from = DELIVERY_LEASED;
		if (db_run(db, &WRITE_NOTICE_LEASED, &write, &changed, err) < 0)
			return -1;
	}
	record->outcome_fenced = changed == 0;
	if (changed == 0)
		return 0;
	check_table(from, record->verdict.kind, (enum delivery_state)write.state);
	return is_attempt(record) ? add_attempt(db, record, err) : 0;
}

/* The row as the outcome leaves it; *from is the state it came from. 1, 0 fenced, -1. */
static int write_row(struct db *db, const struct record *record, const struct write *write, struct written *written,
                     enum delivery_state *from, struct error *err)
{
	*from = DELIVERY_INFLIGHT;
	if (record->verdict.kind == VERDICT_SENT) {
		struct arg sent = { .a = write->finished_us, .b = write->id, .c = write->token, .d = write->attempts };
		int64_t changed = 0;
		*written = (struct written){ record->campaign, record->provider, 0 };
		if (db_run(db, &WRITE_SENT, &sent, &changed, err) < 0)
			return -1;
		if (changed > 0)
			return 1;
		*from = DELIVERY_UNCERTAIN;
		return db_one(db, &WRITE_UNCERTAIN, write, written, NULL, err);
	}
	int found = db_one(db, &WRITE_INFLIGHT, write, written, NULL, err);
	if (found == 0 && is_unmarked(record)) {
		*from = DELIVERY_LEASED;
		found = db_one(db, &WRITE_LEASED, write, written, NULL, err);
	}
	return found;
}

static int cancel_if_so(struct db *db, struct recording *in, const struct record *record, enum delivery_state state, struct error *err)
{
	struct written written = { 0 };
	int found = db_one(db, &CANCEL, &(struct arg){ .a = in->now_us, .b = record->outcome.delivery }, &written, NULL, err);
	if (found <= 0)
		return found;
	assert(delivery_next(state, ON_CANCEL) == DELIVERY_CANCELLED);
	if (db_run(db, &FORGET, &(struct arg){ .a = written.subscriber_id, .b = written.campaign_id }, NULL, err) < 0)
		return -1;
	return tally_move(db, &in->tally, written.campaign_id, written.provider, state, DELIVERY_CANCELLED, 1, err);
}

static int write_outcome(struct db *db, struct recording *in, struct record *record, struct error *err)
{
	struct write write = make_write(record, in->now_us);
	struct written written = { 0 };
	enum delivery_state from;
	enum delivery_state to = (enum delivery_state)write.state;
	if (record->outcome.is_notice)
		return write_notice(db, in, record, err);
	int found = write_row(db, record, &write, &written, &from, err);
	record->outcome_fenced = found == 0;
	if (found <= 0)
		return found;
	check_table(from, record->verdict.kind, to);
	if (tally_move(db, &in->tally, written.campaign_id, written.provider, from, to, 1, err) < 0)
		return -1;
	if (is_attempt(record) && add_attempt(db, record, err) < 0)
		return -1;
	if (delivery_is_waiting(to) && cancel_if_so(db, in, record, to, err) < 0)
		return -1;
	return record->verdict.suppress ? suppress(db, in, record, &written, err) : 0;
}

static int refuse_mark(struct db *db, struct recording *in, const struct arg *mark, struct error *err)
{
	struct written written = { 0 };
	struct arg refused = *mark;
	refused.a = in->now_us;
	enum delivery_state to = DELIVERY_SUPPRESSED;
	int found = db_one(db, &REFUSE, &refused, &written, NULL, err);
	if (found == 0) {
		to = DELIVERY_QUEUED;
		found = db_one(db, &UNLEASE, mark, &written, NULL, err);
	}
	if (found <= 0)
		return found;
	return tally_move(db, &in->tally, written.campaign_id, written.provider, DELIVERY_LEASED, to, 1, err);
}

static int mark_next(struct db *db, struct recording *in, struct record *record, struct error *err)
{
	const struct job *next = record->next;
	int64_t changed = 0;
	struct arg mark = { .a = next->first_us ? next->first_us : in->now_us,
		            .b = next->first_try_us ? next->first_try_us : in->now_us,
		            .s = record->frozen,
		            .c = next->delivery,
		            .d = next->lease_token,
		            .e = next->list };
	if (next->is_notice) {
		if (db_run(db, &MARK_NOTICE, &mark, &changed, err) < 0)
			return -1;
		record->next_refused = changed == 0;
		return 0;
	}
	if (db_run(db, &MARK, &mark, &changed, err) < 0)
		return -1;
	record->next_refused = changed == 0;
	if (changed == 0)
		return refuse_mark(db, in, &mark, err);
	return tally_move(db, &in->tally, next->campaign, next->provider, DELIVERY_LEASED, DELIVERY_INFLIGHT, 1, err);
}

static int record_body(struct db *db, void *arg, struct error *err)
{
	struct recording *in = arg;
	in->tally.count = 0;
	for (size_t i = 0; i < in->n; i++) {
		struct record *record = in->records[i];
		record->outcome_fenced = false;
		record->next_refused = false;
		if (record->outcome.kind != OUTCOME_NONE && write_outcome(db, in, record, err) < 0)
			return -1;
		if (record->next && mark_next(db, in, record, err) < 0)
			return -1;
	}
	return tally_write(db, &in->tally, err);
}

int store_delivery_record(struct db *db, int64_t node, struct record *const *records, size_t n, int64_t now_us, struct error *err)
{
	struct recording in = { .records = records, .n = n, .now_us = now_us, .tally.node = node };
	if (db_write(db, record_body, &in, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct job *next = records[i]->next;
		if (next && !records[i]->next_refused) {
			next->first_us = next->first_us ? next->first_us : now_us;
			next->first_try_us = next->first_try_us ? next->first_try_us : now_us;
		}
	}
	return 0;
}
