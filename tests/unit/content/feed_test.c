#include "base/units.h"
#include "content/content.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct read {
	struct arena arena;
	struct content_feed feed;
	struct error err;
};

static void clear(struct read *read)
{
	arena_clear(&read->arena);
}

static void feed(struct read *read, struct bytes body, const char *type)
{
	*read = (struct read){ 0 };
	if (content_feed(body, type, "https://site.example/dir/feed.xml", &read->arena, &read->feed, &read->err) < 0)
		fail_msg("%s", read->err.text);
}

/* One item in a channel, or one entry in a feed. */
static void item(struct read *read, const char *inside)
{
	char body[8192];
	snprintf(body, sizeof body,
	         "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" "
	         "xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel><title>C</title>"
	         "<link>https://site.example/</link><item>%s</item></channel></rss>",
	         inside);
	feed(read, bytes_text(body), NULL);
	assert_int_equal(read->feed.count, 1);
}

static void entry(struct read *read, const char *inside)
{
	char body[8192];
	snprintf(body, sizeof body, "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>C</title><entry>%s</entry></feed>", inside);
	feed(read, bytes_text(body), NULL);
	assert_int_equal(read->feed.count, 1);
}

static void test_an_item_of_rss(void **state)
{
	(void)state;
	CLEANUP(clear) struct read read;
	item(&read, "<title><![CDATA[Oil & <b>wick</b>]]></title><link> /p/oil </link><guid isPermaLink=\"false\"> urn:1 </guid>"
	            "<pubDate>Mon, 23 Nov 2026 07:00:00 GMT</pubDate><dc:creator>Ada</dc:creator><description>Short.</description>"
	            "<content:encoded><![CDATA[<p>Long <a href=\"x\">l</a></p>]]></content:encoded><media:content url=\"/i.png\" "
	            "medium=\"image\"/>");
	struct post *post = read.feed.posts;
	assert_string_equal(read.feed.title, "C");
	assert_string_equal(read.feed.url, "https://site.example/");
	assert_string_equal(post->identity, "urn:1");
	assert_string_equal(post->title, "Oil & wick");
	assert_string_equal(post->subtitle, "Short.");
	assert_string_equal(post->author, "Ada");
	assert_string_equal(post->url, "https://site.example/p/oil");
	assert_string_equal(post->image, "https://site.example/i.png");
	assert_string_equal(post->html, "<p>Long <a href=\"https://site.example/p/x\">l</a></p>\n");
	assert_string_equal(post->text, "Long l [1]\n\nLinks\n[1] https://site.example/p/x");
	assert_int_equal(post->published_us, INT64_C(1795417200) * SECOND_US);
}

static void test_an_entry_of_atom(void **state)
{
	(void)state;
	static const struct {
		const char *content, *html;
	} cases[] = {
		{ "<content type=\"html\">&lt;p&gt;a &amp;amp; b&lt;/p&gt;</content>", "<p>a &amp; b</p>\n" },
		{ "<content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a &amp; b</p></div></content>",
		  "<p>a &amp; b</p>\n" },
		{ "<content type=\"text\">a &amp; b &lt;i&gt;</content>", "<p>a &amp; b &lt;i&gt;</p>\n" },
		{ "<content>a &amp; b</content>", "<p>a &amp; b</p>\n" },
		{ "<summary>only this</summary>", "<p>only this</p>\n" },
		{ "<content type=\"html\" xml:base=\"https://base.example/d/\">&lt;a href=\"x\"&gt;l&lt;/a&gt;</content>",
		  "<p><a href=\"https://base.example/d/x\">l</a></p>\n" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(clear) struct read read;
		char inside[1024];
		snprintf(inside, sizeof inside,
		         "<id>tag:x,2026:1</id><title type=\"html\">T &amp;lt; U</title><link rel=\"self\" href=\"/no\"/><link "
		         "rel=\"alternate\" href=\"/p/1\"/>"
		         "<author><name>Ada</name></author><published>2026-11-23T08:00:00+01:00</published><updated>2026-11-24T00:00:00Z</"
		         "updated>%s",
		         cases[i].content);
		entry(&read, inside);
		struct post *post = read.feed.posts;
		assert_string_equal(post->identity, "tag:x,2026:1");
		assert_string_equal(post->title, "T < U");
		assert_string_equal(post->url, "https://site.example/p/1");
		assert_string_equal(post->author, "Ada");
		assert_int_equal(post->published_us, INT64_C(1795417200) * SECOND_US);
		assert_int_equal(post->updated_us, INT64_C(1795478400) * SECOND_US);
		assert_string_equal(post->html, cases[i].html);
	}
}

static void test_json_feed(void **state)
{
	(void)state;
	CLEANUP(clear) struct read read;
	feed(&read,
	     BYTES_OF("\xef\xbb\xbf{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"J\",\"items\":[{\"id\":42.0,\"url\":\"/"
	              "p\",\"title\":\"T\",\"content_html\":\"<p>x"
	              "</"
	              "p>\",\"authors\":[{\"name\":\"Ada\"}],\"date_published\":\"2026-11-23T07:00:00Z\"},{\"id\":\"b\",\"content_text\":"
	              "\"a < b\",\"language\":\"en\\u0003\"},3]}"),
	     "application/feed+json");
	assert_int_equal(read.feed.count, 2);
	assert_string_equal(read.feed.posts[0].identity, "42");
	assert_string_equal(read.feed.posts[0].author, "Ada");
	assert_string_equal(read.feed.posts[1].html, "<p>a &lt; b</p>\n");
	assert_string_equal(read.feed.posts[1].title, "a < b");
	assert_string_equal(read.feed.posts[1].language, "en");
}

static void test_identity_is_kept_byte_for_byte(void **state)
{
	(void)state;
	static const struct {
		const char *inside, *identity, *url;
	} cases[] = {
		{ "<guid>HTTP://Site.example/A%2f?x=1&amp;utm_source=y#z</guid>", "HTTP://Site.example/A%2f?x=1&utm_source=y#z",
		  "HTTP://Site.example/A%2f?x=1&utm_source=y#z" },
		{ "<guid>not-a-url</guid><link>/p</link>", "not-a-url", "https://site.example/p" },
		{ "<guid isPermaLink=\"false\">https://site.example/g</guid>", "https://site.example/g", NULL },
		{ "<link>https://site.example/p?utm_source=rss&amp;a=1</link>", "https://site.example/p?a=1",
		  "https://site.example/p?utm_source=rss&a=1" },
		{ "<guid>g</guid><link>javascript:alert(1)</link>", "g", NULL },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(clear) struct read read;
		item(&read, cases[i].inside);
		assert_string_equal(read.feed.posts[0].identity, cases[i].identity);
		if (cases[i].url)
			assert_string_equal(read.feed.posts[0].url, cases[i].url);
		else
			assert_null(read.feed.posts[0].url);
	}
	CLEANUP(clear) struct read one;
	CLEANUP(clear) struct read two;
	item(&one, "<title>T</title><description>a</description>");
	item(&two, "<title>T</title><description>b</description>");
	assert_string_not_equal(one.feed.posts[0].identity, two.feed.posts[0].identity);
}

static void test_a_post_without_title_takes_its_first_words(void **state)
{
	(void)state;
	CLEANUP(clear) struct read read;
	item(&read, "<description>&lt;p&gt;First words of it, and then a good many more of them until the line is "
	            "full.&lt;/p&gt;&lt;p&gt;x&lt;/p&gt;</description>");
	assert_string_equal(read.feed.posts[0].title, "First words of it, and then a good many more of them until the line is");
	CLEANUP(clear) struct read long_word;
	item(&long_word, "<description>"
	                 "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6"
	                 "\x97\xa5\xe6\x97\xa5\xe6"
	                 "\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97"
	                 "\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5"
	                 "\xe6\x97\xa5</description>");
	assert_int_equal(strlen(long_word.feed.posts[0].title), 69);
	assert_null(strstr(long_word.feed.posts[0].title, "\xef\xbf\xbd"));
}

static void test_dates(void **state)
{
	(void)state;
	static const struct {
		const char *date;
		int64_t seconds;
	} cases[] = {
		{ "Mon, 23 Nov 2026 07:00:00 GMT", 1795417200 },
		{ "23 Nov 2026 07:00 UT", 1795417200 },
		{ "Mon, 23 Nov 26 02:00:00 EST", 1795417200 },
		{ "Mon, 23 Nov 2026 08:00:00 +0100", 1795417200 },
		{ "Mon, 23 November 2026 00:00:00 -0700", 1795417200 },
		{ "2026-11-23T07:00:00Z", 1795417200 },
		{ "2026-11-23T07:00:00.123Z", 1795417200 },
		{ "2026-11-23 07:00:00", 1795417200 },
		{ "2026-11-23T08:00+01:00", 1795417200 },
		{ "2026-11-23", 1795392000 },
		{ "Mon, Nov 23 2026 07:00:00 AM", 1795417200 },
		{ "yesterday", 0 },
		{ "Mon, 31 Foo 2026 07:00:00 GMT", 0 },
		{ "2026-13-41T07:00:00Z", 0 },
		{ "99999999999999999999", 0 },
		{ "", 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(clear) struct read read;
		char inside[256];
		snprintf(inside, sizeof inside, "<title>t</title><pubDate>%s</pubDate>", cases[i].date);
		item(&read, inside);
		if (read.feed.posts[0].published_us / SECOND_US != cases[i].seconds)
			fail_msg("%s: %" PRId64, cases[i].date, read.feed.posts[0].published_us / SECOND_US);
	}
}

static void test_charsets(void **state)
{
	(void)state;
	const struct {
		struct bytes body;
		const char *type;
	} cases[] = {
		{ BYTES_OF("<rss><channel><item><title>Caf\xc3\xa9</title></item></channel></rss>"), NULL },
		{ BYTES_OF("\xef\xbb\xbf<rss><channel><item><title>Caf\xc3\xa9</title></item></channel></rss>"),
		  "text/xml; charset=iso-8859-1" },
		{ BYTES_OF("<rss><channel><item><title>Caf\xe9</title></item></channel></rss>"), "text/xml; charset=\"ISO-8859-1\"" },
		{ BYTES_OF(
			  "<?xml version='1.0' encoding='windows-1252'?><rss><channel><item><title>Caf\xe9</title></item></channel></rss>"),
		  NULL },
		{ BYTES_OF("<?xml version='1.0' encoding='utf-8'?><rss><channel><item><title>Caf\xe9</title></item></channel></rss>"),
		  NULL },
		{ BYTES_OF("<?xml version='1.0' encoding='no-such'?><rss><channel><item><title>Caf\xc3\xa9</title></item></channel></rss>"),
		  "text/xml; charset=nor-this" },
		{ BYTES_OF("<rss><channel><item><title>Caf&eacute;</title></item></channel></rss>"), NULL },
		{ BYTES_OF("<rss><channel><item><title>Caf&amp;#233;</title></item></channel></rss>"), NULL },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(clear) struct read read;
		feed(&read, cases[i].body, cases[i].type);
		if (read.feed.count != 1 || strcmp(read.feed.posts[0].title, "Caf\xc3\xa9") != 0)
			fail_msg("case %zu: %s", i, read.feed.count ? read.feed.posts[0].title : "no post");
	}
	CLEANUP(buffer_clear) struct buffer wide = BUFFER_INIT(4096);
	for (const char *at = "<rss><channel><item><title>wide</title></item></channel></rss>"; *at; at++) {
		buffer_add_char(&wide, *at);
		buffer_add_char(&wide, '\0');
	}
	CLEANUP(clear) struct read read;
	feed(&read, buffer_bytes(&wide), NULL);
	assert_string_equal(read.feed.posts[0].title, "wide");
}

static void test_no_entity_is_ever_expanded(void **state)
{
	(void)state;
	static const char *const bodies[] = {
		"<!DOCTYPE rss [<!ENTITY a \"boom\"><!ENTITY b \"&a;&a;&a;&a;\">]><rss><channel><item><title>x &b; "
		"y</title></item></channel></rss>",
		"<!DOCTYPE rss [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><rss><channel><item><title>x &a; "
		"y</title></item></channel></rss>",
		"<rss><!DOCTYPE rss [<!ENTITY a \"boom\">]><channel><item><title>x &a; y</title></item></channel></rss>",
	};
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct content_feed out;
		if (content_feed(bytes_text(bodies[i]), NULL, NULL, &arena, &out, NULL) < 0 || out.count == 0)
			continue;
		assert_null(strstr(out.posts[0].title, "boom"));
		assert_null(strstr(out.posts[0].title, "root:"));
	}
}

static void test_broken_markup_still_gives_its_posts(void **state)
{
	(void)state;
	static const char *const bodies[] = {
		"Warning: mysql_connect()\n\n<?xml version='1.0'?><rss><channel><item><title>a & b</title></item></channel></rss>",
		"<rss><channel><item><title>a &amp; b</title></item>",
		"<rss><channel><item><title>a & b\x01</title></wrong></item></channel></rss>",
		"<rss><channel><item><title><![CDATA[a & b]]></title></item><item><title><![CDATA[never ends",
	};
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		CLEANUP(clear) struct read read;
		feed(&read, bytes_text(bodies[i]), NULL);
		assert_true(read.feed.count >= 1);
		assert_string_equal(read.feed.posts[0].title, "a & b");
	}
}

static void test_says_what_it_is_instead(void **state)
{
	(void)state;
	const struct {
		const char *body, *says;
	} cases[] = {
		{ "", "empty" },
		{ " \n ", "empty" },
		{ "<!DOCTYPE html><html><body>404</body></html>", "web page" },
		{ "{\"error\": 1}", "no JSON Feed" },
		{ "{\"error", "broken JSON" },
		{ "plain words", "neither RSS" },
		{ "<?xml version='1.0'?><opml/>", "neither RSS" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct content_feed out;
		struct error err = { 0 };
		assert_int_equal(content_feed(bytes_text(cases[i].body), NULL, NULL, &arena, &out, &err), -1);
		assert_int_equal(err.code, ERROR_INPUT);
		if (!strstr(err.text, cases[i].says))
			fail_msg("case %zu: %s", i, err.text);
	}
	CLEANUP(clear) struct read none;
	feed(&none, BYTES_OF("<rss version='2.0'><channel><title>Quiet</title></channel></rss>"), NULL);
	assert_int_equal(none.feed.count, 0);
}

static void test_every_cut_is_survived(void **state)
{
	(void)state;
	static const char body[] = "\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><rss "
				   "xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><title>t</title>"
				   "<item><title>&eacute; &#233; &</title><guid>g</guid><pubDate>Mon, 23 Nov 2026 07:00:00 GMT</pubDate>"
				   "<content:encoded><![CDATA[<p>x<table><tr><td>y]]></content:encoded></item></channel></rss>";
	static const struct content_from from = { .name = "f", .content_type = "text/xml", .base_url = "https://x.example/" };
	for (size_t n = 0; n < sizeof body; n++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct content_feed out;
		char *copy = malloc(n ? n : 1);
		assert_non_null(copy);
		memcpy(copy, body, n);
		if (content_file((struct bytes){ copy, n }, &from, &arena, &out, NULL) == 0 && out.count > 0)
			assert_non_null(out.posts[0].title);
		free(copy);
	}
}

static void test_files_are_told_apart(void **state)
{
	(void)state;
	const struct {
		struct bytes data;
		const char *name, *title;
	} cases[] = {
		{ BYTES_OF("<rss><channel><item><title>feed</title></item></channel></rss>"), "x.xml", "feed" },
		{ BYTES_OF("<!doctype html><title>page</title><p>x"), "x", "page" },
		{ BYTES_OF("<p>x<h1>page</h1>"), "x.html", "page" },
		{ BYTES_OF("# mark\n\nx <rss>"), "x.md", "mark" },
		{ BYTES_OF("# mark\n\nx"), NULL, "mark" },
		{ BYTES_OF("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{\"id\":1,\"title\":\"json\"}]}"), "x.json",
		  "json" },
		{ BYTES_OF("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "x.png", NULL },
		{ BYTES_OF(""), "x.md", NULL },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct content_feed out;
		struct error err = { 0 };
		int result = content_file(cases[i].data, &(struct content_from){ .name = cases[i].name }, &arena, &out, &err);
		assert_int_equal(result, cases[i].title ? 0 : -1);
		if (cases[i].title)
			assert_string_equal(out.posts[0].title, cases[i].title);
	}
}

/* One item of three is no post: the others are read, and the feed says what was wrong. */
static void test_one_bad_item_costs_only_itself(void **state)
{
	(void)state;
	static const struct {
		const char *open, *close;
		size_t size;
		const char *why;
	} cases[] = {
		{ "<title>", "</title>", 100 << 10, "item 2: its title is longer than 64 KB" },
		{ "<title>", "</title>", 10300000, "item 2: its title is longer than 64 KB" },
		{ "<title>t</title><description><![CDATA[", "]]></description>", 10300000,
		  "item 2: post \"t\": the body is longer than 8 MB" },
		{ "<title>t</title><description>", "</description>", 10300000, "item 2: post \"t\": the body is longer than 8 MB" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = { .max_bytes = 1 << 30 };
		CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(12 << 20);
		struct content_feed feed;
		struct error err = { 0 };
		buffer_add_text(&text, "<rss version='2.0'><channel><item><guid>1</guid><title>One</title></item><item><guid>2</guid>");
		buffer_add_text(&text, cases[i].open);
		for (size_t n = 0; n < cases[i].size; n++)
			buffer_add_char(&text, n % 80 ? 'x' : ' ');
		buffer_add_text(&text, cases[i].close);
		buffer_add_text(&text, "</item><item><guid>3</guid><title>Three</title></item></channel></rss>");
		assert_int_equal(content_feed(buffer_bytes(&text), NULL, NULL, &arena, &feed, &err), 0);
		assert_int_equal(feed.count, 2);
		assert_string_equal(feed.posts[0].title, "One");
		assert_string_equal(feed.posts[1].title, "Three");
		assert_int_equal(feed.dropped, 1);
		assert_string_equal(feed.why_dropped, cases[i].why);
	}
}

static void test_an_unknown_encoding_is_guessed(void **state)
{
	(void)state;
	static const struct {
		const char *feed;
	} cases[] = {
		{ "<?xml version='1.0' "
		  "encoding='x-nonsense'?><rss><channel><item><guid>1</guid><title>Caf\xc3\xa9</title></item></channel></rss>" },
		{ "<?xml version='1.0' "
		  "encoding='x-nonsense'?><rss><channel><item><guid>1</guid><title>Caf\xe9</title></item></channel></rss>" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct content_feed feed;
		struct error err = { 0 };
		assert_int_equal(content_feed(bytes_text(cases[i].feed), "text/xml; charset=none-such", NULL, &arena, &feed, &err), 0);
		assert_int_equal(feed.count, 1);
		assert_string_equal(feed.posts[0].title, "Caf\xc3\xa9");
	}
}

static void test_what_platforms_add_goes(void **state)
{
	(void)state;
	static const struct {
		const char *body, *html;
	} cases[] = {
		{ "<div class='beehiiv'><style>x</style><div class='beehiiv__body'><p>a</p></div><div "
		  "class='beehiiv__footer'>Powered</div></div>",
		  "<p>a</p>\n" },
		{ "<p>a</p><div class=\"subscription-widget-wrap\"><p>b</p></div><p class=\"button-wrapper\">Share</p>", "<p>a</p>\n" },
		{ "<p>a</p><p>The post <a href=\"/x\">T</a> appeared first on <a href=\"/\">S</a>.</p>", "<p>a</p>\n" },
		{ "<p>a</p><p>Share this story or subscribe to our newsletter for more insights.</p>", "<p>a</p>\n" },
		{ "<p>a *|FNAME|* b</p><p><a href=\"*|UNSUB|*\">leave</a></p>", "<p>a  b</p>\n" },
		{ "<p>a</p><img src=\"https://m.example/_/stat?event=1\" width=\"1\" height=\"1\">", "<p>a</p>\n" },
		/* Said in the middle, or all there is, it is the post's own. */
		{ "<p>Subscribe to our newsletter.</p><p>a</p>", "<p>Subscribe to our newsletter.</p>\n<p>a</p>\n" },
		{ "<p>Subscribe to our newsletter.</p>", "<p>Subscribe to our newsletter.</p>\n" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(4096);
		struct content_feed feed;
		struct error err = { 0 };
		buffer_format(&text,
		              "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><item><guid>1</guid>"
		              "<content:encoded><![CDATA[%s]]></content:encoded></item></channel></rss>",
		              cases[i].body);
		assert_int_equal(content_feed(buffer_bytes(&text), NULL, NULL, &arena, &feed, &err), 0);
		assert_int_equal(feed.count, 1);
		assert_string_equal(feed.posts[0].html, cases[i].html);
	}
}

/* Comments that begin and never end: each was looked through to the end of the file, for an hour and a half. */
static void test_a_file_of_open_comments_takes_no_time(void **state)
{
	(void)state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(4 << 20);
	struct content_feed feed;
	struct error err;
	buffer_add_text(&text, "<?xml version=\"1.0\"?>");
	for (int i = 0; i < 500000; i++)
		buffer_add_text(&text, "<!--");
	assert_int_equal(content_feed(buffer_bytes(&text), NULL, NULL, &arena, &feed, &err), -1);
	assert_int_equal(err.code, ERROR_INPUT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_of_open_comments_takes_no_time),
		cmocka_unit_test(test_what_platforms_add_goes),
		cmocka_unit_test(test_one_bad_item_costs_only_itself),
		cmocka_unit_test(test_an_unknown_encoding_is_guessed),
		cmocka_unit_test(test_an_item_of_rss),
		cmocka_unit_test(test_an_entry_of_atom),
		cmocka_unit_test(test_json_feed),
		cmocka_unit_test(test_identity_is_kept_byte_for_byte),
		cmocka_unit_test(test_a_post_without_title_takes_its_first_words),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_no_entity_is_ever_expanded),
		cmocka_unit_test(test_broken_markup_still_gives_its_posts),
		cmocka_unit_test(test_says_what_it_is_instead),
		cmocka_unit_test(test_every_cut_is_survived),
		cmocka_unit_test(test_files_are_told_apart),
	};
	content_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
