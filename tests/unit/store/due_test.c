#include "fixture.h"
#include <stdio.h>

#define YEAR_US (365 * DAY_US)

static int64_t repair(struct fixture *f)
{
	int64_t n = 0;
	OK(store_due_repair(f->db, "here", 10 * MINUTE_US, HOUR_US, NOW_US, &n, err));
	return n;
}

/* Ten readers whose turn is in a year, but for one that is deferred for half an hour. */
static void wait_a_year(struct fixture *f)
{
	char text[200];
	fixture_join(f, 0, 10);
	fixture_start(f);
	snprintf(text, sizeof text,
	         "UPDATE delivery SET due_us = due_us + %lld; UPDATE delivery SET state = 'deferred', due_us = %lld WHERE id = 1",
	         (long long)YEAR_US, (long long)(NOW_US + 30 * MINUTE_US));
	fixture_sql(f, text);
}

static void test_R9_what_a_clock_left_ahead_is_due_now(void **state)
{
	struct fixture *f = *state;
	struct job jobs[10];
	int64_t in_doubt = 0;
	wait_a_year(f);
	OK(store_node_start(f->db, "here", true, 0, NOW_US + YEAR_US, &f->node, &in_doubt, err));
	assert_int_equal(fixture_lease(f, jobs, 10, NOW_US), 0);
	assert_int_equal(repair(f), 9);
	assert_int_equal(fixture_number(f, "SELECT due_us FROM delivery WHERE id = 1"), NOW_US + 30 * MINUTE_US);
	assert_int_equal(fixture_lease(f, jobs, 10, NOW_US), 9);
}

static void test_R9_a_clock_that_did_not_go_back_moves_nothing(void **state)
{
	struct fixture *f = *state;
	wait_a_year(f);
	assert_int_equal(repair(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_R9_what_a_clock_left_ahead_is_due_now, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_R9_a_clock_that_did_not_go_back_moves_nothing, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
