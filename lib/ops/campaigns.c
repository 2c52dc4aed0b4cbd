#include "ops/campaigns.h"
#include "ops/pace.h"
#include "base/text.h"
#include "ops/compile.h"
#include "ops/lists.h"
#include "store/missed.h"
#include "system/clock.h"
#include "system/random.h"
#include <stdio.h>
#include <stdlib.h>

enum { SALT_BYTES = 16, CHUNK = 1000, AUDIENCE_CHUNK = 2000 };

int campaign_check_line(const char *field, const char *text, struct error *err)
{
	if (!text_is_utf8(bytes_text(text)) || text_has_control(bytes_text(text)) || strlen(text) > 900)
		return error_set(err, ERROR_INPUT, "%s: must be one line of UTF-8 text, at most 900 bytes", field);
	return 0;
}

static int already(const struct campaign *campaign, int64_t post, struct ops *ops, struct error *err)
{
	struct campaign_counts counts = { 0 };
	char when[UNITS_TEXT] = "";
	char to[UNITS_TEXT];
	if (store_campaign_counts(ops->db, campaign->id, &counts, err) < 0)
		return -1;
	if (!campaign->started_us)
		return error_set(err, ERROR_CONFLICT, "post %" PRId64 " is already in campaign %" PRId64 " (%s). Another of it: --again",
		                 post, campaign->id, campaign_words[campaign->state]);
	units_write_time(campaign->started_us, when);
	return error_set(err, ERROR_CONFLICT,
	                 "post %" PRId64 " is already in campaign %" PRId64
	                 " (%s %s to %s). To all again: --again. To those who missed it: gazette campaign resend %" PRId64 " --missed",
	                 post, campaign->id, campaign_words[campaign->state], when, units_write_count(counts.sent, to), campaign->id);
}

int campaign_create(struct ops *ops, const struct campaign_in *in, struct actor actor, int64_t *id, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	struct stored_post post;
	struct campaign before;
	uint8_t salt[SALT_BYTES];
	if (list_find(ops, in->list, &list, &arena, err) < 0)
		return -1;
	int found = store_post_get(ops->db, in->post, &post, &arena, err);
	if (found < 0)
		return -1;
	if (found == 0 || post.list_id != list.id)
		return error_set(err, ERROR_NOT_FOUND, "list %s has no post %" PRId64 ": gazette post ls %s shows them", list.name,
		                 in->post, list.name);
	found = in->again ? 0 : store_campaign_of_post(ops->db, list.id, in->post, &before, &arena, err);
	if (found != 0)
		return found < 0 ? -1 : already(&before, in->post, ops, err);
	random_bytes(salt, sizeof salt);
	struct campaign campaign = { .list_id = list.id,
		                     .post_id = in->post,
		                     .state = CAMPAIGN_DRAFT,
		                     .subject = in->subject ? in->subject : post.post.title,
		                     .preheader = in->preheader        ? in->preheader
		                                  : post.post.subtitle ? post.post.subtitle
		                                                       : "",
		                     .salt = { (const char *)salt, sizeof salt },
		                     .is_again = in->again,
		                     .schedule = "",
		                     .paused_by = "",
		                     .created_by = actor.name ? actor.name : "",
		                     .created_us = clock_now().wall_us,
		                     .cadences = CADENCE_EACH,
		                     .approved_by = "" };
	if (campaign_check_line("subject", campaign.subject, err) < 0 ||
	    (in->preheader && campaign_check_line("preheader", campaign.preheader, err) < 0))
		return -1;
	if (!*campaign.subject)
		return error_set(err, ERROR_INPUT, "the post has no title: give a --subject");
	if (store_campaign_create(ops->db, &campaign, id, err) < 0)
		return -1;
	char object[UNITS_TEXT];
	snprintf(object, sizeof object, "campaign %" PRId64, *id);
	return ops_audit(ops, actor, "campaign create", object, list.name, err);
}

int campaign_find(struct ops *ops, const char *what, struct campaign *out, struct arena *arena, struct error *err)
{
	int64_t id = 0;
	int found = 0;
	struct list list = { 0 };
	const char *slash = strrchr(what, '/');
	if (units_integer(what, 1, INT64_MAX, &id, NULL) == 0) {
		found = store_campaign_get(ops->db, id, out, arena, err);
	} else if (strcmp(slash ? slash + 1 : what, "last") == 0) {
		char *name = slash ? arena_copy(arena, what, (size_t)(slash - what)) : NULL;
		if (name && list_find(ops, name, &list, arena, err) < 0)
			return -1;
		found = store_campaign_last(ops->db, list.id, out, arena, err);
	} else {
		return error_set(err, ERROR_INPUT, "\"%s\" names no campaign: write its number, last, or LIST/last", what);
	}
	if (found == 0)
		return error_set(err, ERROR_NOT_FOUND, "there is no campaign %s: gazette campaign ls shows them", what);
	return found < 0 ? -1 : 0;
}

int campaign_test_edition(struct ops *ops, const struct campaign *campaign, struct edition **out, struct error *err)
{
	CLEANUP(loaded_clear) struct loaded loaded = { .arena = ARENA_INIT };
	if (loaded_read(ops, campaign->id, &loaded, err) < 0)
		return -1;
	loaded.campaign.salt = campaign->salt;
	return loaded_compile(ops, &loaded, 0, true, out, err);
}

int campaign_edition(struct ops *ops, const struct campaign *campaign, struct edition **out, struct error *err)
{
	CLEANUP(loaded_clear) struct loaded loaded = { .arena = ARENA_INIT };
	if (loaded_read(ops, campaign->id, &loaded, err) < 0)
		return -1;
	if (campaign->edition_id == 0)
		return loaded_compile(ops, &loaded, 0, false, out, err);
	struct bytes stored;
	int found = store_edition_get(ops->db, campaign->edition_id, &stored, &loaded.arena, err);
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, ERROR_CORRUPT, "campaign %" PRId64 " has lost its edition", campaign->id);
	return edition_read(stored, out, err);
}

/* RULES of the house: where a list asks for it, somebody else than who made it has to have seen it. */
static int check_approval(const struct loaded *loaded, struct error *err)
{
	if (!loaded->list.needs_approval || *loaded->campaign.approved_by)
		return 0;
	return error_set(err, ERROR_DENIED, "list %s wants the word of a second person first: gazette campaign approve %" PRId64,
	                 loaded->list.name, loaded->campaign.id);
}

/* The sets of posts that readers had before; what everybody gets comes first. */
static int sets_of_posts(struct ops *ops, const struct loaded *loaded, int64_t had[EDITIONS + 1], size_t *n, struct error *err)
{
	had[0] = 0;
	*n = 0;
	if (loaded->campaign.kind == CAMPAIGN_DIGEST && store_campaign_had(ops->db, &loaded->campaign, had + 1, EDITIONS, n, err) < 0)
		return -1;
	/* Who has no edition of his own would get nothing. */
	if (*n == EDITIONS)
		return error_set(
			err, ERROR_INPUT,
			"the readers of this digest had its posts before in more than %d different ways, and each way needs an edition "
			"of its own: delete the campaign, and gazette digest skip what went out alone",
			EDITIONS - 1);
	size_t found = *n;
	*n = 1;
	for (size_t i = 1; i <= found; i++)
		if (had[i] != 0 && had[i] != (INT64_C(1) << loaded->count) - 1)
			had[(*n)++] = had[i];
	return 0;
}

int campaign_start(struct ops *ops, int64_t id, const struct check_options *options, struct actor actor, struct findings *out,
                   struct error *err)
{
	CLEANUP(loaded_clear) struct loaded loaded = { .arena = ARENA_INIT };
	CLEANUP(editions_new_free) struct editions_new *editions = NULL;
	int64_t had[EDITIONS + 1];
	size_t n = 0;
	char object[UNITS_TEXT];
	if (loaded_read(ops, id, &loaded, err) < 0)
		return -1;
	if (loaded.campaign.state == CAMPAIGN_PREPARING || loaded.campaign.state == CAMPAIGN_SENDING)
		return 0;
	if (check_approval(&loaded, err) < 0 || campaign_check(ops, id, options, out, err) < 0)
		return -1;
	const struct finding *fault = findings_fault(out);
	if (fault)
		return error_set(err, ERROR_INPUT, "%s: %s%s%s", fault->check, fault->text, *fault->mend ? ": " : "", fault->mend);
	if (sets_of_posts(ops, &loaded, had, &n, err) < 0 || loaded_compile_all(ops, &loaded, had, n, &editions, err) < 0 ||
	    store_campaign_start_with(ops->db, id, editions->edition, editions->count, actor.name ? actor.name : "", clock_now().wall_us,
	                              err) < 0)
		return -1;
	snprintf(object, sizeof object, "campaign %" PRId64, id);
	return ops_audit(ops, actor, "campaign send", object, loaded.list.name, err) < 0 ? -1 : 1;
}

int campaign_prepare(struct ops *ops, int64_t id, int64_t budget_us, bool *done, struct error *err)
{
	int64_t until_us = clock_now().mono_us + budget_us;
	do
		if (ops_room(ops, err) < 0 || store_campaign_prepare(ops->db, id, AUDIENCE_CHUNK, clock_now().wall_us, done, err) < 0)
			return -1;
	while (!*done && clock_now().mono_us < until_us);
	return 0;
}

static int audit_verb(struct ops *ops, struct actor actor, const char *verb, int64_t id, int changed, struct error *err)
{
	char object[UNITS_TEXT];
	snprintf(object, sizeof object, "campaign %" PRId64, id);
	if (changed > 0 && ops_audit(ops, actor, verb, object, "", err) < 0)
		return -1;
	return changed;
}

int campaign_pause(struct ops *ops, int64_t id, struct actor actor, struct error *err)
{
	int changed = store_campaign_pause(ops->db, id, actor.name ? actor.name : "", clock_now().wall_us, err);
	return audit_verb(ops, actor, "campaign pause", id, changed, err);
}

int campaign_resume(struct ops *ops, int64_t id, struct actor actor, struct error *err)
{
	/* What was leased while the campaign was refreshed, and came back untried, goes with the others. */
	int64_t moved = 0;
	if (campaign_move(ops, id, &moved, err) < 0)
		return -1;
	int changed = store_campaign_resume(ops->db, id, actor.name ? actor.name : "", clock_now().wall_us, err);
	return audit_verb(ops, actor, "campaign resume", id, changed, err);
}

int campaign_resend_missed(struct ops *ops, int64_t id, bool dry_run, struct actor actor, int64_t *n, struct error *err)
{
	int64_t after = 0;
	size_t found = CHUNK;
	*n = 0;
	while (found == CHUNK) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct missed *rows = arena_alloc(&arena, CHUNK * sizeof *rows);
		int64_t queued = 0;
		if (!rows)
			return error_set(err, ERROR_MEMORY, "out of memory");
		if (store_missed_page(ops->db, id, after, rows, CHUNK, &found, &arena, err) < 0)
			return -1;
		for (size_t i = 0; dry_run && i < found; i++)
			queued += rows[i].resend_reaches;
		if (!dry_run && found > 0 && store_missed_resend(ops->db, id, rows, found, clock_now().wall_us, &queued, err) < 0)
			return -1;
		*n += queued;
		after = found ? rows[found - 1].delivery_id : after;
	}
	return dry_run ? 0 : audit_verb(ops, actor, "campaign resend", id, *n > 0, err);
}

int campaign_cancel(struct ops *ops, int64_t id, struct actor actor, struct error *err)
{
	bool done = false;
	do
		if (store_campaign_cancel(ops->db, id, actor.name ? actor.name : "", CHUNK, clock_now().wall_us, &done, err) < 0)
			return -1;
	while (!done);
	return audit_verb(ops, actor, "campaign cancel", id, 1, err);
}

/* When it will be through, and what decides that. */
static int add_estimate(struct ops *ops, int64_t id, struct campaign_stats *out, struct arena *arena, struct error *err)
{
	struct estimate estimate;
	if (pace_estimate(ops, id, &estimate, err) < 0)
		return -1;
	out->eta_us = estimate.us == INT64_MAX ? -1 : estimate.us;
	out->eta_by = pace_words(ops, &estimate, arena);
	return out->eta_by ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

int campaign_stats(struct ops *ops, int64_t id, struct campaign_stats *out, struct arena *arena, struct error *err)
{
	struct campaign campaign;
	struct list list;
	int found = store_campaign_get(ops->db, id, &campaign, arena, err);
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, ERROR_NOT_FOUND, "there is no campaign %" PRId64, id);
	if (store_list_get(ops->db, campaign.list_id, &list, arena, err) < 0)
		return -1;
	*out = (struct campaign_stats){ .campaign = id,
		                        .list = list.name,
		                        .subject = campaign.subject,
		                        .state = campaign.state,
		                        .started_us = campaign.started_us,
		                        .finished_us = campaign.finished_us,
		                        .first_pass_done = campaign.first_pass_us > 0,
		                        .paused_by = campaign.paused_by,
		                        .eta_us = -1,
		                        .eta_by = "" };
	struct campaign_counts *c = &out->counts;
	if (store_campaign_counts(ops->db, id, c, err) < 0)
		return -1;
	out->audience = c->queued + c->leased + c->inflight + c->sent + c->deferred + c->bounced + c->expired + c->uncertain +
	                c->suppressed + c->cancelled;
	if (!campaign.started_us)
		return 0;
	int64_t end_us = campaign.finished_us     ? campaign.finished_us
	                 : campaign.first_pass_us ? campaign.first_pass_us
	                                          : clock_now().wall_us;
	double seconds = (double)(end_us - campaign.started_us) / (double)SECOND_US;
	out->rate_per_s = seconds > 0.001 ? (double)c->sent / seconds : 0;
	if (c->queued + c->leased + c->inflight == 0)
		out->eta_us = 0;
	else if (campaign.state == CAMPAIGN_SENDING || campaign.state == CAMPAIGN_PREPARING)
		return add_estimate(ops, id, out, arena, err);
	return 0;
}
