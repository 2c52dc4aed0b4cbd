#include "message/merge.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define O MERGE_OPEN
#define C MERGE_CLOSE

static void check_mark(enum merge_form form, const char *text, const char *expected)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(10000);
	struct error err;
	assert_int_equal(merge_mark(bytes_text(text), form, &out, &err), 0);
	assert_string_equal(buffer_text(&out), expected);
}

static void test_known_names_are_marked_and_other_braces_are_text(void **state)
{
	(void)state;
	check_mark(MERGE_TEXT, "Hello {{first_name}}{{^ first_name }}reader{{/first_name}}!",
	           "Hello " O "first_name" C O "^first_name" C "reader" O "/first_name" C "!");
	check_mark(MERGE_TEXT, "{{day}} {{ {{}} {{reader.attributes.city}} {{attributes.}} {{attributes.a b}}",
	           "{{day}} {{ {{}} " O "reader.attributes.city" C " {{attributes.}} {{attributes.a b}}");
	check_mark(MERGE_TEXT, "{{reader.unsubscribe_url}} {{first_name", "{{reader.unsubscribe_url}} {{first_name");
}

static void test_code_shows_its_braces(void **state)
{
	(void)state;
	check_mark(MERGE_HTML, "<p><code>{{name}}</code> {{name}}</p><pre>{{name}}</pre>",
	           "<p><code>{{name}}</code> " O "name" C "</p><pre>{{name}}</pre>");
	check_mark(MERGE_TEXT, "`{{name}}` {{name}}\n    {{name}}\n", "`{{name}}` " O "name" C "\n    {{name}}\n");
}

static void test_a_section_takes_its_own_line_along(void **state)
{
	(void)state;
	check_mark(MERGE_HTML, "<p>a</p>\n<p>{{#attributes.vip}}</p>\n<p>b</p>\n<p>{{/attributes.vip}}</p>\n<p>c</p>",
	           "<p>a</p>\n" O "#attributes.vip" C "<p>b</p>\n" O "/attributes.vip" C "<p>c</p>");
	check_mark(MERGE_TEXT, "a\n\n{{#attributes.vip}}\n\nb\n\n{{/attributes.vip}}\n\nc\n",
	           "a\n\n" O "#attributes.vip" C "b\n\n" O "/attributes.vip" C "c\n");
}

static void check_source(enum merge_form form, const char *text, const char *expected)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(10000);
	struct error err;
	size_t at = strcspn(text, O);
	assert_int_equal(merge_source(bytes_text(text), &at, form, &out, &err), 0);
	assert_string_equal(buffer_text(&out), expected);
}

static void test_a_slot_is_a_variable_or_a_whole_section(void **state)
{
	(void)state;
	check_source(MERGE_TEXT, "a " O "name" C O "^name" C "x" O "/name" C, "{{name}}");
	check_source(MERGE_TEXT, "a " O "^name" C "x " O "#attributes.b" C O "email" C O "/attributes.b" C O "/name" C " rest",
	             "{{^name}}x {{#attributes.b}}{{email}}{{/attributes.b}}{{/name}}");
}

static void test_within_an_address_values_are_percent_encoded(void **state)
{
	(void)state;
	check_source(MERGE_HTML, "<a href=\"https://x.example/?n=" O "first_name" C "\">", "{{url.first_name}}");
	check_source(MERGE_HTML, "<a href=\"https://x.example/\">" O "first_name" C, "{{first_name}}");
	check_source(MERGE_HTML, "<a title=\"" O "reader.name" C "\">", "{{reader.name}}");
	check_source(MERGE_HTML, O "#name" C "<a href=\"https://x.example/" O "reader.name" C "\">" O "/name" C,
	             "{{#name}}<a href=\"https://x.example/{{reader.url.name}}\">{{/name}}");
	check_source(MERGE_TEXT, "see https://x.example/?n=" O "attributes.city" C "&b", "{{url.attributes.city}}");
	check_source(MERGE_TEXT, "see " O "attributes.city" C, "{{attributes.city}}");
}

static void test_sections_that_do_not_match_are_refused(void **state)
{
	static const char *const bad[] = { O "#name" C "x", O "/name" C, O "#name" C O "#email" C O "/name" C O "/email" C };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(10000);
		struct error err = { 0 };
		size_t at = 0;
		assert_int_equal(merge_source(bytes_text(bad[i]), &at, MERGE_TEXT, &out, &err), -1);
		assert_int_equal(err.code, ERROR_INPUT);
	}
}

static void test_values_are_made_harmless(void **state)
{
	static const char *const cases[][2] = {
		{ "Ann \"Q\" <b>", "Ann \"Q\" <b>" },
		{ "a\r\nBcc: x@y", "a  Bcc: x@y" },
		{ "\xe2\x80\xae"
		  "evil\xe2\x80\xac",
		  "evil" },                                             /* right-to-left override, and its end */
		{ "\xd7\xa9\xd7\x9c\xe2\x80\x8f", "\xd7\xa9\xd7\x9c" }, /* Hebrew stays, its mark goes */
		{ "a\xe2\x80\xa8"
		  "b",
		  "a b" }, /* a line separator */
		{ "a\xff"
		  "b",
		  "a b" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1000);
		merge_clean(cases[i][0], &out);
		assert_string_equal(buffer_text(&out), cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_known_names_are_marked_and_other_braces_are_text),
		                            cmocka_unit_test(test_code_shows_its_braces),
		                            cmocka_unit_test(test_a_section_takes_its_own_line_along),
		                            cmocka_unit_test(test_a_slot_is_a_variable_or_a_whole_section),
		                            cmocka_unit_test(test_within_an_address_values_are_percent_encoded),
		                            cmocka_unit_test(test_sections_that_do_not_match_are_refused),
		                            cmocka_unit_test(test_values_are_made_harmless) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
