#include "bounce/letter.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct letter read_it(const char *raw, struct arena *arena)
{
	struct letter letter;
	struct error err = { 0 };
	if (letter_read(bytes_text(raw), arena, &letter, &err) < 0)
		fail_msg("%s", err.text);
	return letter;
}

static void test_a_plain_mail(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	(void)state;
	struct letter letter = read_it("Delivered-To: post+abc@example.org\r\nFrom: \"Lee, Dana (d@x)\" <dana@example.org>\r\nTo: Post\r\n "
	                               "<post@example.org>, b@x\r\n"
	                               "Subject: =?utf-8?q?Caf=C3=A9?=\r\n =?utf-8?b?IG5ld3M=?=\r\nMessage-ID: <1@x>\r\n\r\nHello.\r\n",
	                               &arena);
	assert_string_equal(letter.from, "dana@example.org");
	assert_string_equal(letter.subject, "Caf\xc3\xa9 news");
	assert_string_equal(letter.message_id, "1@x");
	assert_int_equal(letter.to_count, 3);
	assert_string_equal(letter.to[0], "post+abc@example.org");
	assert_string_equal(letter.to[1], "post@example.org");
	assert_non_null(strstr(letter.text, "Hello."));
	assert_null(letter.html);
	assert_false(letter.is_automatic);
}

static void test_parts_and_their_charsets(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	(void)state;
	struct letter letter = read_it(
		"From: a@x\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: "
		"multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain; "
		"charset=iso-8859-1\r\nContent-Transfer-Encoding: "
		"quoted-printable\r\n\r\ncaf=E9=\r\n.\r\n--a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: "
		"base64\r\n\r\nPGI+eDwvYj4=\r\n--a--\r\n--m\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nnot "
		"this\r\n--m--\r\n",
		&arena);
	assert_non_null(strstr(letter.text, "caf\xc3\xa9."));
	assert_string_equal(letter.html, "<b>x</b>");
	assert_null(strstr(letter.text, "not this"));
}

static void test_what_no_person_wrote(void **state)
{
	static const char *const automatic[] = { "Auto-Submitted: auto-replied",
		                                 "Auto-Submitted:auto-generated",
		                                 "Precedence: bulk",
		                                 "List-Id: <x>",
		                                 "list-unsubscribe: <x>",
		                                 "Return-Path: <>",
		                                 "X-Loop: y" };
	static const char *const human[] = { "Auto-Submitted: no", "Precedence: first-class", "Return-Path: <a@x>", "X-Listing: 1" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(automatic) + COUNT_OF(human); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		bool is_automatic = i < COUNT_OF(automatic);
		const char *field = is_automatic ? automatic[i] : human[i - COUNT_OF(automatic)];
		const char *raw = arena_format(&arena, "From: a@x\r\n%s\r\nSubject: s\r\n\r\nx\r\n", field);
		if (read_it(raw, &arena).is_automatic != is_automatic)
			fail_msg("%s", field);
	}
}

static void test_a_forwarded_mail_does_not_speak_for_its_sender(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	(void)state;
	struct letter letter = read_it(
		"From: a@x\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: "
		"message/rfc822\r\n\r\nFrom: b@y\r\nSubject: t\r\n\r\nwords of b\r\n--m--\r\n",
		&arena);
	assert_null(letter.text);
	assert_string_equal(letter.subject, "s");
}

static void test_hostile_bytes_are_read_or_refused(void **state)
{
	static const char *const raws[] = { "",
		                            "\r\n\r\n",
		                            "no header at all",
		                            "From: \r\nSubject: =?utf-8?q?=FF=FE?=\r\n\r\n",
		                            "From: <<<<>>>>@@@@\r\n\r\nx",
		                            "Subject: \x01\x02\r\nContent-Type: text/plain; charset=no-such-thing\r\n\r\n\xff\xfe" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(raws); i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct letter letter;
		struct error err;
		if (letter_read(bytes_text(raws[i]), &arena, &letter, &err) == 0)
			assert_non_null(letter.subject);
	}
	/* Two thousand parts deep. */
	CLEANUP(buffer_clear) struct buffer deep = BUFFER_INIT(4 << 20);
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct letter letter;
	struct error err;
	buffer_add_text(&deep, "From: a@x\r\nSubject: s\r\n");
	for (int i = 0; i < 2000; i++)
		buffer_format(&deep, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i);
	if (letter_read(buffer_bytes(&deep), &arena, &letter, &err) == 0)
		assert_string_equal(letter.subject, "s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plain_mail),
		cmocka_unit_test(test_parts_and_their_charsets),
		cmocka_unit_test(test_what_no_person_wrote),
		cmocka_unit_test(test_a_forwarded_mail_does_not_speak_for_its_sender),
		cmocka_unit_test(test_hostile_bytes_are_read_or_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
