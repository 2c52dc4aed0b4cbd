#include "content/content.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static void clean(struct bytes html, const char *base, struct buffer *out)
{
	struct error err = { 0 };
	buffer_reset(out);
	if (content_sanitise(html, base, 0, out, &err) < 0)
		fail_msg("%s", err.text);
}

static void check(const char *html, const char *expected)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
	clean(bytes_text(html), "https://site.example/p/post", &out);
	assert_string_equal(buffer_text(&out), expected);
}

static void test_keeps_what_a_mail_may_show(void **state)
{
	(void)state;
	check("<p>a <b>b</b> <em>c</em><br>d</p>", "<p>a <b>b</b> <em>c</em><br>d</p>\n");
	check("<ol start=\"3\"><li>x</li></ol>", "<ol start=\"3\"><li>x</li>\n</ol>\n");
	check("<table><tr><td></td><td colspan=2>x</td></tr></table>", "<table><tr><td></td>\n<td colspan=\"2\">x</td>\n</tr>\n</table>\n");
	check("<pre>  a\n\n  b</pre>", "<pre>  a\n\n  b</pre>\n");
	check("5 &lt; 6 &amp; \"x\" caf\xc3\xa9", "<p>5 &lt; 6 &amp; &quot;x&quot; caf\xc3\xa9</p>\n");
	check("<img src='/a.png' width=20>", "<p><img src=\"https://site.example/a.png\" alt=\"\" width=\"20\"></p>\n");
}

static void test_drops_what_it_may_not(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"<script>alert(1)</script>",
		"<style>p{}</style>",
		"<iframe src=//e.example></iframe>",
		"<form action=/x><input name=a><button>b</button></form>",
		"<svg onload=alert(1)><script>x</script></svg>",
		"<math><mtext>x</mtext></math>",
		"<template><p>x</p></template>",
		"<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
		"<!-- comment -->",
		"<?php echo 1 ?>",
		"<img src=t.gif width=1 height=1>",
		"<img src=\"data:image/png;base64,AAAA\">",
		"<p hidden>x</p>",
		"<div class=\"subscription-widget-wrap\">Subscribe</div>",
		"<p>  </p><p></p><b></b>",
		"<object data=x></object><embed src=x>",
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
		clean(bytes_text(cases[i]), NULL, &out);
		if (strstr(buffer_text(&out), "alert") || strstr(buffer_text(&out), "<img") || strstr(buffer_text(&out), "Subscribe") ||
		    (out.size > 0 && i != 7))
			fail_msg("case %zu: %s", i, buffer_text(&out));
	}
	check("<p style=color:red onclick=x class=y id=z>a</p>", "<p>a</p>\n");
}

static void test_cells_keep_their_side(void **state)
{
	(void)state;
	static const struct {
		const char *said, *kept;
	} cases[] = {
		{ "align=right", " align=\"right\"" },
		{ "align=' CENTER '", " align=\"center\"" },
		{ "style='color:red; text-align : right !important;width:1px'", " align=\"right\"" },
		{ "style=TEXT-ALIGN:left", " align=\"left\"" },
		{ "style=text-align", "" },
		{ "align=justify", "" },
		{ "align='right\" onclick=\"x'", "" },
		{ "style='text-align:expression(alert(1))'", "" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char html[256];
		char expected[256];
		snprintf(html, sizeof html, "<table><tr><td %s>a</td></tr></table>", cases[i].said);
		snprintf(expected, sizeof expected, "<td%s>a</td>", cases[i].kept);
		CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
		clean(bytes_text(html), NULL, &out);
		if (!strstr(buffer_text(&out), expected))
			fail_msg("case %zu: %s", i, buffer_text(&out));
	}
	check("<p align=right>a</p>", "<p>a</p>\n");
}

static void test_links_are_absolute_or_gone(void **state)
{
	(void)state;
	static const struct {
		const char *href, *expected;
	} cases[] = {
		{ "/x", "<p><a href=\"https://site.example/x\">l</a></p>\n" },
		{ "y?a=1&amp;utm_source=rss&amp;b=2#f",
		  "<p><a href=\"https://site.example/p/y?a=1&amp;utm_source=rss&amp;b=2#f\">l</a></p>\n" },
		{ "?utm_medium=a", "<p><a href=\"https://site.example/p/post?utm_medium=a\">l</a></p>\n" },
		{ "//cdn.example/z", "<p><a href=\"https://cdn.example/z\">l</a></p>\n" },
		{ "mailto:a@b.example", "<p><a href=\"mailto:a@b.example\">l</a></p>\n" },
		{ "HTTPS://X.example/\xc3\xa9", "<p><a href=\"HTTPS://X.example/%C3%A9\">l</a></p>\n" },
		{ "javascript:alert(1)", "<p><a>l</a></p>\n" },
		{ "java\tscript:alert(1)", "<p><a>l</a></p>\n" },
		{ "&#106;avascript:alert(1)", "<p><a>l</a></p>\n" },
		{ " \x01javascript:alert(1)", "<p><a>l</a></p>\n" },
		{ "data:text/html,x", "<p><a>l</a></p>\n" },
		{ "vbscript:x", "<p><a>l</a></p>\n" },
		{ "file:///etc/passwd", "<p><a>l</a></p>\n" },
		{ "https://x.example/\"&gt;&lt;script&gt;", "<p><a href=\"https://x.example/script\">l</a></p>\n" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char html[256];
		snprintf(html, sizeof html, "<a href='%s'>l</a>", cases[i].href);
		check(html, cases[i].expected);
	}
}

static void test_tracking_parameters_go_if_asked(void **state)
{
	(void)state;
	static const struct {
		const char *href, *expected;
	} cases[] = {
		{ "y?a=1&amp;utm_source=rss&amp;b=2#f", "https://site.example/p/y?a=1&amp;b=2#f" },
		{ "?UTM_medium=a", "https://site.example/p/post" },
		{ "?fbclid=1&amp;gclid&amp;mc_eid=x&amp;q=gclid", "https://site.example/p/post?q=gclid" },
		{ "?gclide=1#?utm_x=2", "https://site.example/p/post?gclide=1#?utm_x=2" },
		{ "z#?utm_x=2", "https://site.example/p/z#?utm_x=2" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
		struct error err = { 0 };
		char html[256];
		char expected[256];
		snprintf(html, sizeof html, "<a href='%s'>l</a>", cases[i].href);
		snprintf(expected, sizeof expected, "<p><a href=\"%s\">l</a></p>\n", cases[i].expected);
		assert_int_equal(content_sanitise(bytes_text(html), "https://site.example/p/post", CONTENT_DROP_TRACKING, &out, &err), 0);
		assert_string_equal(buffer_text(&out), expected);
	}
}

static void test_players_become_a_linked_picture_or_a_link(void **state)
{
	(void)state;
	check("<p>See</p><iframe src='//www.youtube.com/embed/abc-1_2?rel=0' title='A &lt;talk&gt;'></iframe>",
	      "<p>See</p>\n<p><a href=\"https://www.youtube.com/watch?v=abc-1_2\"><img "
	      "src=\"https://i.ytimg.com/vi/abc-1_2/hqdefault.jpg\" alt=\"A &lt;talk&gt;\"></a></p>\n");
	check("<figure><iframe src='https://player.vimeo.com/video/7'></iframe><figcaption><p>C</p></figcaption></figure>",
	      "<figure><a href=\"https://vimeo.com/7\">\xe2\x96\xb6 vimeo.com</a><figcaption>C</figcaption>\n</figure>\n");
	check("<video poster='p.jpg' title=Film><source src=/f.mp4></video>",
	      "<p><a href=\"https://site.example/f.mp4\"><img src=\"https://site.example/p/p.jpg\" alt=\"Film\"></a></p>\n");
	check("<audio src=/a.mp3></audio>", "<p><a href=\"https://site.example/a.mp3\">\xe2\x96\xb6 site.example</a></p>\n");
	check("<iframe src='https://maps.example/x?y=1&amp;z=2'></iframe>",
	      "<p><a href=\"https://maps.example/x?y=1&amp;z=2\">\xe2\x96\xb6 maps.example</a></p>\n");
	check("<blockquote class=twitter-tweet><p>Hi</p>A <a href='https://t.example/1'>May 1</a></blockquote><script>x</script>",
	      "<blockquote><p>Hi</p>\nA <a href=\"https://t.example/1\">May 1</a></blockquote>\n");
	static const char *const nothing[] = { "<iframe src='javascript:alert(1)'></iframe>",
		                               "<iframe src='https://www.googletagmanager.com/ns.html?id=1'></iframe>",
		                               "<iframe src='https://x.example/' width=1 height=1></iframe>",
		                               "<object data='x.swf'><embed src='x.swf'></object>",
		                               "<iframe src='https://www.youtube.com/embed/%22onload=x'></iframe>",
		                               "<iframe srcdoc='<script>x</script>'></iframe>" };
	for (size_t i = 0; i < COUNT_OF(nothing); i++)
		check(nothing[i], "");
}

static void test_a_picture_has_one_address(void **state)
{
	(void)state;
	static const struct {
		const char *html, *src;
	} cases[] = {
		{ "<img src='data:image/gif;base64,R0' data-src=/late.jpg>", "/late.jpg" },
		{ "<img src=/stand-in.gif data-lazy-src=/late.jpg>", "/late.jpg" },
		{ "<img srcset='/s.jpg 320w, /m.jpg 800w, /l.jpg 4000w'>", "/m.jpg" },
		{ "<img srcset='/s.jpg 1x,/m,1.jpg 2x'>", "/m,1.jpg" },
		{ "<img src=/kept.jpg srcset='/s.jpg 320w'>", "/kept.jpg" },
		{ "<picture><source srcset='/a.webp 1x'><img></picture>", "/a.webp" },
		{ "<img src='data:,' class=lazy><noscript><img src=/plain.jpg></noscript>", "/plain.jpg" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char expected[256];
		snprintf(expected, sizeof expected, "<p><img src=\"https://site.example%s\" alt=\"\"></p>\n", cases[i].src);
		check(cases[i].html, expected);
	}
	check("<img src=a.jpg width=600 height=400 alt='A &amp; B'>",
	      "<p><img src=\"https://site.example/p/a.jpg\" alt=\"A &amp; B\" width=\"600\" height=\"400\"></p>\n");
}

static void test_a_value_ends_nothing(void **state)
{
	(void)state;
	check("<img src=/a.png alt='\"></script>--> ]]> <b>'>",
	      "<p><img src=\"https://site.example/a.png\" alt=\"&quot;&gt;&lt; /script&gt;-- &gt; ]] &gt; &lt;b&gt;\"></p>\n");
}

static void test_figures_survive(void **state)
{
	(void)state;
	check("<figure class=x><a href=/big><img src=/a.jpg></a><figcaption>A <em>cap</em></figcaption></figure>",
	      "<figure><a href=\"https://site.example/big\"><img src=\"https://site.example/a.jpg\" alt=\"\"></a><figcaption>A "
	      "<em>cap</em></figcaption>\n</figure>\n");
	check("<figure><pre><code>x</code></pre></figure>", "<figure><pre><code>x</code></pre>\n</figure>\n");
	check("<figcaption>alone</figcaption>", "<p>alone</p>\n");
}

static void test_text_outside_becomes_paragraphs(void **state)
{
	(void)state;
	check("one<div>two</div><div>three <i>x</i></div>", "<p>one</p>\n<p>two</p>\n<p>three <i>x</i></p>\n");
	check("<a href=/c><h2>Card</h2>more</a>",
	      "<h2><a href=\"https://site.example/c\">Card</a></h2>\n<p><a href=\"https://site.example/c\">more</a></p>\n");
	check("<h1>a<p>b</p></h1>", "<h1>a</h1>\n<p>b</p>\n");
	check("<td>cell</td><li>item</li>", "<p>cellitem</p>\n");
}

static void test_deep_pages_keep_their_end(void **state)
{
	(void)state;
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
	for (int i = 0; i < 400; i++)
		buffer_add_text(&html, "<div>");
	buffer_add_text(&html, "<p>deep</p>");
	for (int i = 0; i < 400; i++)
		buffer_add_text(&html, "</div>");
	buffer_add_text(&html, "<p>the end</p>");
	clean(buffer_bytes(&html), NULL, &out);
	assert_string_equal(buffer_text(&out), "<p>deep</p>\n<p>the end</p>\n");
	/* Far deeper than any page: no crash, and still in time. */
	buffer_reset(&html);
	for (int i = 0; i < 100000; i++)
		buffer_add_text(&html, i % 2 ? "<b>" : "<div>");
	buffer_add_text(&html, "x");
	clean(buffer_bytes(&html), NULL, &out);
}

static const char *const pieces[] = {
	"<a href=\"x.html\">",
	"<a href=\"javascript:alert(1)\">",
	"</a>",
	"<b>",
	"</b>",
	"<i onclick=x>",
	"</i>",
	"<p>",
	"</p>",
	"<div>",
	"</div>",
	"<span>",
	"<h1>",
	"</h1>",
	"<h2 lang=de>",
	"</h2>",
	"<ul>",
	"</ul>",
	"<ol>",
	"<li>",
	"</li>",
	"<table>",
	"</table>",
	"<tr>",
	"<td>",
	"</td>",
	"<th>",
	"<caption>",
	"<pre>",
	"</pre>",
	"<blockquote>",
	"</blockquote>",
	"<br>",
	"<hr>",
	"<img src=a.png>",
	"<img src=x onerror=alert(1)>",
	"<script>",
	"</script>",
	"<style>",
	"</style>",
	"<svg>",
	"</svg>",
	"<math>",
	"<noscript>",
	"<template>",
	"<textarea>",
	"</textarea>",
	"<title>",
	"<xmp>",
	"<plaintext>",
	"<iframe>",
	"<form>",
	"<select>",
	"<option>",
	"<dl>",
	"<dt>",
	"<dd>",
	"</dl>",
	"<body>",
	"<html>",
	"</html>",
	"<head>",
	"text",
	" ",
	"\n",
	"&lt;script&gt;",
	"&amp;",
	"&bogus;",
	"&#0;",
	"&#x1f;",
	"<!-- c -->",
	"<![CDATA[x]]>",
	"<?php x ?>",
	"\"",
	"'",
	"<",
	">",
	"\xff",
	"\xc3\xa9",
	"<!DOCTYPE html>",
	"]]>",
	"--><script>",
	"\r",
	"\t",
};

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void test_is_idempotent_and_safe_on_rubble(void **state)
{
	(void)state;
	static const char *const never[] = { "<script", "<style", "<svg",      "<math",    "<iframe",  "<form",
		                             "<!--",    "<?",     "<textarea", " onclick", " onerror", "\"javascript" };
	uint32_t seed = 7;
	for (int round = 0; round < 3000; round++) {
		CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(1 << 20);
		CLEANUP(buffer_clear) struct buffer once = BUFFER_INIT(1 << 20);
		CLEANUP(buffer_clear) struct buffer twice = BUFFER_INIT(1 << 20);
		for (uint32_t n = 1 + next_random(&seed) % 50; n > 0; n--)
			buffer_add_text(&html, pieces[next_random(&seed) % COUNT_OF(pieces)]);
		clean(buffer_bytes(&html), "https://site.example/", &once);
		clean(buffer_bytes(&once), NULL, &twice);
		if (!bytes_equal(buffer_bytes(&once), buffer_bytes(&twice)))
			fail_msg("not idempotent: %s\n-> %s\n-> %s", html.data, buffer_text(&once), buffer_text(&twice));
		for (size_t i = 0; i < COUNT_OF(never); i++)
			if (strstr(buffer_text(&once), never[i]))
				fail_msg("%s in: %s\n-> %s", never[i], html.data, buffer_text(&once));
	}
}

static void test_says_when_it_does_not_fit(void **state)
{
	(void)state;
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(16);
	struct error err = { 0 };
	assert_int_equal(content_sanitise(BYTES_OF("<p>more than sixteen bytes of text</p>"), NULL, 0, &out, &err), -1);
	assert_int_equal(err.code, ERROR_FULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_what_a_mail_may_show),
		cmocka_unit_test(test_drops_what_it_may_not),
		cmocka_unit_test(test_cells_keep_their_side),
		cmocka_unit_test(test_links_are_absolute_or_gone),
		cmocka_unit_test(test_tracking_parameters_go_if_asked),
		cmocka_unit_test(test_players_become_a_linked_picture_or_a_link),
		cmocka_unit_test(test_a_picture_has_one_address),
		cmocka_unit_test(test_figures_survive),
		cmocka_unit_test(test_a_value_ends_nothing),
		cmocka_unit_test(test_text_outside_becomes_paragraphs),
		cmocka_unit_test(test_deep_pages_keep_their_end),
		cmocka_unit_test(test_is_idempotent_and_safe_on_rubble),
		cmocka_unit_test(test_says_when_it_does_not_fit),
	};
	content_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
