#include "ops/campaigns.h"
#include "ops/providers.h"
#include "base/units.h"
#include "cli/campaign.h"
#include "cli/check.h"
#include "cli/groups.h"
#include "cli/stats.h"
#include "cli/trial.h"
#include "ops/lists.h"
#include "pacing/provider.h"
#include "store/missed.h"
#include "system/clock.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PROVIDERS = 64, CAMPAIGNS = 1000, ASK_FOR_NAME = 1000, MISSED = 1000 };

int campaign_change(struct cli *cli, int (*verb)(struct ops *, int64_t, struct actor, struct error *), const char *said)
{
	struct campaign campaign;
	struct error err;
	int64_t id = cli->campaign->id;
	int changed = verb(&cli->ops, id, cli->actor, &err);
	int found = changed < 0 ? -1 : store_campaign_get(cli->ops.db, id, &campaign, &cli->arena, &err);
	if (found < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli,
	         json_pack("{s:I,s:s,s:b}", "campaign", (json_int_t)id, "state", found ? campaign_words[campaign.state] : "deleted",
	                   "changed", changed),
	         "Campaign %" PRId64 " %s%s.", id, said, changed ? "" : " already");
	return 0;
}

static int create(struct cli *cli)
{
	struct error err;
	int64_t id = 0;
	struct campaign_in in = { .list = cli->argument[0],
		                  .subject = cli_option(cli, "subject"),
		                  .preheader = cli_option(cli, "preheader"),
		                  .again = cli_flag(cli, "again") };
	const char *post = cli_option(cli, "post");
	if (!post)
		return cli_usage(cli, "which post? gazette post ls %s shows them", in.list);
	int status = cli_id(cli, post, &in.post);
	if (status)
		return status;
	if (campaign_create(&cli->ops, &in, cli->actor, &id, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_made(cli, "campaign", id);
	cli_say(cli, "Campaign %" PRId64 " is a draft.", id);
	cli_next(cli, "gazette campaign preview %" PRId64 " --to ADDRESS --text; gazette campaign send %" PRId64, id, id);
	return 0;
}

/* A rate of its own may change while it is under way; the daemon takes it up within a second. */
static int set_rate(struct cli *cli, int64_t id, const char *rate)
{
	struct pacing_rates rates;
	struct error err;
	int64_t changed = 0;
	if (rates_read(rate, &rates, &err) < 0 || store_campaign_set_rate(cli->ops.db, id, rate, &changed, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (!changed) {
		error_set(&err, ERROR_CONFLICT, "campaign %" PRId64 " is over: a rate would change nothing", id);
		return cli_fail(cli, &err, NULL);
	}
	if (ops_audit(&cli->ops, cli->actor, "campaign rate", "", rate, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:I,s:s}", "campaign", (json_int_t)id, "rate", rate), "Campaign %" PRId64 " goes out at %s.", id,
	         *rate ? rate : "the rates of its list and relays");
	return 0;
}

static int set(struct cli *cli)
{
	const struct campaign *campaign = cli->campaign;
	struct error err;
	int status = 0;
	const char *rate = cli_option(cli, "rate");
	if (rate && (status = set_rate(cli, campaign->id, rate)) != 0)
		return status;
	if (rate && !cli_option(cli, "subject") && !cli_option(cli, "preheader"))
		return 0;
	const char *subject = cli_option(cli, "subject") ? cli_option(cli, "subject") : campaign->subject;
	const char *preheader = cli_option(cli, "preheader") ? cli_option(cli, "preheader") : campaign->preheader;
	if (store_campaign_update(cli->ops.db, campaign->id, subject, preheader, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:I,s:s,s:s}", "campaign", (json_int_t)campaign->id, "subject", subject, "preheader", preheader),
	         "Campaign %" PRId64 " changed.", campaign->id);
	return 0;
}

static int preview(struct cli *cli)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(64 << 20);
	const struct campaign *campaign = cli->campaign;
	struct error err;
	int status = 0;
	const char *to = cli_option(cli, "to");
	if (!to)
		return cli_usage(cli, "whose mail? --to ADDRESS");
	enum preview_form form = cli_flag(cli, "html") ? PREVIEW_HTML : cli_flag(cli, "text") ? PREVIEW_TEXT : PREVIEW_EML;
	if (campaign_preview(&cli->ops, campaign->id, to, form, &out, &err) < 0) {
		status = cli_fail(cli, &err, NULL);
		return err.code == ERROR_NOT_FOUND ? EXIT_NO_ADDRESS : status;
	}
	fwrite(out.data, 1, out.size, stdout);
	return 0;
}

int campaign_daemon_away(const struct cli *cli, const struct error *err)
{
	char hint[PATH_MAX + 32];
	snprintf(hint, sizeof hint, "Start it: gazetted -c %s", cli->config_path);
	return cli_fail(cli, err, hint);
}

int campaign_show_audience(struct cli *cli, const struct campaign *campaign, const struct list *list, int64_t *readers, struct error *err)
{
	struct campaign_counts by[PROVIDERS];
	char count[UNITS_TEXT];
	size_t n = 0;
	*readers = 0;
	if (store_campaign_audience(cli->ops.db, campaign, by, PROVIDERS, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		*readers += by[i].queued;
	cli_say(cli, "Subject: %s\nFrom:    %s <%s>\nReaders: %s", campaign->subject, list->from_name, list->from_email,
	        units_write_count(*readers, count));
	for (size_t i = 0; i < n; i++)
		if (n > 1 && by[i].queued > 0)
			cli_say(cli, "         %s %s", units_write_count(by[i].queued, count),
			        provider_name(cli->ops.providers, by[i].provider));
	return 0;
}

static bool may_send(struct cli *cli, const struct list *list, int64_t readers, size_t warnings, int *status)
{
	const char *expect = cli_option(cli, "expect");
	int64_t expected = 0;
	char count[UNITS_TEXT];
	if (expect && units_integer(expect, 0, INT64_MAX, &expected, NULL) < 0) {
		*status = cli_usage(cli, "--expect %s is no number", expect);
		return false;
	}
	if (expect && llabs(readers - expected) * 20 > expected) {
		struct error err;
		error_set(&err, ERROR_INPUT, "%s, not about %" PRId64 " as expected", cli_count(readers, "reader", count), expected);
		*status = cli_fail(cli, &err, NULL);
		return false;
	}
	if (readers > ASK_FOR_NAME)
		return cli_confirm_name(cli, status, list->name, "Send it to all of them?");
	return cli_confirm(cli, status, warnings ? "Send it, with %s?" : "Send it?", cli_count((int64_t)warnings, "warning", count));
}

static int send(struct cli *cli)
{
	const struct campaign *campaign = cli->campaign;
	struct list list;
	struct findings findings = { 0 };
	struct check_options options = { .links = CHECK_LINKS_UNLESS_TRIAL };
	const char *ignore[IGNORED];
	struct error err = { 0 };
	int64_t readers = 0;
	int status = 0;
	char when[UNITS_TEXT];
	options.ignore = ignore;
	options.ignore_count = (size_t)cli_options(cli, "ignore", ignore, IGNORED);
	if (campaign->state == CAMPAIGN_SENDING || campaign->state == CAMPAIGN_PREPARING) {
		units_write_time(campaign->started_us, when);
		cli_done(cli,
		         json_pack("{s:I,s:s,s:s,s:s}", "campaign", (json_int_t)campaign->id, "state", campaign_words[campaign->state],
		                   "since", when, "by", campaign->created_by),
		         "already sending since %s%s%s", when, *campaign->created_by ? " by " : "", campaign->created_by);
		return 0;
	}
	if (store_list_get(cli->ops.db, campaign->list_id, &list, &cli->arena, &err) <= 0 ||
	    campaign_check(&cli->ops, campaign->id, &options, &findings, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (campaign->state != CAMPAIGN_DRAFT && campaign->state != CAMPAIGN_SCHEDULED) {
		error_set(&err, ERROR_CONFLICT, "campaign %" PRId64 " can not be sent: it is %s", campaign->id,
		          campaign_words[campaign->state]);
		return cli_fail(cli, &err, NULL);
	}
	if (campaign_show_audience(cli, campaign, &list, &readers, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (!cli->json || findings_fault(&findings))
		findings_print(cli, &findings, stderr);
	if (findings_fault(&findings))
		return EXIT_DATA;
	if (!may_send(cli, &list, readers, findings_warnings(&findings), &status))
		return status;
	/* A person at the keyboard can take it back for a while; a script that says --yes means it. */
	bool waits = !cli->yes && !cli_flag(cli, "now") && cli->ops.config->delivery.send_delay_us > 0;
	int64_t at_us = 0;
	/* The links were looked at just now. */
	options.links = CHECK_OFFLINE;
	if (waits ? campaign_accept(&cli->ops, campaign->id, &options, &err) < 0 ||
	                    campaign_send_soon(&cli->ops, campaign->id, cli->actor, &at_us, &err) < 0
	          : campaign_start(&cli->ops, campaign->id, &options, cli->actor, &findings, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (cli->json)
		cli_json(json_pack("{s:I,s:I}", "campaign", (json_int_t)campaign->id, "readers", (json_int_t)readers));
	if (waits)
		cli_say(cli, "Campaign %" PRId64 " starts in %s. To take it back: gazette campaign unschedule %" PRId64, campaign->id,
		        units_write_duration(cli->ops.config->delivery.send_delay_us, when), campaign->id);
	else
		cli_say(cli, "Campaign %" PRId64 " is on its way.", campaign->id);
	if (cli_daemon_pid(cli) == 0)
		cli_say(cli, "The daemon does not run: nothing goes out until it does. Start it: gazetted -c %s", cli->config_path);
	cli_next(cli, "gazette campaign watch %" PRId64, campaign->id);
	return 0;
}

static bool is_over(const struct campaign_stats *s, bool all)
{
	if (s->state == CAMPAIGN_SENT || s->state == CAMPAIGN_CANCELLED || s->state == CAMPAIGN_PAUSED || s->state == CAMPAIGN_DRAFT)
		return true;
	return !all && s->first_pass_done;
}

static int watch(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	const struct campaign *campaign = cli->campaign;
	struct campaign_stats stats;
	struct error err;
	int silent = 0;
	struct progress progress = cli_progress(cli, "sending");
	cli_catch_interrupt();
	for (;;) {
		arena_reset(&arena);
		if (campaign_stats(&cli->ops, campaign->id, &stats, &arena, &err) < 0)
			return cli_fail(cli, &err, NULL);
		int64_t waiting = stats.counts.queued + stats.counts.leased + stats.counts.inflight;
		progress.tell(progress.context, stats.audience - waiting, stats.audience);
		if (is_over(&stats, cli_flag(cli, "all")) || cli_interrupted())
			break;
		/* A daemon that just started has not said so yet. */
		silent = cli_daemon_pid(cli) ? 0 : silent + 1;
		if (silent > 50) {
			cli_progress_end(cli);
			error_set(&err, ERROR_NETWORK, "the daemon does not run: campaign %" PRId64 " waits", campaign->id);
			return campaign_daemon_away(cli, &err);
		}
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	}
	cli_progress_end(cli);
	if (cli_interrupted()) {
		fprintf(stderr, "stopped watching; the campaign goes on. To pause: gazette campaign pause %" PRId64 "\n", campaign->id);
		return EXIT_INTERRUPT;
	}
	if (cli->json)
		cli_json(stats_json(&stats));
	else if (!cli->quiet)
		stats_table(cli, &stats);
	return stats.counts.deferred + stats.counts.queued > 0 ? EXIT_UNFINISHED : 0;
}

static int pause_command(struct cli *cli)
{
	return campaign_change(cli, campaign_pause, "is paused");
}

/* An edit of the post goes to nobody by itself. */
static void warn_of_old_words(struct cli *cli, int64_t id)
{
	CLEANUP(buffer_clear) struct buffer diff = BUFFER_INIT(16 << 20);
	char note[256];
	struct error err;
	if (campaign_changes(&cli->ops, id, &diff, &err) < 0 || diff.size == 0)
		return;
	snprintf(note, sizeof note,
	         "the post was edited since: those not mailed yet get the old words. For the new ones: gazette campaign pause %" PRId64
	         ", then gazette campaign refresh %" PRId64,
	         id, id);
	cli_note(cli, note);
}

static int resume(struct cli *cli)
{
	if (cli->campaign->state == CAMPAIGN_PAUSED)
		warn_of_old_words(cli, cli->campaign->id);
	return campaign_change(cli, campaign_resume, "goes on");
}

static int cancel(struct cli *cli)
{
	const struct campaign *campaign = cli->campaign;
	int status = 0;
	if (!cli_confirm(cli, &status, "Cancel campaign %" PRId64 " (%s)?", campaign->id, campaign->subject))
		return status;
	return campaign_change(cli, campaign_cancel, "is cancelled");
}

static int ls(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list = { 0 };
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	struct campaign *campaigns = arena_alloc(&arena, CAMPAIGNS * sizeof *campaigns);
	size_t n = 0;
	if (!campaigns || (cli->arguments && list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0) ||
	    store_campaign_page(cli->ops.db, list.id, 0, campaigns, CAMPAIGNS, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_rows(cli, campaign_fields, "id state kind subject post_id scheduled_us started_us finished_us created_by paused_by", campaigns,
	         n, sizeof *campaigns);
	return 0;
}

/* When it will be through, limits taken into account; only of one that is under way. */
static int show_text(struct cli *cli, const struct campaign *campaign, struct arena *arena)
{
	struct campaign_stats stats;
	struct error err;
	char left[UNITS_TEXT];
	char when[UNITS_TEXT];
	if (campaign_stats(&cli->ops, campaign->id, &stats, arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_row(cli, campaign_fields, campaign);
	if (campaign->state == CAMPAIGN_SENDING && stats.eta_us > 0)
		printf("%-16s %s, in %s, because of %s\n", "through by", units_write_time(clock_now().wall_us + stats.eta_us, when),
		       units_write_duration(stats.eta_us, left), stats.eta_by);
	return 0;
}

static int show_json(struct cli *cli, const struct campaign *campaign, struct arena *arena)
{
	struct campaign_stats stats;
	struct error err;
	if (campaign_stats(&cli->ops, campaign->id, &stats, arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	json_t *object = field_json(campaign_fields, campaign);
	json_object_set_new(object, "eta_s", stats.eta_us < 0 ? json_null() : json_real((double)stats.eta_us / (double)SECOND_US));
	json_object_set_new(object, "eta_by", json_string(stats.eta_by));
	cli_json(object);
	return 0;
}

static int show(struct cli *cli)
{
	return cli->json ? show_json(cli, cli->campaign, &cli->arena) : show_text(cli, cli->campaign, &cli->arena);
}

static json_t *missed_json(const struct cli *cli, const struct missed *m)
{
	char time[UNITS_TEXT] = "";
	if (m->last_attempt_us)
		units_write_time(m->last_attempt_us, time);
	return json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:s,s:s,s:I,s:s,s:b}", "email", m->email, "state", delivery_words[m->state], "returned",
	                 m->returned, "reason", m->reason, "code", (json_int_t)m->code, "status", m->status, "reply", m->reply, "provider",
	                 provider_name(cli->ops.providers, m->provider), "attempts", (json_int_t)m->attempts, "last_attempt", time,
	                 "resend_reaches", m->resend_reaches);
}

static int missed(struct cli *cli)
{
	const struct campaign *campaign = cli->campaign;
	struct error err;
	int64_t after = 0;
	size_t n = 0;
	do {
		CLEANUP(arena_clear) struct arena page = ARENA_INIT;
		struct missed *rows = arena_alloc(&page, MISSED * sizeof *rows);
		if (!rows || store_missed_page(cli->ops.db, campaign->id, after, rows, MISSED, &n, &page, &err) < 0)
			return cli_fail(cli, &err, NULL);
		for (size_t i = 0; cli->json && i < n; i++)
			cli_json(missed_json(cli, &rows[i]));
		if (!cli->json && (n > 0 || after == 0))
			cli_rows(cli, missed_fields, "email state returned reason code status reply attempts resend_reaches", rows, n,
			         sizeof *rows);
		after = n ? rows[n - 1].delivery_id : after;
	} while (n == MISSED && (cli->json || cli_flag(cli, "all")));
	return 0;
}

static int resend(struct cli *cli)
{
	const struct campaign *campaign = cli->campaign;
	struct error err;
	int64_t n = 0;
	int status = 0;
	bool dry_run = cli_flag(cli, "dry-run");
	if (!cli_flag(cli, "missed"))
		return cli_usage(cli, "to whom? --missed: to those who did not get it and may");
	if (campaign_resend_missed(&cli->ops, campaign->id, true, cli->actor, &n, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (!dry_run && n > 0) {
		if (!cli_confirm(cli, &status, "Send campaign %" PRId64 " (%s) to the %" PRId64 " who missed it?", campaign->id,
		                 campaign->subject, n))
			return status;
		if (campaign_resend_missed(&cli->ops, campaign->id, false, cli->actor, &n, &err) < 0)
			return cli_fail(cli, &err, NULL);
	}
	cli_done(cli, json_pack("{s:I,s:I,s:b}", "campaign", (json_int_t)campaign->id, "resent", (json_int_t)n, "dry_run", dry_run),
	         dry_run ? "%" PRId64 " would get it." : "%" PRId64 " get it again.", n);
	return 0;
}

const struct command campaign_commands[] = {
	{ "campaign", "create", NEEDS_STORE, 1, 1, "LIST --post ID [--subject S] [--preheader P] [--again]",
	  "post: subject: preheader: again", "makes a draft of a send", "gazette campaign create news --post 41", create },
	{ "campaign", "set", NEEDS_CAMPAIGN, 1, 1, "ID [--subject S] [--preheader P] [--rate R]", "subject: preheader: rate:",
	  "changes a draft; its rate also while it is under way", "gazette campaign set 12 --subject \"Corrected\"", set },
	{ "campaign", "preview", NEEDS_CAMPAIGN, 1, 1, "ID --to ADDRESS [--eml|--html|--text]", "to: eml html text",
	  "writes what one reader gets", "gazette campaign preview 12 --to ann@example.org --eml", preview },
	{ "campaign", "check", NEEDS_CAMPAIGN, 0, 1, "[ID] [--offline] [--ignore CHECK]...",
	  "offline ignore:", "says what stands against sending", "gazette campaign check 12 --ignore M15", campaign_check_command },
	{ "campaign", "test", NEEDS_CAMPAIGN, 0, 1, "[ID] [--to ADDRESS]... [--as ADDRESS]", "to: as:", "sends it to testers only",
	  "gazette campaign test 12 --to me@example.org", campaign_test_command },
	{ "campaign", "send", NEEDS_CAMPAIGN, 0, 1, "[ID] [--expect N] [--ignore CHECK]... [--now]", "expect: ignore: now",
	  "sends it to all", "gazette campaign send 12", send },
	{ "campaign", "watch", NEEDS_CAMPAIGN, 0, 1, "[ID] [--all]", "", "shows progress until everyone was tried",
	  "gazette campaign watch 12", watch },
	{ "campaign", "pause", NEEDS_CAMPAIGN, 0, 1, "[ID]", "", "stops it within a second", "gazette campaign pause 12", pause_command },
	{ "campaign", "resume", NEEDS_CAMPAIGN, 0, 1, "[ID]", "", "goes on", "gazette campaign resume 12", resume },
	{ "campaign", "cancel", NEEDS_CAMPAIGN, 0, 1, "[ID]", "", "ends it for good", "gazette campaign cancel 12", cancel },
	{ "campaign", "ls", NEEDS_STORE, 0, 1, "[LIST]", "", "shows campaigns, newest first", "gazette campaign ls news", ls },
	{ "campaign", "show", NEEDS_CAMPAIGN, 0, 1, "[ID]", "", "shows one", "gazette campaign show 12", show },
	{ "campaign", "missed", NEEDS_CAMPAIGN, 0, 1, "[ID]", "", "who did not get it, and why", "gazette campaign missed 12 --json",
	  missed },
	{ "campaign", "resend", NEEDS_CAMPAIGN, 1, 1, "ID --missed [--dry-run]", "missed dry-run",
	  "sends it to those who did not get it and may: expired, in doubt, returned for a while",
	  "gazette campaign resend 12 --missed --dry-run", resend },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
