#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "pacing/doubt.h"

static void test_5_the_third_of_two_hundred_is_too_many(void **state)
{
	struct doubt doubt = { 0 };
	(void)state;
	for (int i = 0; i < DOUBT_LAST; i++)
		assert_false(doubt_add(&doubt, i == 1 || i == 100));
	/* The first of them is the second oldest now. */
	assert_false(doubt_add(&doubt, false));
	assert_true(doubt_add(&doubt, false) == false && doubt.count == 1);
	assert_false(doubt_add(&doubt, true));
	assert_true(doubt_add(&doubt, true));
}

static void test_5_one_in_a_hundred_is_none_too_many(void **state)
{
	struct doubt doubt = { 0 };
	(void)state;
	for (int i = 0; i < 10000; i++)
		assert_false(doubt_add(&doubt, i % 100 == 0));
}

static void test_5_after_the_pause_it_is_judged_anew(void **state)
{
	struct doubt doubt = { 0 };
	(void)state;
	assert_false(doubt_add(&doubt, true));
	assert_false(doubt_add(&doubt, true));
	assert_true(doubt_add(&doubt, true));
	assert_int_equal(doubt.count, 0);
	assert_false(doubt_add(&doubt, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_5_the_third_of_two_hundred_is_too_many),
		cmocka_unit_test(test_5_one_in_a_hundred_is_none_too_many),
		cmocka_unit_test(test_5_after_the_pause_it_is_judged_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
