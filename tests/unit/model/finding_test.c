#include "model/finding.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void test_the_same_in_many_mails_is_one_finding(void **state)
{
	struct findings findings = { .count = 0 };
	(void)state;
	findings.reader = "a@example.org";
	findings_add(&findings, FINDING_FAULT, "M5", "line 3", "mend", "text %d", 1);
	findings.reader = "b@example.org";
	findings_add(&findings, FINDING_FAULT, "M5", "line 3", "mend", "text %d", 1);
	findings_add(&findings, FINDING_FAULT, "M5", "line 4", "mend", "text %d", 1);
	assert_int_equal(findings.count, 2);
	assert_int_equal(findings.found[0].readers, 2);
	assert_string_equal(findings.found[0].reader, "a@example.org");
	assert_int_equal(findings.found[1].readers, 1);
}

/* A longer name moves what is below it; two pictures without a text stay two. */
static void test_the_same_some_lines_lower_is_one_finding(void **state)
{
	struct findings findings = { .count = 0 };
	(void)state;
	findings.reader = "a@example.org";
	findings_add(&findings, FINDING_FAULT, "M18", "HTML, line 10", NULL, "no alt");
	findings_add(&findings, FINDING_FAULT, "M18", "HTML, line 20", NULL, "no alt");
	findings_add(&findings, FINDING_WARNING, "M11", "List-Unsubscribe, line 9", NULL, "not https");
	findings.reader = "b@example.org";
	findings_add(&findings, FINDING_FAULT, "M18", "HTML, line 11", NULL, "no alt");
	findings_add(&findings, FINDING_FAULT, "M18", "HTML, line 21", NULL, "no alt");
	findings_add(&findings, FINDING_WARNING, "M11", "List-Unsubscribe, line 10", NULL, "not https");
	assert_int_equal(findings.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(findings.found[i].readers, 2);
	findings_add(&findings, FINDING_FAULT, "M18", "HTML, line 31", NULL, "no alt");
	findings_add(&findings, FINDING_FAULT, "M18", "text, line 31", NULL, "no alt");
	assert_int_equal(findings.count, 5);
}

static void test_one_check_does_not_drown_the_others(void **state)
{
	struct findings findings = { .count = 0 };
	(void)state;
	for (int i = 0; i < 1000; i++)
		findings_add(&findings, FINDING_WARNING, "M18", NULL, NULL, "picture %d", i);
	assert_int_equal(findings.count, FINDINGS_OF_ONE_CHECK);
	findings_add(&findings, FINDING_FAULT, "M5", NULL, NULL, "line end");
	assert_string_equal(findings_fault(&findings)->check, "M5");
	assert_int_equal(findings_warnings(&findings), FINDINGS_OF_ONE_CHECK);
}

static void test_what_is_ignored_stops_nothing(void **state)
{
	struct findings findings = { .count = 0 };
	(void)state;
	findings_add(&findings, FINDING_FAULT, "M15", NULL, NULL, "long");
	assert_false(findings_ignore(&findings, "M5"));
	assert_non_null(findings_fault(&findings));
	assert_true(findings_ignore(&findings, "m15"));
	assert_null(findings_fault(&findings));
}

static void test_a_quoted_mail_can_hold_anything(void **state)
{
	struct findings findings = { .count = 0 };
	char text[600];
	(void)state;
	for (size_t i = 0; i + 2 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xa9", 3);
	findings_add(&findings, FINDING_FAULT, "a", "b\r\nc", NULL, "x%s", text);
	findings_add(&findings, FINDING_FAULT, "a", NULL, NULL, "bad \xff\xc3 end\xe2\x82");
	assert_string_equal(findings.found[0].where, "b??c");
	/* Cut at a character's end. */
	assert_int_equal(strlen(findings.found[0].text) % 2, 1);
	assert_string_equal(findings.found[1].text, "bad ?? end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_in_many_mails_is_one_finding),
		cmocka_unit_test(test_the_same_some_lines_lower_is_one_finding),
		cmocka_unit_test(test_one_check_does_not_drown_the_others),
		cmocka_unit_test(test_what_is_ignored_stops_nothing),
		cmocka_unit_test(test_a_quoted_mail_can_hold_anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
