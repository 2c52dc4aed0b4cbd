#include "store/tally.h"
#include "store/arg.h"

#define STATE(index, word)                                                                                                                 \
	{                                                                                                                                  \
		word, FIELD_INT, offsetof(struct tally_place, state[index]), NULL                                                          \
	}
#define PLUS(column) #column " = campaign_count." #column " + excluded." #column
static const struct sql ADD = {
	.name = "count",
	.text = "INSERT INTO campaign_count (campaign_id, node_id, provider, queued, leased, inflight, sent, deferred, bounced, expired, "
		"uncertain, "
		"suppressed, cancelled, returned, complaints) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) "
		"ON CONFLICT (campaign_id, node_id, provider) DO UPDATE SET " PLUS(queued) ", " PLUS(leased) ", " PLUS(inflight) ", " PLUS(sent) ", " PLUS(deferred) ", " PLUS(
			bounced) ", " PLUS(expired) ", " PLUS(uncertain) ", " PLUS(suppressed) ", " PLUS(cancelled) ", " PLUS(returned) ","
																	" " PLUS(
																		complaints),
	.in = (const struct field[]){ FIELD(struct tally_place, campaign_id, FIELD_INT), FIELD(struct tally_place, node_id, FIELD_INT),
	                              FIELD(struct tally_place, provider, FIELD_INT), STATE(DELIVERY_QUEUED, "queued"),
	                              STATE(DELIVERY_LEASED, "leased"), STATE(DELIVERY_INFLIGHT, "inflight"), STATE(DELIVERY_SENT, "sent"),
	                              STATE(DELIVERY_DEFERRED, "deferred"), STATE(DELIVERY_BOUNCED, "bounced"),
	                              STATE(DELIVERY_EXPIRED, "expired"), STATE(DELIVERY_UNCERTAIN, "uncertain"),
	                              STATE(DELIVERY_SUPPRESSED, "suppressed"), STATE(DELIVERY_CANCELLED, "cancelled"),
	                              FIELD(struct tally_place, returned, FIELD_INT), FIELD(struct tally_place, complaints, FIELD_INT),
	                              FIELD_END },
};

const struct sql *const tally_statements[] = { &ADD, NULL };

int tally_write(struct db *db, struct tally *tally, struct error *err)
{
	for (size_t i = 0; i < tally->count; i++)
		if (db_run(db, &ADD, &tally->place[i], NULL, err) < 0)
			return -1;
	tally->count = 0;
	return 0;
}

static struct tally_place *place(struct db *db, struct tally *tally, int64_t campaign, int64_t provider, struct error *err)
{
	for (size_t i = tally->count; i-- > 0;)
		if (tally->place[i].campaign_id == campaign && tally->place[i].provider == provider)
			return &tally->place[i];
	if (tally->count == TALLY_PLACES && tally_write(db, tally, err) < 0)
		return NULL;
	tally->place[tally->count] = (struct tally_place){ .campaign_id = campaign, .node_id = tally->node, .provider = provider };
	return &tally->place[tally->count++];
}

int tally_move(struct db *db, struct tally *tally, int64_t campaign, int64_t provider, enum delivery_state from, enum delivery_state to,
               int64_t n, struct error *err)
{
	struct tally_place *at = place(db, tally, campaign, provider, err);
	if (!at)
		return -1;
	at->state[from] -= n;
	at->state[to] += n;
	return 0;
}

const struct field moved_fields[] = { FIELD(struct moved, campaign_id, FIELD_INT), FIELD(struct moved, provider, FIELD_INT), FIELD_END };

int tally_moved(struct db *db, struct tally *tally, const struct moved *rows, size_t n, enum delivery_state from, enum delivery_state to,
                struct error *err)
{
	for (size_t i = 0; i < n; i++)
		if (tally_move(db, tally, rows[i].campaign_id, rows[i].provider, from, to, 1, err) < 0)
			return -1;
	return 0;
}

int tally_returned(struct db *db, struct tally *tally, int64_t campaign, int64_t provider, bool complaint, int64_t n, struct error *err)
{
	struct tally_place *at = place(db, tally, campaign, provider, err);
	if (!at)
		return -1;
	*(complaint ? &at->complaints : &at->returned) += n;
	return 0;
}
