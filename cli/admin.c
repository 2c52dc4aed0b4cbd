/* init, config, status, store, inbound. */
#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "bounce/bounce.h"
#include "base/when.h"
#include "cli/groups.h"
#include "pacing/provider.h"
#include "ops/campaigns.h"
#include "ops/ledger.h"
#include "ops/mail.h"
#include "ops/pace.h"
#include "ops/relays.h"
#include "store/alert.h"
#include "store/event.h"
#include "system/clock.h"
#include "system/file.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_BYTES = 64 << 10, CAMPAIGNS = 1000, ALERTS = 64 };

static const char *ask(const struct cli *cli, const char *option, const char *question, const char *standard, char *out, size_t size)
{
	const char *given = cli_option(cli, option);
	if (given || cli->yes || !isatty(STDIN_FILENO))
		return given ? given : standard;
	fprintf(stderr, "%s [%s]: ", question, standard);
	if (!fgets(out, (int)size, stdin))
		return standard;
	out[strcspn(out, "\r\n")] = '\0';
	return *out ? out : standard;
}

/* Pages that are for this machine only are served where their address says: "http://127.0.0.1:8081/" to "127.0.0.1:8081"; NULL: another. */
static const char *own_port(const char *public_url, char out[64])
{
	static const char scheme[] = "http://";
	if (!text_starts(public_url, scheme))
		return NULL;
	const char *host = public_url + strlen(scheme);
	size_t size = strcspn(host, "/");
	snprintf(out, 64, "%.*s", (int)(size < 63 ? size : 63), host);
	bool is_ours = text_starts(out, "127.") || text_starts(out, "localhost:") || text_starts(out, "[::1]:");
	return is_ours && strrchr(out, ':') ? out : NULL;
}

/* Relays that go by a name: the sandbox, and what the known ones say of themselves. */
static const struct known_relay {
	const char *name, *url;
	const char *sign; /* NULL: as it stands */
} known_relays[] = {
	{ "sandbox", "smtp+plain://127.0.0.1:2525", NULL },
	{ "brevo", "smtp://smtp-relay.brevo.com:587", NULL },
	{ "mailgun", "smtp://smtp.mailgun.org:587", NULL },
	{ "mailgun-eu", "smtp://smtp.eu.mailgun.org:587", NULL },
	{ "mailjet", "smtp://in-v3.mailjet.com:587", NULL },
	{ "postmark", "smtp://smtp-broadcasts.postmarkapp.com:587", NULL },
	{ "sendgrid", "smtp://smtp.sendgrid.net:587", NULL },
	{ "ses-", "smtp://email-smtp.%s.amazonaws.com:587", "no-id-date" }, /* a region follows; it rewrites Message-ID and Date */
};

/* The relay of that name, its URL in `url`; a relay that has a URL stays as it is. */
static const struct known_relay *find_relay(const char *relay, char url[256])
{
	snprintf(url, 256, "%s", relay);
	for (size_t i = 0; i < COUNT_OF(known_relays); i++) {
		const struct known_relay *known = &known_relays[i];
		bool takes_region = text_ends(known->name, "-");
		if (takes_region ? !text_starts(relay, known->name) : strcmp(relay, known->name) != 0)
			continue;
		snprintf(url, 256, known->url, relay + strlen(known->name));
		return known;
	}
	return NULL;
}

static void write_config(struct cli *cli, const char *name, struct buffer *out)
{
	char relay[256];
	const struct known_relay *known = find_relay(name, relay);
	char answer[3][256];
	const char *option = cli_option(cli, "return-path");
	char port[64];
	const char *listen = cli_option(cli, "listen");
	const char *sessions = cli_option(cli, "sessions");
	buffer_add_text(
		out, "; Gazette's configuration. man gazette.conf has every setting; gazette config shows what is in force.\n\n[daemon]\n");
	buffer_format(out, "data_dir = %s\n", ask(cli, "data-dir", "Folder of the data", "/var/lib/gazette", answer[0], sizeof answer[0]));
	const char *public_url =
		ask(cli, "public-url", "Address of the readers' pages", "http://127.0.0.1:8080", answer[1], sizeof answer[1]);
	buffer_format(out, "public_url = %s\n", public_url);
	listen = listen ? listen : own_port(public_url, port);
	if (cli_option(cli, "min-free"))
		buffer_format(out, "min_free = %s\n", cli_option(cli, "min-free"));
	buffer_format(out, "\n[store]\nurl = %s\n", ask(cli, "store", "The store", "sqlite:gazette.db", answer[2], sizeof answer[2]));
	if (listen)
		buffer_format(out, "\n[web]\nlisten = %s\n", listen);
	buffer_add_text(out, "\n[delivery]\n");
	if (sessions)
		buffer_format(out, "sessions = %s\n", sessions);
	/* The free choice is safe: a relay on this machine takes what it likes, another is treated gently. */
	bool loopback = strstr(relay, "://127.") || strstr(relay, "://localhost") || strstr(relay, "://[::1]");
	if (!loopback)
		buffer_add_text(out, "rate = 10/s\n");
	buffer_format(out, "\n[relay:main]\nurl = %s\n", relay);
	if (known && known->sign)
		buffer_format(out, "sign = %s\n", known->sign);
	if (cli_option(cli, "relay-user"))
		buffer_format(out, "user = %s\npassword_file = relay.password\n", cli_option(cli, "relay-user"));
	if (option || cli_option(cli, "lmtp"))
		buffer_add_text(out, "\n[inbound]\n");
	if (option)
		buffer_format(out, "return_path = %s\n", option);
	if (cli_option(cli, "lmtp"))
		buffer_format(out, "lmtp = %s\n", cli_option(cli, "lmtp"));
}

/* A configuration that is there, written by hand or brought by a package, is never changed; its store may be what is missing. */
static int init_store(struct cli *cli)
{
	struct config_faults faults;
	struct error err;
	const char *kept = "is there already and stays as it is";
	static const char *const settings[] = { "store",  "data-dir",    "relay", "relay-user", "public-url",
		                                "listen", "return-path", "lmtp",  "min-free",   "sessions" };
	bool is_told = false;
	for (size_t i = 0; i < COUNT_OF(settings); i++)
		is_told = is_told || cli_option(cli, settings[i]);
	if (is_told) {
		error_set(&err, ERROR_CONFLICT, "%s %s: change it in an editor; gazette init without options makes its store",
		          cli->config_path, kept);
		return cli_fail(cli, &err, NULL);
	}
	if (config_read(cli->config_path, &cli->config, &faults, &err) < 0)
		return cli_fail(cli, &err, "gazetted --check names every fault, with file and line");
	int result = ops_open(&cli->ops, cli->config, false, false, &err);
	if (result == 0)
		error_set(&err, ERROR_CONFLICT, "%s %s, and so is its store %s", cli->config_path, kept, db_path(cli->ops.db));
	if (result == 0 || err.code != ERROR_NOT_FOUND)
		return cli_fail(cli, &err, NULL);
	if (file_make_folder(cli->config->daemon.data_dir, 02770, &err) < 0 || ops_open(&cli->ops, cli->config, true, true, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:s,s:s}", "config", cli->config_path, "store", db_path(cli->ops.db)),
	         "%s stays as it is; made its store %s.", cli->config_path, db_path(cli->ops.db));
	return 0;
}

/* The file that `password_file` names, empty, since a configuration without it is a faulty one; "" where it was there or is not asked for.
 */
static int make_password_file(const struct cli *cli, char path[PATH_MAX], struct error *err)
{
	const char *slash = strrchr(cli->config_path, '/');
	*path = '\0';
	if (!cli_option(cli, "relay-user"))
		return 0;
	snprintf(path, PATH_MAX, "%.*srelay.password", slash ? (int)(slash + 1 - cli->config_path) : 0, cli->config_path);
	if (file_create(path, (struct bytes){ "", 0 }, 0640, err) == 0)
		return 0;
	*path = '\0';
	return err->code == ERROR_CONFLICT ? 0 : -1;
}

static int init(struct cli *cli)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(CONFIG_BYTES);
	struct config_faults faults;
	struct error err;
	char answer[256];
	char password[PATH_MAX];
	if (access(cli->config_path, F_OK) == 0)
		return init_store(cli);
	bool is_told = cli_option(cli, "relay") && cli_option(cli, "data-dir") && cli_option(cli, "public-url") && cli_option(cli, "store");
	if (!cli->yes && !is_told && !isatty(STDIN_FILENO))
		return cli_usage(
			cli, "this asks questions, and there is no terminal: give --relay, --data-dir, --public-url and --store, or --yes "
			     "for the standard answers");
	const char *relay = ask(cli, "relay",
	                        "The relay that takes the mail: sandbox (to try things out), brevo, mailgun, mailjet, postmark, sendgrid, "
	                        "ses-REGION, or its "
	                        "address (smtp://HOST:587, smtps://HOST)",
	                        "smtp+plain://127.0.0.1:25", answer, sizeof answer);
	write_config(cli, relay, &text);
	if (file_create(cli->config_path, buffer_bytes(&text), 0640, &err) < 0)
		return cli_fail(cli, &err, NULL);
	int result = make_password_file(cli, password, &err);
	if (result == 0)
		result = config_read(cli->config_path, &cli->config, &faults, &err);
	if (result == 0)
		result = file_make_folder(cli->config->daemon.data_dir, 02770, &err);
	if (result == 0)
		result = ops_open(&cli->ops, cli->config, true, true, &err);
	if (result < 0) {
		/* Nothing half done: what was wrong is said, and the next try begins anew. */
		unlink(cli->config_path);
		if (*password)
			unlink(password);
		return cli_fail(cli, &err, NULL);
	}
	cli_done(cli, json_pack("{s:s,s:s}", "config", cli->config_path, "store", db_path(cli->ops.db)), "Wrote %s and made the store %s.",
	         cli->config_path, db_path(cli->ops.db));
	if (*password)
		cli_say(cli, "Write the password of %s into %s.", cli_option(cli, "relay-user"), password);
	if (strcmp(relay, "sandbox") == 0)
		cli_say(cli,
		        "The sandbox takes all mail and sends none: start it with gazette sandbox, and look at http://127.0.0.1:8025/");
	else
		cli_say(cli, "gazette -c %s relay test says whether the relay takes mail.", cli->config_path);
	cli_next(cli, "gazette -c %s list create news --title \"...\" --from \"...\" --postal \"...\"", cli->config_path);
	return 0;
}

/* The settings as they are printed, one object each. */
static void config_as_json(struct bytes text)
{
	struct bytes line;
	char section[256] = "";
	while (text_next_part(&text, "\n", &line)) {
		const char *equals = memchr(line.data, '=', line.size);
		if (*line.data == '[') {
			snprintf(section, sizeof section, "%.*s", (int)line.size - 2, line.data + 1);
			continue;
		}
		size_t key = equals ? (size_t)(equals - line.data) - 1 : line.size;
		const char *value = line.data + (equals ? key + 3 : line.size);
		cli_json(json_pack("{s:s,s:s%,s:s%}", "section", section, "key", line.data, key, "value", value,
		                   (size_t)(line.data + line.size - value)));
	}
}

static int config_command(struct cli *cli)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(CONFIG_BYTES);
	if (cli_flag(cli, "options")) {
		for (size_t i = 0; config_option(i); i++) {
			const struct config_option *o = config_option(i);
			printf("%s\t%s\t%s\t%s\t%s\n", o->section, o->key, o->kind, o->standard, o->help);
		}
		return 0;
	}
	config_print(cli->config, cli_flag(cli, "changed"), &text);
	if (cli->json)
		config_as_json(buffer_bytes(&text));
	else
		fputs(buffer_text(&text), stdout);
	return 0;
}

/* Providers that are left alone. */
static void status_pauses(struct cli *cli)
{
	CLEANUP(pace_free) struct pacing *pacing = NULL;
	struct error err;
	struct moment now = clock_now();
	char until[UNITS_TEXT];
	if (pace_open(&cli->ops, &pacing, &err) < 0)
		return;
	for (int64_t i = 0; i < PROVIDERS_MOST; i++) {
		const struct pause *pause = &pacing->provider[i].pause;
		int64_t left_us = pause->until_us - now.mono_us;
		if (left_us > 0)
			printf("%-12s %s is paused until %s: %s\n", "provider", provider_name(cli->ops.providers, i),
			       pause_is_for_good(left_us) ? "it is resumed" : units_write_time(now.wall_us + left_us, until),
			       pause->reason);
	}
}

static void status_due(const struct campaign *campaigns, size_t n)
{
	char when[WHEN_TEXT];
	for (size_t i = 0; i < n; i++)
		if (campaigns[i].state == CAMPAIGN_SCHEDULED)
			printf("%-12s campaign %" PRId64 " (%s) %s\n", "due", campaigns[i].id, campaigns[i].subject,
			       when_write(campaigns[i].scheduled_us, NULL, clock_now().wall_us, when));
}

static json_t *due_json(const struct campaign *campaigns, size_t n)
{
	json_t *due = json_array();
	for (size_t i = 0; i < n; i++)
		if (campaigns[i].state == CAMPAIGN_SCHEDULED)
			json_array_append_new(due, json_integer(campaigns[i].id));
	return due;
}

static int status(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct relay_state relays[CONFIG_RELAYS];
	int64_t sending[CAMPAIGNS];
	struct error err;
	size_t n = 0;
	size_t relay_count = 0;
	int64_t free_bytes = 0;
	char size[UNITS_TEXT];
	char count[UNITS_TEXT];
	bool needs_person = false;
	const char *clock = NULL;
	const char *check = NULL;
	struct alert alerts[ALERTS];
	size_t alert_count = 0;
	struct campaign *campaigns = arena_alloc(&arena, CAMPAIGNS * sizeof *campaigns);
	size_t campaign_count = 0;
	int64_t pid = cli_daemon_pid(cli);
	error_set(&err, ERROR_MEMORY, "out of memory");
	if (!campaigns || store_campaign_page(cli->ops.db, 0, 0, campaigns, CAMPAIGNS, &campaign_count, &arena, &err) < 0 ||
	    store_campaign_sending(cli->ops.db, 0, sending, CAMPAIGNS, &n, &err) < 0 ||
	    relay_states(&cli->ops, relays, &relay_count, &arena, &err) < 0 ||
	    store_meta_get(cli->ops.db, "clock", &clock, &arena, &err) < 0 ||
	    store_meta_get(cli->ops.db, "check", &check, &arena, &err) < 0 ||
	    store_alert_all(cli->ops.db, alerts, ALERTS, &alert_count, &arena, &err) < 0 ||
	    file_free_space(db_folder(cli->ops.db), &free_bytes, &err) < 0)
		return cli_fail(cli, &err, NULL);
	for (size_t i = 0; i < relay_count; i++)
		needs_person = needs_person || strcmp(relays[i].state, "paused") == 0;
	needs_person = needs_person || clock || alert_count > 0 || free_bytes < cli->config->daemon.min_free_bytes;
	if (cli->json) {
		json_t *array = json_array();
		for (size_t i = 0; i < relay_count; i++)
			json_array_append_new(array, field_json(relay_state_fields, &relays[i]));
		json_t *wrong = json_array();
		for (size_t i = 0; i < alert_count; i++)
			json_array_append_new(wrong, field_json(alert_fields, &alerts[i]));
		cli_json(json_pack("{s:b,s:I,s:I,s:I,s:s?,s:s?,s:o,s:o,s:o}", "daemon", pid != 0, "pid", (json_int_t)pid, "sending",
		                   (json_int_t)n, "free_bytes", (json_int_t)free_bytes, "clock", clock, "check", check, "relays", array,
		                   "alerts", wrong, "due", due_json(campaigns, campaign_count)));
	} else {
		printf("%-12s %s\n%-12s %s\n%-12s %s free\n", "daemon", pid ? "runs" : "does not run", "sending",
		       cli_count((int64_t)n, "campaign", count), "disk", units_write_size(free_bytes, size));
		if (clock)
			printf("%-12s %s\n", "clock", clock);
		if (check)
			printf("%-12s %s\n", "check", check);
		for (size_t i = 0; i < relay_count; i++)
			printf("%-12s %s is %s%s%s\n", "relay", relays[i].name, relays[i].state, *relays[i].reason ? ": " : "",
			       relays[i].reason);
		status_pauses(cli);
		status_due(campaigns, campaign_count);
		for (size_t i = 0; i < alert_count; i++)
			printf("%-12s %s%s%s: %s\n", "alert", alerts[i].kind, *alerts[i].object ? " " : "", alerts[i].object,
			       alerts[i].text);
	}
	return !pid ? EXIT_AWAY : needs_person ? EXIT_UNFINISHED : 0;
}

static int store_migrate(struct cli *cli)
{
	struct error err;
	int64_t store = 0;
	int64_t binary = 0;
	bool dry = cli_flag(cli, "dry-run");
	if (ops_open(&cli->ops, cli->config, false, !dry, &err) < 0) {
		int status = cli_fail(cli, &err, NULL);
		return dry && err.code == ERROR_CONFLICT ? EXIT_UNFINISHED : status;
	}
	if (db_versions(cli->ops.db, &store, &binary, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:I,s:I}", "schema", (json_int_t)store, "newest", (json_int_t)binary),
	         "The store has schema %" PRId64 ", as this gazette.", store);
	return 0;
}

/* The numbers shown are the ledger's: every campaign is counted again. */
static int store_check(struct cli *cli)
{
	struct ledger ledger;
	struct error err;
	char count[UNITS_TEXT];
	if (ledger_check(&cli->ops, &ledger, &err) < 0)
		return cli_fail(cli, &err, err.code == ERROR_CORRUPT ? "Stop the daemon and restore a backup." : NULL);
	for (int64_t i = 0; i < ledger.wrong && i < LEDGER_SHOWN; i++)
		fprintf(stderr, "campaign %" PRId64 ": the counters are not what its deliveries are\n", ledger.campaign[i]);
	cli_done(cli, json_pack("{s:b,s:I}", "sound", 1, "counted_wrong", (json_int_t)ledger.wrong),
	         ledger.wrong ? "The file is sound; counted wrong: %s." : "The file is sound, and the counters are right.",
	         cli_count(ledger.wrong, "campaign", count));
	return ledger.wrong ? EXIT_DATA : 0;
}

static int inbound(struct cli *cli)
{
	CLEANUP(buffer_clear) struct buffer mail = BUFFER_INIT(4 << 20);
	enum taken_as as = TAKEN_NOTHING;
	struct error err;
	struct arrival arrival = { .recipient = cli_option(cli, "to"), .through = "pipe" };
	if (file_read(cli->argument[0], &mail, &err) < 0 || mail_take(&cli->ops, buffer_bytes(&mail), arrival, &as, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (cli->json)
		cli_json(json_pack("{s:s}", "taken_as", taken_as_words[as]));
	else
		puts(taken_as_words[as]);
	return 0;
}

const struct command admin_commands[] = {
	{ "init", "", NEEDS_NOTHING, 0, 0, "[--relay URL|sandbox|PROVIDER] [--public-url URL] [--data-dir DIR] [--store URL] ...",
	  "store: data-dir: relay: relay-user: public-url: listen: return-path: lmtp: min-free: sessions:",
	  "writes a configuration and makes the store; of one that is there, its store only",
	  "gazette -c t.conf init --store sqlite:t.db --data-dir . --relay smtp+plain://127.0.0.1:2525 --public-url http://127.0.0.1:8080 "
	  "--yes",
	  init },
	{ "status", "", NEEDS_STORE, 0, 0, "", "", "shows how things stand", "gazette status", status },
	{ "config", "", NEEDS_CONFIG, 0, 0, "[-n]", "changed options", "shows what is in force; -n only what differs", "gazette config -n",
	  config_command },
	{ "store", "check", NEEDS_STORE, 0, 0, "", "", "looks for damage and counts again", "gazette store check", store_check },
	{ "store", "migrate", NEEDS_CONFIG, 0, 0, "[--dry-run]", "dry-run", "brings an older store up to date", "gazette store migrate",
	  store_migrate },
	{ "inbound", "", NEEDS_STORE, 1, 1, "FILE|- [--to ADDRESS]", "to:", "takes one returned mail", "gazette inbound - < returned.eml",
	  inbound },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
