#include "base/text.h"
#include "base/units.h"
#include "cli/groups.h"
#include "model/address.h"
#include "ops/campaigns.h"
#include "ops/pace.h"
#include "ops/relays.h"
#include "pacing/provider.h"
#include "store/event.h"
#include "store/subscriber.h"
#include "system/clock.h"
#include <stdio.h>

enum { ROWS = 1000 };

/* Everything that waits gets a reason in words. */
struct reason {
	const char *email;
	int64_t campaign_id;
	const char *provider;
	const char *state;
	int64_t n;
	int64_t next_us;
	const char *why;
};
static const struct field reason_fields[] = {
	FIELD(struct reason, email, FIELD_TEXT),    FIELD(struct reason, campaign_id, FIELD_ID),
	FIELD(struct reason, provider, FIELD_TEXT), FIELD(struct reason, state, FIELD_TEXT),
	FIELD(struct reason, n, FIELD_INT),         FIELD_NAMED(struct reason, next_us, FIELD_TIME, "next"),
	FIELD(struct reason, why, FIELD_TEXT),      FIELD_END
};

static const char *relay_trouble(struct cli *cli, struct arena *arena)
{
	struct relay_state relays[CONFIG_RELAYS];
	struct error err;
	char until[UNITS_TEXT];
	size_t n = 0;
	if (relay_states(&cli->ops, relays, &n, arena, &err) < 0)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strcmp(relays[i].state, "ok") != 0)
			return arena_format(arena, "relay %s is %s%s%s: %s", relays[i].name, relays[i].state,
			                    relays[i].until_us ? " until " : "",
			                    relays[i].until_us ? units_write_time(relays[i].until_us, until) : "", relays[i].reason);
	return NULL;
}

/* What stops everything, or NULL. */
static const char *general(struct cli *cli, struct arena *arena)
{
	const char *disk = NULL;
	struct error err;
	if (cli_daemon_pid(cli) == 0)
		return "the daemon does not run";
	if (store_meta_get(cli->ops.db, "disk", &disk, arena, &err) > 0)
		return "the disk is nearly full: sending waits for room";
	return relay_trouble(cli, arena);
}

/* What holds the mail of one campaign for one provider, and when it moves. */
static const char *why_queued(struct cli *cli, struct pacing *pacing, const struct waiting *w, struct arena *arena)
{
	struct flow flow;
	struct error err;
	char until[UNITS_TEXT];
	size_t relay = 0;
	int64_t wait_us = 0;
	struct moment now = clock_now();
	if (w->next_due_us > now.wall_us)
		return arena_format(arena, "due at %s", units_write_time(w->next_due_us, until));
	if (store_flow_of(cli->ops.db, w->campaign_id, &flow, arena, &err) <= 0)
		return "waits for its turn";
	int64_t provider = provider_known(w->provider);
	struct pacing_key key = { .provider = provider, .list = flow.list, .campaign = w->campaign_id };
	enum hold hold = pacing_take(pacing, &key, 0, now, &relay, &wait_us);
	const struct pacing_provider *p = &pacing->provider[provider];
	const char *name = provider_name(cli->ops.providers, provider);
	if (wait_us > 0)
		units_write_time(now.wall_us + wait_us, until);
	if (hold == HOLD_PROVIDER_PAUSE && p->is_held && pause_is_for_good(wait_us))
		return arena_format(arena, "provider %s is paused until it is resumed: %s", name, p->pause.reason);
	if (hold == HOLD_PROVIDER_PAUSE)
		return arena_format(arena, "provider %s is paused until %s: %s", name, until, p->pause.reason);
	if (hold == HOLD_RELAY_PAUSE && pause_is_for_good(wait_us))
		return "its relay is paused until it is resumed (gazette relay ls)";
	if (hold == HOLD_RELAY_PAUSE)
		return arena_format(arena, "its relay is paused until %s (gazette relay ls)", until);
	if (hold != HOLD_NOTHING)
		return arena_format(arena, "%s used up: moves at %s", hold_words[hold], until);
	/* Nothing is closed: what is before it in the narrowest place decides. */
	struct pacing_line line = { provider, flow.list, w->campaign_id, w->n };
	struct estimate estimate = pacing_estimate(pacing, &line, 1, 0, now);
	if (estimate.us < SECOND_US)
		return p->cap > 0 ? arena_format(arena, "waits for its turn (at most %zu at once go to %s)", p->cap, name)
		                  : "waits for its turn";
	if (estimate.us == INT64_MAX)
		return arena_format(arena, "%s lets nothing through", pace_words(&cli->ops, &estimate, arena));
	return arena_format(arena, "waits for %s: through by %s", pace_words(&cli->ops, &estimate, arena),
	                    units_write_time(now.wall_us + estimate.us, until));
}

static const char *why_waiting(struct cli *cli, struct pacing *pacing, const struct waiting *w, const char *all, struct arena *arena)
{
	struct campaign campaign;
	struct error err;
	if (store_campaign_get(cli->ops.db, w->campaign_id, &campaign, arena, &err) > 0 && campaign.state == CAMPAIGN_PAUSED)
		return arena_format(arena, "the campaign is paused by %s", *campaign.paused_by ? campaign.paused_by : "someone");
	switch ((enum delivery_state)w->state) {
	case DELIVERY_DEFERRED: return "tried, and to be tried again (gazette queue --why ADDRESS has the reply)";
	case DELIVERY_UNCERTAIN: return "in doubt: the message went out and no reply came; held";
	case DELIVERY_INFLIGHT: return "on the wire now";
	default: break;
	}
	return all ? all : why_queued(cli, pacing, w, arena);
}

/* The rows of one campaign or one provider: what --why was asked about; true for all where it was not. */
static bool is_asked(const struct waiting *w, int64_t campaign, int64_t provider)
{
	return (campaign == 0 || w->campaign_id == campaign) && (provider < 0 || w->provider == provider);
}

static int show_waiting(struct cli *cli, bool why, int64_t campaign, int64_t provider)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(pace_free) struct pacing *pacing = NULL;
	struct waiting *rows = arena_alloc(&arena, ROWS * sizeof *rows);
	struct reason *out = arena_alloc(&arena, ROWS * sizeof *out);
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	size_t n = 0;
	size_t shown = 0;
	if (!rows || !out || store_delivery_waiting(cli->ops.db, rows, ROWS, &n, &err) < 0 || pace_open(&cli->ops, &pacing, &err) < 0)
		return cli_fail(cli, &err, NULL);
	const char *all = general(cli, &arena);
	for (size_t i = 0; i < n; i++)
		if (is_asked(&rows[i], campaign, provider))
			out[shown++] = (struct reason){ .campaign_id = rows[i].campaign_id,
				                        .provider = provider_name(cli->ops.providers, rows[i].provider),
				                        .state = delivery_words[rows[i].state],
				                        .n = rows[i].n,
				                        .next_us = rows[i].next_due_us,
				                        .why = why_waiting(cli, pacing, &rows[i], all, &arena) };
	cli_rows(cli, reason_fields, why || all ? "campaign_id provider state n next why" : "campaign_id provider state n next", out, shown,
	         sizeof *out);
	if (all && !cli->json)
		printf("%s\n", all);
	return 0;
}

/* A delivery of one reader, and why it is where it is: the reply to its last attempt, or what it waits for. */
struct told {
	struct why row;
	const char *provider, *why;
};
#define T(member, kind) FIELD_NAMED(struct told, row.member, FIELD_##kind, #member)
static const struct field told_fields[] = { T(delivery_id, INT),
	                                    T(campaign_id, INT),
	                                    T(email, TEXT),
	                                    { "state", FIELD_WORD, offsetof(struct told, row.state), delivery_words },
	                                    { "campaign_state", FIELD_WORD, offsetof(struct told, row.campaign_state), campaign_words },
	                                    FIELD(struct told, provider, FIELD_TEXT),
	                                    FIELD(struct told, why, FIELD_TEXT),
	                                    T(due_us, TIME),
	                                    T(attempts, INT),
	                                    T(reason, TEXT),
	                                    T(reply, TEXT),
	                                    T(relay, TEXT),
	                                    T(stage, TEXT),
	                                    T(code, ID),
	                                    T(at_us, TIME),
	                                    FIELD_END };

/* Nothing was said of it yet, or what was said does not hold it now. */
static bool is_untried(const struct why *row)
{
	return row->campaign_state == CAMPAIGN_PAUSED ? delivery_is_waiting((enum delivery_state)row->state)
	                                              : row->state == DELIVERY_QUEUED || row->state == DELIVERY_LEASED;
}

/* The words of `queue --why` for those it stands among. */
static const char *why_row(struct cli *cli, struct pacing *pacing, const struct why *row, const struct waiting *groups, size_t n,
                           const char *all, struct arena *arena)
{
	struct waiting w = { .campaign_id = row->campaign_id, .provider = row->provider, .state = row->state, .n = 1 };
	for (size_t i = 0; i < n; i++)
		if (groups[i].campaign_id == w.campaign_id && groups[i].provider == w.provider && groups[i].state == w.state)
			w.n = groups[i].n;
	w.next_due_us = row->due_us;
	return why_waiting(cli, pacing, &w, all, arena);
}

static int show_address(struct cli *cli, const char *address)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct address parsed;
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	CLEANUP(pace_free) struct pacing *pacing = NULL;
	struct why *rows = arena_alloc(&arena, ROWS * sizeof *rows);
	struct told *out = arena_alloc(&arena, ROWS * sizeof *out);
	struct waiting *groups = arena_alloc(&arena, ROWS * sizeof *groups);
	size_t n = 0;
	size_t group_count = 0;
	if (!rows || !out || !groups || address_read(bytes_text(address), &parsed, &err) < 0 ||
	    store_delivery_why(cli->ops.db, parsed.key, rows, ROWS, &n, &arena, &err) < 0 ||
	    store_delivery_waiting(cli->ops.db, groups, ROWS, &group_count, &err) < 0 || pace_open(&cli->ops, &pacing, &err) < 0)
		return cli_fail(cli, &err, NULL);
	struct subscriber subscriber;
	if (n == 0 && store_subscriber_find(cli->ops.db, parsed.key, &subscriber, &arena, &err) == 0) {
		error_set(&err, ERROR_NOT_FOUND, "nobody here has the address %s", parsed.text);
		cli_fail(cli, &err, NULL);
		return EXIT_NO_ADDRESS;
	}
	const char *all = general(cli, &arena);
	for (size_t i = 0; i < n; i++)
		out[i] = (struct told){ .row = rows[i],
			                .provider = provider_name(cli->ops.providers, rows[i].provider),
			                .why = is_untried(&rows[i]) ? why_row(cli, pacing, &rows[i], groups, group_count, all, &arena)
			                                            : rows[i].reason };
	cli_rows(cli, told_fields, "campaign_id state code reply relay due_us attempts why", out, n, sizeof *out);
	return 0;
}

static int show_replies(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct error err;
	struct why *rows = arena_alloc(&arena, ROWS * sizeof *rows);
	size_t n = 0;
	if (!rows || store_delivery_why(cli->ops.db, NULL, rows, ROWS, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (n > 0)
		cli_rows(cli, why_fields, "email campaign_id reason code reply due_us attempts", rows, n, sizeof *rows);
	return 0;
}

static int queue(struct cli *cli)
{
	bool why = cli_flag(cli, "why");
	int64_t campaign = 0;
	int64_t provider = -1;
	struct error err;
	if (cli->arguments && strchr(cli->argument[0], '@'))
		return show_address(cli, cli->argument[0]);
	if (cli->arguments && !provider_find(cli->ops.providers, cli->argument[0], &provider)) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct campaign found;
		provider = -1;
		if (campaign_find(&cli->ops, cli->argument[0], &found, &arena, &err) < 0)
			return cli_fail(cli, &err, "queue takes an address, a campaign or a provider (gazette provider ls --all)");
		campaign = found.id;
	}
	int status = show_waiting(cli, why, campaign, provider);
	return status || !why || cli->json || cli->arguments ? status : show_replies(cli);
}

static int would_retry(struct cli *cli, int64_t campaign)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct waiting *rows = arena_alloc(&arena, ROWS * sizeof *rows);
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	int64_t deferred = 0;
	int64_t uncertain = 0;
	size_t n = 0;
	if (!rows || store_delivery_waiting(cli->ops.db, rows, ROWS, &n, &err) < 0)
		return cli_fail(cli, &err, NULL);
	for (size_t i = 0; i < n; i++) {
		if (campaign && rows[i].campaign_id != campaign)
			continue;
		deferred += rows[i].state == DELIVERY_DEFERRED ? rows[i].n : 0;
		uncertain += rows[i].state == DELIVERY_UNCERTAIN && campaign && cli_flag(cli, "uncertain") ? rows[i].n : 0;
	}
	cli_done(cli, json_pack("{s:I,s:I,s:b}", "retried", (json_int_t)deferred, "resent", (json_int_t)uncertain, "dry_run", 1),
	         "%" PRId64 " would be due now; %" PRId64 " in doubt would be sent again.", deferred, uncertain);
	return 0;
}

static int retry(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct campaign campaign = { 0 };
	struct error err;
	int64_t n = 0;
	int64_t again = 0;
	if (cli_flag(cli, "uncertain") && !cli->arguments)
		return cli_usage(cli, "--uncertain wants a campaign: gazette queue --why shows which have messages in doubt");
	if (cli->arguments && campaign_find(&cli->ops, cli->argument[0], &campaign, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (cli_flag(cli, "dry-run"))
		return would_retry(cli, campaign.id);
	if (store_delivery_retry(cli->ops.db, campaign.id, clock_now().wall_us, &n, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (cli_flag(cli, "uncertain") && store_delivery_resend_uncertain(cli->ops.db, campaign.id, clock_now().wall_us, &again, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (ops_audit(&cli->ops, cli->actor, "queue retry", cli->arguments ? cli->argument[0] : "all", "", &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:I,s:I}", "retried", (json_int_t)n, "resent", (json_int_t)again),
	         "%" PRId64 " are due now; %" PRId64 " that were in doubt are sent again.", n, again);
	return 0;
}

const struct command queue_commands[] = {
	{ "queue", "retry", NEEDS_STORE, 0, 1, "[CAMPAIGN] [--uncertain] [--dry-run]", "uncertain dry-run",
	  "makes what was deferred due now; deletes nothing", "gazette queue retry 12", retry },
	{ "queue", "", NEEDS_STORE, 0, 1, "[ADDRESS|PROVIDER|CAMPAIGN] [--why]", "why", "shows what waits, and why",
	  "gazette queue --why gmail", queue },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
