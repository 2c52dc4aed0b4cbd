#include "message/theme.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static int set(const char *old, const char *change, struct buffer *out, struct error *err)
{
	return theme_set(old, &change, 1, out, err);
}

static void test_the_contrast_is_that_of_wcag(void **state)
{
	(void)state;
	assert_true(fabs(theme_contrast("#000000", "#ffffff") - 21) < 0.001);
	assert_true(fabs(theme_contrast("#777777", "#ffffff") - 4.478) < 0.001);
	assert_true(fabs(theme_contrast("#ffffff", "#767676") - 4.542) < 0.001);
}

static void test_a_pair_that_can_not_be_read_is_refused_with_its_ratio(void **state)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(10000);
	struct error err = { 0 };
	(void)state;
	assert_int_equal(set("", "light.link=#8899aa", &out, &err), -1);
	assert_int_equal(err.code, ERROR_INPUT);
	assert_string_equal(err.text,
	                    "light.link #8899aa on light.card #fffefb has a contrast of 2.89:1; 4.5:1 is the least that can be read");
	assert_int_equal(set("", "dark.text=#444444", &out, &err), -1);
	assert_non_null(strstr(err.text, "dark.text #444444 on dark.card"));
	/* Both colours of a button change together. */
	const char *pair[] = { "light.button=#ffe08a", "light.button_text=#1c1a17" };
	assert_int_equal(theme_set("", pair, 1, &out, &err), -1);
	assert_int_equal(theme_set("", pair, 2, &out, &err), 0);
}

static void test_only_what_differs_is_kept(void **state)
{
	CLEANUP(buffer_clear) struct buffer a = BUFFER_INIT(10000);
	CLEANUP(buffer_clear) struct buffer b = BUFFER_INIT(10000);
	CLEANUP(buffer_clear) struct buffer c = BUFFER_INIT(10000);
	struct error err;
	(void)state;
	assert_int_equal(set("", "{\"width\":640,\"light\":{\"link\":\"#1d4f91\"},\"font\":\"serif\"}", &a, &err), 0);
	assert_string_equal(buffer_text(&a), "{\"width\":\"640\",\"light.link\":\"#1d4f91\"}");
	assert_int_equal(set(buffer_text(&a), "width=", &b, &err), 0);
	assert_string_equal(buffer_text(&b), "{\"light.link\":\"#1d4f91\"}");
	assert_int_equal(set(buffer_text(&b), "light.link=", &c, &err), 0);
	assert_string_equal(buffer_text(&c), "");
}

static void test_what_could_leave_its_place_is_refused(void **state)
{
	static const char *const bad[] = { "light.link=red",
		                           "light.link=#1d4f9",
		                           "light.link=#1d4f91;x:y",
		                           "font=Arial\";x",
		                           "font=a'b",
		                           "font=a;color:red",
		                           "logo=http://x.example/a.png",
		                           "logo=https://x.example/\"a",
		                           "logo=javascript:1",
		                           "footer=a\nb",
		                           "width=10",
		                           "width=abc",
		                           "nope=1",
		                           "light.nope=1",
		                           "plain",
		                           "{\"a\":",
		                           "{\"light\":{\"link\":[]}}" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(10000);
		struct error err = { 0 };
		if (set("", bad[i], &out, &err) != -1 || err.code != ERROR_INPUT)
			fail_msg("accepted: %s", bad[i]);
	}
}

static void test_templates_see_all_of_it(void **state)
{
	struct error err;
	CLEANUP(json_free) json_t *values = theme_values("{\"light.link\":\"#1d4f91\",\"font\":\"Verdana, sans-serif\"}", &err);
	(void)state;
	assert_non_null(values);
	assert_string_equal(json_text(json_object_get(values, "light"), "link"), "#1d4f91");
	assert_string_equal(json_text(json_object_get(values, "dark"), "link"), "#f0a07c");
	assert_string_equal(json_text(values, "font"), "Verdana, sans-serif");
	assert_string_equal(json_text(values, "heading_font"), "Georgia,'Times New Roman',Times,serif");
	assert_string_equal(json_text(values, "width"), "600");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_contrast_is_that_of_wcag),
		                            cmocka_unit_test(test_a_pair_that_can_not_be_read_is_refused_with_its_ratio),
		                            cmocka_unit_test(test_only_what_differs_is_kept),
		                            cmocka_unit_test(test_what_could_leave_its_place_is_refused),
		                            cmocka_unit_test(test_templates_see_all_of_it) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
