#include "policy/sign_up.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_A2_the_ceiling_of_a_list_is_ten_times_its_usual_day_or_what_is_configured(void **state)
{
	static const struct {
		int64_t before[SIGN_UP_DAYS], least, most;
	} cases[] = {
		{ { 0 }, 100, 100 },
		{ { 9, 9, 9, 9, 9, 9, 9 }, 100, 100 },
		{ { 11, 11, 11, 11, 11, 11, 11 }, 100, 110 },
		{ { 11, 11, 11, 11, 11, 11, 11 }, 1000, 1000 },
		/* One day of a flood raises nothing. */
		{ { 100000, 20, 20, 20, 20, 20, 20 }, 100, 200 },
		{ { 7, 1, 6, 2, 50, 3, 60 }, 100, 100 },
		{ { 70, 10, 60, 20, 500, 30, 600 }, 100, 600 },
	};
	(void)state;
	for (int i = 0; i < 7; i++) {
		assert_int_equal(policy_sign_ups(cases[i].before, cases[i].least, false).list_a_day, cases[i].most);
		assert_int_equal(policy_sign_ups(cases[i].before, cases[i].least, false).fresh_a_day, 5 * cases[i].most);
	}
}

static void test_A2_five_an_hour_from_one_peer_and_thirty_for_one_domain(void **state)
{
	const int64_t none[SIGN_UP_DAYS] = { 0 };
	(void)state;
	assert_int_equal(policy_sign_ups(none, 100, false).peer_an_hour, 5);
	assert_int_equal(policy_sign_ups(none, 100, false).domain_an_hour, 30);
	assert_int_equal(policy_sign_ups(none, 100, true).domain_an_hour, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
						    test_A2_the_ceiling_of_a_list_is_ten_times_its_usual_day_or_what_is_configured),
		                            cmocka_unit_test(test_A2_five_an_hour_from_one_peer_and_thirty_for_one_domain) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
