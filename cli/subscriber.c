#include "base/json.h"
#include "base/text.h"
#include "cli/groups.h"
#include "ops/lists.h"
#include "ops/subscribers.h"
#include "store/event.h"
#include "system/file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAGE = 1000, MAPS = 64, MAIL_BYTES = 64 << 20 };

static const char *const results[] = { "added",           "active again",       "updated",
	                               "there already",   "has left: stays so", "is suppressed: gets nothing",
	                               "asked to confirm" };

static int add(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	struct error err;
	int64_t id = 0;
	enum join_result result = JOIN_SAME;
	struct subscriber_in in = { .email = cli->argument[1],
		                    .name = cli_option(cli, "name"),
		                    .attributes = cli_option(cli, "attributes"),
		                    .consent = cli_option(cli, "consent"),
		                    .confirm = cli_flag(cli, "confirm") };
	if (list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0 ||
	    subscriber_add(&cli->ops, &list, &in, cli->actor, &id, &result, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (id > 0)
		cli_made(cli, "subscriber", id);
	cli_say(cli, "%s: %s.", in.email, results[result]);
	return result == JOIN_LEFT || result == JOIN_SUPPRESSED ? EXIT_DATA : 0;
}

static int ls(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	struct error err;
	const char *wanted = cli_option(cli, "state");
	int state = wanted ? field_word(subscription_words, wanted) : 0;
	int64_t after = 0;
	size_t n = 0;
	if (state < 0)
		return cli_usage(cli, "--state %s: write pending, active, paused or unsubscribed", wanted);
	if (list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	do {
		CLEANUP(arena_clear) struct arena page = ARENA_INIT;
		struct member *members = arena_alloc(&page, PAGE * sizeof *members);
		if (!members || store_member_page(cli->ops.db, list.id, state, after, members, PAGE, &n, &page, &err) < 0)
			return cli_fail(cli, &err, NULL);
		if (n > 0 || after == 0)
			cli_rows(cli, member_fields, "subscriber_id email name state confirmed_us suppressed", members, n, sizeof *members);
		after = n ? members[n - 1].subscription_id : after;
	} while (n == PAGE && (cli->json || cli_flag(cli, "all")));
	return 0;
}

/* An address or id, an unsubscribe link, or a mail that holds one. */
static int find(struct cli *cli, struct subscriber *out, struct arena *arena, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer mail = BUFFER_INIT(MAIL_BYTES);
	const char *who = cli->argument[0];
	if (strstr(who, "/u/"))
		return subscriber_of_text(&cli->ops, bytes_text(who), out, arena, err);
	if (!text_ends(who, ".eml") && strcmp(who, "-") != 0)
		return subscriber_find(&cli->ops, who, out, arena, err);
	return file_read(who, &mail, err) < 0 ? -1 : subscriber_of_text(&cli->ops, buffer_bytes(&mail), out, arena, err);
}

static int show(struct cli *cli)
{
	enum { MANY = 100 };
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct subscriber subscriber;
	struct membership memberships[MANY];
	struct consent consents[MANY];
	struct suppression suppression = { 0 };
	struct error err;
	size_t n = 0;
	size_t consent_count = 0;
	if (find(cli, &subscriber, &arena, &err) < 0) {
		int status = cli_fail(cli, &err, NULL);
		return err.code == ERROR_NOT_FOUND ? EXIT_NO_ADDRESS : status;
	}
	int suppressed = store_suppression_find(cli->ops.db, subscriber.email_key, &suppression, &arena, &err);
	if (suppressed < 0 || store_membership_all(cli->ops.db, subscriber.id, memberships, MANY, &n, &arena, &err) < 0 ||
	    store_consent_all(cli->ops.db, subscriber.id, consents, MANY, &consent_count, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (cli->json) {
		json_t *object = field_json(subscriber_fields, &subscriber);
		json_t *lists = json_array();
		json_t *proofs = json_array();
		for (size_t i = 0; i < n; i++)
			json_array_append_new(lists, field_json(membership_fields, &memberships[i]));
		for (size_t i = 0; i < consent_count; i++)
			json_array_append_new(proofs, field_json(consent_fields, &consents[i]));
		json_object_set_new(object, "subscriptions", lists);
		json_object_set_new(object, "consent", proofs);
		json_object_set_new(object, "suppressed", suppressed ? json_string(suppression.reason) : json_null());
		cli_json(object);
		return 0;
	}
	cli_row(cli, subscriber_fields, &subscriber);
	if (suppressed)
		printf("%-16s %s\n", "suppressed", suppression.reason);
	puts("");
	cli_rows(cli, membership_fields, "list state cadence requested_us confirmed_us left_us", memberships, n, sizeof memberships[0]);
	puts("");
	cli_rows(cli, consent_fields, "what how text at_us", consents, consent_count, sizeof consents[0]);
	return 0;
}

static int said_import(const struct cli *cli, const struct import_in *in, const struct import_result *r)
{
	char count[UNITS_TEXT];
	if (cli->json) {
		cli_json(json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s}", "import", in->path, "rows", (json_int_t)r->rows, "added",
		                   (json_int_t)r->added, "updated", (json_int_t)r->updated, "same", (json_int_t)r->same, "left",
		                   (json_int_t)r->left, "suppressed", (json_int_t)r->suppressed, "rejected", (json_int_t)r->rejected,
		                   "rejected_file", r->rejected_path));
	} else if (!in->dry_run) {
		printf("%s: %" PRId64 " added, %" PRId64 " updated, %" PRId64 " there already, %" PRId64 " who left, %" PRId64
		       " suppressed, %" PRId64 " rejected\n",
		       cli_count(r->rows, "row", count), r->added, r->updated, r->same, r->left, r->suppressed, r->rejected);
	}
	if (r->rejected > 0)
		cli_say(cli, "Rejected rows are in %s, with line and reason: mend it and import it.", r->rejected_path);
	return r->rejected > 0 ? EXIT_DATA : 0;
}

static int import(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	const char *maps[MAPS + 1] = { 0 };
	struct list list;
	struct error err;
	struct import_result result = { 0 };
	int status = 0;
	struct import_in in = { .path = cli->argument[1],
		                .consent = cli_option(cli, "consent"),
		                .from = cli_option(cli, "from"),
		                .map = maps,
		                .update = cli_flag(cli, "update"),
		                .confirm = cli_flag(cli, "confirm"),
		                .dry_run = true };
	cli_options(cli, "map", maps, MAPS);
	if (list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	/* Standard input can be read once only; and whoever has said yes is not kept waiting for a count. */
	bool look = cli_flag(cli, "dry-run") || (strcmp(in.path, "-") != 0 && !cli->yes);
	if (look && subscriber_import(&cli->ops, &list, &in, cli->actor, &result, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (look)
		cli_say(cli, "Columns: %s\nRows: %" PRId64 ", of which %" PRId64 " can not be read.", result.mapping, result.rows,
		        result.rejected);
	if (cli_flag(cli, "dry-run"))
		return said_import(cli, &in, &result);
	if (!cli_confirm(cli, &status, "Import them into %s?", list.name))
		return status;
	in.dry_run = false;
	in.progress = cli_progress_bytes(cli, "importing");
	cli_catch_interrupt();
	int done = subscriber_import(&cli->ops, &list, &in, cli->actor, &result, &err);
	cli_progress_end(cli);
	if (done < 0) {
		status = cli_fail(cli, &err, NULL);
		return cli_interrupted() && err.code == ERROR_RETRY ? EXIT_INTERRUPT : status;
	}
	if (!look)
		cli_say(cli, "Columns: %s", result.mapping);
	return said_import(cli, &in, &result);
}

static int export_command(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	struct error err;
	int64_t rows = 0;
	char count[UNITS_TEXT];
	const char *path = cli->arguments > 1 ? cli->argument[1] : "-";
	if (list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	FILE *to = strcmp(path, "-") == 0 ? stdout : fopen(path, "wxe");
	if (!to) {
		if (errno == EEXIST)
			error_set(&err, ERROR_CONFLICT, "%s is there already and stays as it is: name another file", path);
		else
			error_errno(&err, ERROR_INPUT, errno, "%s can not be written", path);
		return cli_fail(cli, &err, NULL);
	}
	struct progress progress = cli_progress(cli, "exporting");
	if (to == stdout)
		progress = (struct progress){ 0 };
	int done = subscriber_export(&cli->ops, &list, to, cli_flag(cli, "raw"), progress, &rows, &err);
	cli_progress_end(cli);
	if (to != stdout && fclose(to) != 0 && done == 0)
		done = error_set(&err, ERROR_FULL, "%s could not be written", path);
	/* Half a list looks like a whole one, and stands in the way of the next try. */
	if (done < 0 && to != stdout)
		unlink(path);
	if (done < 0)
		return cli_fail(cli, &err, NULL);
	/* Standard output holds the readers themselves. */
	cli_count(rows, "reader", count);
	if (to == stdout)
		cli_say(cli, "%s.", count);
	else
		cli_done(cli, json_pack("{s:s,s:I}", "export", path, "rows", (json_int_t)rows), "%s.", count);
	return 0;
}

static int unsubscribe(struct cli *cli)
{
	struct error err;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	bool all = cli_flag(cli, "all");
	if (!all && cli->arguments < 2)
		return cli_usage(cli, "from which list? Name it, or --all");
	if (!all && list_find(&cli->ops, cli->argument[1], &list, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (subscriber_unsubscribe(&cli->ops, cli->argument[0], all ? NULL : cli->argument[1], cli->actor, &err) < 0) {
		int status = cli_fail(cli, &err, NULL);
		return err.code == ERROR_NOT_FOUND ? EXIT_NO_ADDRESS : status;
	}
	cli_done(
		cli,
		json_pack("{s:s,s:s,s:s?}", "subscriber", cli->argument[0], "state", "unsubscribed", "list", all ? NULL : cli->argument[1]),
		"%s is unsubscribed.", cli->argument[0]);
	return 0;
}

static int set(struct cli *cli)
{
	struct error err;
	const char *cadence = cli_option(cli, "cadence");
	const char *name = cli_option(cli, "name");
	if (!cadence && !name)
		return cli_usage(cli, "what is to change? --cadence or --name");
	if (subscriber_set(&cli->ops, cli->argument[0], cli->arguments > 1 ? cli->argument[1] : NULL, cadence, name, cli->actor, &err) <
	    0) {
		int status = cli_fail(cli, &err, NULL);
		return err.code == ERROR_NOT_FOUND ? EXIT_NO_ADDRESS : status;
	}
	cli_done(cli, json_pack("{s:s}", "subscriber", cli->argument[0]), "%s changed.", cli->argument[0]);
	return 0;
}

const struct command subscriber_commands[] = {
	{ "subscriber", "add", NEEDS_STORE, 2, 2, "LIST ADDRESS --consent TEXT [--name NAME]", "name: attributes: consent: confirm",
	  "adds one reader", "gazette subscriber add news ann@example.org --name \"Ann\" --consent \"asked by phone, 2026-05-01\"", add },
	{ "subscriber", "ls", NEEDS_STORE, 1, 1, "LIST [--state STATE]", "state:", "shows a list's readers",
	  "gazette subscriber ls news --state active", ls },
	{ "subscriber", "show", NEEDS_STORE, 1, 1, "ADDRESS|ID|LINK|FILE.eml|-", "",
	  "shows one reader with consent and lists; by an unsubscribe link or a mail too", "gazette subscriber show ann@example.org",
	  show },
	{ "subscriber", "import", NEEDS_STORE, 2, 2, "LIST FILE|- --consent TEXT [--from PROGRAM] [--map COLUMN=ROLE]...",
	  "consent: from: map: update confirm dry-run", "adds the readers of a CSV file",
	  "gazette subscriber import news readers.csv --consent \"signed up at the fair, 2026-05-01\"", import },
	{ "subscriber", "export", NEEDS_STORE, 1, 2, "LIST [FILE]", "raw", "writes the readers as CSV",
	  "gazette subscriber export news readers.csv", export_command },
	{ "subscriber", "set", NEEDS_STORE, 1, 2, "ADDRESS [LIST] [--cadence each|daily|weekly] [--name NAME]",
	  "cadence: name:", "changes how often a reader hears from a list, or the name",
	  "gazette subscriber set ann@example.org news --cadence weekly", set },
	{ "subscriber", "unsubscribe", NEEDS_STORE, 1, 2, "ADDRESS LIST|--all", "", "takes a reader off",
	  "gazette subscriber unsubscribe ann@example.org news", unsubscribe },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
