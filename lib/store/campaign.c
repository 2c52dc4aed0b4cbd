#include "store/campaign.h"
#include "store/arg.h"
#include "store/tally.h"

const struct field campaign_fields[] = {
	FIELD(struct campaign, id, FIELD_INT),
	FIELD(struct campaign, list_id, FIELD_INT),
	FIELD(struct campaign, post_id, FIELD_ID),
	FIELD_WORDS(struct campaign, state, campaign_words),
	FIELD(struct campaign, subject, FIELD_TEXT),
	FIELD(struct campaign, preheader, FIELD_TEXT),
	FIELD(struct campaign, salt, FIELD_BYTES),
	FIELD(struct campaign, is_again, FIELD_BOOL),
	FIELD(struct campaign, scheduled_us, FIELD_TIME),
	FIELD(struct campaign, schedule, FIELD_TEXT),
	FIELD(struct campaign, started_us, FIELD_TIME),
	FIELD(struct campaign, first_pass_us, FIELD_TIME),
	FIELD(struct campaign, finished_us, FIELD_TIME),
	FIELD(struct campaign, prepared_after, FIELD_INT),
	FIELD(struct campaign, prepared_last, FIELD_INT),
	FIELD(struct campaign, is_prepared, FIELD_BOOL),
	FIELD(struct campaign, edition_id, FIELD_INT),
	FIELD(struct campaign, paused_by, FIELD_TEXT),
	FIELD(struct campaign, created_by, FIELD_TEXT),
	FIELD(struct campaign, created_us, FIELD_TIME),
	FIELD_END,
};

#define COLUMNS                                                                                                                            \
	"list_id, post_id, state, subject, preheader, salt, is_again, scheduled_us, schedule, started_us, first_pass_us, finished_us, "    \
	"prepared_after, prepared_last, is_prepared, edition_id, paused_by, created_by, created_us"
#define SELECT_CAMPAIGN "SELECT id, " COLUMNS " FROM campaign "
#define ROWS .row = campaign_fields, .row_bytes = sizeof(struct campaign)
#define NUMBER .row = COLUMN_NUMBER("id"), .row_bytes = sizeof(int64_t)

static const struct sql INSERT = {
	.name = "campaign insert",
	.text = "INSERT INTO campaign (" COLUMNS
		") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) "
		"RETURNING id",
	.in = campaign_fields + 1,
	NUMBER,
};
static const struct sql GET = { .name = "campaign get", .text = SELECT_CAMPAIGN "WHERE id = $1", .in = ARGS(ARG(a, INT)), ROWS };
static const struct sql OF_POST = {
	.name = "campaign of post",
	.text = SELECT_CAMPAIGN "WHERE post_id = $1 AND list_id = $2 AND state <> 'cancelled' ORDER BY id DESC LIMIT 1",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	ROWS,
};
static const struct sql PAGE = { .name = "campaign page",
	                         .text = SELECT_CAMPAIGN "WHERE id < $1 ORDER BY id DESC LIMIT $2",
	                         .in = ARGS(ARG(a, INT), ARG(b, INT)),
	                         ROWS };
static const struct sql PAGE_OF_LIST = { .name = "campaign page of list",
	                                 .text = SELECT_CAMPAIGN "WHERE id < $1 AND list_id = $2 ORDER BY id DESC LIMIT $3",
	                                 .in = ARGS(ARG(a, INT), ARG(c, INT), ARG(b, INT)),
	                                 ROWS };
static const struct sql UPDATE = {
	.name = "campaign update",
	.text = "UPDATE campaign SET subject = $1, preheader = $2 WHERE id = $3 AND state IN ('draft', 'scheduled')",
	.in = ARGS(ARG(s, TEXT), ARG(t, TEXT), ARG(a, INT))
};
static const struct sql EDITION_INSERT = {
	.name = "edition insert",
	.text = "INSERT INTO edition (campaign_id, number, compiled, created_us) VALUES ($1, 1, $2, $3) RETURNING id",
	.in = ARGS(ARG(a, INT), ARG(x, BYTES), ARG(b, INT)),
	NUMBER,
};
static const struct sql LAST_SUBSCRIPTION = { .name = "last subscription",
	                                      .text = "SELECT coalesce(max(id), 0) AS id FROM subscription WHERE list_id = $1",
	                                      .in = ARGS(ARG(a, INT)),
	                                      NUMBER };
static const struct sql START = {
	.name = "campaign start",
	.text = "UPDATE campaign SET state = 'preparing', started_us = $1, edition_id = $2, prepared_last = $3, prepared_after = 0, "
		"paused_by = '' "
		"WHERE id = $4",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT), ARG(d, INT)),
};
static const struct sql POST_USED = { .name = "post used", .text = "UPDATE post SET state = 'used' WHERE id = $1", .in = ARGS(ARG(a, ID)) };
static const struct sql SET_STATE = { .name = "campaign state",
	                              .text = "UPDATE campaign SET state = $1, paused_by = $2 WHERE id = $3",
	                              .in = ARGS(ARG(s, TEXT), ARG(t, TEXT), ARG(a, INT)) };
static const struct sql REVOKE = { .name = "campaign revoke",
	                           .text = "INSERT INTO revocation (campaign_id, at_us) VALUES ($1, $2)",
	                           .in = ARGS(ARG(a, INT), ARG(b, INT)) };
static const struct sql SCHEDULE = { .name = "campaign schedule",
	                             .text = "UPDATE campaign SET state = 'scheduled', scheduled_us = $1, schedule = $2 WHERE id = $3",
	                             .in = ARGS(ARG(a, INT), ARG(s, TEXT), ARG(b, INT)) };
static const struct sql PREPARING = { .name = "campaigns preparing",
	                              .text = "SELECT id FROM campaign WHERE state = 'preparing' ORDER BY id",
	                              NUMBER };
static const struct sql SENDING = { .name = "campaigns sending",
	                            .text = "SELECT id FROM campaign WHERE state = 'sending' ORDER BY id",
	                            NUMBER };
static const struct sql DUE = {
	.name = "campaigns due",
	.text = "SELECT id FROM campaign WHERE state = 'scheduled' AND scheduled_us <= $1 ORDER BY scheduled_us, id",
	.in = ARGS(ARG(a, INT)),
	NUMBER
};
static const struct sql FIRST_PASS = { .name = "campaign first pass",
	                               .text = "UPDATE campaign SET first_pass_us = $1 WHERE id = $2 AND first_pass_us = 0",
	                               .in = ARGS(ARG(a, INT), ARG(b, INT)) };
static const struct sql FINISH = { .name = "campaign finish",
	                           .text = "UPDATE campaign SET state = 'sent', finished_us = $1 WHERE id = $2 AND state = 'sending'",
	                           .in = ARGS(ARG(a, INT), ARG(b, INT)) };
static const struct sql EDITION = { .name = "edition get",
	                            .text = "SELECT compiled AS x FROM edition WHERE id = $1",
	                            .in = ARGS(ARG(a, INT)),
	                            .row = (const struct field[]){ { "x", FIELD_BYTES, 0, NULL }, FIELD_END },
	                            .row_bytes = sizeof(struct bytes) };

const struct sql *const campaign_statements[] = { &INSERT,    &GET,       &OF_POST, &PAGE,   &PAGE_OF_LIST,   &UPDATE,
	                                          &START,     &POST_USED, &EDITION, &REVOKE, &EDITION_INSERT, &LAST_SUBSCRIPTION,
	                                          &SCHEDULE,  &PREPARING, &SENDING, &DUE,    &FIRST_PASS,     &FINISH,
	                                          &SET_STATE, NULL };

int store_campaign_create(struct db *db, const struct campaign *campaign, int64_t *id, struct error *err)
{
	return store_insert(db, &INSERT, campaign, id, err);
}

int store_campaign_get(struct db *db, int64_t id, struct campaign *out, struct arena *arena, struct error *err)
{
	return db_one(db, &GET, &(struct arg){ .a = id }, out, arena, err);
}

int store_campaign_page(struct db *db, int64_t list, int64_t before_id, struct campaign *out, size_t max, size_t *n, struct arena *arena,
                        struct error *err)
{
	struct arg arg = { .a = before_id ? before_id : INT64_MAX, .b = (int64_t)max, .c = list };
	return db_all(db, list ? &PAGE_OF_LIST : &PAGE, &arg, out, max, n, arena, err);
}

int store_campaign_last(struct db *db, int64_t list, struct campaign *out, struct arena *arena, struct error *err)
{
	size_t n = 0;
	return store_campaign_page(db, list, 0, out, 1, &n, arena, err) < 0 ? -1 : (int)n;
}

int store_campaign_of_post(struct db *db, int64_t list, int64_t post, struct campaign *out, struct arena *arena, struct error *err)
{
	return db_one(db, &OF_POST, &(struct arg){ .a = post, .b = list }, out, arena, err);
}

int store_campaign_update(struct db *db, int64_t id, const char *subject, const char *preheader, struct error *err)
{
	int64_t changed = 0;
	if (store_run(db, &UPDATE, &(struct arg){ .s = subject, .t = preheader, .a = id }, &changed, err) < 0)
		return -1;
	return changed ? 0 : error_set(err, ERROR_CONFLICT, "campaign %" PRId64 " has started: its words can no longer change", id);
}

/* A change of state within a write transaction. */
struct step {
	int64_t id;
	enum campaign_event event;
	const char *who, *rule;
	struct bytes compiled;
	int64_t at_us, now_us;
	struct campaign campaign; /* as it was */
	enum campaign_state next;
	struct arena *arena;
};

static int load(struct db *db, struct step *step, struct error *err)
{
	int found = store_campaign_get(db, step->id, &step->campaign, step->arena, err);
	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(err, ERROR_NOT_FOUND, "there is no campaign %" PRId64, step->id);
	step->next = campaign_next((enum campaign_state)step->campaign.state, step->event);
	return 0;
}

static int refuse(const struct step *step, const char *what, struct error *err)
{
	return error_set(err, ERROR_CONFLICT, "campaign %" PRId64 " can not be %s: it is %s", step->id, what,
	                 campaign_words[step->campaign.state]);
}

static int start_body(struct db *db, void *arg, struct error *err)
{
	struct step *step = arg;
	int64_t edition = 0;
	int64_t last = 0;
	if (load(db, step, err) < 0)
		return -1;
	if (step->next == CAMPAIGN_NONE)
		return refuse(step, "started", err);
	if (db_one(db, &EDITION_INSERT, &(struct arg){ .a = step->id, .x = step->compiled, .b = step->now_us }, &edition, NULL, err) < 0 ||
	    db_one(db, &LAST_SUBSCRIPTION, &(struct arg){ .a = step->campaign.list_id }, &last, NULL, err) < 0 ||
	    db_run(db, &START, &(struct arg){ .a = step->now_us, .b = edition, .c = last, .d = step->id }, NULL, err) < 0)
		return -1;
	return db_run(db, &POST_USED, &(struct arg){ .a = step->campaign.post_id }, NULL, err);
}

int store_campaign_start(struct db *db, int64_t id, struct bytes compiled, const char *who, int64_t now_us, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct step step = { .id = id, .event = CAMPAIGN_ON_START, .compiled = compiled, .who = who, .now_us = now_us, .arena = &arena };
	return db_write(db, start_body, &step, err);
}

static int pause_body(struct db *db, void *arg, struct error *err)
{
	struct step *step = arg;
	if (load(db, step, err) < 0)
		return -1;
	if (step->campaign.state == CAMPAIGN_PAUSED)
		return 0;
	if (step->next == CAMPAIGN_NONE)
		return refuse(step, "paused", err);
	if (db_run(db, &SET_STATE, &(struct arg){ .s = "paused", .t = step->who, .a = step->id }, NULL, err) < 0)
		return -1;
	return db_run(db, &REVOKE, &(struct arg){ .a = step->id, .b = step->now_us }, NULL, err);
}

int store_campaign_pause(struct db *db, int64_t id, const char *who, int64_t now_us, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct step step = { .id = id, .event = CAMPAIGN_ON_PAUSE, .who = who, .now_us = now_us, .arena = &arena };
	return db_write(db, pause_body, &step, err) < 0 ? -1 : step.campaign.state != CAMPAIGN_PAUSED;
}

static int resume_body(struct db *db, void *arg, struct error *err)
{
	struct step *step = arg;
	if (load(db, step, err) < 0)
		return -1;
	if (step->campaign.state == CAMPAIGN_SENDING || step->campaign.state == CAMPAIGN_PREPARING)
		return 0;
	if (!step->campaign.is_prepared)
		step->next = campaign_next((enum campaign_state)step->campaign.state, CAMPAIGN_ON_RESUME_PREPARING);
	if (step->next == CAMPAIGN_NONE)
		return refuse(step, "resumed", err);
	return db_run(db, &SET_STATE, &(struct arg){ .s = campaign_words[step->next], .t = "", .a = step->id }, NULL, err);
}

int store_campaign_resume(struct db *db, int64_t id, const char *who, int64_t now_us, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct step step = { .id = id, .event = CAMPAIGN_ON_RESUME, .who = who, .now_us = now_us, .arena = &arena };
	return db_write(db, resume_body, &step, err) < 0 ? -1 : step.campaign.state == CAMPAIGN_PAUSED;
}

static int schedule_body(struct db *db, void *arg, struct error *err)
{
	struct step *step = arg;
	if (load(db, step, err) < 0)
		return -1;
	if (step->next == CAMPAIGN_NONE)
		return refuse(step, "scheduled", err);
	return db_run(db, &SCHEDULE, &(struct arg){ .a = step->at_us, .s = step->rule, .b = step->id }, NULL, err);
}

int store_campaign_schedule(struct db *db, int64_t id, int64_t at_us, const char *rule, const char *who, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct step step = {
		.id = id, .event = CAMPAIGN_ON_SCHEDULE, .who = who, .rule = rule ? rule : "", .at_us = at_us, .arena = &arena
	};
	return db_write(db, schedule_body, &step, err);
}

int store_campaign_preparing(struct db *db, int64_t *ids, size_t max, size_t *n, struct error *err)
{
	return db_all(db, &PREPARING, NULL, ids, max, n, NULL, err);
}

int store_campaign_sending(struct db *db, int64_t *ids, size_t max, size_t *n, struct error *err)
{
	return db_all(db, &SENDING, NULL, ids, max, n, NULL, err);
}

int store_campaign_due(struct db *db, int64_t now_us, int64_t *ids, size_t max, size_t *n, struct error *err)
{
	return db_all(db, &DUE, &(struct arg){ .a = now_us }, ids, max, n, NULL, err);
}

static int finish_body(struct db *db, void *arg, struct error *err)
{
	struct step *step = arg;
	struct campaign_counts counts;
	/* Counted inside the transaction: nothing can come back between the look and the word. */
	if (store_campaign_counts(db, step->id, &counts, err) < 0)
		return -1;
	if (counts.queued + counts.leased + counts.inflight > 0)
		return 0;
	if (db_run(db, &FIRST_PASS, &(struct arg){ .a = step->now_us, .b = step->id }, NULL, err) < 0)
		return -1;
	if (counts.deferred > 0)
		return 0;
	return db_run(db, &FINISH, &(struct arg){ .a = step->now_us, .b = step->id }, &step->at_us, err);
}

int store_campaign_finish(struct db *db, int64_t id, int64_t now_us, struct error *err)
{
	struct campaign_counts counts;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct step step = { .id = id, .now_us = now_us, .arena = &arena };
	if (load(db, &step, err) < 0 || store_campaign_counts(db, id, &counts, err) < 0)
		return -1;
	if (step.campaign.state != CAMPAIGN_SENDING)
		return 0;
	/* A write costs a flush: only when there is something to write. */
	if (counts.queued + counts.leased + counts.inflight > 0 || (counts.deferred > 0 && step.campaign.first_pass_us > 0))
		return 0;
	return db_write(db, finish_body, &step, err) < 0 ? -1 : step.at_us > 0;
}

int store_edition_get(struct db *db, int64_t edition, struct bytes *compiled, struct arena *arena, struct error *err)
{
	return db_one(db, &EDITION, &(struct arg){ .a = edition }, compiled, arena, err);
}
