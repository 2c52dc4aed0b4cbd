#include "daemon/repeat.h"
#include "base/units.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_what_fails_twenty_times_a_second_is_said_once_a_minute_and_when_it_works(void **state)
{
	struct repeat repeat = { 0 };
	int said = 0;
	(void)state;
	assert_int_equal(repeat_look(&repeat, false, 1), REPEAT_NOTHING);
	for (int64_t at_us = 5; at_us < 5 + 3 * MINUTE_US; at_us += SECOND_US / 20)
		said += repeat_look(&repeat, true, at_us) == REPEAT_FAILS;
	assert_int_equal(said, 3);
	assert_int_equal(repeat_look(&repeat, false, 4 * MINUTE_US), REPEAT_WORKS);
	assert_int_equal(repeat_look(&repeat, false, 9 * MINUTE_US), REPEAT_NOTHING);
	/* The next one is said at once. */
	assert_int_equal(repeat_look(&repeat, true, 9 * MINUTE_US + 1), REPEAT_FAILS);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		test_what_fails_twenty_times_a_second_is_said_once_a_minute_and_when_it_works) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
