#include "pacing/pacing.h"
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct outcome refused = { .kind = OUTCOME_REPLY, .stage = STAGE_RCPT, .code = 554, .reply = "Relay access denied" };
static const struct verdict relays_fault = { .kind = VERDICT_HOLD, .door = DOOR_RELAY, .scope = SCOPE_RELAY };
static const struct outcome accepted = { .kind = OUTCOME_ACCEPTED, .stage = STAGE_DATA_END, .code = 250 };
static const struct verdict sent = { .kind = VERDICT_SENT };
static const struct outcome slower = { .kind = OUTCOME_REPLY, .stage = STAGE_RCPT, .code = 421, .reply = "too many" };
static const struct verdict slow = { .kind = VERDICT_DEFER, .door = DOOR_RELAY, .slow_down = true, .scope = SCOPE_RELAY };
static const struct verdict provider_slow = { .kind = VERDICT_DEFER, .door = DOOR_RELAY, .slow_down = true, .scope = SCOPE_PROVIDER };
enum { GMAIL = 1, YAHOO = 3 };

static struct moment at(int64_t us)
{
	return (struct moment){ 1800000000 * SECOND_US + us, us };
}

static struct pacing *start(const struct pacing_setup *setup)
{
	static struct pacing pacing;
	struct error err;
	pacing_clear(&pacing);
	assert_int_equal(pacing_init(&pacing, setup, at(0), &err), 0);
	return &pacing;
}

static struct pacing_setup one_relay(void)
{
	struct pacing_setup setup = { .relays = 1 };
	setup.relay[0].name = "main";
	setup.relay[0].weight = 1;
	return setup;
}

static enum hold take(struct pacing *pacing, int64_t provider, int64_t us, size_t *relay)
{
	struct pacing_key key = { .provider = provider, .list = 1, .campaign = 7 };
	int64_t wait_us = 0;
	enum hold hold = pacing_take(pacing, &key, 0, at(us), relay, &wait_us);
	assert_true((hold == HOLD_NOTHING) == (wait_us == 0));
	return hold;
}

static void test_three_faults_in_a_row_pause_the_relay(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	size_t relay = 0;
	(void)state;
	for (int i = 0; i < 2; i++)
		pacing_outcome(pacing, 0, 0, &refused, &relays_fault, at(1000));
	assert_false(pacing_is_paused(pacing, 0, 1000));
	pacing_outcome(pacing, 0, 0, &refused, &relays_fault, at(1000));
	assert_true(pacing_is_paused(pacing, 0, 1000));
	assert_non_null(strstr(pacing->relay[0].pause.reason, "Relay access denied"));
	assert_int_equal(take(pacing, 0, 1000, &relay), HOLD_RELAY_PAUSE);
	assert_int_equal(pacing_total_room(pacing, at(1000), 100), 0);
}

static void test_a_success_between_faults_keeps_it_open(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	(void)state;
	for (int i = 0; i < 10; i++)
		pacing_outcome(pacing, 0, 0, i % 3 == 2 ? &accepted : &refused, i % 3 == 2 ? &sent : &relays_fault, at(1000));
	assert_false(pacing_is_paused(pacing, 0, 1000));
}

static void test_one_probe_opens_the_gate(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	int64_t later_us = 60 * SECOND_US;
	size_t relay = 0;
	(void)state;
	for (int i = 0; i < 3; i++)
		pacing_outcome(pacing, 0, 0, &refused, &relays_fault, at(1000));
	assert_int_equal(pacing_total_room(pacing, at(later_us), 100), 1);
	assert_int_equal(take(pacing, 0, later_us, &relay), HOLD_NOTHING);
	assert_int_equal(take(pacing, 0, later_us, &relay), HOLD_RELAY_PAUSE);
	pacing_outcome(pacing, 0, 0, &accepted, &sent, at(later_us));
	assert_int_equal(take(pacing, 0, later_us, &relay), HOLD_NOTHING);
	assert_int_equal(take(pacing, 0, later_us, &relay), HOLD_NOTHING);
}

static void test_a_421_pauses_at_once_and_longer_each_time(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	(void)state;
	pacing_outcome(pacing, 0, 0, &slower, &slow, at(0));
	int64_t first_us = pacing->relay[0].pause.length_us;
	pacing_outcome(pacing, 0, 0, &slower, &slow, at(pacing->relay[0].pause.until_us));
	assert_int_equal(pacing->relay[0].pause.length_us, 2 * first_us);
}

static void test_what_was_on_its_way_does_not_end_a_pause(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	(void)state;
	pacing_outcome(pacing, 0, 0, &slower, &slow, at(0));
	int64_t until_us = pacing->relay[0].pause.until_us;
	pacing_outcome(pacing, 0, 0, &accepted, &sent, at(1000));
	assert_true(pacing_is_paused(pacing, 0, until_us - 1));
	pacing_outcome(pacing, 0, 0, &accepted, &sent, at(until_us));
	assert_int_equal(pacing->relay[0].pause.until_us, 0);
}

static void test_the_wait_that_was_asked_for_is_kept(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	struct verdict asks = slow;
	(void)state;
	asks.asked_us = 30 * MINUTE_US;
	pacing_outcome(pacing, 0, 0, &slower, &asks, at(0));
	assert_true(pacing_is_paused(pacing, 0, 29 * MINUTE_US));
	assert_false(pacing_is_paused(pacing, 0, 31 * MINUTE_US));
}

static void test_all_buckets_or_none(void **state)
{
	struct pacing_setup setup = one_relay();
	size_t relay = 0;
	(void)state;
	setup.total = (struct pacing_rates){ .rate = { { 100, 0, SECOND_US } }, .count = 1 };
	setup.relay[0].rates = (struct pacing_rates){ .rate = { { 1, 0, SECOND_US } }, .count = 1 };
	struct pacing *pacing = start(&setup);
	assert_int_equal(take(pacing, 0, SECOND_US, &relay), HOLD_NOTHING);
	int64_t full_us = pacing->total.bucket[0].full_at_us;
	assert_int_equal(take(pacing, 0, SECOND_US, &relay), HOLD_RELAY_RATE);
	assert_int_equal(pacing->total.bucket[0].full_at_us, full_us);
}

static void test_a_paused_provider_holds_nobody_else(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	size_t relay = 0;
	(void)state;
	pacing_outcome(pacing, 0, GMAIL, &slower, &provider_slow, at(0));
	assert_true(pacing->provider[GMAIL].has_news);
	assert_int_equal(take(pacing, GMAIL, 1000, &relay), HOLD_PROVIDER_PAUSE);
	assert_int_equal(pacing_room(pacing, GMAIL, at(1000), 100), 0);
	assert_int_equal(take(pacing, YAHOO, 1000, &relay), HOLD_NOTHING);
	assert_int_equal(pacing_room(pacing, YAHOO, at(1000), 100), 100);
	/* After the pause one goes ahead, and opens the gate. */
	int64_t later_us = pacing->provider[GMAIL].pause.until_us;
	assert_int_equal(pacing_room(pacing, GMAIL, at(later_us), 100), 1);
	assert_int_equal(take(pacing, GMAIL, later_us, &relay), HOLD_NOTHING);
	assert_int_equal(take(pacing, GMAIL, later_us, &relay), HOLD_PROVIDER_PAUSE);
	pacing_outcome(pacing, 0, GMAIL, &accepted, &sent, at(later_us));
	assert_int_equal(take(pacing, GMAIL, later_us, &relay), HOLD_NOTHING);
}

static void test_a_provider_has_a_cap_on_messages_in_progress(void **state)
{
	struct pacing_setup setup = one_relay();
	size_t relay = 0;
	(void)state;
	setup.provider[GMAIL].cap = 2;
	struct pacing *pacing = start(&setup);
	assert_int_equal(take(pacing, GMAIL, 0, &relay), HOLD_NOTHING);
	assert_int_equal(take(pacing, GMAIL, 0, &relay), HOLD_NOTHING);
	assert_int_equal(take(pacing, GMAIL, 0, &relay), HOLD_PROVIDER_CAP);
	assert_int_equal(take(pacing, YAHOO, 0, &relay), HOLD_NOTHING);
	pacing_progress(pacing, GMAIL, 1, 0);
	assert_int_equal(take(pacing, GMAIL, 0, &relay), HOLD_NOTHING);
}

static void test_a_provider_that_stalls_is_left_with_few(void **state)
{
	struct pacing_setup setup = one_relay();
	size_t relay = 0;
	(void)state;
	setup.provider[GMAIL].cap = 8;
	struct pacing *pacing = start(&setup);
	for (int i = 0; i < 8; i++)
		assert_int_equal(take(pacing, GMAIL, 0, &relay), HOLD_NOTHING);
	for (int64_t us = 0; us < 10 * SECOND_US; us += 1000)
		pacing_progress(pacing, GMAIL, 8, us);
	/* Seven come through at last: one is tried, and with each that gets through one more. */
	pacing_progress(pacing, GMAIL, 1, 10 * SECOND_US);
	assert_true(pacing->provider[GMAIL].open <= 8);
	pacing->provider[GMAIL].open = 1;
	assert_int_equal(take(pacing, GMAIL, 10 * SECOND_US, &relay), HOLD_PROVIDER_CAP);
	pacing_progress(pacing, GMAIL, 0, 10 * SECOND_US);
	assert_int_equal(pacing->provider[GMAIL].open, 2);
}

static void test_a_held_provider_sends_no_probe(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	size_t relay = 0;
	(void)state;
	pacing_restore_provider(
		pacing, GMAIL,
		&(struct pacing_told){ .paused_us = at(HOUR_US).wall_us, .is_held = true, .reason = "dana: waiting for an answer" }, at(0));
	assert_int_equal(take(pacing, GMAIL, MINUTE_US, &relay), HOLD_PROVIDER_PAUSE);
	assert_int_equal(pacing_room(pacing, GMAIL, at(MINUTE_US), 100), 0);
	/* A person lets it go on. */
	pacing_restore_provider(pacing, GMAIL, &(struct pacing_told){ .paused_us = 0, .is_held = false, .reason = "" }, at(MINUTE_US));
	assert_int_equal(take(pacing, GMAIL, MINUTE_US, &relay), HOLD_NOTHING);
}

static void test_a_held_provider_goes_on_when_its_time_is_over(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	size_t relay = 0;
	(void)state;
	pacing_restore_provider(pacing, GMAIL,
	                        &(struct pacing_told){ .paused_us = at(HOUR_US).wall_us, .is_held = true, .reason = "for an hour" }, at(0));
	/* The row stays as the person wrote it. */
	pacing_restore_provider(pacing, GMAIL,
	                        &(struct pacing_told){ .paused_us = at(HOUR_US).wall_us, .is_held = true, .reason = "for an hour" },
	                        at(HOUR_US));
	assert_int_equal(pacing_room(pacing, GMAIL, at(HOUR_US), 100), 100);
	for (int i = 0; i < 3; i++)
		assert_int_equal(take(pacing, GMAIL, HOUR_US + i, &relay), HOLD_NOTHING);
	/* And what the provider says counts again. */
	pacing_outcome(pacing, 0, GMAIL, &slower, &provider_slow, at(HOUR_US + 10));
	assert_int_equal(take(pacing, GMAIL, HOUR_US + 20, &relay), HOLD_PROVIDER_PAUSE);
}

static void test_a_probe_that_was_taken_back_is_not_the_last(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	size_t relay = 0;
	(void)state;
	pacing_outcome(pacing, 0, GMAIL, &slower, &provider_slow, at(0));
	assert_int_equal(take(pacing, GMAIL, 3 * MINUTE_US, &relay), HOLD_NOTHING);
	/* Its campaign was paused before it went: nothing is ever heard of it. */
	assert_int_equal(take(pacing, GMAIL, 4 * MINUTE_US, &relay), HOLD_PROVIDER_PAUSE);
	assert_int_equal(take(pacing, GMAIL, 8 * MINUTE_US, &relay), HOLD_NOTHING);
	assert_int_equal(take(pacing, GMAIL, 9 * MINUTE_US, &relay), HOLD_PROVIDER_PAUSE);
}

static void test_a_list_leases_what_its_own_relay_takes(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing_flow flow = { .list = 5, .relay = 1 };
	struct pacing_key key = { .list = 5 };
	int64_t wait_us = 0;
	size_t relay = 0;
	(void)state;
	setup.relays = 2;
	setup.relay[1].name = "second";
	setup.relay[1].weight = 1;
	setup.relay[1].rates = (struct pacing_rates){ { { 2, 0, HOUR_US } }, 1 };
	struct pacing *pacing = start(&setup);
	assert_int_equal(pacing_set_flows(pacing, &flow, 1, NULL), 0);
	assert_int_equal(pacing_flow_room(pacing, 5, 1, at(0), 100), 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pacing_take(pacing, &key, 0, at(i), &relay, &wait_us), HOLD_NOTHING);
	assert_int_equal(pacing_take(pacing, &key, 0, at(2), &relay, &wait_us), HOLD_RELAY_RATE);
	assert_int_equal(pacing_flow_room(pacing, 5, 1, at(2), 100), 0);
	assert_int_equal(pacing_flow_room(pacing, 6, 1, at(2), 100), 100);
}

static void test_nothing_is_leased_for_a_relay_that_hangs(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing_flow flow = { .list = 5, .relay = 1 };
	struct pacing_key key = { .list = 5 };
	int64_t wait_us = 0;
	size_t relay = 0;
	(void)state;
	setup.relays = 2;
	setup.relay[1].name = "second";
	setup.relay[1].weight = 1;
	struct pacing *pacing = start(&setup);
	assert_int_equal(pacing_set_flows(pacing, &flow, 1, NULL), 0);
	assert_int_equal(pacing_pinned(pacing, 5, 1), 1);
	assert_int_equal(pacing_pinned(pacing, 6, 1), -1);
	pacing_hang_relay(pacing, 1, true);
	assert_int_equal(pacing_flow_room(pacing, 5, 1, at(0), 100), 0);
	assert_int_equal(pacing_take(pacing, &key, 0, at(0), &relay, &wait_us), HOLD_RELAY_PAUSE);
	assert_true(wait_us > SECOND_US);
	/* All others go by the other one, and nothing is leased where that hangs too. */
	for (int i = 0; i < 4; i++) {
		assert_int_equal(take(pacing, 0, i, &relay), HOLD_NOTHING);
		assert_int_equal(relay, 0);
	}
	pacing_hang_relay(pacing, 0, true);
	assert_int_equal(pacing_total_room(pacing, at(0), 100), 0);
	pacing_hang_relay(pacing, 1, false);
	assert_int_equal(pacing_take(pacing, &key, 0, at(0), &relay, &wait_us), HOLD_NOTHING);
}

static void test_a_campaign_and_a_list_have_rates_of_their_own(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	struct pacing_flow flows[2] = { { .list = 1, .campaign = 7, .rates = { { { 1, 0, SECOND_US } }, 1 }, .relay = -1 },
		                        { .list = 2, .rates = { { { 2, 0, SECOND_US } }, 1 }, .relay = -1 } };
	struct pacing_key key = { .list = 2, .campaign = 9 };
	size_t relay = 0;
	int64_t wait_us = 0;
	(void)state;
	assert_int_equal(pacing_set_flows(pacing, flows, 2, NULL), 0);
	assert_int_equal(take(pacing, 0, 0, &relay), HOLD_NOTHING);
	assert_int_equal(take(pacing, 0, 0, &relay), HOLD_CAMPAIGN);
	/* Set again, as at every look: its tokens stay spent. */
	assert_int_equal(pacing_set_flows(pacing, flows, 2, NULL), 0);
	assert_int_equal(take(pacing, 0, 0, &relay), HOLD_CAMPAIGN);
	assert_int_equal(pacing_take(pacing, &key, 0, at(0), &relay, &wait_us), HOLD_NOTHING);
	assert_int_equal(pacing_take(pacing, &key, 0, at(0), &relay, &wait_us), HOLD_NOTHING);
	assert_int_equal(pacing_take(pacing, &key, 0, at(0), &relay, &wait_us), HOLD_LIST);
	key.is_notice = true;
	assert_int_equal(pacing_take(pacing, &key, 0, at(0), &relay, &wait_us), HOLD_NOTHING);
	assert_true(pacing_flow_room(pacing, 1, 7, at(0), 100) <= 1);
	assert_int_equal(pacing_flow_room(pacing, 1, 8, at(0), 100), 100);
}

static void test_relays_share_by_weight_and_a_list_may_name_one(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing_flow flow = { .list = 5, .relay = 1 };
	struct pacing_key key = { .list = 5 };
	int64_t wait_us = 0;
	size_t relay = 0;
	size_t got[2] = { 0 };
	(void)state;
	setup.relays = 2;
	setup.relay[0].weight = 3;
	setup.relay[1].name = "second";
	setup.relay[1].weight = 1;
	struct pacing *pacing = start(&setup);
	for (int i = 0; i < 400; i++) {
		assert_int_equal(take(pacing, 0, i, &relay), HOLD_NOTHING);
		got[relay]++;
	}
	assert_int_equal(got[0], 300);
	assert_int_equal(pacing_set_flows(pacing, &flow, 1, NULL), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(pacing_take(pacing, &key, 0, at(i), &relay, &wait_us), HOLD_NOTHING);
		assert_int_equal(relay, 1);
	}
	/* The others carry on where one is away; who named it waits for it. */
	for (int i = 0; i < 3; i++)
		pacing_outcome(pacing, 1, 0, &refused, &relays_fault, at(0));
	for (int i = 0; i < 10; i++) {
		assert_int_equal(take(pacing, 0, i, &relay), HOLD_NOTHING);
		assert_int_equal(relay, 0);
	}
	assert_int_equal(pacing_take(pacing, &key, 0, at(10), &relay, &wait_us), HOLD_RELAY_PAUSE);
	assert_int_equal(pacing_flow_room(pacing, 5, 1, at(10), 100), 0);
}

static void test_a_quota_of_an_hour_holds_over_a_restart(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing_use uses[8];
	size_t relay = 0;
	int went = 0;
	(void)state;
	setup.total = (struct pacing_rates){ .rate = { { 1000, 0, HOUR_US } }, .count = 1 };
	struct pacing *pacing = start(&setup);
	for (; went < 600; went++) {
		assert_int_equal(take(pacing, 0, went * 1000, &relay), HOLD_NOTHING);
		if (!pacing->is_short)
			continue;
		size_t n = pacing_reserve(pacing, true, uses, 8);
		assert_true(n > 0);
		pacing_reserved(pacing, uses, n);
	}
	size_t n = pacing_reserve(pacing, true, uses, 8);
	if (n == 0)
		n = pacing_reserve(pacing, false, uses, 8);
	/* The power goes: what was reserved counts as used. */
	pacing = start(&setup);
	for (size_t i = 0; i < n; i++)
		pacing_restore(pacing, &uses[i], at(MINUTE_US));
	int64_t wait_us = 0;
	for (; went < 2000; went++)
		if (take(pacing, 0, 2 * MINUTE_US, &relay) != HOLD_NOTHING)
			break;
	assert_in_range(went, 985, 1000);
	struct pacing_key key = { 0 };
	assert_int_equal(pacing_take(pacing, &key, 0, at(2 * MINUTE_US), &relay, &wait_us), HOLD_TOTAL);
	assert_in_range(wait_us, 55 * MINUTE_US, 62 * MINUTE_US);
}

static void test_a_reserve_that_could_not_be_stored_is_none(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing_use uses[8];
	size_t relay = 0;
	(void)state;
	setup.total = (struct pacing_rates){ .rate = { { 1000, 0, HOUR_US } }, .count = 1 };
	struct pacing *pacing = start(&setup);
	assert_int_equal(take(pacing, 0, 0, &relay), HOLD_NOTHING);
	assert_true(pacing->is_short);
	assert_int_equal(pacing_reserve(pacing, true, uses, 8), 1);
	/* The disk was full: the next message is as short as this one. */
	assert_true(pacing->is_short);
	assert_int_equal(take(pacing, 0, 1, &relay), HOLD_NOTHING);
	assert_int_equal(pacing_reserve(pacing, true, uses, 8), 1);
	assert_int_equal(uses[0].used, 2 + 10);
	pacing_reserved(pacing, uses, 1);
	assert_false(pacing->is_short);
	assert_int_equal(pacing_reserve(pacing, true, uses, 8), 0);
}

static void test_any_number_of_campaigns_and_lists_have_rates(void **state)
{
	enum { MANY = 1000 };
	struct pacing_setup setup = one_relay();
	static struct pacing_flow flows[2 * MANY];
	size_t relay = 0;
	int64_t wait_us = 0;
	(void)state;
	struct pacing *pacing = start(&setup);
	/* In no order: a campaign of each list, then the list itself. */
	for (int64_t i = 0; i < MANY; i++) {
		int64_t place = i * 7 % MANY;
		struct pacing_flow campaign = { .list = place + 1, .campaign = MANY - place, .relay = -1 };
		struct pacing_flow list = { .list = place + 1, .relay = -1 };
		campaign.rates = (struct pacing_rates){ { { 1, 0, HOUR_US } }, 1 };
		list.rates = (struct pacing_rates){ { { 2, 2, SECOND_US } }, 1 };
		flows[2 * i] = campaign;
		flows[2 * i + 1] = list;
	}
	for (int again = 0; again < 2; again++)
		assert_int_equal(pacing_set_flows(pacing, flows, 2 * MANY, NULL), again == 0);
	for (int64_t i = 0; i < MANY; i++) {
		struct pacing_key own = { .list = i + 1, .campaign = MANY - i };
		struct pacing_key other = { .list = i + 1, .campaign = 5 * MANY };
		assert_int_equal(pacing_take(pacing, &own, 0, at(0), &relay, &wait_us), HOLD_NOTHING);
		assert_int_equal(pacing_take(pacing, &own, 0, at(0), &relay, &wait_us), HOLD_CAMPAIGN);
		assert_int_equal(pacing_take(pacing, &other, 0, at(0), &relay, &wait_us), HOLD_NOTHING);
		assert_int_equal(pacing_take(pacing, &other, 0, at(0), &relay, &wait_us), HOLD_LIST);
	}
}

static void test_what_is_taken_back_was_no_probe(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	struct pacing_key key = { .provider = GMAIL, .list = 1, .campaign = 7 };
	size_t relay = 0;
	int64_t later = 3 * MINUTE_US;
	(void)state;
	pacing_outcome(pacing, 0, GMAIL, &slower, &provider_slow, at(0));
	assert_int_equal(take(pacing, GMAIL, later, &relay), HOLD_NOTHING);
	assert_int_equal(take(pacing, GMAIL, later + 1, &relay), HOLD_PROVIDER_PAUSE);
	pacing_untake(pacing, &key, relay);
	assert_int_equal(take(pacing, GMAIL, later + 2, &relay), HOLD_NOTHING);
}

/* The wall clock as it would be after a jump. */
static struct moment jumped(int64_t us, int64_t by_us)
{
	struct moment moment = at(us);
	moment.wall_us += by_us;
	return moment;
}

static void test_a_clock_that_jumps_makes_no_pause_longer_or_shorter(void **state)
{
	static const int64_t jumps[] = { HOUR_US, -HOUR_US, 365 * DAY_US, -365 * DAY_US };
	struct pacing_setup setup = one_relay();
	size_t relay = 0;
	(void)state;
	for (size_t i = 0; i < 2 * sizeof jumps / sizeof jumps[0]; i++) {
		int64_t jump = jumps[i / 2];
		struct pacing *pacing = start(&setup);
		struct pacing_told told = { .paused_us = at(10 * MINUTE_US).wall_us, .is_held = i % 2, .reason = "wait" };
		pacing_restore_provider(pacing, GMAIL, &told, at(0));
		pacing_hold_relay(pacing, 0, told.paused_us, "wait", at(0));
		/* Before anybody moved what is stored, and after. */
		for (int moved = 0; moved < 2; moved++) {
			told.paused_us += moved ? jump : 0;
			pacing_restore_provider(pacing, GMAIL, &told, jumped(MINUTE_US, jump));
			pacing_hold_relay(pacing, 0, told.paused_us, "wait", jumped(MINUTE_US, jump));
			assert_int_equal(pacing->provider[GMAIL].pause.until_us, 10 * MINUTE_US);
			assert_int_equal(pacing->relay[0].pause.until_us, 10 * MINUTE_US);
		}
		pacing_restore_provider(pacing, GMAIL, &told, jumped(10 * MINUTE_US, jump));
		pacing_hold_relay(pacing, 0, told.paused_us, "wait", jumped(10 * MINUTE_US, jump));
		assert_false(pacing_is_paused(pacing, 0, 10 * MINUTE_US));
		assert_int_equal(take(pacing, GMAIL, 10 * MINUTE_US, &relay), HOLD_NOTHING);
	}
}

static void test_a_clock_set_back_between_two_starts_makes_no_pause_longer(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	struct pacing_told told = { .paused_us = at(10 * MINUTE_US).wall_us, .at_us = at(0).wall_us, .reason = "wait" };
	(void)state;
	for (int look = 0; look < 2; look++)
		pacing_restore_provider(pacing, GMAIL, &told, jumped(look * MINUTE_US, -365 * DAY_US));
	assert_int_equal(pacing->provider[GMAIL].pause.until_us, 10 * MINUTE_US);
}

static void test_a_reload_keeps_what_a_person_paused(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	struct error err;
	(void)state;
	pacing_hold_relay(pacing, 0, at(HOUR_US).wall_us, "dana: maintenance", at(0));
	assert_int_equal(pacing_reload(pacing, &setup, at(MINUTE_US), &err), 0);
	assert_true(pacing->relay[0].is_held && pacing_is_paused(pacing, 0, MINUTE_US));
	/* A success of what was on its way ends no pause of a person's. */
	pacing_outcome(pacing, 0, 0, &accepted, &sent, at(2 * MINUTE_US));
	pacing_hold_relay(pacing, 0, at(HOUR_US).wall_us, "dana: maintenance", at(2 * MINUTE_US));
	assert_true(pacing_is_paused(pacing, 0, 2 * MINUTE_US));
	assert_string_equal(pacing->relay[0].pause.reason, "dana: maintenance");
	pacing_hold_relay(pacing, 0, 0, "", at(3 * MINUTE_US));
	assert_false(pacing_is_paused(pacing, 0, 3 * MINUTE_US));
}

static void test_a_reset_ends_what_failures_brought_on(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing *pacing = start(&setup);
	struct pause *pause = &pacing->relay[0].pause;
	(void)state;
	pacing->relay[0].failures = 5;
	*pause = (struct pause){ .until_us = HOUR_US, .length_us = HOUR_US, .reason = "connect: refused" };
	pacing_reset_relay(pacing, 0);
	assert_false(pacing_is_paused(pacing, 0, MINUTE_US));
	assert_true(pause->length_us == 0 && pacing->relay[0].failures == 0);
	pacing_hold_relay(pacing, 0, at(HOUR_US).wall_us, "dana: maintenance", at(0));
	pacing_reset_relay(pacing, 0);
	assert_true(pacing_is_paused(pacing, 0, MINUTE_US));
}

static void test_what_comes_back_untried_counts_again(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing_key key = { .list = 1, .campaign = 7 };
	size_t relay = 0;
	(void)state;
	setup.total = (struct pacing_rates){ .rate = { { 5, 0, HOUR_US }, { 100, 5, SECOND_US } }, .count = 2 };
	struct pacing *pacing = start(&setup);
	for (int i = 0; i < 5; i++)
		assert_int_equal(take(pacing, 0, i, &relay), HOLD_NOTHING);
	assert_int_equal(take(pacing, 0, 10, &relay), HOLD_TOTAL);
	for (int i = 0; i < 3; i++)
		pacing_untake(pacing, &key, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(take(pacing, 0, SECOND_US + i, &relay), HOLD_NOTHING);
	assert_int_equal(take(pacing, 0, 2 * SECOND_US, &relay), HOLD_TOTAL);
}

static void test_never_more_than_the_quota_in_any_hour(void **state)
{
	struct pacing_setup setup = one_relay();
	static int64_t went[20000];
	size_t n = 0;
	size_t relay = 0;
	(void)state;
	setup.total = (struct pacing_rates){ .rate = { { 500, 0, HOUR_US } }, .count = 1 };
	struct pacing *pacing = start(&setup);
	for (int64_t us = 0; us < 5 * HOUR_US; us += SECOND_US)
		if (take(pacing, 0, us, &relay) == HOLD_NOTHING)
			went[n++] = us;
	for (size_t i = 500; i < n; i++)
		assert_true(went[i] - went[i - 500] >= HOUR_US - HOUR_US / WINDOW_SLICES);
	assert_true(n >= 5 * 480);
}

static void test_reload_keeps_pauses_and_what_was_used(void **state)
{
	struct pacing_setup setup = one_relay();
	struct error err;
	size_t relay = 0;
	(void)state;
	setup.total = (struct pacing_rates){ .rate = { { 10, 0, HOUR_US } }, .count = 1 };
	struct pacing *pacing = start(&setup);
	for (int i = 0; i < 10; i++)
		assert_int_equal(take(pacing, 0, i, &relay), HOLD_NOTHING);
	pacing_outcome(pacing, 0, GMAIL, &slower, &provider_slow, at(0));
	setup.total.rate[0].count = 12;
	assert_int_equal(pacing_reload(pacing, &setup, at(MINUTE_US), &err), 0);
	assert_int_equal(take(pacing, GMAIL, MINUTE_US, &relay), HOLD_PROVIDER_PAUSE);
	assert_int_equal(take(pacing, 0, MINUTE_US, &relay), HOLD_NOTHING);
	assert_int_equal(take(pacing, 0, MINUTE_US, &relay), HOLD_NOTHING);
	assert_int_equal(take(pacing, 0, MINUTE_US, &relay), HOLD_TOTAL);
}

static void test_warm_up_grows_day_by_day_and_steps_back(void **state)
{
	struct pacing_setup setup = one_relay();
	size_t relay = 0;
	(void)state;
	setup.relay[0].ramp = (struct ramp){ .step = { 50, 100, 200 }, .steps = 3 };
	struct pacing *pacing = start(&setup);
	static const struct {
		int goes, bounces;
	} days[] = { { 50, 0 }, { 100, 20 }, { 50, 0 }, { 100, 0 }, { 200, 0 }, { 1000, 0 } };
	for (size_t day = 0; day < sizeof days / sizeof days[0]; day++) {
		/* The window slides: a whole day lies between the sends. */
		int64_t us = (int64_t)(day * 2) * DAY_US + HOUR_US;
		pacing_tick(pacing, at(us));
		int went = 0;
		while (went < 1000 && take(pacing, 0, us, &relay) == HOLD_NOTHING)
			went++;
		assert_int_equal(went, days[day].goes);
		pacing->relay[0].ramp.bounced += days[day].bounces;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_three_faults_in_a_row_pause_the_relay),
		                            cmocka_unit_test(test_a_success_between_faults_keeps_it_open),
		                            cmocka_unit_test(test_one_probe_opens_the_gate),
		                            cmocka_unit_test(test_a_421_pauses_at_once_and_longer_each_time),
		                            cmocka_unit_test(test_what_was_on_its_way_does_not_end_a_pause),
		                            cmocka_unit_test(test_the_wait_that_was_asked_for_is_kept),
		                            cmocka_unit_test(test_all_buckets_or_none),
		                            cmocka_unit_test(test_a_paused_provider_holds_nobody_else),
		                            cmocka_unit_test(test_a_provider_has_a_cap_on_messages_in_progress),
		                            cmocka_unit_test(test_a_provider_that_stalls_is_left_with_few),
		                            cmocka_unit_test(test_a_held_provider_sends_no_probe),
		                            cmocka_unit_test(test_a_held_provider_goes_on_when_its_time_is_over),
		                            cmocka_unit_test(test_a_probe_that_was_taken_back_is_not_the_last),
		                            cmocka_unit_test(test_a_list_leases_what_its_own_relay_takes),
		                            cmocka_unit_test(test_a_campaign_and_a_list_have_rates_of_their_own),
		                            cmocka_unit_test(test_relays_share_by_weight_and_a_list_may_name_one),
		                            cmocka_unit_test(test_a_quota_of_an_hour_holds_over_a_restart),
		                            cmocka_unit_test(test_a_reserve_that_could_not_be_stored_is_none),
		                            cmocka_unit_test(test_any_number_of_campaigns_and_lists_have_rates),
		                            cmocka_unit_test(test_what_is_taken_back_was_no_probe),
		                            cmocka_unit_test(test_a_clock_that_jumps_makes_no_pause_longer_or_shorter),
		                            cmocka_unit_test(test_a_clock_set_back_between_two_starts_makes_no_pause_longer),
		                            cmocka_unit_test(test_a_reload_keeps_what_a_person_paused),
		                            cmocka_unit_test(test_a_reset_ends_what_failures_brought_on),
		                            cmocka_unit_test(test_nothing_is_leased_for_a_relay_that_hangs),
		                            cmocka_unit_test(test_what_comes_back_untried_counts_again),
		                            cmocka_unit_test(test_never_more_than_the_quota_in_any_hour),
		                            cmocka_unit_test(test_reload_keeps_pauses_and_what_was_used),
		                            cmocka_unit_test(test_warm_up_grows_day_by_day_and_steps_back) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
