#include "policy/pace.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static int64_t wait(struct pace_in in)
{
	const char *by = NULL;
	if (in.standard_us == 0)
		in.standard_us = 15 * MINUTE_US;
	int64_t us = pace_wait(&in, &by);
	assert_non_null(by);
	return us;
}

static void test_a_feed_may_ask_for_less_never_for_more(void **state)
{
	(void)state;
	assert_int_equal(wait((struct pace_in){ 0 }), 15 * MINUTE_US);
	assert_int_equal(wait((struct pace_in){ .ttl_us = HOUR_US }), HOUR_US);
	assert_int_equal(wait((struct pace_in){ .ttl_us = MINUTE_US }), 15 * MINUTE_US);
	assert_int_equal(wait((struct pace_in){ .max_age_us = 2 * HOUR_US, .ttl_us = HOUR_US }), 2 * HOUR_US);
	assert_int_equal(wait((struct pace_in){ .max_age_us = 30 * DAY_US }), DAY_US);
}

static void test_what_a_person_set_beats_wishes_but_not_retry_after(void **state)
{
	(void)state;
	assert_int_equal(wait((struct pace_in){ .set_us = MINUTE_US, .ttl_us = DAY_US }), MINUTE_US);
	assert_int_equal(wait((struct pace_in){ .set_us = MINUTE_US, .retry_after_us = HOUR_US }), HOUR_US);
	assert_int_equal(wait((struct pace_in){ .retry_after_us = 90 * DAY_US }), DAY_US);
}

static void test_failures_double_the_wait_up_to_six_hours(void **state)
{
	int64_t last = 0;
	(void)state;
	for (int i = 1; i < 20; i++) {
		int64_t now = wait((struct pace_in){ .failures = i });
		assert_true(now >= last && now <= 6 * HOUR_US);
		last = now;
	}
	assert_int_equal(last, 6 * HOUR_US);
	assert_int_equal(wait((struct pace_in){ .failures = 3, .set_us = DAY_US }), DAY_US);
}

static void test_jitter_comes_later_by_a_tenth_at_most(void **state)
{
	(void)state;
	for (uint64_t random = 0; random < 1000; random++) {
		int64_t us = wait((struct pace_in){ .random = random * UINT64_C(0x9e3779b97f4a7c15) });
		assert_true(us >= 15 * MINUTE_US && us <= 15 * MINUTE_US * 11 / 10);
	}
}

static void test_header_fields(void **state)
{
	int64_t now = units_day(2026, 11, 26) * DAY_US;
	(void)state;
	assert_int_equal(pace_max_age("public, max-age=600"), 600 * SECOND_US);
	assert_int_equal(pace_max_age("max-age=600, no-cache"), 0);
	assert_int_equal(pace_max_age("s-maxage=5"), 0);
	assert_int_equal(pace_max_age("max-age=99999999999999999999"), 0);
	assert_int_equal(pace_max_age(NULL), 0);
	assert_int_equal(pace_retry_after("120", now), 120 * SECOND_US);
	assert_int_equal(pace_retry_after("Thu, 26 Nov 2026 01:00:00 GMT", now), HOUR_US);
	assert_int_equal(pace_retry_after("Wed, 25 Nov 2026 01:00:00 GMT", now), 0);
	assert_int_equal(pace_retry_after("soon", now), 0);
	assert_int_equal(pace_retry_after(NULL, now), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_feed_may_ask_for_less_never_for_more),
		cmocka_unit_test(test_what_a_person_set_beats_wishes_but_not_retry_after),
		cmocka_unit_test(test_failures_double_the_wait_up_to_six_hours),
		cmocka_unit_test(test_jitter_comes_later_by_a_tenth_at_most),
		cmocka_unit_test(test_header_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
