#include "content/next.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* A web of pages: what each URL answers. */
struct answer {
	const char *url, *type, *body;
};

static struct content_reply answer_of(const struct answer *web, size_t n, const char *url)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(web[i].url, url) == 0)
			return (struct content_reply){ bytes_text(web[i].body), web[i].type, url, 200 };
	return (struct content_reply){ { NULL, 0 }, NULL, url, 404 };
}

static bool all(void *arg, const struct post *post)
{
	(void)post;
	++*(int *)arg;
	return true;
}

/* Looks until it is done; the number of fetches in *fetches. */
static int look_at(struct content_look *look, const struct answer *web, size_t n, const char *url, struct content_step *step, int *fetches,
                   struct error *err)
{
	struct content_reply reply = answer_of(web, n, url);
	*fetches = 1;
	while (content_next(look, &reply, step, err) == 0) {
		if (step->turn == CONTENT_DONE)
			return 0;
		reply = answer_of(web, n, step->url);
		++*fetches;
		assert_in_range(*fetches, 1, 100);
	}
	return -1;
}

#define LONG_TEXT                                                                                                                          \
	"The harbour opened its books on Tuesday, and for once the numbers agreed with what everybody on the quay had been saying, "       \
	"namely that the ferry of ten past six is the only one that anybody takes, whatever the timetable may promise to the others."

static const struct answer web[] = {
	{ "https://a.example/", "text/html",
	  "<html><head><link rel=alternate type=application/rss+xml href=/f.xml></head><body>Home</body></html>" },
	{ "https://a.example/f.xml", "application/rss+xml",
	  "<rss version='2.0'><channel><title>A</title><item><title>One</title><link>https://a.example/p/1</link>"
	  "<description>Short.</description></item><item><title>Gone</title><link>https://a.example/p/2</link>"
	  "<description>Kept.</description></item></channel></rss>" },
	{ "https://a.example/p/1", "text/html",
	  "<html><head><title>One</title><meta name=author content=Ada></head><body><nav>Menu</nav><article><p>" LONG_TEXT
	  "</p><p>" LONG_TEXT "</p><p>" LONG_TEXT "</p></article></body></html>" },
	{ "https://b.example/", "text/html", "<html><body>Home</body></html>" },
	{ "https://b.example/rss.xml", "text/xml", "<rss><channel><item><guid>1</guid><title>T</title></item></channel></rss>" },
	{ "https://c.example/", "text/html", "<html><body>Home</body></html>" },
	{ "https://c.example/sitemap.xml", "text/xml",
	  "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>https://c.example/</loc></url>"
	  "<url><loc>https://c.example/p/x</loc></url><url><loc>https://c.example/p/gone</loc></url></urlset>" },
	{ "https://c.example/p/x", "text/html", "<html><head><title>X</title></head><body><article><p>Words.</p></article></body></html>" },
	{ "https://d.example/post", "text/html",
	  "<html><head><title>D</title></head><body><article><p>Alone.</p></article></body></html>" },
};

static void test_a_page_names_its_feed_and_summaries_are_completed(void **state)
{
	(void)state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_step step;
	struct error err = { 0 };
	int asked = 0;
	int fetches = 0;
	struct content_look look = { .arena = &arena, .wants = all, .arg = &asked };
	assert_int_equal(look_at(&look, web, COUNT_OF(web), "https://a.example/", &step, &fetches, &err), 0);
	assert_int_equal(fetches, 4);
	assert_int_equal(asked, 2);
	assert_string_equal(step.found_at, "https://a.example/f.xml");
	assert_int_equal(step.feed.count, 2);
	const struct post *post = step.feed.posts;
	assert_false(post[0].is_summary);
	assert_non_null(strstr(post[0].text, "the timetable may promise"));
	assert_null(strstr(post[0].text, "Menu"));
	assert_string_equal(post[0].author, "Ada");
	/* Its page is gone: the summary stays. */
	assert_true(post[1].is_summary);
	assert_string_equal(post[1].text, "Kept.");
}

static void test_nobody_wants_then_nothing_is_fetched(void **state)
{
	(void)state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_step step;
	struct error err = { 0 };
	int fetches = 0;
	struct content_look look = { .arena = &arena, .only_feed = true };
	assert_int_equal(look_at(&look, web, COUNT_OF(web), "https://a.example/f.xml", &step, &fetches, &err), 0);
	assert_int_equal(fetches, 1);
	assert_true(step.feed.posts[0].is_summary);
	/* A page where the feed was: an error, and no guessing. */
	struct content_look again = { .arena = &arena, .only_feed = true };
	assert_int_equal(look_at(&again, web, COUNT_OF(web), "https://a.example/", &step, &fetches, &err), -1);
	assert_int_equal(err.code, ERROR_INPUT);
	assert_int_equal(fetches, 1);
}

static void test_the_usual_places_the_sitemap_and_the_page_itself(void **state)
{
	(void)state;
	static const struct {
		const char *url, *found_at, *title;
	} cases[] = {
		{ "https://b.example/", "https://b.example/rss.xml", "T" },
		{ "https://c.example/", "https://c.example/sitemap.xml", "X" },
		{ "https://d.example/post", "https://d.example/post", "D" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct content_step step;
		struct error err = { 0 };
		int fetches = 0;
		struct content_look look = { .arena = &arena };
		assert_int_equal(look_at(&look, web, COUNT_OF(web), cases[i].url, &step, &fetches, &err), 0);
		assert_string_equal(step.found_at, cases[i].found_at);
		assert_int_equal(step.feed.count, 1);
		assert_string_equal(step.feed.posts[0].title, cases[i].title);
	}
}

static void test_what_can_not_be_fetched_says_so(void **state)
{
	(void)state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_step step;
	struct error err = { 0 };
	int fetches = 0;
	struct content_look look = { .arena = &arena };
	assert_int_equal(look_at(&look, web, COUNT_OF(web), "https://nobody.example/", &step, &fetches, &err), -1);
	assert_int_equal(err.code, ERROR_NETWORK);
	assert_non_null(strstr(err.text, "404"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_page_names_its_feed_and_summaries_are_completed),
		cmocka_unit_test(test_nobody_wants_then_nothing_is_fetched),
		cmocka_unit_test(test_the_usual_places_the_sitemap_and_the_page_itself),
		cmocka_unit_test(test_what_can_not_be_fetched_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
