#include "cli/groups.h"
#include "model/address.h"
#include "ops/suppressions.h"
#include "store/event.h"
#include "system/clock.h"

enum { PAGE = 1000 };

static int ls(struct cli *cli)
{
	int64_t after = 0;
	size_t n = 0;
	do {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct suppression *rows = arena_alloc(&arena, PAGE * sizeof *rows);
		struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
		if (!rows || store_suppression_page(cli->ops.db, after, rows, PAGE, &n, &arena, &err) < 0)
			return cli_fail(cli, &err, NULL);
		if (n > 0 || after == 0)
			cli_rows(cli, suppression_fields, "email reason is_provisional status evidence created_us", rows, n, sizeof *rows);
		after = n ? rows[n - 1].id : after;
	} while (n == PAGE && (cli->json || cli_flag(cli, "all")));
	return 0;
}

static int add(struct cli *cli)
{
	struct address address;
	struct error err;
	const char *reason = cli_option(cli, "reason");
	if (address_read(bytes_text(cli->argument[0]), &address, &err) < 0)
		return cli_fail(cli, &err, NULL);
	struct suppression row = {
		.email = address.text, .email_key = address.key, .reason = reason ? reason : "by hand", .created_us = clock_now().wall_us
	};
	if (store_suppression_add(cli->ops.db, &row, &err) < 0 ||
	    ops_audit(&cli->ops, cli->actor, "suppression add", "", row.reason, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:s,s:s}", "suppression", address.text, "reason", row.reason), "%s gets nothing more.", address.text);
	return 0;
}

static int remove_command(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct suppression row;
	struct address address;
	struct error err;
	int64_t changed = 0;
	int status = 0;
	if (address_read(bytes_text(cli->argument[0]), &address, &err) < 0)
		return cli_fail(cli, &err, NULL);
	int found = store_suppression_find(cli->ops.db, address.key, &row, &arena, &err);
	if (found == 0) {
		error_set(&err, ERROR_NOT_FOUND, "%s is not suppressed", address.text);
		cli_fail(cli, &err, "gazette suppression ls shows who is");
		return EXIT_NO_ADDRESS;
	}
	if (found < 0)
		return cli_fail(cli, &err, NULL);
	if (!cli_confirm(cli, &status, "Let mail go to %s again?", address.text))
		return status;
	if (store_suppression_remove(cli->ops.db, address.key, &changed, &err) < 0 ||
	    (changed && ops_audit(&cli->ops, cli->actor, "suppression remove", "", "", &err) < 0))
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:s,s:b}", "suppression", address.text, "removed", 1), "Mail may go to %s again.", address.text);
	return 0;
}

static int count_provisional(struct cli *cli, const char *verb)
{
	int64_t after = 0;
	int64_t found = 0;
	char count[UNITS_TEXT];
	size_t n = PAGE;
	while (n == PAGE) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct suppression *rows = arena_alloc(&arena, PAGE * sizeof *rows);
		struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
		if (!rows || store_suppression_page(cli->ops.db, after, rows, PAGE, &n, &arena, &err) < 0)
			return cli_fail(cli, &err, NULL);
		for (size_t i = 0; i < n; i++)
			found += rows[i].is_provisional;
		after = n ? rows[n - 1].id : after;
	}
	cli_done(cli, json_pack("{s:I,s:b}", verb, (json_int_t)found, "dry_run", 1), "%s would be %s.",
	         cli_count(found, "suppression", count), verb);
	return 0;
}

static int confirm(struct cli *cli)
{
	struct error err;
	int64_t n = 0;
	char count[UNITS_TEXT];
	int status = 0;
	if (!cli_flag(cli, "provisional"))
		return cli_usage(cli, "which? --provisional: all those that wait for a person");
	if (cli_flag(cli, "dry-run"))
		return count_provisional(cli, "confirmed");
	if (!cli_confirm(cli, &status, "Believe the servers, and mail nobody of them any more?"))
		return status;
	if (suppression_confirm_provisional(&cli->ops, cli->actor, &n, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:I}", "confirmed", (json_int_t)n), "Confirmed: %s.", cli_count(n, "suppression", count));
	return 0;
}

static int drop(struct cli *cli)
{
	struct error err;
	int64_t dropped = 0;
	int64_t queued = 0;
	char count[UNITS_TEXT];
	char messages[UNITS_TEXT];
	int status = 0;
	if (!cli_flag(cli, "provisional"))
		return cli_usage(cli, "which? --provisional: all those that wait for a person");
	if (cli_flag(cli, "dry-run"))
		return count_provisional(cli, "dropped");
	if (!cli_confirm(cli, &status, "Forget what the servers said, and send to them again?"))
		return status;
	if (suppression_drop_provisional(&cli->ops, cli->actor, &dropped, &queued, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:I,s:I}", "dropped", (json_int_t)dropped, "queued", (json_int_t)queued),
	         "Dropped: %s; queued again: %s.", cli_count(dropped, "suppression", count), cli_count(queued, "message", messages));
	return 0;
}

const struct command suppression_commands[] = {
	{ "suppression", "add", NEEDS_STORE, 1, 1, "ADDRESS [--reason TEXT]", "reason:", "no more mail to an address",
	  "gazette suppression add ann@example.org", add },
	{ "suppression", "confirm", NEEDS_STORE, 0, 0, "--provisional [--dry-run]", "provisional dry-run",
	  "believes the servers whose refusals wait for a person", "gazette suppression confirm --provisional", confirm },
	{ "suppression", "drop", NEEDS_STORE, 0, 0, "--provisional [--dry-run]", "provisional dry-run",
	  "does not believe them: who was refused is queued again", "gazette suppression drop --provisional", drop },
	{ "suppression", "ls", NEEDS_STORE, 0, 0, "", "", "shows who gets nothing, and why", "gazette suppression ls", ls },
	{ "suppression", "remove", NEEDS_STORE, 1, 1, "ADDRESS", "", "lets mail go to it again",
	  "gazette suppression remove ann@example.org", remove_command },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
