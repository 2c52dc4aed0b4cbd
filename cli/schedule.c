/* When a campaign goes, and what an edit after its start does: the later half of the campaign group. */
#include "cli/campaign.h"
#include "cli/check.h"
#include "cli/groups.h"
#include "ops/campaigns.h"
#include "system/zone_file.h"
#include <stdio.h>

static int schedule(struct cli *cli)
{
	const struct campaign *campaign = cli->campaign;
	struct list list;
	struct findings findings = { 0 };
	const char *ignore[IGNORED];
	int64_t readers = 0;
	struct error err;
	char said[WHEN_TEXT];
	char count[UNITS_TEXT];
	int status = 0;
	const char *at = cli_option(cli, "at");
	if (!at)
		return cli_usage(cli, "when? --at \"tomorrow 07:00\"");
	struct check_options options = { .links = CHECK_LINKS_UNLESS_TRIAL, .ignore = ignore };
	options.ignore_count = (size_t)cli_options(cli, "ignore", ignore, IGNORED);
	if (campaign_check_time(&cli->ops, campaign->id, at, &err) < 0 ||
	    store_list_get(cli->ops.db, campaign->list_id, &list, &cli->arena, &err) <= 0 ||
	    campaign_check(&cli->ops, campaign->id, &options, &findings, &err) < 0 ||
	    campaign_show_audience(cli, campaign, &list, &readers, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (!cli->json || findings_fault(&findings))
		findings_print(cli, &findings, cli->json ? stdout : stderr);
	if (findings_fault(&findings))
		return EXIT_DATA;
	size_t warnings = findings_warnings(&findings);
	cli_count((int64_t)warnings, "warning", count);
	if (!cli_confirm(cli, &status, warnings ? "Send it then, with %s?" : "Send it then?", count))
		return status;
	if (campaign_accept(&cli->ops, campaign->id, &options, &err) < 0 ||
	    campaign_schedule(&cli->ops, campaign->id, at, cli->actor, said, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:I,s:s}", "campaign", (json_int_t)campaign->id, "at", said), "Campaign %" PRId64 " goes out %s.",
	         campaign->id, said);
	cli_next(cli, "gazette campaign unschedule %" PRId64, campaign->id);
	return 0;
}

static int unschedule(struct cli *cli)
{
	return campaign_change(cli, campaign_unschedule, "is a draft");
}

static int approve(struct cli *cli)
{
	return campaign_change(cli, campaign_approve, "is approved");
}

static int delete_command(struct cli *cli)
{
	const struct campaign *campaign = cli->campaign;
	int status = 0;
	if (!cli_confirm(cli, &status, "Delete the draft %" PRId64 " (%s)?", campaign->id, campaign->subject))
		return status;
	return campaign_change(cli, campaign_delete, "is deleted");
}

static int refresh(struct cli *cli)
{
	CLEANUP(buffer_clear) struct buffer diff = BUFFER_INIT(16 << 20);
	const struct campaign *campaign = cli->campaign;
	struct findings findings = { 0 };
	struct error err;
	int64_t readers = 0;
	char count[UNITS_TEXT];
	int status = 0;
	bool dry_run = cli_flag(cli, "dry-run");
	if ((!dry_run && campaign_may_refresh(campaign, &err) < 0) || campaign_changes(&cli->ops, campaign->id, &diff, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (!cli->json)
		fwrite(buffer_text(&diff), 1, diff.size, stdout);
	if (diff.size == 0)
		cli_say(cli, "The words are those that went out: there is nothing to refresh.");
	else if (!dry_run && !cli_confirm(cli, &status, "Take this to those not mailed yet?"))
		return status;
	if (!dry_run && campaign_refresh(&cli->ops, campaign->id, cli->actor, &findings, &readers, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (cli->json)
		cli_json(json_pack("{s:I,s:I,s:s,s:b}", "campaign", (json_int_t)campaign->id, "readers", (json_int_t)readers, "diff",
		                   buffer_text(&diff), "dry_run", dry_run));
	if (dry_run)
		return 0;
	cli_say(cli, "The new words go to %s not mailed yet.", cli_count(readers, "reader", count));
	cli_next(cli, "gazette campaign resume %" PRId64, campaign->id);
	return 0;
}

static int correct(struct cli *cli)
{
	const struct campaign *campaign = cli->campaign;
	struct error err;
	int64_t id = 0;
	int64_t readers = 0;
	if (campaign_correct(&cli->ops, campaign->id, cli_option(cli, "subject"), cli->actor, &id, &readers, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_made(cli, "campaign", id);
	cli_say(cli, "Campaign %" PRId64 " is a draft for the %" PRId64 " who got the old words.", id, readers);
	cli_next(cli, "gazette campaign send %" PRId64, id);
	return 0;
}

const struct command schedule_commands[] = {
	{ "campaign", "schedule", NEEDS_CAMPAIGN, 0, 1, "[ID] --at TIME [--ignore CHECK]...",
	  "at: ignore:", "sends it later; TIME is local to the list: 07:00, tomorrow 07:00, mon 07:00, +2h, 2026-11-23 07:00, RFC 3339",
	  "gazette campaign schedule 12 --at \"tomorrow 07:00\"", schedule },
	{ "campaign", "unschedule", NEEDS_CAMPAIGN, 0, 1, "[ID]", "", "takes back what has not started", "gazette campaign unschedule 12",
	  unschedule },
	{ "campaign", "approve", NEEDS_CAMPAIGN, 1, 1, "ID", "", "gives the word of a second person, where the list asks for it",
	  "gazette campaign approve 12", approve },
	{ "campaign", "delete", NEEDS_CAMPAIGN, 1, 1, "ID", "", "deletes a draft; its post is a draft again", "gazette campaign delete 12",
	  delete_command },
	{ "campaign", "refresh", NEEDS_CAMPAIGN, 0, 1, "[ID] [--dry-run]", "dry-run",
	  "shows what an edit changed, and takes it to those not mailed yet (the campaign has to be paused)", "gazette campaign refresh 12",
	  refresh },
	{ "campaign", "correct", NEEDS_CAMPAIGN, 0, 1, "[ID] [--subject S]",
	  "subject:", "makes a draft for exactly those who got the old words, in the thread of the first mail",
	  "gazette campaign correct 12", correct },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
