#include "base/when.h"
#include "../zone_of.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static int64_t utc(const char *text)
{
	int64_t us = 0;
	assert_int_equal(units_time(text, &us, NULL), 0);
	return us;
}

static void test_zones_show_what_clocks_there_show(void **state)
{
	static const struct {
		const char *zone, *utc, *local;
	} cases[] = {
		{ "Europe/Berlin", "2026-01-15T12:00:00Z", "2026-01-15T13:00:00Z" },
		{ "Europe/Berlin", "2026-07-15T12:00:00Z", "2026-07-15T14:00:00Z" },
		{ "Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29T01:59:59Z" },
		{ "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z" },
		{ "Europe/Berlin", "2026-10-25T00:59:59Z", "2026-10-25T02:59:59Z" },
		{ "Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z" },
		{ "Europe/Berlin", "2060-07-15T12:00:00Z", "2060-07-15T14:00:00Z" }, /* behind the file's last transition */
		{ "America/New_York", "2026-11-26T12:00:00Z", "2026-11-26T07:00:00Z" },
		{ "Asia/Kolkata", "2026-11-26T12:00:00Z", "2026-11-26T17:30:00Z" },
		{ "Australia/Sydney", "2050-01-15T12:00:00Z", "2050-01-15T23:00:00Z" }, /* summer over the new year */
		{ "Australia/Sydney", "2050-07-15T12:00:00Z", "2050-07-15T22:00:00Z" },
		{ "Europe/Berlin", "1800-01-01T00:00:00Z", "1800-01-01T00:53:28Z" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(zone_free) struct zone *zone = zone_of(cases[i].zone);
		assert_non_null(zone);
		if (zone_local(zone, utc(cases[i].utc)) != utc(cases[i].local))
			fail_msg("%s %s", cases[i].zone, cases[i].utc);
	}
	assert_int_equal(zone_local(NULL, 5), 5);
}

static void test_a_skipped_hour_is_moved_on_and_a_doubled_one_is_the_first(void **state)
{
	CLEANUP(zone_free) struct zone *berlin = zone_of("Europe/Berlin");
	enum zone_fit fit = ZONE_ONCE;
	(void)state;
	assert_int_equal(zone_wall(berlin, utc("2026-03-29T02:30:00Z"), &fit), utc("2026-03-29T01:30:00Z"));
	assert_int_equal(fit, ZONE_SKIPPED);
	assert_int_equal(zone_wall(berlin, utc("2026-10-25T02:30:00Z"), &fit), utc("2026-10-25T00:30:00Z"));
	assert_int_equal(fit, ZONE_TWICE);
	assert_int_equal(zone_wall(berlin, utc("2026-10-25T03:30:00Z"), &fit), utc("2026-10-25T02:30:00Z"));
	assert_int_equal(fit, ZONE_ONCE);
}

static void test_every_hour_of_ten_years_comes_back(void **state)
{
	static const char *const names[] = { "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
		                             "Africa/Casablanca" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		CLEANUP(zone_free) struct zone *zone = zone_of(names[i]);
		for (int64_t at = utc("2020-01-01T00:15:00Z"); at < utc("2030-01-01T00:00:00Z"); at += HOUR_US) {
			enum zone_fit fit = ZONE_ONCE;
			int64_t back = zone_wall(zone, zone_local(zone, at), &fit);
			if (back != at && fit != ZONE_TWICE)
				fail_msg("%s at %" PRId64 " came back %" PRId64, names[i], at, back);
		}
	}
}

static void test_broken_files_are_refused(void **state)
{
	char data[256] = "TZif2";
	struct zone *zone = NULL;
	struct error err;
	(void)state;
	assert_int_equal(zone_read((struct bytes){ data, 5 }, "x", &zone, &err), -1);
	assert_int_equal(zone_read((struct bytes){ data, sizeof data }, "x", &zone, &err), -1);
	memset(data + 20, 0xff, 24);
	assert_int_equal(zone_read((struct bytes){ data, sizeof data }, "x", &zone, &err), -1);
	assert_null(zone);
}

static void test_times_as_people_write_them(void **state)
{
	static const struct {
		const char *text, *utc;
	} good[] = {
		{ "07:00", "2026-11-27T06:00:00Z" }, /* it is 09:30 there: tomorrow */
		{ "9:45", "2026-11-26T08:45:00Z" },
		{ "today 18:00", "2026-11-26T17:00:00Z" },
		{ "tomorrow 07:00", "2026-11-27T06:00:00Z" },
		{ "Mon 07:00", "2026-11-30T06:00:00Z" },
		{ "thursday 07:00", "2026-12-03T06:00:00Z" }, /* today is one, and 07:00 is over */
		{ "+2h", "2026-11-26T10:30:00Z" },
		{ "2026-12-23 07:00", "2026-12-23T06:00:00Z" },
		{ "2026-12-23T07:00", "2026-12-23T06:00:00Z" },
		{ "2027-07-01 07:00", "2027-07-01T05:00:00Z" },
		{ "2026-12-23T07:00:00+05:30", "2026-12-23T01:30:00Z" },
	};
	static const char *const bad[] = { "",
		                           "7",
		                           "25:00",
		                           "07:60",
		                           "yesterday 07:00",
		                           "2026-02-30 07:00",
		                           "2026-11-23 07:00",
		                           "today 07:00",
		                           "+2x",
		                           "07:00 07:00",
		                           "2026-11-26T08:00:00Z",
		                           "mon",
		                           "tomorrow",
		                           "+0",
		                           "12:0",
		                           "2026-13-01 07:00" };
	CLEANUP(zone_free) struct zone *berlin = zone_of("Europe/Berlin");
	int64_t now = utc("2026-11-26T08:30:00Z");
	int64_t at = 0;
	enum zone_fit fit = ZONE_ONCE;
	struct error err;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		if (when_read(good[i].text, berlin, now, &at, &fit, &err) != 0 || at != utc(good[i].utc))
			fail_msg("%s", good[i].text);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (when_read(bad[i], berlin, now, &at, &fit, &err) == 0)
			fail_msg("%s was taken", bad[i]);
		assert_int_equal(err.code, ERROR_INPUT);
	}
	assert_int_equal(when_read("2027-03-28 02:30", berlin, now, &at, &fit, &err), 0);
	assert_int_equal(fit, ZONE_SKIPPED);
	assert_int_equal(at, utc("2027-03-28T01:30:00Z"));
}

static void test_a_time_is_said_back_with_zone_and_utc(void **state)
{
	CLEANUP(zone_free) struct zone *berlin = zone_of("Europe/Berlin");
	char out[WHEN_TEXT];
	(void)state;
	assert_string_equal(when_write(utc("2026-11-23T06:00:00Z"), berlin, utc("2026-11-22T11:00:00Z"), out),
	                    "Mon 23 Nov 07:00 Europe/Berlin (06:00 UTC), in 19 h 0 min");
	assert_string_equal(when_write(utc("2027-11-22T06:00:00Z"), NULL, utc("2027-11-21T11:00:00Z"), out),
	                    "Mon 22 Nov 06:00 UTC, in 19 h 0 min");
	assert_string_equal(when_write(utc("2026-12-31T23:00:00Z"), berlin, utc("2026-12-31T22:00:00Z"), out),
	                    "Fri 1 Jan 2027 00:00 Europe/Berlin (23:00 UTC), in 60 min");
	assert_string_equal(when_write_rule(utc("2026-11-23T06:00:00Z"), berlin, out), "2026-11-23 07:00 Europe/Berlin");
	assert_string_equal(when_write_rule(utc("2026-11-23T06:00:00Z"), NULL, out), "2026-11-23 06:00 UTC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones_show_what_clocks_there_show),
		cmocka_unit_test(test_a_skipped_hour_is_moved_on_and_a_doubled_one_is_the_first),
		cmocka_unit_test(test_every_hour_of_ten_years_comes_back),
		cmocka_unit_test(test_broken_files_are_refused),
		cmocka_unit_test(test_times_as_people_write_them),
		cmocka_unit_test(test_a_time_is_said_back_with_zone_and_utc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
