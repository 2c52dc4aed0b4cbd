#include "store/missed.h"
#include "store/arg.h"
#include "store/campaign.h"
#include "store/delivery.h"
#include "store/tally.h"
#include <assert.h>

#define M(member, kind) FIELD(struct missed, member, FIELD_##kind)
const struct field missed_fields[] = { M(delivery_id, INT),
	                               M(email, TEXT),
	                               FIELD_WORDS(struct missed, state, delivery_words),
	                               M(returned, TEXT),
	                               M(reason, TEXT),
	                               M(code, INT),
	                               M(status, TEXT),
	                               M(reply, TEXT),
	                               M(provider, INT),
	                               M(attempts, INT),
	                               M(last_attempt_us, TIME),
	                               M(resend_reaches, BOOL),
	                               FIELD_END };
/* Nobody who left, is suppressed, was refused for good or complained. */
#define MAY_GET                                                                                                                            \
	"EXISTS (SELECT 1 FROM subscription p JOIN campaign c ON c.list_id = p.list_id WHERE c.id = d.campaign_id AND p.subscriber_id = "  \
	"d.subscriber_id AND p.state = 'active') AND NOT EXISTS (SELECT 1 FROM subscriber q JOIN suppression x ON x.email_key = "          \
	"q.email_key WHERE q.id = d.subscriber_id)"
#define NOT_FOR_GOOD "d.returned_class NOT IN ('hard', 'complaint')"
static const struct sql MISSED = {
	.name = "missed",
	.text = "SELECT d.id AS delivery_id, s.email AS email, d.state AS state, d.returned_class AS returned, d.reason AS reason, "
		"coalesce(a.code, 0) AS code, coalesce(a.status, '') AS status, coalesce(a.reply, '') AS reply, d.provider AS provider, "
		"d.attempts AS attempts, coalesce(a.at_us, 0) AS last_attempt_us, CASE WHEN (d.state IN ('expired', 'uncertain') OR "
		"(d.state = 'sent' AND d.returned_us > 0)) AND " NOT_FOR_GOOD " AND " MAY_GET
		" THEN 1 ELSE 0 END AS resend_reaches FROM delivery d JOIN subscriber s ON s.id = "
		"d.subscriber_id LEFT JOIN attempt a ON a.id = (SELECT max(b.id) FROM attempt b WHERE b.delivery_id = d.id) WHERE "
		"d.campaign_id + 0 = $1 AND d.id > $2 AND d.id >= (SELECT min(f.id) FROM delivery f WHERE f.campaign_id = $3) AND d.id <= "
		"(SELECT max(l.id) FROM delivery l WHERE l.campaign_id = $4) AND (d.state NOT IN ('sent', 'queued', 'leased', 'inflight') "
		"OR "
		"d.returned_us > 0) ORDER BY d.id LIMIT $5",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(a, INT), ARG(a, INT), ARG(c, INT)),
	.row = missed_fields,
	.row_bytes = sizeof(struct missed),
};
/* The age begins anew, else what expired would expire at once. What was in doubt keeps its values: it goes out byte for byte. */
#define AGAIN(condition)                                                                                                                   \
	"UPDATE delivery AS d SET state = 'queued', reason = 'sent again: it was missed', due_us = $1, queued_us = $2, attempts = 0, "     \
	"resends = resends + $3, finished_us = 0, lease_id = 0, returned_us = 0, returned_class = '' WHERE d.id = $4 AND " condition       \
	" AND " MAY_GET " RETURNING campaign_id, provider"
#define AGAIN_ARGS ARGS(ARG(a, INT), ARG(a, INT), ARG(b, INT), ARG(c, INT)), MOVED
#define NOT_BACK(word) AGAIN("d.state = '" #word "' AND d.returned_us = 0")
#define BACK(word) AGAIN("d.state = '" #word "' AND d.returned_us > 0 AND " NOT_FOR_GOOD)
static const struct sql EXPIRED = { .name = "missed again", .text = NOT_BACK(expired), .in = AGAIN_ARGS };
static const struct sql UNCERTAIN = { .name = "missed again, in doubt", .text = NOT_BACK(uncertain), .in = AGAIN_ARGS };
static const struct sql BACK_SENT = { .name = "missed again, returned", .text = BACK(sent), .in = AGAIN_ARGS };
/* A return may come for any delivery: of one that was given up, or is in doubt, it counted too. */
static const struct sql BACK_EXPIRED = { .name = "missed again, given up, returned", .text = BACK(expired), .in = AGAIN_ARGS };
static const struct sql BACK_UNCERTAIN = { .name = "missed again, in doubt, returned", .text = BACK(uncertain), .in = AGAIN_ARGS };
const struct sql *const missed_statements[] = { &MISSED, &EXPIRED, &UNCERTAIN, &BACK_SENT, &BACK_EXPIRED, &BACK_UNCERTAIN, NULL };

int store_missed_page(struct db *db, int64_t campaign, int64_t after, struct missed *out, size_t max, size_t *n, struct arena *arena,
                      struct error *err)
{
	return db_all(db, &MISSED, &(struct arg){ .a = campaign, .b = after, .c = (int64_t)max }, out, max, n, arena, err);
}

struct resending {
	int64_t campaign, now_us, queued;
	const struct missed *rows;
	size_t n;
};

static int again(struct db *db, struct resending *in, const struct missed *row, struct tally *tally, struct error *err)
{
	static const struct {
		enum delivery_state from;
		bool is_back;
		const struct sql *sql;
	} ways[] = { { DELIVERY_EXPIRED, false, &EXPIRED },
		     { DELIVERY_UNCERTAIN, false, &UNCERTAIN },
		     { DELIVERY_SENT, true, &BACK_SENT },
		     { DELIVERY_EXPIRED, true, &BACK_EXPIRED },
		     { DELIVERY_UNCERTAIN, true, &BACK_UNCERTAIN } };
	struct arg arg = { .a = in->now_us, .b = row->state == DELIVERY_UNCERTAIN, .c = row->delivery_id };
	struct moved moved;
	int found = 0;
	for (size_t i = 0; i < COUNT_OF(ways) && found == 0; i++) {
		if (ways[i].from != (enum delivery_state)row->state)
			continue;
		found = db_one(db, ways[i].sql, &arg, &moved, NULL, err);
		if (found > 0 && ways[i].is_back && tally_returned(db, tally, moved.campaign_id, moved.provider, false, -1, err) < 0)
			return -1;
	}
	if (found <= 0)
		return found;
	assert(delivery_next((enum delivery_state)row->state, ON_RESEND) == DELIVERY_QUEUED);
	in->queued++;
	return tally_move(db, tally, moved.campaign_id, moved.provider, (enum delivery_state)row->state, DELIVERY_QUEUED, 1, err);
}

static int resend_body(struct db *db, void *arg, struct error *err)
{
	struct resending *in = arg;
	struct tally tally = { 0 };
	in->queued = 0;
	if (store_campaign_reopen(db, in->campaign, err) < 0)
		return -1;
	for (size_t i = 0; i < in->n; i++)
		if (in->rows[i].resend_reaches && again(db, in, &in->rows[i], &tally, err) < 0)
			return -1;
	return tally_write(db, &tally, err);
}

int store_missed_resend(struct db *db, int64_t campaign, const struct missed *rows, size_t n, int64_t now_us, int64_t *queued,
                        struct error *err)
{
	struct resending in = { .campaign = campaign, .now_us = now_us, .rows = rows, .n = n };
	int result = db_write(db, resend_body, &in, err);
	*queued = in.queued;
	return result;
}
