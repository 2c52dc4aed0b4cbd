#include "message/generic.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_nobody_in_particular_reads_it(void **state)
{
	static const struct {
		enum generic_form form;
		const char *text, *shown;
	} cases[] = {
		{ GENERIC_TEXT, "Dear {{first_name}}{{^first_name}}reader{{/first_name}}, {{day}}", "Dear reader, {{day}}" },
		{ GENERIC_TEXT, "{{#attributes.vip}}secret{{/attributes.vip}}for all", "for all" },
		{ GENERIC_HTML, "<p>{{name}}{{^name}}You &amp; I{{/name}}</p><pre>{{name}}</pre>",
		  "<p>You &amp; I</p><pre>{{name}}</pre>" },
		{ GENERIC_HTML, "<p><a href=\"https://x.example/?e={{email}}\">x</a></p>",
		  "<p><a href=\"https://x.example/?e=\">x</a></p>" },
		{ GENERIC_TEXT, "", "" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(4096);
		struct error err;
		assert_int_equal(generic_fill(bytes_text(cases[i].text), cases[i].form, &out, &err), 0);
		assert_string_equal(buffer_text(&out), cases[i].shown);
	}
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(4096);
	struct error err;
	assert_int_equal(generic_fill(BYTES_OF("{{#name}}open"), GENERIC_TEXT, &out, &err), -1);
	assert_int_equal(err.code, ERROR_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_nobody_in_particular_reads_it) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
