#include "pacing/breaker.h"
#include "base/error.h"
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct breaker standard = { 50000, 50, 1000, 5 };
static const struct breaker_counts nothing = { 0 };

static void test_share_and_number_both(void **state)
{
	static const struct {
		struct breaker_counts now;
		const char *of; /* NULL: goes on */
	} cases[] = {
		{ { 100, 49, 0 }, NULL },         { { 100, 50, 0 }, "bounces" }, { { 1000, 50, 0 }, NULL },
		{ { 1000, 51, 0 }, "bounces" },   { { 0, 0, 0 }, NULL },         { { 1000, 0, 4 }, NULL },
		{ { 1000, 0, 5 }, "complaints" }, { { 5000, 0, 5 }, NULL },      { { 5000, 0, 6 }, "complaints" },
		{ { 10, 60, 0 }, "bounces" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char why[BREAKER_TEXT] = "";
		assert_int_equal(breaker_judge(&standard, &cases[i].now, &nothing, why), cases[i].of != NULL);
		if (cases[i].of)
			assert_non_null(strstr(why, cases[i].of));
	}
}

static void test_what_a_person_has_seen_does_not_trip_again(void **state)
{
	struct breaker_counts base = { 1000, 80, 2 };
	struct breaker_counts later = { 1500, 104, 2 };
	char why[BREAKER_TEXT] = "";
	(void)state;
	assert_int_equal(breaker_judge(&standard, &base, &base, why), 0);
	assert_int_equal(breaker_judge(&standard, &later, &base, why), 0);
	later.bounces = 131;
	assert_int_equal(breaker_judge(&standard, &later, &base, why), 1);
	assert_string_equal(why, "breaker: 51 bounces of 500 (10.20%) passed 5% min 50");
}

static void test_off_never_trips(void **state)
{
	struct breaker off = { 0 };
	struct breaker_counts all = { 1000, 1000, 1000 };
	char why[BREAKER_TEXT] = "";
	(void)state;
	assert_int_equal(breaker_judge(&off, &all, &nothing, why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_share_and_number_both),
		                            cmocka_unit_test(test_what_a_person_has_seen_does_not_trip_again),
		                            cmocka_unit_test(test_off_never_trips) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
