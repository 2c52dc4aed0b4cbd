#include "base/json.h"
#include "base/units.h"
#include "cli/cli.h"
#include "ops/campaigns.h"
#include "store/event.h"
#include "system/clock.h"

const char *cli_option(const struct cli *cli, const char *name)
{
	for (int i = 0; i < cli->options; i++)
		if (strcmp(cli->option[i].name, name) == 0)
			return cli->option[i].value;
	return NULL;
}

bool cli_flag(const struct cli *cli, const char *name)
{
	return cli_option(cli, name) != NULL;
}

int cli_options(const struct cli *cli, const char *name, const char **out, int max)
{
	int n = 0;
	for (int i = 0; i < cli->options && n < max; i++)
		if (strcmp(cli->option[i].name, name) == 0)
			out[n++] = cli->option[i].value;
	return n;
}

int cli_id(const struct cli *cli, const char *text, int64_t *out)
{
	if (units_integer(text, 1, INT64_MAX, out, NULL) == 0)
		return 0;
	return cli_usage(cli, "\"%s\" is no id: ids are numbers", text);
}

int cli_load_campaign(struct cli *cli)
{
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	struct campaign *campaign = arena_alloc(&cli->arena, sizeof *campaign);
	cli->campaign = campaign;
	if (campaign && campaign_find(&cli->ops, cli->arguments ? cli->argument[0] : "last", campaign, &cli->arena, &err) == 0)
		return -1;
	int status = cli_fail(cli, &err, NULL);
	return err.code == ERROR_INPUT ? EXIT_USAGE : status;
}

int64_t cli_daemon_pid(struct cli *cli)
{
	enum { FRESH_S = 15 };
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	const char *text = NULL;
	struct error err;
	if (store_meta_get(cli->ops.db, "daemon", &text, &arena, &err) <= 0)
		return 0;
	CLEANUP(json_free) json_t *object = json_read(bytes_text(text), NULL);
	int64_t at_us = json_integer_value(json_object_get(object, "at_us"));
	return clock_now().wall_us - at_us < FRESH_S * SECOND_US ? json_integer_value(json_object_get(object, "pid")) : 0;
}
