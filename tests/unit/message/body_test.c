#include "message/body.h"
#include "message/theme.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static char *styled(const char *html, bool is_rtl, const struct edition_file *pictures, size_t n)
{
	struct buffer out = BUFFER_INIT(1 << 20);
	struct error err;
	CLEANUP(json_free) json_t *theme = theme_values("", &err);
	struct body_look look = {
		.theme = theme, .is_rtl = is_rtl, .width = 520, .pictures = pictures, .picture_count = n, .cid_host = "x.example"
	};
	assert_int_equal(body_style(bytes_text(html), &look, &out, &err), 0);
	return buffer_give(&out);
}

static void holds(const char *html, const char *expected)
{
	char *got = styled(html, false, NULL, 0);
	if (!strstr(got, expected))
		fail_msg("no \"%s\" in\n%s", expected, got);
	free(got);
}

static void test_every_tag_carries_its_style(void **state)
{
	(void)state;
	holds("<p>a</p>", "<p style=\"margin:0 0 20px;\">a</p>");
	holds("<a href=\"https://x.example/?a=1&amp;b=2\">b</a>",
	      "<a href=\"https://x.example/?a=1&amp;b=2\" class=\"lk\" style=\"color:#8a2c0d;");
	holds("<blockquote><p>a</p></blockquote>", "border-left:3px solid");
	holds("<em>x</em>", "<em>x</em>");
}

static void test_a_mail_has_one_h1_and_that_is_not_the_posts(void **state)
{
	(void)state;
	holds("<h1>a</h1>", "<h2 class=\"hd\"");
	holds("<h1>a</h1>", ">a</h2>");
	holds("<h3>a</h3>", "<h3 class=\"hd\"");
}

static void test_code_has_its_breaks_and_blanks_written_out(void **state)
{
	(void)state;
	holds("<pre><code class=\"c\">if (a)\n    b  &lt; c;\n</code></pre>", ">if (a)<br>&nbsp;&nbsp;&nbsp;&nbsp;b &nbsp;&lt; c;");
	holds("<pre>a\n</pre><p>b</p>", ">a</pre></td></tr></table><p");
	holds("<pre>\ta</pre>", "&nbsp;&nbsp;&nbsp;&nbsp;a</pre>");
}

static void test_pictures_have_the_width_that_outlook_goes_by(void **state)
{
	(void)state;
	holds("<p><img src=\"https://x.example/a.png\" alt=\"A &amp; b\" width=\"1040\" height=\"500\"></p>",
	      "<img src=\"https://x.example/a.png\" alt=\"A &amp; b\" width=\"520\" height=\"250\" "
	      "style=\"display:block;border:0;width:100%;max-width:520px;height:auto;\">");
	holds("<p><img src=\"https://x.example/a.png\" alt=\"\"></p>", "width=\"520\" style=\"display:block;");
	/* Within a line it keeps its size. */
	holds("<p>text <img src=\"https://x.example/a.png\" alt=\"\" width=\"20\" height=\"20\"> more</p>",
	      "width=\"20\" height=\"20\" style=\"border:0;max-width:100%;height:auto;\">");
	holds("<p>text <img src=\"https://x.example/a.png\" alt=\"\"> more</p>", "alt=\"\" style=\"border:0;");
	holds("<p><a href=\"https://x.example/\"><img src=\"https://x.example/a.png\" alt=\"x\"></a></p>", "style=\"display:block;");
}

static void test_a_picture_that_comes_along_is_shown_by_its_id(void **state)
{
	static const struct edition_file picture = { .url = "https://x.example/a.png?b=1&c=2", .width = 300, .height = 200 };
	char *got = styled("<p><img src=\"https://x.example/a.png?b=1&amp;c=2\" alt=\"x\"></p>", false, &picture, 1);
	(void)state;
	assert_non_null(strstr(got, "<img src=\"cid:picture1@x.example\" alt=\"x\" width=\"300\" height=\"200\""));
	free(got);
}

static void test_a_known_size_fills_what_the_author_left_open(void **state)
{
	static const struct {
		unsigned width, height;
		const char *said, *expected;
	} cases[] = {
		{ 1040, 500, "", " width=\"520\" height=\"250\" style" },
		{ 300, 200, "", " width=\"300\" height=\"200\" style" },
		{ 300, 200, " width=\"150\"", " width=\"150\" height=\"100\"" },
		{ 300, 200, " height=\"50\"", " width=\"75\" height=\"50\"" },
		{ 300, 200, " width=\"9\" height=\"9\"", " width=\"9\" height=\"9\"" },
		{ 0, 0, "", " width=\"520\" style" },
		{ UINT32_MAX, UINT32_MAX, "", " width=\"520\" height=\"520\"" },
		{ 1, UINT32_MAX, "", " width=\"520\" style" },
		{ UINT32_MAX, 1, "", " width=\"520\" style" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
		struct error err;
		char html[200];
		CLEANUP(json_free) json_t *theme = theme_values("", &err);
		const struct edition_file size = { .url = "https://x.example/a.png", .width = cases[i].width, .height = cases[i].height };
		const struct body_look look = { .theme = theme, .width = 520, .sizes = &size, .size_count = 1 };
		snprintf(html, sizeof html, "<p><img src=\"https://x.example/a.png\" alt=\"x\"%s></p>", cases[i].said);
		assert_int_equal(body_style(bytes_text(html), &look, &out, &err), 0);
		if (!strstr(buffer_text(&out), "src=\"https://x.example/a.png\" alt=\"x\"") ||
		    !strstr(buffer_text(&out), cases[i].expected))
			fail_msg("case %zu: %s", i, buffer_text(&out));
	}
}

static void test_cells_stand_where_they_were_put(void **state)
{
	(void)state;
	holds("<table><tr><th align=\"right\">a</th></tr></table>", "<th scope=\"col\" align=\"right\"");
	holds("<table><tr><td align=\"center\" colspan=\"2\">a</td></tr></table>", "text-align:center;");
	holds("<table><tr><td>a</td></tr></table>", "text-align:left;");
}

static void test_tables_of_data_keep_their_headers_and_others_are_layout(void **state)
{
	(void)state;
	holds("<table><thead><tr><th>a</th></tr></thead><tbody><tr><th>b</th><td>c</td></tr></tbody></table>", "<table width=\"100%\"");
	holds("<table><thead><tr><th>a</th></tr></thead><tbody><tr><th>b</th><td>c</td></tr></tbody></table>", "<th scope=\"col\"");
	holds("<table><thead><tr><th>a</th></tr></thead><tbody><tr><th>b</th><td>c</td></tr></tbody></table>", "<th scope=\"row\"");
	holds("<table><tr><td>a</td></tr></table>", "<table role=\"presentation\"");
}

static void test_right_to_left_is_the_other_way_round(void **state)
{
	char *got = styled("<blockquote>a</blockquote><ul><li>b</li></ul>", true, NULL, 0);
	(void)state;
	assert_non_null(strstr(got, "border-right:3px"));
	assert_non_null(strstr(got, "padding-right:26px"));
	free(got);
}

static void test_a_cut_falls_between_two_blocks(void **state)
{
	const char *html = "<p>one</p><h2>head</h2><p>two</p><ul><li>three</li></ul>";
	(void)state;
	assert_int_equal(body_cut(bytes_text(html), 1000), strlen(html));
	assert_int_equal(body_cut(bytes_text(html), 11), 10);
	assert_int_equal(body_cut(bytes_text(html), 25), 10); /* not behind a heading */
	assert_int_equal(body_cut(bytes_text(html), 45), 33);
	assert_int_equal(body_cut(bytes_text(html), 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_tag_carries_its_style),
		                            cmocka_unit_test(test_a_mail_has_one_h1_and_that_is_not_the_posts),
		                            cmocka_unit_test(test_code_has_its_breaks_and_blanks_written_out),
		                            cmocka_unit_test(test_pictures_have_the_width_that_outlook_goes_by),
		                            cmocka_unit_test(test_a_picture_that_comes_along_is_shown_by_its_id),
		                            cmocka_unit_test(test_a_known_size_fills_what_the_author_left_open),
		                            cmocka_unit_test(test_cells_stand_where_they_were_put),
		                            cmocka_unit_test(test_tables_of_data_keep_their_headers_and_others_are_layout),
		                            cmocka_unit_test(test_right_to_left_is_the_other_way_round),
		                            cmocka_unit_test(test_a_cut_falls_between_two_blocks) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
