#include "policy/filter.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_what_is_wanted(void **state)
{
	static const struct {
		const char *only, *except, *categories, *author;
		bool wanted;
	} cases[] = {
		{ NULL, NULL, NULL, NULL, true },
		{ "", "", "News", "Ann", true },
		{ "category=News", NULL, "Sport\nnews", NULL, true },
		{ "category=News", NULL, "Sport\nNewsletter", NULL, false },
		{ "category=News", NULL, NULL, "Ann", false },
		{ "category=News,category=Sport", NULL, "Sport", NULL, true },
		{ "category=News, author=Ann Lee", NULL, "News", "Ann Lee", true },
		{ "category=News,author=Ann Lee", NULL, "News", "Bob", false },
		{ NULL, "category=Sponsored", "News\nSponsored", NULL, false },
		{ NULL, "author=Bob", "News", "Ann", true },
		{ "category=News", "author=Bob", "News", "bob", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (filter_wants(cases[i].only, cases[i].except, cases[i].categories, cases[i].author) != cases[i].wanted)
			fail_msg("case %zu", i);
}

static void test_what_is_no_filter_is_named(void **state)
{
	static const char *const bad[] = { "News", "category=", "category=A,title=B", "=x" };
	struct error err;
	(void)state;
	assert_int_equal(filter_check("category=A B,author=C", &err), 0);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(filter_check(bad[i], &err), -1);
		assert_int_equal(err.code, ERROR_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_wanted),
		cmocka_unit_test(test_what_is_no_filter_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
