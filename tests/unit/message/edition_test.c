#include "message/edition.h"
#include "base/text.h"
#include <stdio.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_values_are_escaped_where_they_stand),
		                            cmocka_unit_test(test_the_stored_edition_gives_the_same_bytes),
		                            cmocka_unit_test(test_a_damaged_edition_is_refused),
		                            cmocka_unit_test(test_without_a_reader_nothing_personal_is_shown),
		                            cmocka_unit_test(test_a_fault_of_a_template_is_said),
		                            cmocka_unit_test(test_a_correction_names_the_readers_own_first_mail) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
