#include "base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static void test_only_well_formed_utf8_passes(void **state)
{
	static const struct {
		const char *bytes;
		bool good;
	} cases[] = { { "plain", true },         { "caf\xc3\xa9", true },       { "\xf0\x9f\x8e\x89", true }, { "\xc0\xaf", false },
		      { "\xed\xa0\x80", false }, { "\xf4\x90\x80\x80", false }, { "\xe2\x82", false },        { "\x80", false } };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(text_is_utf8(bytes_text(cases[i].bytes)), cases[i].good);
}

static void test_what_is_broken_is_mended_and_stays_mended(void **state)
{
	CLEANUP(buffer_clear) struct buffer once = BUFFER_INIT(1000);
	CLEANUP(buffer_clear) struct buffer twice = BUFFER_INIT(1000);
	(void)state;
	text_mend_utf8(BYTES_OF("a\xff"
	                        "b\xe2\x82"
	                        "c\0d"),
	               &once);
	assert_true(text_is_utf8(buffer_bytes(&once)));
	text_mend_utf8(buffer_bytes(&once), &twice);
	assert_string_equal(buffer_text(&once), buffer_text(&twice));
	assert_string_equal(buffer_text(&once), "a\xef\xbf\xbd"
	                                        "b\xef\xbf\xbd"
	                                        "c\xef\xbf\xbd"
	                                        "d");
}

static void test_near_words_are_near(void **state)
{
	(void)state;
	assert_int_equal(text_distance("campaign", "campagin", 3), 1);
	assert_int_equal(text_distance("send", "sned", 3), 1);
	assert_int_equal(text_distance("set", "sned", 3), 2);
	assert_int_equal(text_distance("a", "", 3), 1);
	assert_int_equal(text_distance("ab", "ba", 3), 1);
	assert_int_equal(text_distance("list", "list", 3), 0);
	assert_int_equal(text_distance("queue", "suppression", 2), 3);
}

static void test_wide_characters_count_double(void **state)
{
	(void)state;
	assert_int_equal(text_columns(BYTES_OF("abc")), 3);
	assert_int_equal(text_columns(BYTES_OF("\xe5\xb1\xb1")), 2);
	assert_int_equal(text_columns(BYTES_OF("e\xcc\x81")), 1);
}

/* A text that was cut to fit is text. */
static void test_what_is_cut_within_a_letter_is_text(void **state)
{
	(void)state;
	char cut[] = "wide \xe5\xb1";
	char whole[] = "caf\xc3\xa9";
	struct error err;
	text_mend_cut(cut);
	text_mend_cut(whole);
	assert_string_equal(cut, "wide ??");
	assert_string_equal(whole, "caf\xc3\xa9");
	for (int bytes = 1; bytes < 8; bytes++) {
		error_set(&err, ERROR_INPUT, "%.*s", bytes, "\xc3\xa9\xe5\xb1\xb1\xc3\xa9");
		assert_true(text_is_utf8(bytes_text(err.text)));
		error_wrap(&err, "%.*s", bytes, "\xc3\xa9\xe5\xb1\xb1\xc3\xa9");
		assert_true(text_is_utf8(bytes_text(err.text)));
	}
}

static void test_what_is_formatted_fits_or_is_not_there(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1000);
	char expected[1001] = "";
	(void)state;
	for (int i = 0; i < 100; i++) {
		buffer_format(&text, "%05d-%s ", i, "abc");
		snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%05d-abc ", i);
	}
	assert_int_equal(text.size, 1000);
	assert_string_equal(buffer_text(&text), expected);
	buffer_cut(&text, 990);
	buffer_format(&text, "%s", "eleven char");
	assert_int_equal(text.failed, ERROR_FULL);
	assert_int_equal(strlen(buffer_text(&text)), 990);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_only_well_formed_utf8_passes),
		                            cmocka_unit_test(test_what_is_formatted_fits_or_is_not_there),
		                            cmocka_unit_test(test_what_is_broken_is_mended_and_stays_mended),
		                            cmocka_unit_test(test_what_is_cut_within_a_letter_is_text),
		                            cmocka_unit_test(test_near_words_are_near),
		                            cmocka_unit_test(test_wide_characters_count_double) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
