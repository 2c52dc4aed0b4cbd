/* When a campaign goes: scheduled, taken back, approved, started by the clock. */
#include "ops/alerts.h"
#include "ops/campaigns.h"
#include "system/clock.h"
#include "system/zone_file.h"
#include <stdio.h>

static const struct actor self = { ACTOR_SYSTEM, "gazetted" };

static int audit(struct ops *ops, struct actor actor, const char *verb, int64_t id, const char *detail, struct error *err)
{
	char object[UNITS_TEXT];
	snprintf(object, sizeof object, "campaign %" PRId64, id);
	return ops_audit(ops, actor, verb, object, detail, err);
}

static int campaign_and_list(struct ops *ops, int64_t id, struct campaign *campaign, struct list *list, struct arena *arena,
                             struct error *err)
{
	int found = store_campaign_get(ops->db, id, campaign, arena, err);
	if (found == 0)
		return error_set(err, ERROR_NOT_FOUND, "there is no campaign %" PRId64 ": gazette campaign ls shows them", id);
	return found < 0 || store_list_get(ops->db, campaign->list_id, list, arena, err) <= 0 ? -1 : 0;
}

/* A time as a person writes it, on the clock of the campaign's list. */
struct plan {
	int64_t at_us;
	char rule[WHEN_TEXT], said[WHEN_TEXT];
};

static int make_plan(struct ops *ops, int64_t id, const char *at, struct plan *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(zone_free) struct zone *zone = NULL;
	struct campaign campaign = { 0 };
	struct list list = { 0 };
	int64_t now_us = clock_now().wall_us;
	enum zone_fit fit = ZONE_ONCE;
	if (campaign_and_list(ops, id, &campaign, &list, &arena, err) < 0 || zone_load(list.timezone, &zone, err) < 0 ||
	    when_read(at, zone, now_us, &out->at_us, &fit, err) < 0)
		return -1;
	when_write_rule(out->at_us, zone, out->rule);
	when_write(out->at_us, zone, now_us, out->said);
	size_t size = strlen(out->said);
	if (fit == ZONE_SKIPPED)
		snprintf(out->said + size, WHEN_TEXT - size, " (the clocks skip the time you wrote)");
	else if (fit == ZONE_TWICE)
		snprintf(out->said + size, WHEN_TEXT - size, " (the first of two that night)");
	return 0;
}

int campaign_check_time(struct ops *ops, int64_t id, const char *at, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct campaign campaign = { 0 };
	struct list list = { 0 };
	struct plan plan;
	if (campaign_and_list(ops, id, &campaign, &list, &arena, err) < 0)
		return -1;
	if (campaign.state != CAMPAIGN_DRAFT && campaign.state != CAMPAIGN_SCHEDULED)
		return error_set(err, ERROR_CONFLICT, "campaign %" PRId64 " is %s: only a draft is scheduled", id,
		                 campaign_words[campaign.state]);
	return make_plan(ops, id, at, &plan, err);
}

int campaign_schedule(struct ops *ops, int64_t id, const char *at, struct actor actor, char said[WHEN_TEXT], struct error *err)
{
	struct plan plan;
	if (make_plan(ops, id, at, &plan, err) < 0 ||
	    store_campaign_schedule(ops->db, id, plan.at_us, plan.rule, actor.name ? actor.name : "", err) < 0)
		return -1;
	memcpy(said, plan.said, sizeof plan.said);
	return audit(ops, actor, "campaign schedule", id, plan.rule, err);
}

int campaign_send_soon(struct ops *ops, int64_t id, struct actor actor, int64_t *at_us, struct error *err)
{
	*at_us = clock_now().wall_us + ops->config->delivery.send_delay_us;
	if (store_campaign_schedule(ops->db, id, *at_us, "send", actor.name ? actor.name : "", err) < 0)
		return -1;
	return audit(ops, actor, "campaign send soon", id, "", err);
}

int campaign_unschedule(struct ops *ops, int64_t id, struct actor actor, struct error *err)
{
	int changed = store_campaign_unschedule(ops->db, id, "", err);
	return changed <= 0 ? changed : audit(ops, actor, "campaign unschedule", id, "", err) < 0 ? -1 : 1;
}

int campaign_delete(struct ops *ops, int64_t id, struct actor actor, struct error *err)
{
	return store_campaign_delete(ops->db, id, err) < 0 || audit(ops, actor, "campaign delete", id, "", err) < 0 ? -1 : 1;
}

int campaign_approve(struct ops *ops, int64_t id, struct actor actor, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct campaign campaign = { 0 };
	struct list list = { 0 };
	const char *who = actor.name && *actor.name ? actor.name : "somebody";
	if (campaign_and_list(ops, id, &campaign, &list, &arena, err) < 0)
		return -1;
	if (list.needs_approval && strcmp(campaign.created_by, who) == 0)
		return error_set(err, ERROR_DENIED, "%s made campaign %" PRId64 ": a second person approves it", who, id);
	return store_campaign_approve(ops->db, id, who, err) < 0 || audit(ops, actor, "campaign approve", id, "", err) < 0 ? -1 : 1;
}

/* Nobody sits at a keyboard when the clock finds a fault. */
static int tell(struct ops *ops, int64_t id, const char *why, struct error *err)
{
	char object[UNITS_TEXT];
	char text[640];
	snprintf(object, sizeof object, "campaign %" PRId64, id);
	snprintf(text, sizeof text,
	         "was not sent when it was due, and is a draft again (gazette campaign check %" PRId64 " says all of it): %s", id, why);
	return alert_raise(ops, "unsent", object, text, err);
}

int campaign_start_due(struct ops *ops, int64_t *started, int64_t *failed, struct error *err)
{
	enum { AT_ONCE = 64 };
	int64_t ids[AT_ONCE];
	size_t n = 0;
	*started = 0;
	*failed = 0;
	if (store_campaign_due(ops->db, clock_now().wall_us, ids, AT_ONCE, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct findings findings = { 0 };
		struct error why = { 0 };
		int result = campaign_start(ops, ids[i], NULL, self, &findings, &why);
		*started += result > 0;
		if (result >= 0)
			continue;
		/* A disk that is full, a store that is locked: the next tick tries again. */
		if (why.code != ERROR_INPUT && why.code != ERROR_DENIED && why.code != ERROR_CONFLICT && why.code != ERROR_NOT_FOUND) {
			*err = why;
			return error_wrap(err, "campaign %" PRId64, ids[i]);
		}
		++*failed;
		if (store_campaign_unschedule(ops->db, ids[i], why.text, err) < 0 ||
		    audit(ops, self, "campaign not started", ids[i], why.text, err) < 0 || tell(ops, ids[i], why.text, err) < 0)
			return -1;
	}
	return 0;
}
