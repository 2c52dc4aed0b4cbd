#include "store/digest.h"
#include "store/arg.h"
#include "store/edition.h"

const char *const digest_cadence_words[] = { "each", "daily", "weekly", NULL };
const struct field digest_fields[] = { FIELD(struct digest, id, FIELD_INT),
	                               FIELD(struct digest, list_id, FIELD_INT),
	                               FIELD_WORDS(struct digest, cadence, digest_cadence_words),
	                               FIELD(struct digest, rhythm, FIELD_TEXT),
	                               FIELD(struct digest, next_us, FIELD_TIME),
	                               FIELD(struct digest, last_us, FIELD_TIME),
	                               FIELD_END };
#define SELECT "SELECT id, list_id, cadence, rhythm, next_us, last_us FROM digest "
#define ROWS .row = digest_fields, .row_bytes = sizeof(struct digest)
#define NUMBER .row = COLUMN_NUMBER("id"), .row_bytes = sizeof(int64_t)
static const struct sql OF = { .name = "digests of list", .text = SELECT "WHERE list_id = $1 ORDER BY id", .in = ARGS(ARG(a, INT)), ROWS };
static const struct sql DUE = {
	.name = "digests due",
	.text = SELECT "WHERE next_us <= $1 AND list_id IN (SELECT id FROM list WHERE closed_us = 0) ORDER BY next_us, id",
	.in = ARGS(ARG(a, INT)),
	ROWS,
};
static const struct sql SET = {
	.name = "digest set",
	.text = "INSERT INTO digest (list_id, cadence, rhythm, last_us) VALUES ($1, $2, $3, $4) ON CONFLICT (list_id, cadence) DO UPDATE "
		"SET "
		"rhythm = excluded.rhythm, next_us = 0",
	.in = ARGS(ARG(a, INT), ARG(s, TEXT), ARG(t, TEXT), ARG(b, INT)),
};
static const struct sql FORGET_NEXT = { .name = "digest forget next",
	                                .text = "UPDATE digest SET next_us = 0 WHERE list_id = $1",
	                                .in = ARGS(ARG(a, INT)) };
static const struct sql SET_NEXT = { .name = "digest next",
	                             .text = "UPDATE digest SET next_us = $1, last_us = $2 WHERE id = $3",
	                             .in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)) };
static const struct sql WAITING = {
	.name = "digest posts waiting",
	.text = "SELECT id FROM post WHERE list_id = $1 AND state = 'held' AND in_digest = 1 ORDER BY CASE WHEN digest_order = 0 THEN 1 "
		"ELSE 0 "
		"END, digest_order, published_us, id LIMIT $2",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	NUMBER,
};
/* What went to those who want each post, since the last digest of this cadence. */
static const struct sql MISSED = {
	.name = "digest posts missed",
	.text = "SELECT cp.post_id AS id FROM campaign c JOIN campaign_post cp ON cp.campaign_id = c.id LEFT JOIN digest_item i ON "
		"i.digest_id = $1 AND i.post_id = cp.post_id WHERE c.list_id = $2 AND c.kind <> 'correction' AND c.started_us > $3 AND "
		"c.started_us <= $4 AND c.state <> 'cancelled' AND (c.cadences & $5) = 0 AND (c.cadences & 1) <> 0 GROUP BY cp.post_id "
		"HAVING "
		"coalesce(max(i.is_skipped), 0) = $6 ORDER BY CASE WHEN coalesce(max(i.place), 0) = 0 THEN 1 ELSE 0 END, max(i.place), "
		"min(c.started_us), min(cp.position), cp.post_id LIMIT $7",
	.in = ARGS(ARG(f, INT), ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(d, INT), ARG(g, INT), ARG(e, INT)),
	NUMBER,
};
static const struct sql SKIP = {
	.name = "digest skip post",
	.text = "INSERT INTO digest_item (digest_id, post_id, is_skipped) VALUES ($1, $2, $3) ON CONFLICT (digest_id, post_id) DO UPDATE "
		"SET is_skipped = excluded.is_skipped",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),
};
static const struct sql FORGET_PLACES = { .name = "digest forget places",
	                                  .text = "UPDATE digest_item SET place = 0 WHERE digest_id = $1",
	                                  .in = ARGS(ARG(a, INT)) };
static const struct sql PLACE = {
	.name = "digest place",
	.text = "INSERT INTO digest_item (digest_id, post_id, place) VALUES ($1, $2, $3) ON CONFLICT (digest_id, post_id) DO UPDATE SET "
		"place = excluded.place",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),
};
/* What was said of a digest that went out, or of one that nobody was to read. */
static const struct sql FORGET_ITEMS = {
	.name = "digest forget items",
	.text = "DELETE FROM digest_item WHERE digest_id = $1 AND NOT EXISTS (SELECT 1 FROM campaign_post cp JOIN campaign c ON c.id = "
		"cp.campaign_id WHERE cp.post_id = digest_item.post_id AND c.started_us > $2)",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
};
static const struct sql USED = {
	.name = "digest posts used",
	.text = "UPDATE post SET state = 'used' WHERE id IN (SELECT post_id FROM campaign_post WHERE campaign_id = $1)",
	.in = ARGS(ARG(a, INT))
};
static const struct sql FORGET_ORDER = {
	.name = "digest forget order",
	.text = "UPDATE post SET digest_order = 0 WHERE list_id = $1 AND state = 'held' AND in_digest = 1",
	.in = ARGS(ARG(a, INT)),
};
static const struct sql ORDER = {
	.name = "digest order",
	.text = "UPDATE post SET digest_order = $1 WHERE id = $2 AND list_id = $3 AND state = 'held' AND in_digest = 1",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),
};
static const struct sql WAIT = {
	.name = "digest wait",
	.text = "UPDATE post SET state = $1, in_digest = $2, hold_until_us = 0, digest_order = 0 WHERE id = $3 AND state <> 'used'",
	.in = ARGS(ARG(s, TEXT), ARG(a, INT), ARG(b, INT)),
};
static const struct sql FREE_WAITING = {
	.name = "digest free waiting",
	.text = "UPDATE post SET state = 'draft', alert = 'its list has no digest any more' WHERE list_id = $1 AND state = 'held' AND "
		"in_digest = 1",
	.in = ARGS(ARG(a, INT)),
};
/* Those skipped too: taken in again, they are drafts. */
static const struct sql FREE_ALL = { .name = "digest free all",
	                             .text = "UPDATE post SET in_digest = 0, digest_order = 0 WHERE list_id = $1 AND in_digest = 1",
	                             .in = ARGS(ARG(a, INT)) };
static const struct sql DROP = { .name = "digest drop",
	                         .text = "DELETE FROM digest WHERE list_id = $1 AND cadence = 'each'",
	                         .in = ARGS(ARG(a, INT)) };
const struct sql *const digest_statements[] = { &OF,   &DUE,           &SET,      &FORGET_NEXT,  &SET_NEXT, &WAITING,      &MISSED,
	                                        &SKIP, &FORGET_PLACES, &PLACE,    &FORGET_ITEMS, &USED,     &FORGET_ORDER, &ORDER,
	                                        &WAIT, &FREE_WAITING,  &FREE_ALL, &DROP,         NULL };

int store_digest_of(struct db *db, int64_t list, struct digest *out, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &OF, &(struct arg){ .a = list }, out, DIGEST_CADENCES, n, arena, err);
}

int store_digest_due(struct db *db, int64_t now_us, struct digest *out, size_t max, size_t *n, struct arena *arena, struct error *err)
{
	return db_all(db, &DUE, &(struct arg){ .a = now_us }, out, max, n, arena, err);
}

int store_digest_set(struct db *db, int64_t list, enum digest_cadence cadence, const char *rhythm, int64_t now_us, struct error *err)
{
	struct arg arg = { .a = list, .s = digest_cadence_words[cadence], .t = rhythm, .b = now_us };
	return store_run(db, &SET, &arg, NULL, err);
}

struct dropping {
	int64_t list, drafts;
};

static int drop_body(struct db *db, void *arg, struct error *err)
{
	struct dropping *in = arg;
	const struct arg list = { .a = in->list };
	int64_t gone = 0;
	if (db_run(db, &FREE_WAITING, &list, &in->drafts, err) < 0 || db_run(db, &FREE_ALL, &list, NULL, err) < 0 ||
	    db_run(db, &DROP, &list, &gone, err) < 0)
		return -1;
	return gone > 0 ? 0 : error_set(err, ERROR_NOT_FOUND, "the list has no digest of its own");
}

int store_digest_drop(struct db *db, int64_t list, int64_t *drafts, struct error *err)
{
	struct dropping in = { .list = list };
	int result = db_write(db, drop_body, &in, err);
	*drafts = in.drafts;
	return result;
}

int store_digest_wait(struct db *db, int64_t post, bool waits, struct error *err)
{
	int64_t changed = 0;
	if (store_run(db, &WAIT, &(struct arg){ .s = waits ? "held" : "draft", .a = waits, .b = post }, &changed, err) < 0)
		return -1;
	return changed > 0;
}

int store_digest_forget_next(struct db *db, int64_t list, struct error *err)
{
	return store_run(db, &FORGET_NEXT, &(struct arg){ .a = list }, NULL, err);
}

static int set_next(struct db *db, void *arg, struct error *err)
{
	const struct arg *next = arg;
	if (db_run(db, &SET_NEXT, next, NULL, err) < 0)
		return -1;
	return db_run(db, &FORGET_ITEMS, &(struct arg){ .a = next->c, .b = next->b }, NULL, err);
}

int store_digest_set_next(struct db *db, int64_t id, int64_t next_us, int64_t last_us, struct error *err)
{
	return db_write(db, set_next, &(struct arg){ .a = next_us, .b = last_us, .c = id }, err);
}

static int missed(struct db *db, const struct digest *digest, int64_t now_us, bool skipped, int64_t posts[CAMPAIGN_POSTS], size_t *n,
                  struct error *err)
{
	struct arg arg = { .a = digest->list_id,
		           .b = digest->last_us,
		           .c = now_us,
		           .d = INT64_C(1) << digest->cadence,
		           .e = CAMPAIGN_POSTS,
		           .f = digest->id,
		           .g = skipped };
	return db_all(db, &MISSED, &arg, posts, CAMPAIGN_POSTS, n, NULL, err);
}

int store_digest_posts(struct db *db, const struct digest *digest, int64_t now_us, int64_t posts[CAMPAIGN_POSTS], size_t *n,
                       struct error *err)
{
	struct arg waiting = { .a = digest->list_id, .b = CAMPAIGN_POSTS };
	if (digest->cadence == DIGEST_EACH)
		return db_all(db, &WAITING, &waiting, posts, CAMPAIGN_POSTS, n, NULL, err);
	return missed(db, digest, now_us, false, posts, n, err);
}

int store_digest_skipped(struct db *db, const struct digest *digest, int64_t now_us, int64_t posts[CAMPAIGN_POSTS], size_t *n,
                         struct error *err)
{
	*n = 0;
	return digest->cadence == DIGEST_EACH ? 0 : missed(db, digest, now_us, true, posts, n, err);
}

int store_digest_skip(struct db *db, int64_t digest, int64_t post, bool skip, struct error *err)
{
	return store_run(db, &SKIP, &(struct arg){ .a = digest, .b = post, .c = skip }, NULL, err);
}

struct making {
	const struct digest *digest;
	struct campaign_new campaign;
	int64_t next_us, now_us;
};

static int make_body(struct db *db, void *arg, struct error *err)
{
	struct making *in = arg;
	struct arg next = { .a = in->next_us, .b = in->now_us, .c = in->digest->id };
	if (campaign_insert(db, &in->campaign, err) < 0 || db_run(db, &USED, &(struct arg){ .a = in->campaign.id }, NULL, err) < 0)
		return -1;
	return set_next(db, &next, err);
}

int store_digest_make(struct db *db, const struct digest *digest, const struct campaign *campaign, const int64_t *posts, size_t n,
                      int64_t next_us, int64_t now_us, int64_t *id, struct error *err)
{
	struct making in = { .digest = digest, .campaign = { campaign, posts, n, 0 }, .next_us = next_us, .now_us = now_us };
	int result = db_write(db, make_body, &in, err);
	*id = in.campaign.id;
	return result;
}

struct ordering {
	int64_t list; /* or the digest of a cadence */
	const int64_t *posts;
	size_t n;
};

static int order_body(struct db *db, void *arg, struct error *err)
{
	const struct ordering *in = arg;
	if (db_run(db, &FORGET_ORDER, &(struct arg){ .a = in->list }, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < in->n; i++) {
		int64_t changed = 0;
		struct arg place = { .a = (int64_t)i + 1, .b = in->posts[i], .c = in->list };
		if (db_run(db, &ORDER, &place, &changed, err) < 0)
			return -1;
		if (changed == 0)
			return error_set(err, ERROR_NOT_FOUND, "post %" PRId64 " waits for no digest of this list", in->posts[i]);
	}
	return 0;
}

int store_digest_order(struct db *db, int64_t list, const int64_t *posts, size_t n, struct error *err)
{
	struct ordering in = { list, posts, n };
	return db_write(db, order_body, &in, err);
}

static int place_body(struct db *db, void *arg, struct error *err)
{
	const struct ordering *in = arg;
	if (db_run(db, &FORGET_PLACES, &(struct arg){ .a = in->list }, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < in->n; i++)
		if (db_run(db, &PLACE, &(struct arg){ .a = in->list, .b = in->posts[i], .c = (int64_t)i + 1 }, NULL, err) < 0)
			return -1;
	return 0;
}

int store_digest_place(struct db *db, int64_t digest, const int64_t *posts, size_t n, struct error *err)
{
	struct ordering in = { digest, posts, n };
	return db_write(db, place_body, &in, err);
}
