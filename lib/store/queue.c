/* What waits, why, and what an admin does about it; revocations. */
#include "store/arg.h"
#include "store/campaign.h"
#include "store/delivery.h"
#include "store/tally.h"

enum { CHUNK = 1000, CAMPAIGNS = 256 };

#define TOO_OLD                                                                                                                            \
	"SELECT d.id AS n FROM campaign c JOIN delivery d ON d.campaign_id = c.id AND d.state = 'deferred' WHERE c.state IN ('sending', "  \
	"'paused') AND "                                                                                                                   \
	"d.queued_us < "
static const struct sql EXPIRE = {
	.name = "expire",
	.text = "UPDATE delivery SET state = 'expired', finished_us = $1, merge_values = NULL, reason = 'given up: too old' WHERE id IN "
		"(" TOO_OLD "$2 AND "
		"d.attempts >= $3 LIMIT $4) RETURNING campaign_id, provider",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(d, INT)),
	MOVED,
};
/* A look before the write. */
static const struct sql HAS_TOO_OLD = {
	.name = "has too old",
	.text = TOO_OLD "$1 AND d.attempts >= $2 LIMIT 1",
	.in = ARGS(ARG(b, INT), ARG(c, INT)),
	.row = COLUMN_NUMBER("n"),
	.row_bytes = sizeof(int64_t),
};
static const struct sql RETRY = {
	.name = "retry",
	.text = "UPDATE delivery SET due_us = $1 WHERE id IN (SELECT id FROM delivery WHERE campaign_id = $2 AND state = 'deferred' "
		"AND due_us > $3 LIMIT $4)",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(a, INT), ARG(c, INT))
};
static const struct sql RETRY_QUEUED = {
	.name = "retry queued",
	.text = "UPDATE delivery SET due_us = $1 WHERE id IN (SELECT id FROM delivery WHERE campaign_id = $2 AND state = "
		"'queued' AND due_us > $3 LIMIT $4)",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(a, INT), ARG(c, INT))
};
static const struct sql RETRY_NOTICES = { .name = "retry notices",
	                                  .text = "UPDATE notice SET due_us = $1 WHERE state = 'deferred' AND due_us > $2",
	                                  .in = ARGS(ARG(a, INT), ARG(a, INT)) };
static const struct sql RESEND = {
	.name = "resend uncertain",
	.text = "UPDATE delivery SET state = 'queued', due_us = $1, resends = resends + 1, reason = 'sent again: it was in doubt' "
		"WHERE id IN (SELECT id FROM delivery WHERE campaign_id = $2 AND state = 'uncertain' LIMIT $3) RETURNING "
		"campaign_id, provider",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),
	MOVED
};
static const struct sql PROVED = {
	.name = "proved",
	.text = "UPDATE delivery SET state = 'sent', finished_us = $1, merge_values = NULL, reason = '' WHERE campaign_id = $2 AND "
		"subscriber_id = $3 AND "
		"state = 'uncertain' RETURNING campaign_id, provider",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),
	MOVED,
};
static const struct sql IS_UNCERTAIN = {
	.name = "is uncertain",
	.text = "SELECT id AS n FROM delivery WHERE campaign_id = $1 AND subscriber_id = $2 AND state = 'uncertain'",
	.in = ARGS(ARG(b, INT), ARG(c, INT)),
	.row = COLUMN_NUMBER("n"),
	.row_bytes = sizeof(int64_t)
};

#define Q(member, kind) FIELD(struct waiting, member, FIELD_##kind)
const struct field waiting_fields[] = {
	Q(campaign_id, INT),  Q(provider, INT), FIELD_WORDS(struct waiting, state, delivery_words), Q(n, INT), Q(oldest_us, TIME),
	Q(next_due_us, TIME), FIELD_END
};
#define WAIT(word)                                                                                                                         \
	"SELECT k.campaign_id AS campaign_id, k.provider AS provider, '" #word "' AS state, CAST(sum(k." #word                             \
	") AS BIGINT) AS n, c.started_us AS oldest_us, coalesce((SELECT min(d.due_us) FROM delivery d WHERE d.campaign_id = "              \
	"k.campaign_id AND d.provider = k.provider AND d.state = '" #word                                                                  \
	"'), 0) AS next_due_us FROM campaign_count k JOIN campaign c ON c.id = k.campaign_id WHERE "                                       \
	"c.state IN ('sending', 'paused', 'preparing', "                                                                                   \
	"'sent') GROUP BY k.campaign_id, k.provider, c.started_us HAVING sum(k." #word ") > 0"
/* These have no due time, and no index to find it by. */
#define HAVE(word)                                                                                                                         \
	"SELECT k.campaign_id AS campaign_id, k.provider AS provider, '" #word "' AS state, CAST(sum(k." #word                             \
	") AS BIGINT) AS n, c.started_us AS oldest_us, CAST(0 AS BIGINT) AS next_due_us FROM campaign_count k JOIN campaign c ON c.id = "  \
	"k.campaign_id WHERE "                                                                                                             \
	"c.state IN ('sending', 'paused', 'preparing', 'sent') GROUP BY k.campaign_id, k.provider, c.started_us HAVING sum(k." #word       \
	") > 0"
#define WAIT_NOTICES(word)                                                                                                                 \
	"SELECT CAST(0 AS BIGINT) AS campaign_id, CAST(0 AS BIGINT) AS provider, '" #word                                                  \
	"' AS state, count(*) AS n, min(queued_us) AS oldest_us, "                                                                         \
	"min(due_us) AS next_due_us FROM notice WHERE state = '" #word "' HAVING count(*) > 0"
static const struct sql WAITING = {
	.name = "waiting",
	.text = WAIT(queued) " UNION ALL " HAVE(leased) " UNION ALL " HAVE(inflight) " UNION ALL " WAIT(deferred) " UNION ALL " HAVE(
		uncertain) " UNION ALL " WAIT_NOTICES(queued) " UNION ALL " WAIT_NOTICES(deferred) " ORDER BY "
												   "1, 2, 3",
	.row = waiting_fields,
	.row_bytes = sizeof(struct waiting),
};
#define Y(member, kind) FIELD(struct why, member, FIELD_##kind)
const struct field why_fields[] = { Y(delivery_id, INT),
	                            Y(campaign_id, INT),
	                            Y(provider, INT),
	                            Y(email, TEXT),
	                            FIELD_WORDS(struct why, state, delivery_words),
	                            FIELD_WORDS(struct why, campaign_state, campaign_words),
	                            Y(due_us, TIME),
	                            Y(attempts, INT),
	                            Y(reason, TEXT),
	                            Y(reply, TEXT),
	                            Y(relay, TEXT),
	                            Y(stage, TEXT),
	                            Y(code, ID),
	                            Y(at_us, TIME),
	                            FIELD_END };
#define WHY                                                                                                                                \
	"SELECT d.id AS delivery_id, d.campaign_id AS campaign_id, d.provider AS provider, s.email AS email, d.state AS state, c.state "   \
	"AS campaign_state, "                                                                                                              \
	"d.due_us AS due_us, "                                                                                                             \
	"d.attempts AS attempts, d.reason AS reason, a.reply AS reply, a.relay AS relay, a.stage AS stage, coalesce(a.code, 0) AS code, "  \
	"coalesce(a.at_us, 0) AS at_us FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id JOIN campaign c ON c.id = "             \
	"d.campaign_id LEFT JOIN "                                                                                                         \
	"attempt a ON a.id = (SELECT max(b.id) FROM attempt b WHERE b.delivery_id = d.id) "
static const struct sql WHY_ONE = { .name = "why one",
	                            .text = WHY "WHERE s.email_key = $1 ORDER BY d.id DESC",
	                            .in = ARGS(ARG(s, TEXT)),
	                            .row = why_fields,
	                            .row_bytes = sizeof(struct why) };
static const struct sql WHY_ALL = { .name = "why all",
	                            .text = WHY
	                            "WHERE c.state IN ('sending', 'paused') AND d.state = 'deferred' ORDER BY d.due_us LIMIT $1",
	                            .in = ARGS(ARG(a, INT)),
	                            .row = why_fields,
	                            .row_bytes = sizeof(struct why) };
static const struct field revocation_fields[] = { FIELD(struct revocation, id, FIELD_INT), FIELD(struct revocation, list_id, FIELD_INT),
	                                          FIELD(struct revocation, campaign_id, FIELD_INT),
	                                          FIELD(struct revocation, subscriber_id, FIELD_INT), FIELD_END };
static const struct sql REVOCATIONS = {
	.name = "revocations",
	.text = "SELECT id, list_id, campaign_id, subscriber_id FROM revocation WHERE id > $1 ORDER BY id LIMIT $2",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	.row = revocation_fields,
	.row_bytes = sizeof(struct revocation)
};
const struct sql *const queue_statements[] = { &EXPIRE,       &HAS_TOO_OLD, &RETRY,   &RETRY_QUEUED, &RETRY_NOTICES, &RESEND, &PROVED,
	                                       &IS_UNCERTAIN, &WAITING,     &WHY_ONE, &WHY_ALL,      &REVOCATIONS,   NULL };

struct acting {
	struct arg arg;
	const struct sql *sql;
	enum delivery_state from, to;
	int64_t n;
};

static int act_body(struct db *db, void *arg, struct error *err)
{
	struct acting *in = arg;
	struct moved rows[CHUNK];
	struct tally tally = { 0 };
	size_t n = 0;
	if (db_all(db, in->sql, &in->arg, rows, CHUNK, &n, NULL, err) < 0)
		return -1;
	if (tally_moved(db, &tally, rows, n, in->from, in->to, err) < 0)
		return -1;
	in->n = (int64_t)n;
	if (in->sql == &RESEND && n > 0 && store_campaign_reopen(db, in->arg.b, err) < 0)
		return -1;
	return tally_write(db, &tally, err);
}

int store_delivery_expire(struct db *db, int64_t queued_before_us, int min_attempts, size_t max, int64_t now_us, int64_t *n,
                          struct error *err)
{
	struct acting in = { .arg = { .a = now_us, .b = queued_before_us, .c = min_attempts, .d = (int64_t)(max < CHUNK ? max : CHUNK) },
		             .sql = &EXPIRE,
		             .from = DELIVERY_DEFERRED,
		             .to = DELIVERY_EXPIRED };
	int64_t id = 0;
	*n = 0;
	int found = db_one(db, &HAS_TOO_OLD, &in.arg, &id, NULL, err);
	if (found <= 0)
		return found;
	int result = db_write(db, act_body, &in, err);
	*n = in.n;
	return result;
}

int store_delivery_resend_uncertain(struct db *db, int64_t campaign, int64_t now_us, int64_t *n, struct error *err)
{
	*n = 0;
	for (;;) {
		struct acting in = {
			.arg = { .a = now_us, .b = campaign, .c = CHUNK }, .sql = &RESEND, .from = DELIVERY_UNCERTAIN, .to = DELIVERY_QUEUED
		};
		if (db_write(db, act_body, &in, err) < 0)
			return -1;
		*n += in.n;
		if (in.n < CHUNK)
			return 0;
	}
}

static int retry_campaign(struct db *db, int64_t campaign, int64_t now_us, int64_t *n, struct error *err)
{
	const struct sql *const both[] = { &RETRY, &RETRY_QUEUED };
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		int64_t changed = CHUNK;
		while (changed == CHUNK) {
			if (store_run(db, both[i], &(struct arg){ .a = now_us, .b = campaign, .c = CHUNK }, &changed, err) < 0)
				return -1;
			*n += changed;
		}
	}
	return 0;
}

int store_delivery_retry(struct db *db, int64_t campaign, int64_t now_us, int64_t *n, struct error *err)
{
	int64_t ids[CAMPAIGNS];
	int64_t after = 0;
	*n = 0;
	if (campaign > 0)
		return retry_campaign(db, campaign, now_us, n, err);
	for (size_t count = CAMPAIGNS; count == CAMPAIGNS; after = count ? ids[count - 1] : after) {
		if (store_campaign_sending(db, after, ids, CAMPAIGNS, &count, err) < 0)
			return -1;
		for (size_t i = 0; i < count; i++)
			if (retry_campaign(db, ids[i], now_us, n, err) < 0)
				return -1;
	}
	int64_t notices = 0;
	if (store_run(db, &RETRY_NOTICES, &(struct arg){ .a = now_us }, &notices, err) < 0)
		return -1;
	*n += notices;
	return 0;
}

int store_delivery_proved(struct db *db, int64_t campaign, int64_t subscriber, int64_t now_us, struct error *err)
{
	int64_t id = 0;
	struct acting in = {
		.arg = { .a = now_us, .b = campaign, .c = subscriber }, .sql = &PROVED, .from = DELIVERY_UNCERTAIN, .to = DELIVERY_SENT
	};
	int found = db_one(db, &IS_UNCERTAIN, &in.arg, &id, NULL, err);
	if (found <= 0)
		return found;
	return db_write(db, act_body, &in, err) < 0 ? -1 : in.n > 0;
}

int store_delivery_waiting(struct db *db, struct waiting *out, size_t max, size_t *n, struct error *err)
{
	return db_all(db, &WAITING, NULL, out, max, n, NULL, err);
}

int store_delivery_why(struct db *db, const char *email_key, struct why *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, email_key ? &WHY_ONE : &WHY_ALL, &(struct arg){ .s = email_key, .a = (int64_t)max }, out, max, n, arena, err);
}

int store_revocation_after(struct db *db, int64_t after, struct revocation *out, size_t max, size_t *n, struct error *err)
{
	return db_all(db, &REVOCATIONS, &(struct arg){ .a = after, .b = (int64_t)max }, out, max, n, NULL, err);
}
