#include "cli/stats.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/groups.h"
#include "ops/lists.h"
#include "pacing/provider.h"
#include "system/clock.h"
#include <stdio.h>

enum { PROVIDERS = 64, CAMPAIGNS = 200, SLOTS = 24, SLOTS_MOST = 400 };

static json_t *time_json(int64_t us)
{
	char text[UNITS_TEXT];
	return us ? json_string(units_write_time(us, text)) : json_null();
}

json_t *stats_json(const struct campaign_stats *s)
{
	const struct campaign_counts *c = &s->counts;
	return json_pack("{s:I,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:b,s:s,s:f,s:o,s:s}",
	                 "campaign", (json_int_t)s->campaign, "list", s->list, "subject", s->subject, "state", campaign_words[s->state],
	                 "audience", (json_int_t)s->audience, "queued", (json_int_t)c->queued, "leased", (json_int_t)c->leased, "inflight",
	                 (json_int_t)c->inflight, "sent", (json_int_t)c->sent, "deferred", (json_int_t)c->deferred, "bounced",
	                 (json_int_t)c->bounced, "expired", (json_int_t)c->expired, "uncertain", (json_int_t)c->uncertain, "suppressed",
	                 (json_int_t)c->suppressed, "cancelled", (json_int_t)c->cancelled, "returned", (json_int_t)c->returned,
	                 "complaints", (json_int_t)c->complaints, "unsubscribes", (json_int_t)c->unsubscribes, "started",
	                 time_json(s->started_us), "finished", time_json(s->finished_us), "first_pass_done", s->first_pass_done,
	                 "paused_by", s->paused_by, "rate_per_s", s->rate_per_s, "eta_s",
	                 s->eta_us < 0 ? json_null() : json_real((double)s->eta_us / (double)SECOND_US), "eta_by", s->eta_by);
}

static void line(const char *name, int64_t n, int64_t of)
{
	char count[UNITS_TEXT];
	if (n == 0)
		return;
	printf("  %-14s %12s", name, units_write_count(n, count));
	if (of > 0)
		printf("  %5.1f %%", 100.0 * (double)n / (double)of);
	puts("");
}

void stats_table(struct cli *cli, const struct campaign_stats *s)
{
	const struct campaign_counts *c = &s->counts;
	struct campaign_counts by[PROVIDERS];
	char text[UNITS_TEXT];
	struct error err;
	size_t n = 0;
	printf("Campaign %" PRId64 " of %s: %s\n%s\n", s->campaign, s->list, s->subject, campaign_words[s->state]);
	if (s->started_us)
		printf("  %-14s %s\n", "started", units_write_time(s->started_us, text));
	if (s->finished_us)
		printf("  %-14s %s\n", "finished", units_write_time(s->finished_us, text));
	line("audience", s->audience, 0);
	line("accepted", c->sent, s->audience);
	line("queued", c->queued, s->audience);
	line("on their way", c->leased + c->inflight, s->audience);
	line("retried later", c->deferred, s->audience);
	line("refused", c->bounced, s->audience);
	line("expired", c->expired, s->audience);
	line("uncertain", c->uncertain, s->audience);
	line("suppressed", c->suppressed, s->audience);
	line("cancelled", c->cancelled, s->audience);
	line("returned", c->returned, c->sent);
	line("complaints", c->complaints, c->sent);
	line("unsubscribed", c->unsubscribes, c->sent);
	/* A slow one is told by the minute: "0 /s" says nothing. */
	if (s->rate_per_s >= 10)
		printf("  %-14s %12.0f /s\n", "rate", s->rate_per_s);
	else if (s->rate_per_s > 0)
		printf("  %-14s %12.1f /m\n", "rate", s->rate_per_s * 60);
	if (s->eta_us > 0 && s->state == CAMPAIGN_SENDING)
		printf("  %-14s %12s  (%s)\n", "time left", units_write_duration(s->eta_us, text), s->eta_by);
	if (store_campaign_counts_by_provider(cli->ops.db, s->campaign, by, PROVIDERS, &n, &err) < 0 || n == 0)
		return;
	printf("\n  %-14s %10s %10s %10s %10s\n", "provider", "accepted", "waiting", "refused", "returned");
	for (size_t i = 0; i < n; i++)
		printf("  %-14s %10" PRId64 " %10" PRId64 " %10" PRId64 " %10" PRId64 "\n",
		       provider_name(cli->ops.providers, by[i].provider), by[i].sent,
		       by[i].queued + by[i].leased + by[i].inflight + by[i].deferred, by[i].bounced + by[i].expired, by[i].returned);
}

static int one(struct cli *cli, int64_t id)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct campaign_stats stats;
	struct error err;
	if (campaign_stats(&cli->ops, id, &stats, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (cli->json)
		cli_json(stats_json(&stats));
	else
		stats_table(cli, &stats);
	return 0;
}

/* Stretches that two dozen lines hold. */
static int64_t slot_length(int64_t whole_us)
{
	static const int64_t lengths[] = { MINUTE_US, 5 * MINUTE_US, 15 * MINUTE_US, HOUR_US, 6 * HOUR_US, DAY_US, 7 * DAY_US };
	size_t i = 0;
	while (i + 1 < COUNT_OF(lengths) && whole_us / lengths[i] >= SLOTS)
		i++;
	return lengths[i];
}

static int over_time(struct cli *cli, int64_t id)
{
	struct campaign_stats stats;
	struct campaign_slot slots[SLOTS_MOST];
	struct error err;
	size_t n = 0;
	if (campaign_stats(&cli->ops, id, &stats, &cli->arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	int64_t end_us = stats.finished_us ? stats.finished_us : clock_now().wall_us;
	int64_t length_us = slot_length(stats.started_us ? end_us - stats.started_us : 0);
	if (stats.started_us &&
	    store_campaign_slots(cli->ops.db, id, stats.started_us / length_us * length_us, length_us, slots, SLOTS_MOST, &n, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_rows(cli, campaign_slot_fields, "from_us sent refused", slots, n, sizeof slots[0]);
	return 0;
}

/* A line a campaign. */
static int many(struct cli *cli, int64_t list)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct campaign *campaigns = arena_alloc(&arena, CAMPAIGNS * sizeof *campaigns);
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	size_t n = 0;
	if (!campaigns || store_campaign_page(cli->ops.db, list, 0, campaigns, CAMPAIGNS, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (!cli->json && n > 0)
		printf("%9s  %-10s %10s %10s %10s %10s  %s\n", "campaign", "state", "audience", "accepted", "waiting", "returned",
		       "subject");
	for (size_t i = 0; i < n; i++) {
		struct campaign_stats s;
		if (campaign_stats(&cli->ops, campaigns[i].id, &s, &arena, &err) < 0)
			return cli_fail(cli, &err, NULL);
		if (cli->json)
			cli_json(stats_json(&s));
		else
			printf("%9" PRId64 "  %-10s %10" PRId64 " %10" PRId64 " %10" PRId64 " %10" PRId64 "  %s\n", s.campaign,
			       campaign_words[s.state], s.audience, s.counts.sent,
			       s.counts.queued + s.counts.leased + s.counts.inflight + s.counts.deferred, s.counts.returned, s.subject);
	}
	if (n == 0)
		cli_say(cli, "No campaign yet: gazette campaign create makes one.");
	return 0;
}

static int stats(struct cli *cli)
{
	struct error err;
	struct list list;
	const char *what = cli->arguments ? cli->argument[0] : NULL;
	bool is_campaign = what && (strchr(what, '/') || strcmp(what, "last") == 0 || strspn(what, "0123456789") == strlen(what));
	bool slots = cli_flag(cli, "over-time");
	if (slots && !is_campaign)
		return cli_usage(cli, "--over-time is of one campaign: gazette stats last --over-time");
	if (!what)
		return many(cli, 0);
	if (is_campaign) {
		int status = cli_load_campaign(cli);
		return status >= 0 ? status : slots ? over_time(cli, cli->campaign->id) : one(cli, cli->campaign->id);
	}
	return list_find(&cli->ops, what, &list, &cli->arena, &err) < 0 ? cli_fail(cli, &err, NULL) : many(cli, list.id);
}

const struct command stats_commands[] = {
	{ "stats", "", NEEDS_STORE, 0, 1, "[LIST|CAMPAIGN] [--over-time]", "over-time",
	  "shows the numbers; --over-time: what was accepted and refused when", "gazette stats 12", stats },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
