#include "message/edition.h"
#include "base/text.h"
#include "template/template.h"
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct keyring keys = { .keys = { { .id = 1, .secret = "first key of thirty-two bytes..." } }, .count = 1 };
static const struct post post = {
	.identity = "x", .title = "A & B", .html = "<p>Hello</p>", .text = "Hello", .url = "https://example.org/p"
};
static const struct edition_in sample = {
	.campaign = 12,
	.list = 3,
	.salt = { "0123456789abcdef", 16 },
	.list_name = "news",
	.list_title = "News",
	.list_id = "news.example.org",
	.from_name = "News",
	.from_email = "news@example.org",
	.postal = "1 Main St",
	.language = "en",
	.public_url = "https://news.example.org",
	.return_path = "b+{token}@example.org",
	.subject = "A & B",
	.preheader = "",
	.posts = &post,
	.post_count = 1,
	.html_template = { "<h1>{{post.title}}</h1>{{{post.html}}} for {{reader.name}} <{{reader.email}}> {{#reader.attributes.city}}in "
	                   "{{.}}{{/reader.attributes.city}} {{reader.unsubscribe_url}}\n",
	                   150 },
	.text_template = { "{{post.title}} for {{reader.name}} {{reader.unsubscribe_url}}\n", 61 },
	.html_name = "h",
	.text_name = "t",
};

static struct job reader(const char *name, const char *email, const char *values)
{
	struct job job = { .subscriber = 7, .list = 3, .campaign = 12, .first_us = INT64_C(1795341600) * 1000000 };
	snprintf(job.name, sizeof job.name, "%s", name);
	snprintf(job.email, sizeof job.email, "%s", email);
	snprintf(job.values, sizeof job.values, "%s", values);
	return job;
}

static struct edition *compile(void)
{
	struct edition *edition = NULL;
	struct error err = { 0 };
	struct edition_in in = sample;
	in.html_template.size = strlen(in.html_template.data);
	in.text_template.size = strlen(in.text_template.data);
	assert_int_equal(edition_compile(&in, &edition, &err), 0);
	return edition;
}

static void test_values_are_escaped_where_they_stand(void **state)
{
	CLEANUP(edition_free) struct edition *edition = compile();
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(10000);
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(10000);
	struct job job = reader("<b>Ann</b> & \"Co\"", "a@x.org", "{\"city\":\"<Bonn>\"}");
	struct error err;
	(void)state;
	assert_int_equal(edition_part(edition, EDITION_HTML, &job, &keys, &html, &err), 0);
	assert_non_null(
		strstr(buffer_text(&html),
	               "<h1>A &amp; B</h1><p style=\"margin:0 0 20px;\">Hello</p> for &lt;b&gt;Ann&lt;/b&gt; &amp; &quot;Co&quot;"));
	assert_non_null(strstr(buffer_text(&html), "in &lt;Bonn&gt;"));
	assert_int_equal(edition_part(edition, EDITION_TEXT, &job, &keys, &text, &err), 0);
	assert_non_null(strstr(buffer_text(&text), "A & B for <b>Ann</b> & \"Co\" https://news.example.org/u/"));
}

static void test_no_control_character_of_a_feed_is_a_slot(void **state)
{
	static const struct post foreign = { .identity = "x",
		                             .title = "T \x03reader.email\x04",
		                             .author = "A \x01"
		                                       "0\x02",
		                             .language = "\x03reader.name\x04",
		                             .html = "<p>a</p>",
		                             .text = "a \x03#reader.name\x04" };
	CLEANUP(edition_free) struct edition *edition = NULL;
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(10000);
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(10000);
	struct edition_in in = sample;
	struct job job = reader("Ann", "a@x.org", "{}");
	struct error err;
	(void)state;
	in.posts = &foreign;
	in.html_template = bytes_text("{{post.title}} by {{post.author}} in {{post.lang}}{{reader.unsubscribe_url}}\n");
	in.text_template = bytes_text("{{post.text}} {{reader.unsubscribe_url}}\n");
	assert_int_equal(edition_compile(&in, &edition, &err), 0);
	assert_int_equal(edition_part(edition, EDITION_HTML, &job, &keys, &html, &err), 0);
	assert_non_null(strstr(buffer_text(&html), "T  reader.email  by A  0  in  reader.name "));
	assert_int_equal(edition_part(edition, EDITION_TEXT, &job, &keys, &text, &err), 0);
	assert_non_null(strstr(buffer_text(&text), "#reader.name"));
}

static void test_the_stored_edition_gives_the_same_bytes(void **state)
{
	CLEANUP(edition_free) struct edition *edition = compile();
	CLEANUP(edition_free) struct edition *again = NULL;
	CLEANUP(buffer_clear) struct buffer stored = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer a = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer b = BUFFER_INIT(1 << 20);
	struct job job = reader("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "a@x.org", "{}");
	struct error err;
	(void)state;
	assert_int_equal(edition_write(edition, &stored, &err), 0);
	assert_int_equal(edition_read(buffer_bytes(&stored), &again, &err), 0);
	assert_int_equal(edition_fill(edition, &job, &keys, &a, &err), 0);
	assert_int_equal(edition_fill(again, &job, &keys, &b, &err), 0);
	assert_true(bytes_equal(buffer_bytes(&a), buffer_bytes(&b)));
	assert_true(text_is_ascii(buffer_bytes(&a)));
}

static void test_a_damaged_edition_is_refused(void **state)
{
	CLEANUP(edition_free) struct edition *edition = compile();
	CLEANUP(buffer_clear) struct buffer stored = BUFFER_INIT(1 << 20);
	struct error err;
	(void)state;
	assert_int_equal(edition_write(edition, &stored, &err), 0);
	for (size_t i = 0; i < stored.size; i += 7) {
		struct edition *bad = NULL;
		stored.data[i] ^= 1;
		assert_int_equal(edition_read(buffer_bytes(&stored), &bad, &err), -1);
		assert_int_equal(err.code, ERROR_CORRUPT);
		stored.data[i] ^= 1;
		assert_int_equal(edition_read((struct bytes){ stored.data, i }, &bad, &err), -1);
	}
}

static void test_without_a_reader_nothing_personal_is_shown(void **state)
{
	CLEANUP(edition_free) struct edition *edition = compile();
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(10000);
	struct error err;
	(void)state;
	assert_int_equal(edition_part(edition, EDITION_HTML, NULL, &keys, &html, &err), 0);
	assert_null(strstr(buffer_text(&html), "/u/"));
	assert_null(strstr(buffer_text(&html), "@"));
}

static void test_a_fault_of_a_template_is_said(void **state)
{
	struct edition *edition = NULL;
	struct error err = { 0 };
	struct edition_in in = sample;
	(void)state;
	in.html_template = BYTES_OF("a\n{{#post.url}}");
	in.text_template.size = strlen(in.text_template.data);
	assert_int_equal(edition_compile(&in, &edition, &err), -1);
	assert_string_equal(err.text, "h:2: section \"post.url\" is never closed");
}

static void test_a_correction_names_the_readers_own_first_mail(void **state)
{
	struct edition_in in = sample;
	CLEANUP(edition_free) struct edition *edition = NULL;
	CLEANUP(buffer_clear) struct buffer first = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer second = BUFFER_INIT(1 << 20);
	CLEANUP(edition_free) struct edition *before = compile();
	struct error err = { 0 };
	struct job job = reader("Ann", "ann@example.org", "{}");
	char id[128] = "";
	char line[512];
	(void)state;
	in.html_template.size = strlen(in.html_template.data);
	in.text_template.size = strlen(in.text_template.data);
	in.answers_salt = sample.salt;
	in.answers_host = edition_host(before);
	in.salt = BYTES_OF("fedcba9876543210");
	assert_int_equal(edition_compile(&in, &edition, &err), 0);
	assert_int_equal(edition_fill(before, &job, &keys, &first, &err), 0);
	assert_int_equal(edition_fill(edition, &job, &keys, &second, &err), 0);
	assert_int_equal(sscanf(strstr(buffer_text(&first), "Message-ID: "), "Message-ID: %127s", id), 1);
	snprintf(line, sizeof line, "\r\nIn-Reply-To: %s\r\nReferences: %s\r\n", id, id);
	assert_non_null(strstr(buffer_text(&second), line));
	snprintf(line, sizeof line, "Message-ID: %s\r\n", id);
	assert_null(strstr(buffer_text(&second), line));
	assert_null(strstr(buffer_text(&first), "In-Reply-To"));
}

static struct edition *compile_of(const struct edition_in *in)
{
	struct edition *edition = NULL;
	struct error err = { 0 };
	if (edition_compile(in, &edition, &err) < 0)
		fail_msg("%s", err.text);
	return edition;
}

/* The templates in the box, with everything that a mail can have. */
static struct edition_in whole(const struct post *posts, size_t n, const char *template)
{
	struct edition_in in = sample;
	char name[64];
	snprintf(name, sizeof name, "mail/%s.html", template);
	assert_true(template_builtin(name, &in.html_template));
	snprintf(name, sizeof name, "mail/%s.txt", template);
	assert_true(template_builtin(name, &in.text_template));
	in.posts = posts;
	in.post_count = n;
	in.subject_is_ours = true;
	in.subject = "For {{first_name}}{{^first_name}}you{{/first_name}}: caf\xc3\xa9";
	return in;
}

static char *filled(const struct edition *edition, const struct job *job)
{
	struct buffer out = BUFFER_INIT(1 << 20);
	struct error err;
	assert_int_equal(edition_fill(edition, job, &keys, &out, &err), 0);
	return buffer_give(&out);
}

static void test_a_subject_is_made_for_each_reader_and_no_name_gets_out_of_it(void **state)
{
	static const struct post ours = { .identity = "x", .title = "T", .html = "<p>a</p>", .text = "a", .is_ours = true };
	struct edition_in in = whole(&ours, 1, "letter");
	CLEANUP(edition_free) struct edition *edition = compile_of(&in);
	struct job jobs[] = { reader("Ann Lee", "a@x.org", "{}"), reader("", "a@x.org", "{}"),
		              reader("Eve\r\nBcc: z@z.org", "a@x.org", "{\"first_name\":\"Eve\\r\\nBcc: z\"}") };
	static const char *const subjects[] = { "Subject: =?UTF-8?Q?For_Ann=3A_caf=C3=A9?=\r\n",
		                                "Subject: =?UTF-8?Q?For_you=3A_caf=C3=A9?=\r\n",
		                                "Subject: =?UTF-8?Q?For_Eve__Bcc=3A_z=3A_caf=C3=A9?=\r\n" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(jobs); i++) {
		char *mail = filled(edition, &jobs[i]);
		if (!strstr(mail, subjects[i]))
			fail_msg("%s is not in\n%.600s", subjects[i], mail);
		assert_null(strstr(mail, "\nBcc:"));
		free(mail);
	}
}

/* RULES P5: what is not the reader's own is the same, byte for byte. */
static void test_two_mails_differ_in_their_slots_alone(void **state)
{
	static const struct post posts[] = {
		{ .identity = "x",
		  .title = "One {{name}}",
		  .html = "<p>Hello {{first_name}}</p><pre>a  b</pre>",
		  .text = "Hello {{first_name}}",
		  .url = "https://x.example/1",
		  .is_ours = true },
		{ .identity = "y", .title = "Two", .html = "<p>b</p>", .text = "b", .url = "https://x.example/2" }
	};
	static const char *const templates[] = { "letter", "news", "digest" };
	struct job a = reader("Aaaa", "aaaa@x.org", "{}");
	struct job b = reader("Bbbb", "bbbb@x.org", "{}");
	(void)state;
	for (size_t t = 0; t < COUNT_OF(templates); t++) {
		struct edition_in in = whole(posts, 2, templates[t]);
		CLEANUP(edition_free) struct edition *edition = compile_of(&in);
		char *one = filled(edition, &a);
		char *other = filled(edition, &b);
		assert_int_equal(strlen(one), strlen(other));
		for (size_t i = 0; one[i]; i++)
			if (one[i] != other[i] && !((one[i] == 'A' && other[i] == 'B') || (one[i] == 'a' && other[i] == 'b')))
				fail_msg("%s: \"%.20s\" and \"%.20s\"", templates[t], one + i, other + i);
		free(one);
		free(other);
	}
}

static void test_a_long_post_is_cut_before_gmail_does(void **state)
{
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
	struct job job = reader("Ann", "a@x.org", "{}");
	struct error err;
	static const char *const words[] = { "a sentence of plain words, ",
		                             "\xd7\x9e\xd7\xa9\xd7\xa4\xd7\x98 \xd7\x90\xd7\xa8\xd7\x95\xd7\x9a " };
	(void)state;
	for (size_t w = 0; w < COUNT_OF(words); w++) {
		buffer_reset(&html);
		for (int i = 0; i < 1200; i++)
			buffer_format(&html, "<p>%s%s%s%s</p>\n", words[w], words[w], words[w], words[w]);
		struct post post_long = {
			.identity = "x", .title = "T", .html = buffer_text(&html), .text = "T", .url = "https://x.example/whole"
		};
		struct edition_in in = whole(&post_long, 1, "news");
		CLEANUP(edition_free) struct edition *edition = compile_of(&in);
		buffer_reset(&out);
		assert_int_equal(edition_part(edition, EDITION_HTML, &job, &keys, &out, &err), 0);
		assert_in_range(out.size, 60000, 92 << 10);
		assert_non_null(strstr(buffer_text(&out), "Read the rest on the web"));
		assert_non_null(strstr(buffer_text(&out), "</html>"));
		assert_in_range(edition_bytes(edition), 60000, 102 << 10);
		/* Without a page to go on reading nothing is left out. */
		post_long.url = NULL;
		CLEANUP(edition_free) struct edition *all = compile_of(&in);
		assert_true(edition_bytes(all) > (110 << 10));
	}
}

static void test_words_and_direction_follow_the_lists_language(void **state)
{
	static const struct {
		const char *language, *lang, *text;
	} cases[] = { { "de-AT", "<html lang=\"de\" dir=\"ltr\"", "22. November 2026" },
		      { "he", "<html lang=\"he\" dir=\"rtl\"", "22 \xd7\x91\xd7\xa0\xd7\x95\xd7\x91\xd7\x9e\xd7\x91\xd7\xa8 2026" },
		      { "ar", "<html lang=\"ar\" dir=\"rtl\"", "text-align:right" },
		      { "fr", "<html lang=\"fr\" dir=\"ltr\"", "22 novembre 2026" },
		      { "es", "<html lang=\"es\"", "22 de noviembre de 2026" },
		      { "ru", "<html lang=\"ru\"", "\xd0\xbd\xd0\xbe\xd1\x8f\xd0\xb1\xd1\x80\xd1\x8f 2026" },
		      { "xx", "<html lang=\"en\"", "22 November 2026" } };
	static const struct post dated = {
		.identity = "x", .title = "T", .html = "<p>a</p>", .text = "a", .published_us = INT64_C(1795341600) * 1000000
	};
	struct job job = reader("Ann", "a@x.org", "{}");
	struct error err;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
		struct edition_in in = whole(&dated, 1, "letter");
		in.language = cases[i].language;
		CLEANUP(edition_free) struct edition *edition = compile_of(&in);
		assert_int_equal(edition_part(edition, EDITION_HTML, &job, &keys, &out, &err), 0);
		if (!strstr(buffer_text(&out), cases[i].lang) || !strstr(buffer_text(&out), cases[i].text))
			fail_msg("%s: no %s or %s", cases[i].language, cases[i].lang, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_no_control_character_of_a_feed_is_a_slot),
		                            cmocka_unit_test(test_values_are_escaped_where_they_stand),
		                            cmocka_unit_test(test_the_stored_edition_gives_the_same_bytes),
		                            cmocka_unit_test(test_a_damaged_edition_is_refused),
		                            cmocka_unit_test(test_without_a_reader_nothing_personal_is_shown),
		                            cmocka_unit_test(test_a_fault_of_a_template_is_said),
		                            cmocka_unit_test(test_a_correction_names_the_readers_own_first_mail),
		                            cmocka_unit_test(test_a_subject_is_made_for_each_reader_and_no_name_gets_out_of_it),
		                            cmocka_unit_test(test_two_mails_differ_in_their_slots_alone),
		                            cmocka_unit_test(test_a_long_post_is_cut_before_gmail_does),
		                            cmocka_unit_test(test_words_and_direction_follow_the_lists_language) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
