#include "policy/rhythm.h"
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

static void test_rules_read_and_write_the_same(void **state)
{
	static const struct {
		const char *text, *written;
	} good[] = { { "daily", "daily 07:00" },       { "daily@06:30", "daily 06:30" },
		     { "weekly", "weekly mon 07:00" }, { "weekly fri 18:00", "weekly fri 18:00" },
		     { "monthly", "monthly 1 07:00" }, { "monthly 31 23:59", "monthly 31 23:59" } };
	static const char *const bad[] = { "", "hourly", "daily mon", "weekly 3", "monthly 32", "weekly mon 25:00", "07:00", "daily x" };
	struct rhythm rhythm;
	struct error err;
	char out[UNITS_TEXT];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_int_equal(rhythm_read(good[i].text, &rhythm, &err), 0);
		assert_string_equal(rhythm_write(&rhythm, out), good[i].written);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (rhythm_read(bad[i], &rhythm, &err) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
}

static void test_the_next_time_is_local_and_survives_the_turn_of_the_clock(void **state)
{
	static const struct {
		const char *rule, *after, *next;
	} cases[] = {
		{ "daily 07:00", "2026-10-24T05:00:00Z", "2026-10-25T06:00:00Z" }, /* seven o'clock, and the clock was turned back */
		{ "daily 07:00", "2026-03-28T06:00:00Z", "2026-03-29T05:00:00Z" },
		{ "daily 02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z" }, /* no such time that day */
		{ "daily 02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z" }, /* shown twice, sent once */
		{ "weekly mon 07:00", "2026-11-26T08:00:00Z", "2026-11-30T06:00:00Z" },
		{ "weekly thu 10:00", "2026-11-26T08:00:00Z", "2026-11-26T09:00:00Z" },
		{ "monthly 31 07:00", "2026-11-26T08:00:00Z", "2026-11-30T06:00:00Z" },
		{ "monthly 29 07:00", "2027-02-01T08:00:00Z", "2027-02-28T06:00:00Z" },
		{ "monthly 1 07:00", "2026-12-01T06:00:00Z", "2027-01-01T06:00:00Z" },
	};
	CLEANUP(zone_free) struct zone *berlin = zone_of("Europe/Berlin");
	struct rhythm rhythm;
	struct error err;
	(void)state;
	assert_non_null(berlin);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(rhythm_read(cases[i].rule, &rhythm, &err), 0);
		if (rhythm_next(&rhythm, berlin, utc(cases[i].after)) != utc(cases[i].next))
			fail_msg("%s after %s", cases[i].rule, cases[i].after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_read_and_write_the_same),
		cmocka_unit_test(test_the_next_time_is_local_and_survives_the_turn_of_the_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
