/* What holds mailbox providers and relays back, and what a person does about it. */
#include "base/text.h"
#include "base/units.h"
#include "cli/groups.h"
#include "ops/pace.h"
#include "ops/relays.h"
#include "store/delivery.h"
#include "model/state.h"
#include "system/clock.h"
#include <stdio.h>

enum { ROWS = 1000 };

struct shown_provider {
	const char *provider, *state, *rate, *until, *reason, *learned;
	int64_t waiting, cap, until_us, learned_milli;
};
#define S(member, kind) FIELD(struct shown_provider, member, FIELD_##kind)
#define SHOWN(until, learned)                                                                                                              \
	{                                                                                                                                  \
		S(provider, TEXT), S(state, TEXT), S(waiting, INT), S(cap, ID), S(rate, TEXT), until, S(reason, TEXT), learned, FIELD_END  \
	}
/* Programs get numbers, people get words. */
static const struct field provider_json[] = SHOWN(FIELD_NAMED(struct shown_provider, until_us, FIELD_TIME, "until"), S(learned_milli, ID));
static const struct field provider_table[] = SHOWN(S(until, TEXT), S(learned, TEXT));

/* When a pause ends, for people; *us is 0 where only a person ends it. */
static const char *until_words(int64_t left_us, int64_t *us, struct arena *arena)
{
	char text[UNITS_TEXT];
	*us = left_us > 0 && !pause_is_for_good(left_us) ? clock_now().wall_us + left_us : 0;
	if (left_us <= 0)
		return "";
	return *us ? arena_text(arena, units_write_time(*us, text)) : "resumed";
}

static const char *config_rate(const struct config_rates *rates, struct arena *arena)
{
	const char *text = "";
	char one[UNITS_TEXT];
	for (size_t i = 0; i < rates->count; i++)
		text = arena_format(arena, "%s%s%s", text, i ? ", " : "", units_write_rate(rates->rate[i], one));
	return text;
}

static void fill_provider(struct cli *cli, const struct pacing *pacing, int64_t i, struct shown_provider *out, struct arena *arena)
{
	const struct config *config = cli->config;
	const struct pacing_provider *p = &pacing->provider[i];
	struct moment now = clock_now();
	bool paused = p->pause.until_us > now.mono_us;
	*out = (struct shown_provider){ .provider = provider_name(cli->ops.providers, i),
		                        .state = paused ? (p->is_held ? "held" : "paused") : "ok",
		                        .rate = "",
		                        .reason = paused ? arena_text(arena, p->pause.reason) : "",
		                        .cap = (int64_t)p->cap,
		                        .learned = "nothing yet",
		                        .learned_milli = p->learn.rate_milli };
	out->until = until_words(p->pause.until_us - now.mono_us, &out->until_us, arena);
	if (out->learned_milli)
		out->learned = arena_format(arena, "%.1f/s", (double)out->learned_milli / 1000);
	for (size_t j = 0; j < config->provider_count; j++)
		if (strcmp(config->provider[j].name, out->provider) == 0)
			out->rate = config_rate(&config->provider[j].rates, arena);
}

static int load(struct cli *cli, struct shown_provider *out, struct arena *arena, struct error *err)
{
	CLEANUP(pace_free) struct pacing *pacing = NULL;
	struct waiting *rows = arena_alloc(arena, ROWS * sizeof *rows);
	size_t n = 0;
	if (!rows || pace_open(&cli->ops, &pacing, err) < 0 || store_delivery_waiting(cli->ops.db, rows, ROWS, &n, err) < 0)
		return -1;
	for (int64_t i = 0; i < PROVIDERS_MOST; i++)
		fill_provider(cli, pacing, i, &out[i], arena);
	for (size_t i = 0; i < n; i++)
		if (rows[i].state != DELIVERY_UNCERTAIN && rows[i].campaign_id > 0)
			out[rows[i].provider].waiting += rows[i].n;
	return 0;
}

/* Those that matter now: mail waits for them, they are held back, or the configuration names them; --all shows all. */
static int provider_ls(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct shown_provider rows[PROVIDERS_MOST];
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	size_t n = 0;
	if (load(cli, rows, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	for (size_t i = 0; i < PROVIDERS_MOST; i++) {
		bool is_named = i == 0 || strcmp(rows[i].provider, "other") != 0;
		bool matters = rows[i].waiting > 0 || *rows[i].until || *rows[i].rate;
		if (is_named && (matters || cli_flag(cli, "all")))
			rows[n++] = rows[i];
	}
	if (n == 0)
		cli_say(cli, "Nothing waits for any provider, and none is held back. --all shows all that are known.");
	else
		cli_rows(cli, cli->json ? provider_json : provider_table, "provider state waiting cap rate until reason", rows, n,
		         sizeof *rows);
	return 0;
}

static int provider_show(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct shown_provider rows[PROVIDERS_MOST];
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	int64_t provider = 0;
	if (provider_of_name(&cli->ops, cli->argument[0], &provider, &err) < 0 || load(cli, rows, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_row(cli, cli->json ? provider_json : provider_table, &rows[provider]);
	return 0;
}

static int read_for(struct cli *cli, int64_t *for_us, struct error *err)
{
	const char *text = cli_option(cli, "for");
	*for_us = 0;
	return text ? units_duration(text, for_us, err) : 0;
}

static int pause_one(struct cli *cli, int (*verb)(struct ops *, const char *, int64_t, const char *, struct actor, struct error *))
{
	struct error err;
	char reason[160];
	int64_t for_us = 0;
	snprintf(reason, sizeof reason, "%s: %s", cli->actor.name,
	         cli_option(cli, "reason") ? cli_option(cli, "reason") : "paused by hand");
	if (read_for(cli, &for_us, &err) < 0 || verb(&cli->ops, cli->argument[0], for_us, reason, cli->actor, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:s,s:s,s:s}", cli->command->group, cli->argument[0], "state", "held", "reason", reason),
	         "%s is paused%s.", cli->argument[0], for_us ? "" : " until you resume it");
	cli_next(cli, "gazette %s resume %s", cli->command->group, cli->argument[0]);
	return 0;
}

static int resume_one(struct cli *cli, int (*verb)(struct ops *, const char *, struct actor, struct error *), const char *sentence)
{
	struct error err;
	if (verb(&cli->ops, cli->argument[0], cli->actor, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:s,s:s}", cli->command->group, cli->argument[0], "state", "ok"), sentence, cli->argument[0]);
	return 0;
}

static int provider_pause_command(struct cli *cli)
{
	return pause_one(cli, provider_pause);
}

static int provider_resume_command(struct cli *cli)
{
	return resume_one(cli, provider_resume, "Mail goes to %s again.");
}

static int provider_reset_command(struct cli *cli)
{
	return resume_one(cli, provider_reset, "What was learned of %s is forgotten.");
}

static const char *rate_of_relay(struct cli *cli, const char *name, struct arena *arena)
{
	for (size_t i = 0; i < cli->config->relay_count; i++)
		if (strcmp(cli->config->relay[i].name, name) == 0)
			return config_rate(&cli->config->relay[i].rates, arena);
	return "";
}

struct shown_relay {
	const char *relay, *url, *state, *rate, *until, *reason;
	int64_t until_us, warm_up; /* messages a day now; 0: no warm-up */
};
#define R(member, kind) FIELD(struct shown_relay, member, FIELD_##kind)
#define SHOWN_RELAY(until)                                                                                                                 \
	{                                                                                                                                  \
		R(relay, TEXT), R(url, TEXT), R(state, TEXT), R(rate, TEXT), R(warm_up, ID), until, R(reason, TEXT), FIELD_END             \
	}
static const struct field relay_json[] = SHOWN_RELAY(FIELD_NAMED(struct shown_relay, until_us, FIELD_TIME, "until"));
static const struct field relay_table[] = SHOWN_RELAY(R(until, TEXT));

static int load_relays(struct cli *cli, struct shown_relay *out, size_t *n, struct arena *arena, struct error *err)
{
	CLEANUP(pace_free) struct pacing *pacing = NULL;
	struct moment now = clock_now();
	if (pace_open(&cli->ops, &pacing, err) < 0)
		return -1;
	*n = pacing->relays;
	for (size_t i = 0; i < pacing->relays; i++) {
		const struct pacing_relay *relay = &pacing->relay[i];
		bool paused = relay->pause.until_us > now.mono_us;
		out[i] = (struct shown_relay){ .relay = arena_text(arena, relay->name),
			                       .url = cli->config->relay[i].url,
			                       .state = paused ? (relay->is_held ? "held" : "paused") : "ok",
			                       .rate = rate_of_relay(cli, relay->name, arena),
			                       .reason = paused ? arena_text(arena, relay->pause.reason) : "",
			                       .warm_up = ramp_limit(&relay->ramp) };
		out[i].until = until_words(relay->pause.until_us - now.mono_us, &out[i].until_us, arena);
	}
	return 0;
}

static int relay_ls(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct shown_relay rows[PACING_RELAYS];
	struct error err;
	size_t n = 0;
	if (load_relays(cli, rows, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_rows(cli, cli->json ? relay_json : relay_table, "relay url state rate warm_up until reason", rows, n, sizeof *rows);
	return 0;
}

static int relay_show(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct shown_relay rows[PACING_RELAYS];
	struct error err;
	size_t n = 0;
	if (load_relays(cli, rows, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].relay, cli->argument[0]) == 0) {
			cli_row(cli, cli->json ? relay_json : relay_table, &rows[i]);
			return 0;
		}
	error_set(&err, ERROR_NOT_FOUND, "there is no relay \"%.40s\": gazette relay ls shows those there are", cli->argument[0]);
	return cli_fail(cli, &err, NULL);
}

static int relay_pause_command(struct cli *cli)
{
	return pause_one(cli, relay_pause);
}

static int relay_resume_command(struct cli *cli)
{
	return resume_one(cli, relay_resume, "Mail goes through %s again.");
}

static int relay_reset_command(struct cli *cli)
{
	return resume_one(cli, relay_reset, "The failures of %s are forgotten: it is tried at once.");
}

/* Says what the server offers, or where it failed and with what words. */
static int relay_test_command(struct cli *cli)
{
	const struct config_relay *relay = NULL;
	struct smtp_extensions extensions = { 0 };
	struct outcome outcome;
	struct error err;
	const char *to = cli_option(cli, "to");
	const char *from = cli_option(cli, "from") ? cli_option(cli, "from") : to;
	if (relay_find(&cli->ops, cli->arguments ? cli->argument[0] : NULL, &relay, &err) < 0)
		return cli_fail(cli, &err, NULL);
	int result = relay_test(relay, from, to, &extensions, &outcome, &err);
	if (result < 0)
		return cli_fail(cli, &err, NULL);
	struct bytes reply = text_trim(bytes_text(outcome.reply));
	if (result == 0) {
		char code[16] = "";
		if (outcome.code) /* 0: it said nothing */
			snprintf(code, sizeof code, "%d ", outcome.code);
		error_set(&err, ERROR_NETWORK, "relay %s (%s) failed at %s: %s%.*s", relay->name, relay->url, stage_words[outcome.stage],
		          code, (int)(reply.size < 300 ? reply.size : 300), reply.data);
		return cli_fail(cli, &err,
		                outcome.stage == STAGE_AUTH ? "check user and password of the relay"
		                                            : "check url, port and TLS of the relay");
	}
	cli_done(cli,
	         json_pack("{s:s,s:s,s:b,s:b,s:s,s:s}", "relay", relay->name, "url", relay->url, "pipelining", extensions.pipelining,
	                   "smtputf8", extensions.smtputf8, "auth", extensions.auth, "reply", to ? outcome.reply : ""),
	         "Relay %s takes us%s%s%s.", relay->name, *relay->user ? " as " : "", relay->user,
	         extensions.pipelining ? "" : " (it does not pipeline: slower)");
	if (to)
		cli_say(cli, "It took a message to %s: %.*s", to, (int)reply.size, reply.data);
	return 0;
}

const struct command provider_commands[] = {
	{ "provider", "ls", NEEDS_STORE, 0, 0, "[--all]", "all", "shows the mailbox providers mail waits for, and what holds it",
	  "gazette provider ls", provider_ls },
	{ "provider", "show", NEEDS_STORE, 1, 1, "NAME", "", "shows one", "gazette provider show gmail", provider_show },
	{ "provider", "pause", NEEDS_STORE, 1, 1, "NAME [--for TIME] [--reason TEXT]", "for: reason:", "sends it nothing for a while",
	  "gazette provider pause gmail --for 2h", provider_pause_command },
	{ "provider", "resume", NEEDS_STORE, 1, 1, "NAME", "", "sends to it again", "gazette provider resume gmail",
	  provider_resume_command },
	{ "provider", "reset", NEEDS_STORE, 1, 1, "NAME", "", "forgets the pace learned of it, and any pause",
	  "gazette provider reset gmail", provider_reset_command },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};

const struct command relay_commands[] = {
	{ "relay", "ls", NEEDS_STORE, 0, 0, "", "", "shows the relays and what holds them", "gazette relay ls", relay_ls },
	{ "relay", "show", NEEDS_STORE, 1, 1, "NAME", "", "shows one", "gazette relay show main", relay_show },
	{ "relay", "test", NEEDS_STORE, 0, 1, "[NAME] [--to ADDRESS] [--from ADDRESS]",
	  "to: from:", "connects, secures and logs in; with --to sends a short message", "gazette relay test main --to me@example.org",
	  relay_test_command },
	{ "relay", "pause", NEEDS_STORE, 1, 1, "NAME [--for TIME] [--reason TEXT]", "for: reason:", "sends nothing through it for a while",
	  "gazette relay pause main --for 2h", relay_pause_command },
	{ "relay", "resume", NEEDS_STORE, 1, 1, "NAME", "", "sends through it again", "gazette relay resume main", relay_resume_command },
	{ "relay", "reset", NEEDS_STORE, 1, 1, "NAME", "", "forgets its failures and the pause they brought on: it is tried at once",
	  "gazette relay reset main", relay_reset_command },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
