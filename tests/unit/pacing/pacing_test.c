#include "pacing/pacing.h"
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct outcome refused = { .kind = OUTCOME_REPLY, .stage = STAGE_RCPT, .code = 554, .reply = "Relay access denied" };
static const struct verdict relays_fault = { .kind = VERDICT_HOLD, .door = DOOR_RELAY };
static const struct outcome accepted = { .kind = OUTCOME_ACCEPTED, .stage = STAGE_DATA_END, .code = 250 };
static const struct verdict sent = { .kind = VERDICT_SENT };

static void init(struct pacing *pacing)
{
	struct pacing_rates none = { 0 };
	struct error err;
	assert_int_equal(pacing_init(pacing, &none, &none, 1, &err), 0);
}

static void test_three_faults_in_a_row_pause_the_relay(void **state)
{
	struct pacing pacing;
	(void)state;
	init(&pacing);
	for (int i = 0; i < 2; i++)
		pacing_outcome(&pacing, 0, &refused, &relays_fault, 1000);
	assert_false(pacing_is_paused(&pacing, 0, 1000));
	pacing_outcome(&pacing, 0, &refused, &relays_fault, 1000);
	assert_true(pacing_is_paused(&pacing, 0, 1000));
	assert_non_null(strstr(pacing.relay[0].reason, "Relay access denied"));
	assert_true(pacing_take(&pacing, 0, 1000) > 0);
}

static void test_a_success_between_faults_keeps_it_open(void **state)
{
	struct pacing pacing;
	(void)state;
	init(&pacing);
	for (int i = 0; i < 10; i++)
		pacing_outcome(&pacing, 0, i % 3 == 2 ? &accepted : &refused, i % 3 == 2 ? &sent : &relays_fault, 1000);
	assert_false(pacing_is_paused(&pacing, 0, 1000));
}

static void test_one_probe_opens_the_gate(void **state)
{
	struct pacing pacing;
	int64_t later_us = 60 * SECOND_US;
	(void)state;
	init(&pacing);
	for (int i = 0; i < 3; i++)
		pacing_outcome(&pacing, 0, &refused, &relays_fault, 1000);
	assert_int_equal(pacing_take(&pacing, 0, later_us), 0);
	assert_true(pacing_take(&pacing, 0, later_us) > 0);
	pacing_outcome(&pacing, 0, &accepted, &sent, later_us);
	assert_int_equal(pacing_take(&pacing, 0, later_us), 0);
	assert_int_equal(pacing_take(&pacing, 0, later_us), 0);
}

static void test_a_421_pauses_at_once_and_longer_each_time(void **state)
{
	static const struct outcome slower = { .kind = OUTCOME_REPLY, .stage = STAGE_RCPT, .code = 421, .reply = "too many" };
	static const struct verdict slow = { .kind = VERDICT_DEFER, .door = DOOR_RELAY, .slow_down = true };
	struct pacing pacing;
	(void)state;
	init(&pacing);
	pacing_outcome(&pacing, 0, &slower, &slow, 0);
	int64_t first_us = pacing.relay[0].pause_us;
	pacing_outcome(&pacing, 0, &slower, &slow, pacing.relay[0].paused_until_us);
	assert_int_equal(pacing.relay[0].pause_us, 2 * first_us);
}

static void test_all_buckets_or_none(void **state)
{
	struct pacing_rates total = { .rate = { { 100, SECOND_US } }, .count = 1 };
	struct pacing_rates relay = { .rate = { { 1, SECOND_US } }, .count = 1 };
	struct pacing pacing;
	struct error err;
	(void)state;
	assert_int_equal(pacing_init(&pacing, &total, &relay, 1, &err), 0);
	assert_int_equal(pacing_take(&pacing, 0, SECOND_US), 0);
	int64_t full_us = pacing.bucket[0].full_at_us;
	assert_true(pacing_take(&pacing, 0, SECOND_US) > 0);
	assert_int_equal(pacing.bucket[0].full_at_us, full_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_three_faults_in_a_row_pause_the_relay),
		                            cmocka_unit_test(test_a_success_between_faults_keeps_it_open),
		                            cmocka_unit_test(test_one_probe_opens_the_gate),
		                            cmocka_unit_test(test_a_421_pauses_at_once_and_longer_each_time),
		                            cmocka_unit_test(test_all_buckets_or_none) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
