#include "ops/alerts.h"
#include "base/text.h"
#include "ops/alert.h"
#include "pacing/breaker.h"
#include "store/alert.h"
#include "store/campaign.h"
#include "store/event.h"
#include "store/list.h"
#include "system/clock.h"
#include <stdio.h>

enum { ALERTS = 64, FAULTS = 64, CAMPAIGNS = 256, RELAYS = 16, TEXT_BYTES = 320 };
#define RELAY_PATIENCE_US MINUTE_US
#define FAULT_LIFE_US HOUR_US

int alert_raise(struct ops *ops, const char *kind, const char *object, const char *text, struct error *err)
{
	char line[TEXT_BYTES];
	CLEANUP(buffer_clear) struct buffer squeezed = BUFFER_INIT(8192);
	text_squeeze(bytes_text(text), &squeezed);
	snprintf(line, sizeof line, "%s", buffer_text(&squeezed));
	/* The cut may have gone through a character. */
	while (*line && !text_is_utf8(bytes_text(line)))
		line[strlen(line) - 1] = '\0';
	return store_alert_raise(ops->db, kind, object, line, clock_now().wall_us, err);
}

int alert_end(struct ops *ops, const char *kind, const char *object, struct error *err)
{
	return store_alert_end(ops->db, kind, object, err);
}

/* A relay that says "slower" for a few seconds is no news. */
static int look_at_relays(struct ops *ops, struct alerts_look *look, int64_t now_us, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct relay_state relays[RELAYS];
	size_t n = 0;
	if (store_relay_all(ops->db, relays, RELAYS, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int64_t *since_us = &look->relay_paused_us[i];
		bool paused = strcmp(relays[i].state, "paused") == 0;
		*since_us = !paused ? 0 : *since_us ? *since_us : now_us;
		bool long_since = paused && now_us - *since_us >= RELAY_PATIENCE_US;
		if (long_since && alert_raise(ops, "relay", relays[i].name, relays[i].reason, err) < 0)
			return -1;
		if (!paused && alert_end(ops, "relay", relays[i].name, err) < 0)
			return -1;
	}
	return 0;
}

/* Servers that refuse us rather than a reader. It is over when an hour went by without it. */
static int look_at_faults(struct ops *ops, struct alerts_look *look, int64_t now_us, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fault faults[FAULTS];
	size_t n = 0;
	if (store_fault_since(ops->db, &look->attempt, faults, FAULTS, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; look->has_begun && i < n; i++) {
		char object[128];
		snprintf(object, sizeof object, "%.60s at %.60s", faults[i].reason, faults[i].relay);
		if (alert_raise(ops, "sender", object, faults[i].reply, err) < 0)
			return -1;
	}
	look->has_begun = true;
	return store_alert_end_old(ops->db, "sender", now_us - FAULT_LIFE_US, err);
}

static int look_at_value(struct ops *ops, const char *key, const char *text, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	const char *value = NULL;
	int found = store_meta_get(ops->db, key, &value, &arena, err);
	if (found < 0)
		return -1;
	return found ? alert_raise(ops, key, "", text ? text : value, err) : alert_end(ops, key, "", err);
}

/* Campaigns that the breaker paused, or that were not sent when they were due, and somebody took up again or ended. */
static int look_at_campaigns(struct ops *ops, struct error *err)
{
	static const struct {
		const char *kind;
		int state;
	} holds[] = { { "breaker", CAMPAIGN_PAUSED }, { "unsent", CAMPAIGN_DRAFT } };
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct alert alerts[ALERTS];
	struct campaign campaign;
	size_t n = 0;
	if (store_alert_all(ops->db, alerts, ALERTS, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int64_t id = 0;
		size_t kind = 0;
		while (kind < COUNT_OF(holds) && strcmp(alerts[i].kind, holds[kind].kind) != 0)
			kind++;
		if (kind == COUNT_OF(holds) || units_integer(alerts[i].object + strlen("campaign "), 1, INT64_MAX, &id, NULL) < 0)
			continue;
		int found = store_campaign_get(ops->db, id, &campaign, &arena, err);
		if (found < 0 ||
		    ((found == 0 || campaign.state != holds[kind].state) && alert_end(ops, alerts[i].kind, alerts[i].object, err) < 0))
			return -1;
	}
	return 0;
}

int alerts_look(struct ops *ops, struct alerts_look *look, struct error *err)
{
	int64_t now_us = clock_now().wall_us;
	if (look_at_relays(ops, look, now_us, err) < 0 || look_at_faults(ops, look, now_us, err) < 0 || look_at_campaigns(ops, err) < 0 ||
	    look_at_value(ops, "disk", "The disk is nearly full: sending is paused until there is room.", err) < 0 ||
	    look_at_value(ops, "clock", NULL, err) < 0 || store_alert_end_old(ops->db, "drafts", now_us - DAY_US, err) < 0)
		return -1;
	return 0;
}

static int mail_kind(struct ops *ops, const char *kind, const struct alert *alerts, size_t n, int64_t now_us, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(64 << 10);
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	size_t lists = 0;
	char subject[128];
	char when[UNITS_TEXT];
	/* The sender is that of a list: the relay lets us send from it. */
	if (store_list_all(ops->db, &list, 1, &lists, &arena, err) < 0)
		return -1;
	if (lists == 0)
		return 0;
	snprintf(subject, sizeof subject, "Gazette needs you: %s", kind);
	buffer_format(&text, "Something needs a person (%s):\r\n\r\n", kind);
	for (size_t i = 0; i < n; i++)
		if (strcmp(alerts[i].kind, kind) == 0)
			buffer_format(&text, "- %s%s%s\r\n  since %s\r\n", alerts[i].object, *alerts[i].object ? ": " : "", alerts[i].text,
			              units_write_time(alerts[i].raised_us, when));
	buffer_add_text(&text, "\r\ngazette status shows what still holds; gazette queue --why says what waits for it.\r\n"
	                       "The next mail of this kind comes in an hour at the earliest.\r\n");
	if (buffer_check(&text, err) < 0 || alert_mail(ops, &list, subject, buffer_text(&text), err) < 0)
		return -1;
	return store_alert_mailed(ops->db, kind, now_us, err);
}

int alerts_mail(struct ops *ops, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct alert alerts[ALERTS];
	int64_t now_us = clock_now().wall_us;
	size_t n = 0;
	int mailed = 0;
	if (!*ops->config->alerts.mail)
		return 0;
	if (store_alert_all(ops->db, alerts, ALERTS, &n, &arena, err) < 0)
		return -1;
	/* By kind, in order: the first of a kind that was not mailed speaks for all of it. */
	const char *done = "";
	for (size_t i = 0; i < n; i++) {
		int64_t last_us = 0;
		if (alerts[i].mailed_us > 0 || strcmp(alerts[i].kind, done) == 0)
			continue;
		done = alerts[i].kind;
		if (store_alert_mailed_us(ops->db, done, &last_us, err) < 0)
			return -1;
		if (last_us > 0 && now_us - last_us < HOUR_US)
			continue;
		if (mail_kind(ops, done, alerts, n, now_us, err) < 0)
			return -1;
		mailed++;
	}
	return mailed;
}

static int check_campaign(struct ops *ops, int64_t id, struct error *err)
{
	const struct config_breaker *limits = &ops->config->delivery.breaker;
	struct breaker breaker = { limits->bounce_ppm, limits->bounce_least, limits->complaint_ppm, limits->complaint_least };
	struct campaign_counts counts;
	struct breaker_base base;
	char why[BREAKER_TEXT];
	char object[UNITS_TEXT];
	if (store_campaign_counts(ops->db, id, &counts, err) < 0 || store_breaker_base(ops->db, id, &base, err) < 0)
		return -1;
	struct breaker_counts now = { counts.sent + counts.bounced, counts.bounced + counts.returned, counts.complaints };
	struct breaker_counts seen = { base.tried, base.bounces, base.complaints };
	if (!breaker_judge(&breaker, &now, &seen, why))
		return 0;
	snprintf(object, sizeof object, "campaign %" PRId64, id);
	int paused = store_campaign_pause(ops->db, id, why, clock_now().wall_us, err);
	if (paused < 0)
		return err->code == ERROR_CONFLICT ? 0 : -1;
	struct actor self = { ACTOR_SYSTEM, "gazetted" };
	if (alert_raise(ops, "breaker", object, why, err) < 0 || ops_audit(ops, self, "campaign pause", object, why, err) < 0)
		return -1;
	return 1;
}

int breaker_check(struct ops *ops, struct error *err)
{
	const struct config_breaker *limits = &ops->config->delivery.breaker;
	int64_t ids[CAMPAIGNS];
	int64_t after = 0;
	int tripped = 0;
	if (limits->bounce_least == 0 && limits->complaint_least == 0)
		return 0;
	for (size_t n = CAMPAIGNS; n == CAMPAIGNS; after = n ? ids[n - 1] : after) {
		if (store_campaign_sending(ops->db, after, ids, CAMPAIGNS, &n, err) < 0)
			return -1;
		for (size_t i = 0; i < n; i++) {
			int one = check_campaign(ops, ids[i], err);
			if (one < 0)
				return -1;
			tripped += one;
		}
	}
	return tripped;
}
