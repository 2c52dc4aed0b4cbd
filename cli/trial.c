/* gazette campaign test: one mail to testers, and what the relay says of it. */
#include "cli/trial.h"
#include "base/text.h"
#include "cli/campaign.h"
#include "model/outcome.h"
#include "ops/campaigns.h"
#include "ops/relays.h"
#include <stdio.h>
#include <time.h>

enum { TESTS = 32, LOOKS = 300, LOOKS_A_SECOND = 10 };

/* Whether none of the relays that a list may use takes mail now: *out is one of them, with its reason. 1, 0, -1. */
static int all_paused(struct cli *cli, const struct list *list, struct relay_state *out, struct error *err)
{
	struct relay_state states[CONFIG_RELAYS];
	size_t n = 0;
	if (relay_states(&cli->ops, states, &n, &cli->arena, err) < 0)
		return -1;
	int found = 0;
	for (size_t i = 0; i < n; i++) {
		if (*list->relay && strcmp(list->relay, states[i].name) != 0)
			continue;
		if (strcmp(states[i].state, "paused") != 0)
			return 0;
		*out = states[i];
		found = 1;
	}
	return found;
}

/* Until the relay has said something of it, or is known to take nothing. */
static int wait_for_state(struct cli *cli, const struct list *list, int64_t notice, int *state, char reply[OUTCOME_REPLY_BYTES],
                          struct error *err)
{
	*state = DELIVERY_QUEUED;
	for (int i = 0; i < LOOKS; i++) {
		struct relay_state relay;
		if (store_notice_state(cli->ops.db, notice, state, reply, err) < 0)
			return -1;
		if (!delivery_is_waiting((enum delivery_state) * state) || (*state == DELIVERY_DEFERRED && *reply))
			return 0;
		int paused = i % LOOKS_A_SECOND ? 0 : all_paused(cli, list, &relay, err);
		if (paused < 0)
			return -1;
		if (paused) {
			snprintf(reply, OUTCOME_REPLY_BYTES, "relay %s is paused: %s", relay.name, relay.reason);
			return 0;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 1000000000 / LOOKS_A_SECOND }, NULL);
	}
	snprintf(reply, OUTCOME_REPLY_BYTES, "the relay has said nothing of it in %d s", LOOKS / LOOKS_A_SECOND);
	return 0;
}

static int wait_for_notice(struct cli *cli, const struct list *list, const char *to, int64_t notice)
{
	char reply[OUTCOME_REPLY_BYTES] = "";
	struct error err;
	int state = DELIVERY_QUEUED;
	cli_say(cli, "%s: waiting for what the relay says ...", to);
	if (wait_for_state(cli, list, notice, &state, reply, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (state == DELIVERY_SENT) {
		cli_done(cli, json_pack("{s:I,s:s,s:s}", "test", (json_int_t)notice, "to", to, "state", delivery_words[state]),
		         "%s: accepted by the relay.", to);
		return 0;
	}
	error_set(&err, ERROR_RETRY, "test to %s is %s: %s", to, delivery_words[state], reply);
	return cli_fail(cli, &err,
	                delivery_is_waiting((enum delivery_state)state)
	                        ? "It goes out when it can: gazette queue --why says what holds it, gazette relay test tries the relay"
	                        : NULL);
}

int campaign_test_command(struct cli *cli)
{
	const char *to[TESTS];
	const struct campaign *campaign = cli->campaign;
	struct list list;
	struct error err;
	int status = 0;
	int n = cli_options(cli, "to", to, TESTS);
	if (store_list_get(cli->ops.db, campaign->list_id, &list, &cli->arena, &err) <= 0)
		return cli_fail(cli, &err, NULL);
	struct bytes rest = bytes_text(list.testers);
	struct bytes tester;
	while (!cli_flag(cli, "to") && n < TESTS && text_next_part(&rest, ", ", &tester))
		to[n++] = arena_copy(&cli->arena, tester.data, tester.size);
	if (n == 0)
		return cli_usage(cli, "to whom? --to ADDRESS, or set the list's testers: gazette list set %s --testers \"...\"", list.name);
	bool alive = cli_daemon_pid(cli) != 0;
	for (int i = 0; i < n; i++) {
		int64_t notice = 0;
		if (campaign_test(&cli->ops, campaign->id, to[i], cli_option(cli, "as"), cli->actor, &notice, &err) < 0) {
			status = cli_fail(cli, &err, NULL);
			return err.code == ERROR_NOT_FOUND ? EXIT_NO_ADDRESS : status;
		}
		int one = alive ? wait_for_notice(cli, &list, to[i], notice) : 0;
		status = one ? one : status;
	}
	if (alive)
		return status;
	error_set(&err, ERROR_NETWORK, "the test is queued, but the daemon does not run");
	return campaign_daemon_away(cli, &err);
}
