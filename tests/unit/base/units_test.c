#include "base/units.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_durations_read_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} good[] = { { "90s", 90 * SECOND_US }, { "5m", 5 * MINUTE_US }, { "1h30m", 90 * MINUTE_US },
		     { "4d", 4 * DAY_US },      { "250ms", 250000 },     { "0", 0 } };
	static const char *const bad[] = { "", "5", "m", "5 m", "-5m", "5x", "99999999999999999d" };
	int64_t us = 0;
	struct error err;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_int_equal(units_duration(good[i].text, &us, &err), 0);
		assert_int_equal(us, good[i].us);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(units_duration(bad[i], &us, &err), -1);
		assert_int_equal(err.code, ERROR_INPUT);
	}
}

static void test_rates_name_their_period(void **state)
{
	struct rate rate;
	struct error err;
	char text[UNITS_TEXT];
	(void)state;
	assert_int_equal(units_rate("50/s", &rate, &err), 0);
	assert_int_equal(rate.count, 50);
	assert_int_equal(rate.period_us, SECOND_US);
	assert_int_equal(units_rate("100000/h", &rate, &err), 0);
	assert_int_equal(rate.period_us, HOUR_US);
	assert_int_equal(units_rate("3000/m:200", &rate, &err), 0);
	assert_int_equal(rate.burst, 200);
	assert_string_equal(units_write_rate(rate, text), "3000/m:200");
	assert_int_equal(units_rate("100/h:5", &rate, &err), -1);
	assert_int_equal(units_rate("100/s:", &rate, &err), -1);
	assert_int_equal(units_rate("0/s", &rate, &err), -1);
	assert_int_equal(units_rate("50", &rate, &err), -1);
	assert_int_equal(units_rate("50/fortnight", &rate, &err), -1);
}

static void test_times_go_there_and_back(void **state)
{
	static const char *const times[] = { "1970-01-01T00:00:00Z", "2026-11-23T07:00:00Z", "2024-02-29T23:59:59Z", "2100-03-01T00:00:00Z",
		                             "1969-12-31T23:59:59Z" };
	char text[UNITS_TEXT];
	int64_t us = 0;
	int64_t other = 0;
	struct error err;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		assert_int_equal(units_time(times[i], &us, &err), 0);
		assert_string_equal(units_write_time(us, text), times[i]);
	}
	assert_int_equal(units_time("2026-11-23T08:00:00+01:00", &us, &err), 0);
	assert_int_equal(units_time("2026-11-23T07:00:00Z", &other, &err), 0);
	assert_int_equal(us, other);
	assert_int_equal(units_time("2023-02-29T00:00:00Z", &us, &err), -1);
	assert_int_equal(units_time("2023-02-28T00:00:00", &us, &err), -1);
}

static void test_mail_dates_have_the_right_day(void **state)
{
	char text[UNITS_TEXT];
	int64_t us = 0;
	struct error err;
	(void)state;
	assert_int_equal(units_time("2026-11-22T10:00:00Z", &us, &err), 0);
	assert_string_equal(units_write_mail_date(us, text), "Sun, 22 Nov 2026 10:00:00 +0000");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_durations_read_as_people_write_them),
		                            cmocka_unit_test(test_rates_name_their_period), cmocka_unit_test(test_times_go_there_and_back),
		                            cmocka_unit_test(test_mail_dates_have_the_right_day) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
