#include "content/content.h"
#include "base/units.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_front_matter_in_every_dialect(void **state)
{
	(void)state;
	static const char *const files[] = {
		"---\ntitle: A post\ndescription: Below it\nauthor: Ada\ndate: 2026-11-23T07:00:00Z\nlang: en\nimage: /i.png\nslug: "
		"a-post\n---\n\nBody *x*.\n",
		"\xef\xbb\xbf---\r\ntitle: A post\r\nsubtitle: Below it\r\nauthors: [Ada, Ben]\r\ndate: 2026-11-23 07:00:00 +0000\r\nlang: "
		"en\r\nimage: /i.png\r\nslug: "
		"a-post\r\n---\r\nBody *x*.\r\n",
		"---\ntitle: 'A post'\nsummary: Below it\nauthor:\n  name: Ada\n  url: x\ndate: 2026-11-23T08:00:00+01:00\nlanguage: "
		"en\ncover:\n  image: /i.png\nslug: a-post\n...\nBody "
		"*x*.",
		"+++\ntitle = \"A post\"\ndescription = 'Below it'\n# comment\nauthors = [\"Ada\", \"Ben\"]\ndate = 2026-11-23T07:00:00Z # "
		"when\nlang = \"en\"\nimage = "
		"\"/i.png\"\nslug = \"a-post\"\n[extra]\ntitle = \"no\"\n+++\nBody *x*.\n",
		"{\"title\": \"A post\", \"description\": \"Below it\", \"author\": {\"name\": \"Ada\"}, \"date\": "
		"\"2026-11-23T07:00:00Z\", \"lang\": \"en\",\n \"image\": "
		"\"/i.png\", \"slug\": \"a-post\", \"draft\": false}\nBody *x*.\n",
	};
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct post post;
		struct error err = { 0 };
		if (content_markdown(bytes_text(files[i]), &(struct content_from){ .base_url = "https://site.example/posts/" }, &arena,
		                     &post, NULL, &err) < 0)
			fail_msg("case %zu: %s", i, err.text);
		assert_string_equal(post.title, "A post");
		assert_string_equal(post.subtitle, "Below it");
		assert_string_equal(post.author, "Ada");
		assert_string_equal(post.language, "en");
		assert_string_equal(post.image, "https://site.example/i.png");
		assert_string_equal(post.identity, "a-post");
		assert_int_equal(post.published_us, INT64_C(1795417200) * SECOND_US);
		assert_string_equal(post.html, "<p>Body <em>x</em>.</p>\n");
		assert_string_equal(post.text, "Body _x_.");
	}
}

static void test_identity_is_id_then_url_then_slug_then_words(void **state)
{
	(void)state;
	static const struct {
		const char *file, *identity;
	} cases[] = {
		{ "---\nslug: s\nurl: /u\nid: i\n---\nx", "i" },
		{ "---\nslug: s\npermalink: /u\n---\nx", "https://site.example/u" },
		{ "---\nslug: s\n---\nx", "s" },
	};
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct post post, same, other;
	struct error err = { 0 };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(content_markdown(bytes_text(cases[i].file), &(struct content_from){ .base_url = "https://site.example/" },
		                                  &arena, &post, NULL, &err),
		                 0);
		assert_string_equal(post.identity, cases[i].identity);
	}
	assert_int_equal(content_markdown(BYTES_OF("# T\n\nwords"), &(struct content_from){ 0 }, &arena, &post, NULL, &err), 0);
	assert_int_equal(content_markdown(BYTES_OF("---\ntitle: T\n---\nwords\n"), &(struct content_from){ 0 }, &arena, &same, NULL, &err),
	                 0);
	assert_int_equal(content_markdown(BYTES_OF("# T\n\nother words"), &(struct content_from){ 0 }, &arena, &other, NULL, &err), 0);
	assert_string_equal(post.identity, same.identity);
	assert_string_not_equal(post.identity, other.identity);
}

static void test_the_heading_is_the_title_once(void **state)
{
	(void)state;
	static const struct {
		const char *file, *title, *html;
	} cases[] = {
		{ "# From heading\n\nx", "From heading", "<p>x</p>\n" },
		{ "---\ntitle: Same\n---\n# Same\n\nx", "Same", "<p>x</p>\n" },
		{ "---\ntitle: One\n---\n# Two\n\nx", "One", "<h1>Two</h1>\n<p>x</p>\n" },
		{ "Underlined *title*\n======\n\nx", "Underlined title", "<p>x</p>\n" },
		{ "# Storks &amp; `cranes` #\n\nx", "Storks & cranes", "<p>x</p>\n" },
		{ "x", "", "<p>x</p>\n" },
		{ "![badge](https://x.example/b.png)\n\n```\n# a comment\n```\n\n# Later\n\nx", "Later",
		  "<p><img src=\"https://x.example/b.png\" alt=\"badge\"></p>\n<pre><code># a comment\n</code></pre>\n<p>x</p>\n" },
		{ "x\n=y\n", "", "<p>x\n=y</p>\n" },
		{ "## Second level\n\nx", "", "<h2>Second level</h2>\n<p>x</p>\n" },
		{ "---\n---\nx", "", "<p>x</p>\n" },
		{ "---\ntitle: ~\nauthor: null\n---\n# Heading\n\nx", "Heading", "<p>x</p>\n" },
		{ "---\ntitle: \"~\"\n---\nx", "~", "<p>x</p>\n" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct post post;
		struct error err = { 0 };
		assert_int_equal(content_markdown(bytes_text(cases[i].file), &(struct content_from){ 0 }, &arena, &post, NULL, &err), 0);
		assert_string_equal(post.title, cases[i].title);
		assert_string_equal(post.html, cases[i].html);
	}
}

static void test_a_subject_is_the_title_before_a_heading(void **state)
{
	(void)state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	const struct content_from from = { .title = "Subject" };
	const struct content_from none = { .title = "" };
	struct post post;
	struct error err = { 0 };
	assert_int_equal(content_markdown(BYTES_OF("# Part\n\nx"), &from, &arena, &post, NULL, &err), 0);
	assert_string_equal(post.title, "Subject");
	assert_string_equal(post.html, "<h1>Part</h1>\n<p>x</p>\n");
	assert_int_equal(content_markdown(BYTES_OF("---\ntitle: Front\n---\nx"), &from, &arena, &post, NULL, &err), 0);
	assert_string_equal(post.title, "Front");
	assert_int_equal(content_markdown(BYTES_OF("# Part\n\nx"), &none, &arena, &post, NULL, &err), 0);
	assert_string_equal(post.title, "Part");
}

static void test_attachments_are_listed(void **state)
{
	(void)state;
	static const char *const files[] = { "---\ntitle: T\nattachments:\n  - a b.pdf\n  - files/c.txt\n---\nx",
		                             "---\nattachments: [a b.pdf, files/c.txt]\ntitle: T\n---\nx",
		                             "+++\ntitle = 'T'\nattachments = [\n  \"a b.pdf\",\n  'files/c.txt',\n]\n+++\nx",
		                             "{\"title\": \"T\", \"attachments\": [\"a b.pdf\", \"files/c.txt\"]}\nx" };
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct content_front front;
		struct post post;
		struct error err = { 0 };
		assert_int_equal(content_markdown(bytes_text(files[i]), &(struct content_from){ 0 }, &arena, &post, &front, &err), 0);
		assert_string_equal(front.attachments, "a b.pdf\nfiles/c.txt");
	}
}

/* What was asked for, one a line; only one.png is there. */
static const char *find_beside(void *arg, const char *src, const char *otherwise)
{
	struct buffer *asked = arg;
	buffer_format(asked, "%s\n", src);
	return strcmp(src, "one.png") == 0 ? "https://ours.example/i/1.png" : otherwise;
}

static void note_link(void *arg, const char *href)
{
	buffer_format(arg, "link %s\n", href);
}

static void test_pictures_beside_the_file_come_first(void **state)
{
	(void)state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(buffer_clear) struct buffer asked = BUFFER_INIT(4096);
	const struct content_beside beside = { find_beside, note_link, &asked };
	const struct content_from bare = { .beside = &beside };
	const struct content_from based = { .beside = &beside, .base_url = "https://site.example/p/" };
	const char *file =
		"---\ntitle: T\nimage: one.png\n---\n![a](one.png) ![b](two.png) ![c](https://x.example/c.png) ![d](/d.png) [l](one.png)\n";
	struct post post;
	struct error err = { 0 };
	assert_int_equal(content_markdown(bytes_text(file), &bare, &arena, &post, NULL, &err), 0);
	assert_string_equal(post.html,
	                    "<p><img src=\"https://ours.example/i/1.png\" alt=\"a\">  <img src=\"https://x.example/c.png\" alt=\"c\">  "
	                    "<a>l</a></p>\n");
	assert_string_equal(post.image, "https://ours.example/i/1.png");
	assert_string_equal(buffer_text(&asked), "one.png\none.png\ntwo.png\n/d.png\nlink one.png\n");
	assert_int_equal(content_markdown(bytes_text(file), &based, &arena, &post, NULL, &err), 0);
	assert_non_null(
		strstr(post.html, "<img src=\"https://ours.example/i/1.png\" alt=\"a\"> <img src=\"https://site.example/p/two.png\""));
	assert_non_null(strstr(post.html, "<img src=\"https://site.example/d.png\" alt=\"d\">"));
	assert_int_equal(content_markdown(bytes_text(file), &(struct content_from){ 0 }, &arena, &post, NULL, &err), 0);
	assert_null(strstr(post.html, "one.png\" alt"));
}

static void test_faults_name_their_line(void **state)
{
	(void)state;
	static const struct {
		const char *file, *says;
		enum error_code code;
	} cases[] = {
		{ "---\ntitle: \"open\ndate: x\n---\nx", "line", ERROR_INPUT },
		{ "---\ntitle: a\n\tb: c\n---\nx", "line 3", ERROR_INPUT },
		{ "---\na: &x 1\nb: *x\n---\nx", "line 3: aliases", ERROR_INPUT },
		{ "---\na: [[[[[[[[[[1]]]]]]]]]]\n---\nx", "line 2: more than", ERROR_INPUT },
		{ "---\njust words\n---\nx", "line 2: no key", ERROR_INPUT },
		{ "---\ntitle: a\nx", "second ---", ERROR_INPUT },
		{ "---", "second ---", ERROR_INPUT },
		{ "+++\ntitle = \"a\"\nno equal sign\n+++\n", "line 3", ERROR_INPUT },
		{ "+++\ntitle = \"open\n+++\n", "line 2", ERROR_INPUT },
		{ "{\"title\": }\n", "line 1", ERROR_INPUT },
		{ "---js\n{}\n---\nx", "---js", ERROR_INPUT },
		{ "---\ndate: yesterday\n---\nx", "yesterday", ERROR_INPUT },
		{ "---\ndraft: true\n---\nx", "draft", ERROR_CONFLICT },
		{ "---\npublished: false\n---\nx", "draft", ERROR_CONFLICT },
		{ "---\ndraft: yes\n---\nx", "draft", ERROR_CONFLICT },
		{ "---\npublished: No\n---\nx", "draft", ERROR_CONFLICT },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct post post;
		struct error err = { 0 };
		int result = content_markdown(bytes_text(cases[i].file), &(struct content_from){ 0 }, &arena, &post, NULL, &err);
		if (result != (cases[i].code ? -1 : 0) || err.code != cases[i].code || !strstr(err.text, cases[i].says))
			fail_msg("case %zu: %d %s", i, result, err.text);
	}
}

static void test_markup_in_it_is_sanitised(void **state)
{
	(void)state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct post post;
	struct error err = { 0 };
	const char *file = "x <script>alert(1)</script> [l](javascript:alert(1)) <img src=x onerror=alert(1)>\n\n| a | b |\n|---|---|\n| 1 "
			   "| 2 |\n\n~~gone~~ https://auto.example/\n";
	assert_int_equal(content_markdown(bytes_text(file), &(struct content_from){ .base_url = "https://site.example/" }, &arena, &post,
	                                  NULL, &err),
	                 0);
	assert_null(strstr(post.html, "script>"));
	assert_null(strstr(post.html, "onerror"));
	assert_null(strstr(post.html, "javascript"));
	assert_non_null(strstr(post.html, "<td>1</td>"));
	assert_non_null(strstr(post.html, "<del>gone</del>"));
	assert_non_null(strstr(post.html, "<a href=\"https://auto.example/\">"));
}

static void test_bombs_are_refused(void **state)
{
	(void)state;
	CLEANUP(buffer_clear) struct buffer table = BUFFER_INIT(1 << 20);
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct post post;
	struct error err = { 0 };
	for (int i = 0; i < 1500; i++)
		buffer_add_text(&table, "|a");
	buffer_add_char(&table, '\n');
	for (int i = 0; i < 1500; i++)
		buffer_add_text(&table, "|-");
	for (int i = 0; i < 1500; i++)
		buffer_add_text(&table, "\n|");
	assert_int_equal(content_markdown(buffer_bytes(&table), &(struct content_from){ 0 }, &arena, &post, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_INPUT);
	CLEANUP(buffer_clear) struct buffer links = BUFFER_INIT(8 << 20);
	for (int i = 0; i < 12000; i++)
		buffer_add_text(&links, "[a] ");
	buffer_add_text(&links, "\n\n[a]: https://x.example/");
	for (int i = 0; i < 2000; i++)
		buffer_add_char(&links, 'y');
	assert_int_equal(content_markdown(buffer_bytes(&links), &(struct content_from){ 0 }, &arena, &post, NULL, &err), -1);
}

static void *render_often(void *arg)
{
	int *wrong = arg;
	for (int i = 0; i < 100; i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct post post;
		if (content_markdown(BYTES_OF("| a | b |\n|---|---|\n| 1 | *2* |\n\nhttps://a.example ~~b~~ **c**\n"),
		                     &(struct content_from){ 0 }, &arena, &post, NULL, NULL) < 0 ||
		    strcmp(post.text, "    a  b\n    -  ---\n    1  _2_\n\nhttps://a.example b *c*") != 0)
			++*wrong;
	}
	return NULL;
}

static void test_threads_do_not_mix(void **state)
{
	(void)state;
	pthread_t threads[4];
	int wrong[4] = { 0 };
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, render_often, &wrong[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(wrong[0] + wrong[1] + wrong[2] + wrong[3], 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_front_matter_in_every_dialect),
		cmocka_unit_test(test_identity_is_id_then_url_then_slug_then_words),
		cmocka_unit_test(test_the_heading_is_the_title_once),
		cmocka_unit_test(test_a_subject_is_the_title_before_a_heading),
		cmocka_unit_test(test_attachments_are_listed),
		cmocka_unit_test(test_pictures_beside_the_file_come_first),
		cmocka_unit_test(test_faults_name_their_line),
		cmocka_unit_test(test_markup_in_it_is_sanitised),
		cmocka_unit_test(test_bombs_are_refused),
		cmocka_unit_test(test_threads_do_not_mix),
	};
	content_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
