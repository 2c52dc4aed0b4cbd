/* gazette campaign check: what stands against sending, and how to mend it. */
#include "cli/check.h"
#include "ops/campaigns.h"

static const char *level(const struct finding *f)
{
	return f->is_ignored ? "ignored" : f->level == FINDING_FAULT ? "fault" : "warning";
}

static void print_one(const struct finding *f, FILE *to)
{
	fprintf(to, "%-8s %-11s %s\n", level(f), f->check, f->text);
	fprintf(to, "%21s%s", "", f->where);
	if (f->readers > 1)
		fprintf(to, "%s%s and %d more", *f->where ? ", in the mail to " : "the mail to ", f->reader, f->readers - 1);
	else if (*f->reader)
		fprintf(to, "%s%s", *f->where ? ", in the mail to " : "the mail to ", f->reader);
	fprintf(to, "%s%s\n", *f->mend ? ": " : "", f->mend);
}

void findings_print(const struct cli *cli, const struct findings *findings, FILE *to)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->found[i];
		if (cli->json)
			cli_json(json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:i}", "check", f->check, "level", level(f), "text", f->text, "where",
			                   f->where, "mend", f->mend, "reader", f->reader, "readers", f->readers));
		else
			print_one(f, to);
	}
}

int campaign_check_command(struct cli *cli)
{
	const char *ignore[IGNORED];
	struct check_options options = { .links = cli_flag(cli, "offline") ? CHECK_OFFLINE : CHECK_LINKS, .ignore = ignore };
	struct findings findings;
	struct error err;
	int64_t id = cli->campaign->id;
	options.ignore_count = (size_t)cli_options(cli, "ignore", ignore, IGNORED);
	if (campaign_check(&cli->ops, id, &options, &findings, &err) < 0)
		return cli_fail(cli, &err, NULL);
	findings_print(cli, &findings, stdout);
	if (findings_fault(&findings)) {
		cli_say(cli, "Campaign %" PRId64 " is not sent like this. A fault you accept: --ignore CHECK.", id);
		return EXIT_DATA;
	}
	cli_say(cli, "Campaign %" PRId64 " may be sent.", id);
	cli_next(cli, "gazette campaign test %" PRId64 "; gazette campaign send %" PRId64, id, id);
	return 0;
}
