/* What feeds and pages of the world do, each as a rule of its own. */
#include "base/units.h"
#include "content/content.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#define ATOM "<feed xmlns='http://www.w3.org/2005/Atom'><title>S</title>"
#define RSS                                                                                                                                \
	"<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:itunes='http://www.itunes.com/dtds/"            \
	"podcast-1.0.dtd' xmlns:atom='http://www.w3.org/2005/Atom' xmlns:media='http://search.yahoo.com/mrss/'><channel><title>S</title>"  \
	"<link>https://s.example/</link>"

static void test_feeds_in_all_their_dress(void **state)
{
	(void)state;
	/* NULL: not looked at; "": there must be none. */
	static const struct {
		const char *feed, *title, *link, *author, *image, *html, *categories;
	} cases[] = {
		/* Namespaces under other prefixes. */
		{ .feed = "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:id>x</a:id><a:title>T</a:title><a:link "
		          "href='/p'/></a:entry></a:feed>",
		  .title = "T",
		  .link = "https://s.example/p" },
		{ .feed = "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel/><item "
		          "r:about='x'>"
		          "<title>T</title><link>https://s.example/a</link></item></r:RDF>",
		  .title = "T",
		  .link = "https://s.example/a" },
		{ .feed = "<rss xmlns:c='http://purl.org/rss/1.0/modules/content/' "
		          "xmlns:q='http://purl.org/dc/elements/1.1/'><channel><item><title>T</title>"
		          "<q:creator>Ann</q:creator><c:encoded>&lt;p&gt;B&lt;/p&gt;</c:encoded></item></channel></rss>",
		  .author = "Ann",
		  .html = "<p>B</p>\n" },
		{ .feed = "<RSS><CHANNEL><ITEM><TITLE>T</TITLE><LINK>https://s.example/a</LINK></ITEM></CHANNEL></RSS>",
		  .title = "T",
		  .link = "https://s.example/a" },
		/* Atom's links and authors. */
		{ .feed = ATOM "<entry><id>x</id><link rel='edit' href='/e'/><link rel='alternate' type='application/json' "
		               "href='/j'/><link rel='alternate' "
		               "type='text/html' href='/p'/></entry></feed>",
		  .link = "https://s.example/p" },
		{ .feed = ATOM "<entry><id>x</id><link rel='http://www.iana.org/assignments/relation/alternate' href='/p'/></entry></feed>",
		  .link = "https://s.example/p" },
		{ .feed = ATOM "<entry><id>https://s.example/p</id><link rel='related' href='/r'/></entry></feed>",
		  .link = "https://s.example/p" },
		{ .feed = ATOM "<entry><id>urn:x</id></entry></feed>", .link = "" },
		{ .feed = ATOM "<author><name>Feed</name></author><entry><id>x</id></entry></feed>", .author = "Feed" },
		{ .feed = ATOM
		  "<author><name>Feed</name></author><entry><source><author><name>Src</name></author></source><id>x</id></entry></feed>",
		  .author = "Src" },
		{ .feed = "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://s.example/blog/'><entry "
		          "xml:base='2024/'><id>x</id><content type='xhtml' "
		          "xml:base='post/'><div xmlns='http://www.w3.org/1999/xhtml'><p><a "
		          "href='x'>x</a></p></div></content></entry></feed>",
		  .html = "<p><a href=\"https://s.example/blog/2024/post/x\">x</a></p>\n" },
		/* JSON Feed inherits its author, and may attach its picture. */
		{ .feed = "{\"version\":\"https://jsonfeed.org/version/"
		          "1.1\",\"authors\":[{\"name\":\"Top\"}],\"items\":[{\"id\":\"1\",\"content_text\":\"a <b>\","
		          "\"attachments\":[{\"url\":\"/a.jpg\",\"mime_type\":\"image/jpeg\"}]}]}",
		  .title = "a <b>",
		  .author = "Top",
		  .image = "https://s.example/a.jpg",
		  .html = "<p>a &lt;b&gt;</p>\n" },
		/* RSS with neighbours. */
		{ .feed = RSS "<item><itunes:title>Episode</itunes:title><guid>g</guid></item></channel></rss>", .title = "Episode" },
		{ .feed = RSS "<item><title>T</title><image><url>/i.png</url></image></item></channel></rss>",
		  .image = "https://s.example/i.png" },
		{ .feed = RSS "<item><title>T</title><category><![CDATA[Tech &amp; Co]]></category></item></channel></rss>",
		  .categories = "Tech & Co" },
		{ .feed = RSS "<item><title>T</title><guid isPermaLink='false'>https://s.example/?p=1</guid></item></channel></rss>",
		  .link = "" },
		{ .feed = RSS "<item><title>T</title><atom:link rel='self' href='/api'/><link>/a</link></item></channel></rss>",
		  .link = "https://s.example/a" },
		/* Escaped once too often; once is enough for code. */
		{ .feed = RSS "<item><title>Q&amp;amp;A &amp;#8220;x&amp;#8221;</title><description>&amp;lt;p&amp;gt;a "
		              "&amp;lt;b&amp;gt;c&amp;lt;/b&amp;gt;&amp;lt;/p&amp;gt;"
		              "</description></item></channel></rss>",
		  .title = "Q&A “x”",
		  .html = "<p>a <b>c</b></p>\n" },
		{ .feed = RSS "<item><title>T</title><description>&lt;p&gt;&lt;code&gt;&amp;lt;p&amp;gt;&lt;/code&gt;&lt;/p&gt;</"
		              "description></item></channel></rss>",
		  .html = "<p><code>&lt;p&gt;</code></p>\n" },
		/* What platforms put around a body. */
		{ .feed = RSS
		  "<item><title>T</title><content:encoded><![CDATA[<p>a</p><p>L’article <a href='/h'>H</a> est apparu en premier sur <a "
		  "href='/'>S</a>.</p>]]></content:encoded></item></channel></rss>",
		  .html = "<p>a</p>\n" },
		{ .feed = RSS
		  "<item><title>T</title><content:encoded><![CDATA[<p>a</p><p>La entrada <a href='/h'>H</a> se publicó primero en <a "
		  "href='/'>S</a>.</p>]]></content:encoded></item></channel></rss>",
		  .html = "<p>a</p>\n" },
		{ .feed = RSS "<item><title>T</title><description>&lt;span class=\"field field--name-title\"&gt;T&lt;/span&gt;&lt;div "
		              "class=\"field--name-body\"&gt;"
		              "&lt;p&gt;a&lt;/p&gt;&lt;/div&gt;</description></item></channel></rss>",
		  .html = "<p>a</p>\n" },
		/* A body that begins with the lead picture in another size shows it once. */
		{ .feed = RSS "<item><title>T</title><media:content medium='image' "
		              "url='https://s.example/up/storks.jpg'/><content:encoded><![CDATA[<figure><a "
		              "href='/x'><img "
		              "src='https://s.example/up/storks-1024x768.jpg?ssl=1&amp;w=2'></a></figure><p>a</p>]]></content:encoded></"
		              "item></channel></rss>",
		  .image = "https://s.example/up/storks-1024x768.jpg?ssl=1&w=2" },
		{ .feed = RSS "<item><title>T</title><media:content medium='image' "
		              "url='https://s.example/up/storks.jpg'/><content:encoded><![CDATA[<p>Words.</p><img "
		              "src='https://s.example/up/storks-1024x768.jpg'>]]></content:encoded></item></channel></rss>",
		  .image = "https://s.example/up/storks.jpg" },
		/* A title made of the body's first words has no notes of links; a closing line that only leads to the post itself goes. */
		{ .feed = RSS "<item><link>/p</link><description>&lt;p&gt;See &lt;a href='/x'&gt;this&lt;/a&gt; and "
		              "that&lt;/p&gt;&lt;p&gt;&lt;a href='/p'&gt;Read full topic"
		              "&lt;/a&gt;&lt;/p&gt;</description></item></channel></rss>",
		  .title = "See this and that",
		  .html = "<p>See <a href=\"https://s.example/x\">this</a> and that</p>\n" },
		/* Controls that were meant as letters of windows-1252, and a root in a comment. */
		{ .feed = "<!-- <rss> --><rss><channel><item><title>It&#146;s &#147;x&#148;</title><description>&lt;p&gt;a &amp;#150; "
		          "b&lt;/p&gt;</description></item></channel>"
		          "</rss>",
		  .title = "It’s “x”",
		  .html = "<p>a – b</p>\n" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct content_feed feed;
		struct error err = { 0 };
		if (content_feed(bytes_text(cases[i].feed), NULL, "https://s.example/feed", &arena, &feed, &err) < 0 || feed.count != 1)
			fail_msg("case %zu: %s", i, err.text);
		const struct post *post = &feed.posts[0];
		const char *const pairs[][2] = { { cases[i].title, post->title },   { cases[i].link, post->url },
			                         { cases[i].author, post->author }, { cases[i].image, post->image },
			                         { cases[i].html, post->html },     { cases[i].categories, post->categories } };
		for (size_t k = 0; k < COUNT_OF(pairs); k++)
			if (pairs[k][0] && strcmp(pairs[k][0], pairs[k][1] ? pairs[k][1] : "") != 0)
				fail_msg("case %zu: \"%s\" is wanted, not \"%s\"", i, pairs[k][0], pairs[k][1] ? pairs[k][1] : "");
	}
}

static void test_dates_of_many_lands(void **state)
{
	(void)state;
	static const struct {
		const char *date, *utc;
	} cases[] = {
		{ "Tue, 18 Sept 2018 15:53:56 +0300", "2018-09-18T12:53:56Z" },
		{ "Mo, 23 Okt 2017 14:10:00 +0200", "2017-10-23T12:10:00Z" },
		{ "mar, 02 oct 2012 19:56:51 +0000", "2012-10-02T19:56:51Z" },
		{ "lun., 5 févr. 2024 08:00:00 +0100", "2024-02-05T07:00:00Z" },
		{ "Di, 05 März 2024 09:30:00 +0100", "2024-03-05T08:30:00Z" },
		{ "mié, 10 ene 2024 09:30:00 +0100", "2024-01-10T08:30:00Z" },
		{ "Пн, 15 янв 2024 10:00:00 +0300", "2024-01-15T07:00:00Z" },
		{ "Κυρ, 11 Ιούλ 2004 12:00:00 EST", "2004-07-11T17:00:00Z" },
		{ "2004-július-13T9:15-05:00", "2004-07-13T14:15:00Z" },
		{ "2004년 05월 28일  01:31:15", "2004-05-27T16:31:15Z" },
		{ "2004-05-25 오후 11:23:17", "2004-05-25T14:23:17Z" },
		{ "2024年1月3日 10時30分", "2024-01-03T10:30:00Z" },
		{ "2024-W05-3T10:00:00Z", "2024-01-31T10:00:00Z" },
		{ "2026-W01", "2025-12-29T00:00:00Z" },
		{ "2024-031T10:00:00+01:00", "2024-01-31T09:00:00Z" },
		{ "1704276000", "2024-01-03T10:00:00Z" },
		{ "1704276000123", "2024-01-03T10:00:00Z" },
		{ "03.01.2024 10:00", "2024-01-03T10:00:00Z" },
		{ "13/01/2024 10:00", "2024-01-13T10:00:00Z" },
		{ "01/13/2024", "2024-01-13T00:00:00Z" },
		{ "Wed, 03 Jan 2024 10:00:00 AEST", "2024-01-03T00:00:00Z" },
		{ "Wed, 03 Jan 2024 10:00:00 GMT+5:30", "2024-01-03T04:30:00Z" },
		{ "2017-08-01 13:55:44.364419679 +0200 CEST", "2017-08-01T11:55:44Z" },
		/* What could be read both ways is not read. */
		{ "03/01/2024 10:00", NULL },
		{ "2024-W60-1", NULL },
		{ "32.13.2024", NULL },
		{ "170427600012", NULL },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct content_feed feed;
		struct error err = { 0 };
		char body[512];
		char utc[UNITS_TEXT] = "";
		snprintf(body, sizeof body, "<rss><channel><item><title>t</title><pubDate>%s</pubDate></item></channel></rss>",
		         cases[i].date);
		assert_int_equal(content_feed(bytes_text(body), "text/xml; charset=utf-8", NULL, &arena, &feed, &err), 0);
		int64_t us = feed.posts[0].published_us;
		if (us)
			units_write_time(us / SECOND_US * SECOND_US, utc);
		if (strcmp(utc, cases[i].utc ? cases[i].utc : "") != 0)
			fail_msg("%s: %s", cases[i].date, utc);
	}
}

static void test_encodings_by_the_names_that_are_used(void **state)
{
	(void)state;
	const struct {
		const char *label;
		struct bytes title;
		const char *utf8;
	} cases[] = {
		{ "x-sjis", BYTES_OF("\x93\xfa\x96{\x87\x40"), "日本①" },
		{ "ks_c_5601-1987", BYTES_OF("\xc7\xd1\xb1\xb9"), "한국" },
		{ "cp1251", BYTES_OF("\xcf\xf0\xe8"), "При" },
		{ "koi8-r", BYTES_OF("\xf0\xd2\xc9"), "При" },
		{ "gb2312", BYTES_OF("\xe9\x46"), "镕" },
		/* Read as bytes, so it is none of two bytes a letter. */
		{ "utf-16", BYTES_OF("Caf\xc3\xa9"), "Café" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		CLEANUP(buffer_clear) struct buffer body = BUFFER_INIT(4096);
		struct content_feed feed;
		struct error err = { 0 };
		buffer_format(&body, "<?xml version='1.0' encoding='%s'?><rss><channel><item><title>", cases[i].label);
		buffer_add_bytes(&body, cases[i].title);
		buffer_add_text(&body, "</title></item></channel></rss>");
		assert_int_equal(content_feed(buffer_bytes(&body), NULL, NULL, &arena, &feed, &err), 0);
		assert_string_equal(feed.posts[0].title, cases[i].utf8);
		assert_null(feed.unknown_charset);
	}
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_feed feed;
	struct error err = { 0 };
	struct bytes odd =
		BYTES_OF("<?xml version='1.0' encoding='x-odd'?><rss><channel><item><title>Caf\xe9</title></item></channel></rss>");
	assert_int_equal(content_feed(odd, NULL, NULL, &arena, &feed, &err), 0);
	assert_string_equal(feed.posts[0].title, "Café");
	assert_string_equal(feed.unknown_charset, "x-odd");
}

static void test_encodings_that_nobody_says(void **state)
{
	(void)state;
	const struct {
		struct bytes title;
		const char *utf8;
	} cases[] = {
		{ BYTES_OF("\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0 \xe8 \xe2\xf1\xe5 \xeb\xfe\xe4\xe8"), "Привет, мир и все люди" },
		{ BYTES_OF("\xf0\xd2\xc9\xd7\xc5\xd4, \xcd\xc9\xd2 \xc9 \xd7\xd3\xc5 \xcc\xc0\xc4\xc9"), "Привет, мир и все люди" },
		{ BYTES_OF("\x83\x6a\x83\x85\x81\x5b\x83\x58\x82\xc5\x82\xb7\x81\x41\x96\x7b\x95\xb6"), "ニュースです、本文" },
		{ BYTES_OF("\xb4\xba\xbd\xba \xba\xbb\xb9\xae\xc0\xd4\xb4\xcf\xb4\xd9"), "뉴스 본문입니다" },
		{ BYTES_OF("\xd0\xc2\xce\xc5\xb5\xc4\xc4\xda\xc8\xdd\xba\xdc\xba\xc3"), "新闻的内容很好" },
		{ BYTES_OF("L'\351t\351 \340 No\353l, d\351j\340 f\352t\351, \347a et l\340, o\371 \352tre \342g\351"),
		  "L'été à Noël, déjà fêté, ça et là, où être âgé" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		CLEANUP(buffer_clear) struct buffer body = BUFFER_INIT(4096);
		struct content_feed feed;
		struct error err = { 0 };
		buffer_add_text(&body, "<rss><channel><item><title>");
		buffer_add_bytes(&body, cases[i].title);
		buffer_add_text(&body, "</title></item></channel></rss>");
		assert_int_equal(content_feed(buffer_bytes(&body), NULL, NULL, &arena, &feed, &err), 0);
		assert_string_equal(feed.posts[0].title, cases[i].utf8);
	}
}

#define SENTENCE "<p>The storks came back early this year, three pairs of them, and stand on the roof of the old town hall, as ever.</p>"
#define TEXT SENTENCE SENTENCE SENTENCE SENTENCE SENTENCE SENTENCE SENTENCE SENTENCE
#define PAGE(head, body)                                                                                                                   \
	"<html><head>" head "</head><body><nav><a href='/'>Home</a></nav>" body "<footer>Copyright of somebody</footer></body></html>"

static void test_pages_in_all_their_dress(void **state)
{
	(void)state;
	static const struct {
		const char *page, *title, *author, *image, *has, *has_not, *published;
	} cases[] = {
		{ .page = PAGE("<title>Storks - S</title><script "
		               "type='application/ld+json'>{\"@graph\":[{\"@type\":\"Article\",\"headline\":\"Storks\",\"author\":{\"@id\":"
		               "\"#a\"},\"image\":{\"@id\":\"#i\"}},{\"@type\":\"Person\",\"@id\":\"#a\",\"name\":\"Ann "
		               "Lee\"},{\"@type\":\"ImageObject\",\"@id\":\"#i\","
		               "\"url\":\"https://s.example/i.jpg\"}]}</script>",
		               "<article>" TEXT "</article>"),
		  .title = "Storks",
		  .author = "Ann Lee",
		  .image = "https://s.example/i.jpg" },
		{ .page = PAGE("<title>Storks on the roof | Some Site</title>", "<article><h1>Storks on the roof</h1>" TEXT "</article>"),
		  .title = "Storks on the roof" },
		{ .page = PAGE("<title>Storks on the roof | again</title>", "<article><h1>Something else</h1>" TEXT "</article>"),
		  .title = "Storks on the roof | again" },
		{ .page = PAGE("<title>Storks on the roof</title>",
		               "<div class='post'><div class='b'>" TEXT
		               "</div><div class='post-footer'>Posted by <span itemprop='author'><span itemprop='name'>Ann "
		               "Lee</span></span> at <abbr itemprop='datePublished' title='2024-01-03T10:00:00Z'>10 AM</abbr></div></div>"),
		  .author = "Ann Lee",
		  .published = "2024-01-03T10:00:00Z" },
		{ .page = PAGE("<title>T of it</title><meta name='twitter:label1' content='Written by'><meta name='twitter:data1' "
		               "content='Ann Lee'>",
		               "<article>" TEXT "</article>"),
		  .author = "Ann Lee" },
		{ .page = PAGE(
			  "<title>T of it</title>",
			  "<article><footer class='node__meta'><div class='node__submitted'>Submitted by <span>Ann Lee</span> on <time "
			  "datetime='2024-01-03'>Wed, 01/03/2024</time></div></footer>" TEXT "</article>"),
		  .author = "Ann Lee",
		  .published = "2024-01-03T00:00:00Z" },
		{ .page = PAGE("<title>T of it</title>",
		               "<amp-sidebar>menu</amp-sidebar><article><amp-img src='/lead.jpg' width='9' height='9'><noscript><img "
		               "src='/lead.jpg'></noscript></amp-img>" TEXT "<amp-youtube data-videoid='abc'></amp-youtube></article>"),
		  .has = "<img src=\"https://s.example/lead.jpg\"" },
		{ .page = PAGE("<title>T of it</title>", "<article>" TEXT "<amp-youtube data-videoid='abc'></amp-youtube></article>"),
		  .has = "href=\"https://www.youtube.com/watch?v=abc\"" },
		{ .page = PAGE("<title>T of it</title>",
		               "<article><div><p>" TEXT "</p></div><div class='pic'><img data-src='/mid.jpg' alt='A'></div><div>" TEXT
		               "</div></article>"),
		  .has = "https://s.example/mid.jpg" },
		{ .page = PAGE("<title>T of it</title>",
		               "<article>" TEXT "<div class='paywall'><h2>Subscribe to continue reading</h2><p>Already a subscriber? <a "
		               "href='/login'>Log in</a></p></div></article>"),
		  .has = "three pairs",
		  .has_not = "Log in" },
		{ .page = PAGE("<title>T of it</title>",
		               "<article>" TEXT "<div class='newsletter-signup'><h3>Get our newsletter</h3><p>It is free.</p></div>" TEXT
		               "</article>"),
		  .has = "three pairs",
		  .has_not = "Get our" },
		{ .page = PAGE("<title>Storks on the roof :: The Site</title><meta property='og:site_name' content='The Site'>",
		               "<article>" TEXT "</article>"),
		  .title = "Storks on the roof" },
		{ .page = PAGE("<title>Storks on the roof (The Site)</title><meta property='og:site_name' content='The Site'>",
		               "<article>" TEXT "</article>"),
		  .title = "Storks on the roof" },
		{ .page = PAGE("<title>The best of The Site</title><meta property='og:site_name' content='The Site'>",
		               "<article>" TEXT "</article>"),
		  .title = "The best of The Site" },
		{ .page = PAGE("<title>T of it</title>", "<article>" TEXT "<lite-youtube videoid='abc'></lite-youtube></article>"),
		  .has = "href=\"https://www.youtube.com/watch?v=abc\"" },
		{ .page = PAGE("<title>T of it</title>",
		               "<article><div class='gallery'><figure><img src='/1.jpg'><figcaption>One</figcaption></figure><figure><img "
		               "src='/2.jpg'><figcaption>Two</figcaption></figure><figure><img src='/3.jpg'></figure></div>" TEXT
		               "</article>"),
		  .has = "https://s.example/2.jpg" },
		{ .page = PAGE("<title>T of it</title>", "<article>" TEXT "<div class='ad'>Advertisement</div>" TEXT "</article>"),
		  .has = "three pairs",
		  .has_not = "Advertisement" },
	};
	static const struct content_from from = { .content_type = "text/html; charset=utf-8", .base_url = "https://s.example/p/1" };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		char utc[UNITS_TEXT] = "";
		struct post post;
		struct error err = { 0 };
		if (content_page(bytes_text(cases[i].page), &from, &arena, &post, NULL, &err) < 0)
			fail_msg("case %zu: %s", i, err.text);
		if (post.published_us)
			units_write_time(post.published_us, utc);
		const char *const pairs[][2] = { { cases[i].title, post.title },
			                         { cases[i].author, post.author },
			                         { cases[i].image, post.image },
			                         { cases[i].published, utc } };
		for (size_t k = 0; k < COUNT_OF(pairs); k++)
			if (pairs[k][0] && strcmp(pairs[k][0], pairs[k][1] ? pairs[k][1] : "") != 0)
				fail_msg("case %zu: \"%s\" is wanted, not \"%s\"", i, pairs[k][0], pairs[k][1] ? pairs[k][1] : "");
		if ((cases[i].has && !strstr(post.html, cases[i].has)) || (cases[i].has_not && strstr(post.html, cases[i].has_not)) ||
		    strstr(post.html, "Copyright"))
			fail_msg("case %zu: %s", i, post.html);
	}
}

static void test_pages_say_their_date_somewhere(void **state)
{
	(void)state;
	static const struct {
		const char *head, *body, *url, *utc;
	} cases[] = {
		{ "<meta name='DC.date.issued' content='2024-01-03T10:00:00Z'>", "", NULL, "2024-01-03T10:00:00Z" },
		{ "<meta name='citation_publication_date' content='2024/01/03'>", "", NULL, "2024-01-03T00:00:00Z" },
		{ "<meta itemprop='dateCreated' content='2024-01-03'>", "", NULL, "2024-01-03T00:00:00Z" },
		{ "<script type='application/ld+json'>{\"@type\":\"VideoObject\",\"uploadDate\":\"2024-01-03T10:00:00Z\"}</script>", "",
		  NULL, "2024-01-03T10:00:00Z" },
		{ "<script type='application/ld+json'>{\"@type\":\"WebPage\",\"comment\":{\"dateCreated\":\"2024-05-05\"}}</script>", "",
		  NULL, "" },
		{ "", "<time>January 3, 2024</time>", NULL, "2024-01-03T00:00:00Z" },
		{ "", "<span class='entry-date'>Posted on 3 January 2024</span>", NULL, "2024-01-03T00:00:00Z" },
		{ "", "<span class='update'>3 January 2024</span>", NULL, "" },
		{ "", "", "https://s.example/blog/2024/01/03/storks/", "2024-01-03T00:00:00Z" },
		{ "", "", "https://s.example/2024/13/45/storks/", "" },
		{ "<meta name='date' content='2024-01-03'>", "<time>January 5, 2025</time>", "https://s.example/2023/01/03/x",
		  "2024-01-03T00:00:00Z" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		CLEANUP(buffer_clear) struct buffer page = BUFFER_INIT(64 << 10);
		char utc[UNITS_TEXT] = "";
		struct post post;
		struct error err = { 0 };
		const struct content_from from = { .base_url = cases[i].url };
		buffer_format(&page, "<html><head><title>Storks on the roof</title>%s</head><body><article>%s%s</article></body></html>",
		              cases[i].head, cases[i].body, TEXT);
		assert_int_equal(content_page(buffer_bytes(&page), &from, &arena, &post, NULL, &err), 0);
		if (post.published_us)
			units_write_time(post.published_us, utc);
		assert_string_equal(utc, cases[i].utc);
	}
}

static void test_bylines_give_names(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "By Ann Lee and Bob Ray | January 3, 2024", "Ann Lee and Bob Ray" },
		{ "by Ann Lee", "Ann Lee" },
		{ "Written by Ann Lee on 3 January 2024", "Ann Lee" },
		{ "Posted by Ann Lee · 5 min read", "Ann Lee" },
		{ "Von Ann Lee, 3. Januar 2024", "Ann Lee" },
		{ "Par Ann Lee – Publié le 3 janvier 2024", "Ann Lee" },
		{ "Por Ann Lee", "Ann Lee" },
		{ "מאת דנה כהן", "דנה כהן" },
		{ "作者：李安 2024-01-03", "李安" },
		/* Names that begin like it. */
		{ "Byron Ray", "Byron Ray" },
		{ "Von Neumann", "Von Neumann" },
		{ "Jean le Rond", "Jean le Rond" },
		{ "3 January", "3 January" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		CLEANUP(buffer_clear) struct buffer page = BUFFER_INIT(64 << 10);
		struct post post;
		struct error err = { 0 };
		buffer_format(&page,
		              "<html><head><meta charset='utf-8'><title>Storks on the roof</title></head><body><article><p "
		              "class='byline'>%s</p>%s</article></body></html>",
		              cases[i][0], TEXT);
		assert_int_equal(content_page(buffer_bytes(&page), &(struct content_from){ 0 }, &arena, &post, NULL, &err), 0);
		assert_string_equal(post.author, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feeds_in_all_their_dress),
		cmocka_unit_test(test_dates_of_many_lands),
		cmocka_unit_test(test_encodings_by_the_names_that_are_used),
		cmocka_unit_test(test_encodings_that_nobody_says),
		cmocka_unit_test(test_pages_in_all_their_dress),
		cmocka_unit_test(test_bylines_give_names),
		cmocka_unit_test(test_pages_say_their_date_somewhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
