#include "message/dkim.h"
#include "system/keygen.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct sign_key *make_key(enum sign_kind kind)
{
	struct error err = { 0 };
	struct sign_key *key = NULL;
	struct buffer pem = BUFFER_INIT(64 << 10);
	assert_int_equal(keygen(kind, 2048, &pem, &err), 0);
	assert_int_equal(sign_read(buffer_bytes(&pem), &key, &err), 0);
	buffer_clear(&pem);
	return key;
}

/* The signature of a message with that body; free() it. */
static char *sign(const struct sign_key *key, enum dkim_fields fields, const char *head, const char *body)
{
	struct error err = { 0 };
	struct buffer message = BUFFER_INIT(1 << 20);
	struct buffer out = BUFFER_INIT(1 << 20);
	struct dkim_signer signer = { key, "example.org", "s" };
	buffer_format(&message, "%s\r\n%s", head, body);
	assert_int_equal(dkim_sign(&signer, 1, fields, buffer_bytes(&message), 1700000000 * INT64_C(1000000), &out, &err), 0);
	buffer_clear(&message);
	return buffer_give(&out);
}

static bool same_body_hash(const struct sign_key *key, const char *a, const char *b)
{
	static const char head[] = "From: a@example.org\r\nSubject: x\r\n";
	char *one = sign(key, DKIM_FULL, head, a);
	char *two = sign(key, DKIM_FULL, head, b);
	const char *at_one = strstr(one, "bh=");
	const char *at_two = strstr(two, "bh=");
	bool same = strncmp(at_one, at_two, 3 + 44) == 0;
	free(one);
	free(two);
	return same;
}

static void test_relaxed_body(void **state)
{
	(void)state;
	struct sign_key *key = make_key(SIGN_ED25519);
	/* RFC 6376 section 3.4.5: the examples, and an empty body's well-known hash. */
	char *empty = sign(key, DKIM_FULL, "From: a@example.org\r\n", "");
	assert_non_null(strstr(empty, "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;"));
	free(empty);
	assert_true(same_body_hash(key, " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"));
	assert_true(same_body_hash(key, "\r\n\r\n", ""));
	assert_false(same_body_hash(key, "a b\r\n", "ab\r\n"));
	assert_false(same_body_hash(key, "a\r\n\r\nb\r\n", "a\r\nb\r\n"));
	/* Across the stretches that are looked at together. */
	char odd[12000];
	char even[12000];
	size_t a = 0;
	size_t b = 0;
	for (int i = 0; i < 400; i++) {
		a += (size_t)snprintf(odd + a, sizeof odd - a, "line %d%s\twords \r\n", i, i % 7 ? " " : "");
		b += (size_t)snprintf(even + b, sizeof even - b, "line %d words\r\n", i);
	}
	assert_true(same_body_hash(key, odd, even));
	sign_free(&key);
}

static void test_relaxed_head_is_blind_to_folding(void **state)
{
	(void)state;
	struct sign_key *key = make_key(SIGN_RSA);
	char *one = sign(key, DKIM_FULL, "From: a@example.org\r\nSubject: two  words\r\n", "x\r\n");
	char *two = sign(key, DKIM_FULL, "FROM:a@example.org \r\nsubject:\r\n two\r\n\twords  \r\n", "x\r\n");
	assert_string_equal(one, two);
	free(one);
	free(two);
	sign_free(&key);
}

static void test_M22_what_is_listed(void **state)
{
	(void)state;
	struct sign_key *key = make_key(SIGN_RSA);
	static const char head[] =
		"From: a@example.org\r\nTo: b@example.org\r\nDate: x\r\nMessage-ID: <y>\r\nList-Unsubscribe: <https://z>\r\n";
	char *full = sign(key, DKIM_FULL, head, "x\r\n");
	char *less = sign(key, DKIM_NO_ID_DATE, head, "x\r\n");
	assert_non_null(strstr(full, "h=from:from:reply-to:to:to:cc:subject:"));
	assert_non_null(strstr(full, "list-unsubscribe:"));
	assert_null(strstr(less, "date"));
	assert_null(strstr(less, "message-id"));
	assert_null(strstr(full, "l="));
	/* RFC 5322 section 2.1.1: short lines. */
	for (const char *line = full; *line; line = strstr(line, "\r\n") + 2)
		assert_true(strcspn(line, "\r") <= 78);
	free(full);
	free(less);
	sign_free(&key);
}

static void test_from_domain(void **state)
{
	(void)state;
	static const struct {
		const char *from, *domain;
	} cases[] = { { "a@example.org", "example.org" },
		      { "\"b@evil.example>\" <a@news.example.org>", "news.example.org" },
		      { "=?UTF-8?Q?x?=\r\n <a@example.org>", "example.org" },
		      { "nobody", "" } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char message[256];
		snprintf(message, sizeof message, "Subject: q@w\r\nFrom: %s\r\n\r\nx\r\n", cases[i].from);
		struct bytes domain = dkim_from_domain(bytes_text(message));
		assert_int_equal(domain.size, strlen(cases[i].domain));
		assert_memory_equal(domain.data, cases[i].domain, domain.size);
	}
}

static void test_bad_keys_and_messages(void **state)
{
	(void)state;
	struct error err = { 0 };
	struct sign_key *key = NULL;
	struct buffer weak = BUFFER_INIT(64 << 10);
	struct buffer out = BUFFER_INIT(64 << 10);
	assert_int_equal(sign_read(bytes_text("-----BEGIN NOTHING-----"), &key, &err), -1);
	assert_int_equal(sign_read((struct bytes){ "", 0 }, &key, &err), -1);
	assert_int_equal(keygen(SIGN_RSA, 1024, &weak, &err), 0);
	assert_int_equal(sign_read(buffer_bytes(&weak), &key, &err), -1);
	assert_non_null(strstr(err.text, "1024"));
	key = make_key(SIGN_ED25519);
	struct dkim_signer signer = { key, "example.org", "s" };
	static const char *const broken[] = { "", "From: x", "From: x\r\n", "no field\r\n\r\n", "\r\n" };
	for (size_t i = 0; i + 1 < sizeof broken / sizeof broken[0]; i++)
		assert_int_equal(dkim_sign(&signer, 1, DKIM_FULL, bytes_text(broken[i]), 0, &out, &err), -1);
	buffer_clear(&weak);
	buffer_clear(&out);
	sign_free(&key);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_relaxed_body), cmocka_unit_test(test_relaxed_head_is_blind_to_folding),
		                            cmocka_unit_test(test_M22_what_is_listed), cmocka_unit_test(test_from_domain),
		                            cmocka_unit_test(test_bad_keys_and_messages) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
