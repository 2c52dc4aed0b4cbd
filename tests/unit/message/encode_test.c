#include "message/encode.h"
#include "base/text.h"
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static int value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c - 'A' + 10;
}

/* A decoder of our own for the test: strict. */
static void decode(const char *text, struct buffer *out)
{
	for (const char *p = text; *p; p++) {
		if (*p == '=' && p[1] == '\r') {
			p += 2;
		} else if (*p == '=') {
			buffer_add_char(out, (char)(value(p[1]) * 16 + value(p[2])));
			p += 2;
		} else {
			buffer_add_char(out, *p);
		}
	}
}

static size_t longest(const char *text)
{
	size_t most = 0;
	for (const char *line = text; line; line = strstr(line, "\r\n") ? strstr(line, "\r\n") + 2 : NULL) {
		size_t n = strcspn(line, "\r");
		most = n > most ? n : most;
	}
	return most;
}

static void test_M6_quoted_printable_is_faithful_and_short(void **state)
{
	srand(7);
	(void)state;
	for (int round = 0; round < 500; round++) {
		char text[400];
		size_t n = (size_t)(rand() % 399);
		for (size_t i = 0; i < n; i++) {
			int pick = rand() % 8;
			text[i] = pick == 0   ? ' '
			          : pick == 1 ? '.'
			          : pick == 2 ? (char)(128 + rand() % 128)
			          : pick == 3 ? '='
			          : pick == 4 ? '\t'
			                      : (char)(33 + rand() % 90);
		}
		CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(10000);
		CLEANUP(buffer_clear) struct buffer back = BUFFER_INIT(10000);
		size_t column = 0;
		size_t cut = n ? (size_t)rand() % n : 0;
		/* In two pieces, as a message is. */
		encode_quoted_printable((struct bytes){ text, cut }, &column, false, &out);
		encode_quoted_printable((struct bytes){ text + cut, n - cut }, &column, true, &out);
		decode(buffer_text(&out), &back);
		assert_int_equal(back.size, n);
		assert_true(n == 0 || memcmp(back.data, text, n) == 0);
		assert_true(longest(buffer_text(&out)) <= 76);
		assert_null(strstr(buffer_text(&out), " \r\n"));
	}
}

static void test_no_line_begins_with_a_dot_or_From(void **state)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(10000);
	size_t column = 0;
	(void)state;
	encode_quoted_printable(BYTES_OF(".a\nFrom me\n. b\nFro"), &column, true, &out);
	assert_string_equal(buffer_text(&out), "=2Ea\r\n=46rom me\r\n=2E b\r\n=46ro");
}

static void test_M6_encoded_words_hold_their_limits(void **state)
{
	static const char *const texts[] = { "Caf\xc3\xa9 Weekly",
		                             "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd7\xa2\xd7\x95\xd7\x9c\xd7\x9d "
		                             "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd7\xa2\xd7\x95\xd7\x9c\xd7\x9d",
		                             "\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e"
		                             "\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89",
		                             "=?UTF-8?Q?fake?=" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(10000);
		struct error err;
		assert_int_equal(encode_header_text(bytes_text(texts[i]), 9, &out, &err), 0);
		assert_true(text_is_ascii(buffer_bytes(&out)));
		assert_true(longest(buffer_text(&out)) <= 76);
		struct bytes rest = buffer_bytes(&out);
		struct bytes word;
		while (text_next_part(&rest, " \r\n", &word)) {
			assert_true(word.size <= 75);
			assert_true(text_starts_nocase(word, "=?UTF-8?Q?"));
			/* No character is split: what a word holds is whole UTF-8. */
			CLEANUP(buffer_clear) struct buffer back = BUFFER_INIT(1000);
			CLEANUP(buffer_clear) struct buffer inside = BUFFER_INIT(1000);
			buffer_add(&inside, word.data + 10, word.size - 12);
			decode(buffer_text(&inside), &back);
			assert_true(text_is_utf8(buffer_bytes(&back)));
		}
	}
}

static void test_A14_no_header_can_be_injected(void **state)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(10000);
	struct error err;
	(void)state;
	assert_int_equal(encode_header_text(BYTES_OF("x\r\nBcc: y"), 9, &out, &err), -1);
	assert_int_equal(encode_mailbox(BYTES_OF("x\nBcc: y"), BYTES_OF("a@x.org"), 4, &out, &err), -1);
	assert_int_equal(encode_mailbox(BYTES_OF("x"), BYTES_OF("a@x.org\r\nBcc: y"), 4, &out, &err), -1);
	assert_int_equal(encode_field("List-Id", BYTES_OF("a\0b"), &out, &err), -1);
}

static void test_names_are_quoted_where_they_must(void **state)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(10000);
	struct error err;
	(void)state;
	assert_int_equal(encode_mailbox(BYTES_OF("Reader, \"Bob\""), BYTES_OF("b@x.org"), 4, &out, &err), 0);
	assert_string_equal(buffer_text(&out), "\"Reader, \\\"Bob\\\"\" <b@x.org>");
	buffer_reset(&out);
	assert_int_equal(encode_mailbox(BYTES_OF(""), BYTES_OF("b@x.org"), 4, &out, &err), 0);
	assert_string_equal(buffer_text(&out), "b@x.org");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_M6_quoted_printable_is_faithful_and_short),
		                            cmocka_unit_test(test_no_line_begins_with_a_dot_or_From),
		                            cmocka_unit_test(test_M6_encoded_words_hold_their_limits),
		                            cmocka_unit_test(test_A14_no_header_can_be_injected),
		                            cmocka_unit_test(test_names_are_quoted_where_they_must) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
