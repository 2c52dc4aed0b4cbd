#include "base/units.h"
#include "content/content.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void read_page(const char *html, struct arena *arena, struct post *post)
{
	struct error err = { 0 };
	static const struct content_from from = { .content_type = "text/html; charset=utf-8",
		                                  .base_url = "https://site.example/p/forests?utm_source=x" };
	if (content_page(bytes_text(html), &from, arena, post, NULL, &err) < 0)
		fail_msg("%s", err.text);
}

static void test_a_post_page_without_its_frame(void **state)
{
	(void)state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct post post;
	read_page("<!DOCTYPE html><html lang=\"en\"><head><title>The Forests - Site</title>"
	          "<meta property=\"og:site_name\" content=\"Site\"><meta property=\"og:title\" content=\"The Forests - Site\">"
	          "<meta property=\"og:description\" content=\"How trees learn.\"><meta property=\"og:image\" content=\"/i.png\">"
	          "<meta name=author content=\"Ada\"><meta property=\"article:published_time\" content=\"2026-11-23T07:00:00Z\">"
	          "<link rel=canonical href=\"/p/forests\"></head><body><header>Menu</header><main>"
	          "<nav aria-label=breadcrumb><a href=/>Site</a> / <a href=/posts>Posts</a> / The Forests</nav>"
	          "<h1>The Forests</h1><p>How trees learn.</p><p>One.</p><p>Two <a href=../x>link</a>.</p>"
	          "<div><p>Share this story or subscribe to our newsletter for more "
	          "insights.</p></div></main><footer>Imprint</footer></body></html>",
	          &arena, &post);
	assert_string_equal(post.title, "The Forests");
	assert_string_equal(post.subtitle, "How trees learn.");
	assert_string_equal(post.author, "Ada");
	assert_string_equal(post.language, "en");
	assert_string_equal(post.url, "https://site.example/p/forests");
	assert_string_equal(post.identity, "https://site.example/p/forests");
	assert_string_equal(post.image, "https://site.example/i.png");
	assert_int_equal(post.published_us, INT64_C(1795417200) * SECOND_US);
	assert_string_equal(post.html, "<p>One.</p>\n<p>Two <a href=\"https://site.example/x\">link</a>.</p>\n");
}

static void test_json_ld_is_believed_first(void **state)
{
	(void)state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct post post;
	read_page("<html><head><title>x</title><script type=\"application/ld+json\">{broken</script>"
	          "<script type=\"application/ld+json\">{\"@graph\":[{\"@type\":\"WebSite\"},{\"@type\":\"Article\",\"headline\":\"H &amp; "
	          "I\",\"description\":\"D\","
	          "\"author\":[{\"name\":\"Ada\"}],\"datePublished\":\"2026-11-23T07:00:00Z\",\"dateModified\":\"2026-11-24\",\"image\":{"
	          "\"url\":\"https://c.example/i.png\"}}]}</script>"
	          "</head><body><article><p>x</p></article></body></html>",
	          &arena, &post);
	assert_string_equal(post.subtitle, "D");
	assert_string_equal(post.author, "Ada");
	assert_string_equal(post.image, "https://c.example/i.png");
	assert_int_equal(post.published_us, INT64_C(1795417200) * SECOND_US);
	assert_int_equal(post.updated_us, INT64_C(1795478400) * SECOND_US);
}

static void test_a_bare_page_is_a_post_too(void **state)
{
	(void)state;
	static const struct {
		const char *html, *title, *body;
	} cases[] = {
		{ "<h1>T</h1><p>x</p>", "T", "<p>x</p>\n" },
		{ "<title>T</title><p>x", "T", "<p>x</p>\n" },
		{ "just words", "", "<p>just words</p>\n" },
		{ "<article><script>x</script></article>", "", "" },
		{ "<main>a</main><article><h1>T</h1>b</article>", "T", "<p>b</p>\n" },
		/* Only the closing invitation goes, not a paragraph that speaks of newsletters. */
		{ "<p>Subscribe to a newsletter, they said.</p><p>And I did.</p>", "",
		  "<p>Subscribe to a newsletter, they said.</p>\n<p>And I did.</p>\n" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct post post;
		read_page(cases[i].html, &arena, &post);
		assert_string_equal(post.title, cases[i].title);
		assert_string_equal(post.html, cases[i].body);
	}
}

static void test_an_empty_page_is_none(void **state)
{
	(void)state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct post post;
	struct error err = { 0 };
	assert_int_equal(content_page(BYTES_OF("  \n"), &(struct content_from){ 0 }, &arena, &post, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_INPUT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_post_page_without_its_frame),
		cmocka_unit_test(test_json_ld_is_believed_first),
		cmocka_unit_test(test_a_bare_page_is_a_post_too),
		cmocka_unit_test(test_an_empty_page_is_none),
	};
	content_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
