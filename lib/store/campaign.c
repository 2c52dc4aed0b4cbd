#include "store/campaign.h"
#include "store/alert.h"
#include "store/arg.h"
#include "store/edition.h"
#include "store/tally.h"

const char *const campaign_kind_words[] = { "post", "digest", "correction", NULL };
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
	FIELD_WORDS(struct campaign, kind, campaign_kind_words),
	FIELD(struct campaign, cadences, FIELD_INT),
	FIELD(struct campaign, corrects_id, FIELD_ID),
	FIELD(struct campaign, approved_by, FIELD_TEXT),
	FIELD_END,
};

#define COLUMNS                                                                                                                            \
	"list_id, post_id, state, subject, preheader, salt, is_again, scheduled_us, schedule, started_us, first_pass_us, finished_us, "    \
	"prepared_after, prepared_last, is_prepared, edition_id, paused_by, created_by, created_us, kind, cadences, corrects_id, "         \
	"approved_by"
#define SELECT_CAMPAIGN "SELECT id, " COLUMNS " FROM campaign "
#define ROWS .row = campaign_fields, .row_bytes = sizeof(struct campaign)
#define NUMBER .row = COLUMN_NUMBER("id"), .row_bytes = sizeof(int64_t)

static const struct sql INSERT = {
	.name = "campaign insert",
	.text = "INSERT INTO campaign (" COLUMNS
		") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23) "
		"RETURNING id",
	.in = campaign_fields + 1,
	NUMBER,
};
static const struct sql GET = { .name = "campaign get", .text = SELECT_CAMPAIGN "WHERE id = $1", .in = ARGS(ARG(a, INT)), ROWS };
static const struct sql OF_POST = {
	.name = "campaign of post",
	.text = SELECT_CAMPAIGN
	"WHERE id IN (SELECT campaign_id FROM campaign_post WHERE post_id = $1) AND list_id = $2 AND kind <> 'correction' "
	"AND state <> 'cancelled' ORDER BY id DESC LIMIT 1",
	.in = ARGS(ARG(a, INT), ARG(b, INT)),
	ROWS,
};
static const struct sql CORRECTION = {
	.name = "correction of campaign",
	.text = SELECT_CAMPAIGN
	"WHERE corrects_id = $1 AND kind = 'correction' AND state IN ('draft', 'scheduled') ORDER BY id DESC LIMIT 1",
	.in = ARGS(ARG(a, INT)),
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
	.text = "UPDATE campaign SET subject = $1, preheader = $2, approved_by = '' WHERE id = $3 AND state IN ('draft', 'scheduled')",
	.in = ARGS(ARG(s, TEXT), ARG(t, TEXT), ARG(a, INT))
};
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
	                            .text = "SELECT id FROM campaign WHERE state = 'sending' AND id > $1 ORDER BY id LIMIT $2",
	                            .in = ARGS(ARG(a, INT), ARG(b, INT)),
	                            NUMBER };
static const struct sql REOPEN = { .name = "campaign reopen",
	                           .text = "UPDATE campaign SET state = 'sending', finished_us = 0 WHERE id = $1 AND state = 'sent'",
	                           .in = ARGS(ARG(a, INT)) };
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
static const struct sql ADD_POST = { .name = "campaign post add",
	                             .text = "INSERT INTO campaign_post (campaign_id, position, post_id) VALUES ($1, $2, $3)",
	                             .in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)) };
static const struct sql POSTS = { .name = "campaign posts",
	                          .text = "SELECT post_id AS id FROM campaign_post WHERE campaign_id = $1 ORDER BY position",
	                          .in = ARGS(ARG(a, INT)),
	                          NUMBER };
static const struct sql UNSCHEDULE = {
	.name = "campaign unschedule",
	.text = "UPDATE campaign SET state = 'draft', scheduled_us = 0, schedule = '', paused_by = $1 WHERE id = $2",
	.in = ARGS(ARG(s, TEXT), ARG(a, INT)),
};
static const struct sql APPROVE = {
	.name = "campaign approve",
	.text = "UPDATE campaign SET approved_by = $1 WHERE id = $2 AND state IN ('draft', 'scheduled')",
	.in = ARGS(ARG(s, TEXT), ARG(a, INT)),
};
/* What only this draft carried waits for a person again. */
static const struct sql FREE_POSTS = {
	.name = "campaign delete frees posts",
	.text = "UPDATE post SET state = 'draft' WHERE state = 'used' AND id IN (SELECT post_id FROM campaign_post WHERE campaign_id = $1) "
		"AND NOT EXISTS (SELECT 1 FROM campaign_post o WHERE o.post_id = post.id AND o.campaign_id <> $2)",
	.in = ARGS(ARG(a, INT), ARG(a, INT)),
};
static const struct sql DELETE_POSTS = { .name = "campaign delete posts",
	                                 .text = "DELETE FROM campaign_post WHERE campaign_id = $1",
	                                 .in = ARGS(ARG(a, INT)) };
static const struct sql DELETE = { .name = "campaign delete", .text = "DELETE FROM campaign WHERE id = $1", .in = ARGS(ARG(a, INT)) };

const struct sql *const campaign_statements[] = { &INSERT,     &GET,        &CORRECTION,   &OF_POST,   &PAGE,    &PAGE_OF_LIST,
	                                          &UPDATE,     &REVOKE,     &SCHEDULE,     &PREPARING, &SENDING, &DUE,
	                                          &FIRST_PASS, &FINISH,     &SET_STATE,    &ADD_POST,  &POSTS,   &UNSCHEDULE,
	                                          &APPROVE,    &FREE_POSTS, &DELETE_POSTS, &DELETE,    &REOPEN,  NULL };

static int create_body(struct db *db, void *arg, struct error *err)
{
	struct campaign_new *in = arg;
	struct campaign row = *in->campaign;
	row.cadences = row.cadences ? row.cadences : CADENCE_ALL;
	row.approved_by = row.approved_by ? row.approved_by : "";
	if (db_one(db, &INSERT, &row, &in->id, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < in->count; i++)
		if (db_run(db, &ADD_POST, &(struct arg){ .a = in->id, .b = (int64_t)i, .c = in->posts[i] }, NULL, err) < 0)
			return -1;
	return 0;
}

int campaign_insert(struct db *db, struct campaign_new *in, struct error *err)
{
	return create_body(db, in, err);
}

int store_campaign_create(struct db *db, const struct campaign *campaign, int64_t *id, struct error *err)
{
	struct campaign_new in = { .campaign = campaign, .posts = &campaign->post_id, .count = campaign->post_id > 0 };
	int result = db_write(db, create_body, &in, err);
	*id = in.id;
	return result;
}

int store_campaign_create_with(struct db *db, const struct campaign *campaign, const int64_t *posts, size_t n, int64_t *id,
                               struct error *err)
{
	struct campaign_new in = { .campaign = campaign, .posts = posts, .count = n };
	int result = db_write(db, create_body, &in, err);
	*id = in.id;
	return result;
}

int store_campaign_posts(struct db *db, int64_t id, int64_t posts[CAMPAIGN_POSTS], size_t *n, struct error *err)
{
	return db_all(db, &POSTS, &(struct arg){ .a = id }, posts, CAMPAIGN_POSTS, n, NULL, err);
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
	/* A person has seen what came back so far: the breaker judges what comes. */
	if (store_breaker_rebase(db, step->id, err) < 0)
		return -1;
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

static int unschedule_body(struct db *db, void *arg, struct error *err)
{
	struct step *step = arg;
	if (load(db, step, err) < 0)
		return -1;
	if (step->campaign.state == CAMPAIGN_DRAFT)
		return 0;
	if (step->next == CAMPAIGN_NONE)
		return refuse(step, "taken back", err);
	return db_run(db, &UNSCHEDULE, &(struct arg){ .s = step->rule, .a = step->id }, NULL, err);
}

int store_campaign_unschedule(struct db *db, int64_t id, const char *why, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct step step = { .id = id, .event = CAMPAIGN_ON_UNSCHEDULE, .rule = why, .arena = &arena };
	return db_write(db, unschedule_body, &step, err) < 0 ? -1 : step.campaign.state != CAMPAIGN_DRAFT;
}

int store_campaign_approve(struct db *db, int64_t id, const char *who, struct error *err)
{
	int64_t changed = 0;
	if (store_run(db, &APPROVE, &(struct arg){ .s = who, .a = id }, &changed, err) < 0)
		return -1;
	return changed ? 0 : error_set(err, ERROR_CONFLICT, "campaign %" PRId64 " has started: there is nothing to approve", id);
}

static int delete_body(struct db *db, void *arg, struct error *err)
{
	struct step *step = arg;
	struct arg id = { .a = step->id };
	if (load(db, step, err) < 0)
		return -1;
	if (step->campaign.state != CAMPAIGN_DRAFT || step->campaign.started_us > 0)
		return refuse(step, "deleted", err);
	return db_run(db, &FREE_POSTS, &id, NULL, err) < 0 || db_run(db, &DELETE_POSTS, &id, NULL, err) < 0
	               ? -1
	               : db_run(db, &DELETE, &id, NULL, err);
}

int store_campaign_delete(struct db *db, int64_t id, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct step step = { .id = id, .arena = &arena };
	return db_write(db, delete_body, &step, err);
}

int store_campaign_reopen(struct db *db, int64_t id, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct campaign campaign;
	int found = store_campaign_get(db, id, &campaign, &arena, err);
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, ERROR_NOT_FOUND, "there is no campaign %" PRId64, id);
	if (campaign.state == CAMPAIGN_SENDING || campaign.state == CAMPAIGN_PAUSED)
		return 0;
	if (campaign_next((enum campaign_state)campaign.state, CAMPAIGN_ON_REOPEN) == CAMPAIGN_NONE)
		return error_set(err, ERROR_CONFLICT,
		                 "campaign %" PRId64 " is %s: a resend is for one that was sent. After a cancel a new campaign of the post "
		                 "reaches who did not get it: gazette campaign create LIST --post %" PRId64,
		                 id, campaign_words[campaign.state], campaign.post_id);
	return db_run(db, &REOPEN, &(struct arg){ .a = id }, NULL, err);
}

int store_campaign_preparing(struct db *db, int64_t *ids, size_t max, size_t *n, struct error *err)
{
	return db_all(db, &PREPARING, NULL, ids, max, n, NULL, err);
}

int store_campaign_sending(struct db *db, int64_t after, int64_t *ids, size_t max, size_t *n, struct error *err)
{
	return db_all(db, &SENDING, &(struct arg){ .a = after, .b = (int64_t)max }, ids, max, n, NULL, err);
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

int store_campaign_correction(struct db *db, int64_t id, struct campaign *out, struct arena *arena, struct error *err)
{
	return db_one(db, &CORRECTION, &(struct arg){ .a = id }, out, arena, err);
}
