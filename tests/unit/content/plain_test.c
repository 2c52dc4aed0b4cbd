#include "base/text.h"
#include "content/content.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void check(const char *html, unsigned width, const char *expected)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
	struct error err = { 0 };
	assert_int_equal(content_plain_text(bytes_text(html), &(struct content_plain){ .width = width }, &out, &err), 0);
	assert_string_equal(buffer_text(&out), expected);
}

static void test_reads_like_a_letter(void **state)
{
	(void)state;
	static const struct {
		const char *html, *text;
	} cases[] = {
		{ "", "" },
		{ "<p>one\n  two</p><p>three</p>", "one two\n\nthree" },
		{ "<h1>Head</h1><p>x</p>", "Head\n====\n\nx" },
		{ "<h2>\xe6\x97\xa5\xe6\x9c\xac</h2>", "\xe6\x97\xa5\xe6\x9c\xac\n----" },
		{ "<h3>Small</h3><p>x</p>", "Small\n\nx" },
		{ "<p>a<br>b</p>", "a\nb" },
		{ "<p><strong>b</strong> <em>i</em></p>", "*b* _i_" },
		{ "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "- a\n- b\n  - c" },
		{ "<ol><li>a</li><li>b</li></ol>", "1. a\n2. b" },
		{ "<blockquote><p>q</p></blockquote><p>x</p>", "> q\n\nx" },
		{ "<pre>a\n\n  b</pre>", "    a\n\n      b" },
		{ "<p><img src=x alt=\"A cat\"><img src=y alt=\"\"></p>", "[Image: A cat]" },
		{ "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>", "    A  B\n    -  -\n    1  2" },
		{ "<table><caption>C</caption><tbody><tr><td>a</td><td></td><td>c</td></tr><tr><td>\xe6\xbc\xa2</td><td>b</td></tr></"
		  "tbody></table>",
		  "C\n\n    a      c\n    \xe6\xbc\xa2  b" },
		{ "<table><tr><th>Name</th><th>What this one is known for, in the words of those who came "
		  "later</th></tr><tr><td>Ada</td><td>a program that came a "
		  "century before its machine</td></tr><tr><td>Bob</td><td></td></tr></table>",
		  "Name: Ada\nWhat this one is known for, in the words of those who came later: a\nprogram that came a century before its "
		  "machine\n\nName: Bob" },
		{ "<table><tr><td>only</td></tr></table>", "only" },
		{ "<table><tr><td><p>left</p></td><td><p>right</p></td></tr></table>", "left\n\nright" },
		{ "<script>x</script><style>y</style><p>z</p>", "z" },
		{ "<p>a</p><hr><p>b</p>", "a\n\n* * *\n\nb" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		check(cases[i].html, 72, cases[i].text);
}

static void test_links_are_numbered_once(void **state)
{
	(void)state;
	check("<p><a href=\"https://a.example/\">one</a>, <a href=\"https://b.example/\">two</a>, <a "
	      "href=\"https://a.example/\">again</a></p>",
	      0, "one [1], two [2], again [1]\n\nLinks\n[1] https://a.example/\n[2] https://b.example/");
	check("<p><a href=\"https://a.example/\">https://a.example/</a> <a href=\"mailto:x@y.example\">x@y.example</a></p>", 0,
	      "https://a.example/ x@y.example");
}

static void test_its_own_words_are_in_the_language_asked_for(void **state)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(4096);
	struct error err;
	struct content_plain german = { .links_word = "Verweise", .image_word = "Bild" };
	(void)state;
	assert_int_equal(content_plain_text(BYTES_OF("<p><img src=\"x\" alt=\"Ein Storch\"> <a href=\"https://a.example/\">dort</a></p>"),
	                                    &german, &out, &err),
	                 0);
	assert_string_equal(buffer_text(&out), "[Bild: Ein Storch] dort [1]\n\nVerweise\n[1] https://a.example/");
}

static void test_lines_keep_to_the_width(void **state)
{
	(void)state;
	const char *html = "<ul><li>several words in one item that is longer than the line</li></ul><blockquote><p>and a quote that wraps "
			   "as well</p></blockquote>";
	check(html, 24, "- several words in one\n  item that is longer\n  than the line\n\n> and a quote that wraps\n> as well");
	check(html, 0, "- several words in one item that is longer than the line\n\n> and a quote that wraps as well");
	/* A word longer than the line is never broken: it may be a URL. */
	check("<p>see https://very.long.example/path/to/somewhere now</p>", 10, "see\nhttps://very.long.example/path/to/somewhere\nnow");
}

static void test_nesting_has_an_end(void **state)
{
	(void)state;
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(4 << 20);
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(4 << 20);
	struct error err = { 0 };
	for (int i = 0; i < 50000; i++)
		buffer_add_text(&html, i % 2 ? "<blockquote>" : "<ul><li>");
	assert_int_equal(content_plain_text(buffer_bytes(&html), &(struct content_plain){ .width = 72 }, &out, &err), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_like_a_letter),
		cmocka_unit_test(test_links_are_numbered_once),
		cmocka_unit_test(test_its_own_words_are_in_the_language_asked_for),
		cmocka_unit_test(test_lines_keep_to_the_width),
		cmocka_unit_test(test_nesting_has_an_end),
	};
	content_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
