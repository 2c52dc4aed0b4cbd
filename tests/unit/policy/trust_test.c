#include "policy/trust.h"
#include "base/error.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_how_far_refusals_are_believed(void **state)
{
	static const struct {
		int64_t verdicts, refusals;
		enum trust trust;
	} cases[] = {
		{ 0, 0, TRUST_OPEN },    { 9, 9, TRUST_OPEN },   { 10, 10, TRUST_NONE },   { 10, 8, TRUST_NONE },
		{ 10, 7, TRUST_BAD },    { 10, 2, TRUST_BAD },   { 10, 1, TRUST_OPEN },    { 199, 0, TRUST_OPEN },
		{ 200, 39, TRUST_GOOD }, { 200, 40, TRUST_BAD }, { 200, 160, TRUST_NONE }, { 200, 0, TRUST_GOOD },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(policy_trust(cases[i].verdicts, cases[i].refusals), cases[i].trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_how_far_refusals_are_believed) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
