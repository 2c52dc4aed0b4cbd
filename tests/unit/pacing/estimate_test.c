#include "pacing/estimate.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { GMAIL = 1 };

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

static void test_without_limits_the_measured_pace_decides(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing_line line = { .n = 100000 };
	(void)state;
	struct estimate estimate = pacing_estimate(start(&setup), &line, 1, 1000 * 1000, at(0));
	assert_int_equal(estimate.by, HOLD_NOTHING);
	assert_in_range(estimate.us, 99 * SECOND_US, 101 * SECOND_US);
	assert_int_equal(pacing_estimate(start(&setup), &line, 1, 0, at(0)).us, 0);
}

static void test_the_narrowest_limit_decides(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing_line lines[] = { { .provider = GMAIL, .list = 1, .campaign = 7, .n = 1000 },
		                       { .list = 1, .campaign = 7, .n = 9000 } };
	(void)state;
	setup.total = (struct pacing_rates){ { { 100, 0, SECOND_US } }, 1 };
	setup.provider[GMAIL].rates = (struct pacing_rates){ { { 2, 0, SECOND_US } }, 1 };
	struct estimate estimate = pacing_estimate(start(&setup), lines, 2, 5000 * 1000, at(0));
	assert_int_equal(estimate.by, HOLD_PROVIDER_RATE);
	assert_int_equal(estimate.which, GMAIL);
	assert_in_range(estimate.us, 495 * SECOND_US, 505 * SECOND_US);
	lines[0].n = 10;
	estimate = pacing_estimate(start(&setup), lines, 2, 5000 * 1000, at(0));
	assert_int_equal(estimate.by, HOLD_TOTAL);
	assert_in_range(estimate.us, 88 * SECOND_US, 92 * SECOND_US);
}

static void test_quotas_by_the_day_take_days(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing_line line = { .n = 2500 };
	(void)state;
	setup.relay[0].rates = (struct pacing_rates){ { { 1000, 0, DAY_US } }, 1 };
	struct estimate estimate = pacing_estimate(start(&setup), &line, 1, 5000 * 1000, at(0));
	assert_int_equal(estimate.by, HOLD_RELAY_RATE);
	assert_in_range(estimate.us, 2 * DAY_US - MINUTE_US, 2 * DAY_US + MINUTE_US);
}

static void test_a_pause_is_waited_for(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing_line line = { .provider = GMAIL, .n = 10 };
	struct pacing *pacing = start(&setup);
	(void)state;
	pacing_restore_provider(pacing, GMAIL, &(struct pacing_told){ .paused_us = at(HOUR_US).wall_us, .is_held = true, .reason = "dana" },
	                        at(0));
	struct estimate estimate = pacing_estimate(pacing, &line, 1, 5000 * 1000, at(0));
	assert_int_equal(estimate.by, HOLD_PROVIDER_PAUSE);
	assert_in_range(estimate.us, HOUR_US - SECOND_US, HOUR_US + SECOND_US);
}

static void test_a_campaigns_own_rate(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing_line lines[] = { { .list = 1, .campaign = 7, .n = 600 }, { .list = 1, .campaign = 8, .n = 9000 } };
	struct pacing_flow flow = { .list = 1, .campaign = 7, .rates = { { { 60, 0, MINUTE_US } }, 1 }, .relay = -1 };
	struct pacing *pacing = start(&setup);
	(void)state;
	assert_int_equal(pacing_set_flows(pacing, &flow, 1, NULL), 0);
	struct estimate estimate = pacing_estimate(pacing, lines, 2, 5000 * 1000, at(0));
	assert_int_equal(estimate.by, HOLD_CAMPAIGN);
	assert_int_equal(estimate.which, 7);
	assert_in_range(estimate.us, 595 * SECOND_US, 605 * SECOND_US);
}

static void test_a_provider_from_a_newer_store_is_every_other(void **state)
{
	struct pacing_setup setup = one_relay();
	struct pacing_line lines[] = { { .provider = PROVIDERS_MOST + 5, .n = 600 }, { .provider = -1, .n = 600 } };
	(void)state;
	setup.provider[PROVIDER_OTHER].rates = (struct pacing_rates){ { { 60, 0, MINUTE_US } }, 1 };
	struct pacing *pacing = start(&setup);
	struct estimate estimate = pacing_estimate(pacing, lines, 2, 0, at(0));
	assert_int_equal(estimate.by, HOLD_PROVIDER_RATE);
	assert_int_equal(estimate.which, PROVIDER_OTHER);
	assert_in_range(estimate.us, 1190 * SECOND_US, 1210 * SECOND_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_without_limits_the_measured_pace_decides),
		                            cmocka_unit_test(test_the_narrowest_limit_decides),
		                            cmocka_unit_test(test_quotas_by_the_day_take_days),
		                            cmocka_unit_test(test_a_pause_is_waited_for),
		                            cmocka_unit_test(test_a_campaigns_own_rate),
		                            cmocka_unit_test(test_a_provider_from_a_newer_store_is_every_other) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
