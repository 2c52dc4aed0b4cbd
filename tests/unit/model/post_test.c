#include "model/post.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void test_a_slug_is_an_id_and_words_that_any_header_can_hold(void **state)
{
	static const struct {
		const char *title, *slug;
	} cases[] = {
		{ "Storks over the café", "41-storks-over-the-cafe" },
		{ "  It's 7:30 — \"now\"! ", "41-its-7-30-now" },
		{ "The dog’s life", "41-the-dogs-life" },
		{ "שלום", "41" },
		{ "../../etc?x=<b>&%2f", "41-etc-x-b-2f" },
		{ "Tiếng Việt, Ångström & שלום 7", "41-tieng-viet-angstrom-7" },
		{ "", "41" },
		{ "…", "41" },
		{ "\xff\xfe broken", "41-broken" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(4096);
		post_slug(41, cases[i].title, &out);
		assert_string_equal(buffer_text(&out), cases[i].slug);
		assert_int_equal(post_slug_id(buffer_text(&out)), 41);
	}
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(4096);
	char title[4000];
	memset(title, 'a', sizeof title - 1);
	title[sizeof title - 1] = '\0';
	post_slug(1, title, &out);
	assert_true(out.size < 100);
}

static void test_only_a_number_before_a_dash_is_an_id(void **state)
{
	(void)state;
	assert_int_equal(post_slug_id("7"), 7);
	assert_int_equal(post_slug_id("7-"), 7);
	static const char *const none[] = { "", "x", "7x", "-7", "0", "0-x", " 7", "99999999999999999999-x", "9223372036854775808" };
	for (size_t i = 0; i < COUNT_OF(none); i++)
		assert_int_equal(post_slug_id(none[i]), 0);
}

static void test_a_picture_is_not_shown_twice(void **state)
{
	static const struct {
		const char *image, *html;
		bool begins;
	} cases[] = {
		{ "https://a.example/u/1/storks.png", "<p><img src=\"https://a.example/u/1/storks.png\" alt=\"\"></p><p>x</p>", true },
		{ "https://a.example/u/1/storks.png",
		  "<figure>\n<a href=\"https://a.example/\"><img alt=\"\" src=\"https://a.example/w=80/u/1/storks.png?t=1\"></a></figure>",
		  true },
		{ "https://a.example/u/1/storks.png", "<p>Words.</p><p><img src=\"https://a.example/u/1/storks.png\" alt=\"\"></p>",
		  false },
		{ "https://a.example/u/1/storks.png", "<p><img src=\"https://a.example/u/2/storks.png\" alt=\"\"></p>", false },
		{ "https://a.example/u/1/storks.png", "", false },
		{ "https://a.example/u/1/storks.png", "<p><img src=\"https://a.exam", false },
		{ NULL, "<p><img src=\"https://a.example/u/1/storks.png\" alt=\"\"></p>", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(post_begins_with_image(&(struct post){ .image = cases[i].image, .html = cases[i].html }), cases[i].begins);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_slug_is_an_id_and_words_that_any_header_can_hold),
		cmocka_unit_test(test_only_a_number_before_a_dash_is_an_id),
		cmocka_unit_test(test_a_picture_is_not_shown_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
