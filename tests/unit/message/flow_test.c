#include "message/flow.h"
#include "base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static char *flowed(const char *text)
{
	struct buffer out = BUFFER_INIT(1 << 20);
	struct error err;
	assert_int_equal(flow_text(bytes_text(text), &out, &err), 0);
	return buffer_give(&out);
}

static void check(const char *text, const char *expected)
{
	char *got = flowed(text);
	assert_string_equal(got ? got : "", expected);
	free(got);
}

/* RFC 3676, section 4: what a reader that knows format=flowed puts together again. */
static void unflow(const char *flowed_text, struct buffer *out)
{
	struct bytes rest = bytes_text(flowed_text);
	bool open = false;
	size_t open_quote = 0;
	while (rest.size > 0) {
		const char *lf = memchr(rest.data, '\n', rest.size);
		struct bytes line = { rest.data, (size_t)(lf - rest.data) };
		rest.data += line.size + 1;
		rest.size -= line.size + 1;
		size_t quote = 0;
		while (quote < line.size && line.data[quote] == '>')
			quote++;
		struct bytes text = { line.data + quote, line.size - quote };
		if (text.size > 0 && text.data[0] == ' ') {
			text.data++;
			text.size--;
		}
		if (!open || quote != open_quote) {
			if (open)
				buffer_add_char(out, '\n');
			for (size_t i = 0; i < quote; i++)
				buffer_add_text(out, "> ");
		}
		buffer_add_bytes(out, text);
		bool is_signature = quote == 0 && bytes_equal(text, BYTES_OF("-- "));
		open = text.size > 0 && text.data[text.size - 1] == ' ' && !is_signature;
		open_quote = quote;
		if (!open)
			buffer_add_char(out, '\n');
	}
}

static size_t widest(const char *text)
{
	struct bytes rest = bytes_text(text);
	struct bytes line;
	size_t most = 0;
	while (text_next_part(&rest, "\n", &line))
		most = text_columns(line) > most ? text_columns(line) : most;
	return most;
}

static void test_a_paragraph_comes_back_as_it_was(void **state)
{
	static const char *const texts[] = {
		"The council has found the money: from next week the small ferry crosses on Sundays as well, the first boat at nine.\n",
		"From here to there it takes as long as it took before, whatever the council says about it in its letters to us all.\n",
		"בשעה ארבע וחצי עוד חשוך על הרציף, ורק הפנס שמעל מחסן הרשתות דולק. יוסי קושר את הסירה, מונה את הנוסעים ומחכה עוד דקה.\n",
		"> A quote that is long enough to need a second line, and then a third one, because it goes on and on about the weather.\n",
		"> > A quote within a quote that is long enough to need a second line, because it goes on and on about the weather too.\n",
		"A very long address https://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa in it.\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEANUP(buffer_clear) struct buffer back = BUFFER_INIT(1 << 20);
		char *got = flowed(texts[i]);
		unflow(got, &back);
		assert_string_equal(buffer_text(&back), texts[i]);
		if (!strstr(texts[i], "://"))
			assert_in_range(widest(got), 40, 72);
		free(got);
	}
}

static void test_an_address_is_never_broken(void **state)
{
	(void)state;
	check("Here https://example.org/a-path-that-is-so-long-that-no-line-of-seventy-two-columns/could/ever/hold/it?all=of&it=1 it is\n",
	      "Here \nhttps://example.org/a-path-that-is-so-long-that-no-line-of-seventy-two-columns/could/ever/hold/it?all=of&it=1 \nit "
	      "is\n");
}

static void test_lines_that_would_be_misread_are_stuffed(void **state)
{
	(void)state;
	check("From here\n", " From here\n");
	check("    code\n\n> quote\n>\n> more\n", "     code\n\n> quote\n>\n> more\n");
	check(" x\n", "  x\n");
}

static void test_items_hang_and_stay_aligned(void **state)
{
	(void)state;
	check("- one item that is long enough to be wrapped as well, since lists want their indents\n  1. nested\n     1. deeper\n- two\n",
	      " - one item that is long enough to be wrapped as well, since lists want\n   their indents\n   1. nested\n      1. deeper\n "
	      "- two\n");
}

static void test_code_stays_as_it_is(void **state)
{
	(void)state;
	check("Text\n\n    int a;   /* a comment that is far too long for a line of seventy-two columns, and yet it stays */\n\n\n    b\n",
	      "Text\n\n     int a;   /* a comment that is far too long for a line of seventy-two columns, and yet it stays */\n\n\n     "
	      "b\n");
	check("- item\n\n      code - of the item\n\nText\n", " - item\n\n       code - of the item\n\nText\n");
}

static void test_the_signature_is_one_and_nothing_else_looks_like_it(void **state)
{
	(void)state;
	check("Text\n-- \nThe Harbour Letter\n", "Text\n-- \nThe Harbour Letter\n");
	check("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa -- "
	      "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n",
	      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \n"
	      "-- bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n");
}

static void test_blank_lines_are_kept_to_one(void **state)
{
	(void)state;
	check("\n\na\n\n\n\nb\n\n\n", "a\n\nb\n");
	check("", "");
}

/* Two columns a character; hard breaks, since a soft one would put a blank between two characters; none before what closes. */
static void test_chinese_and_japanese_are_counted_and_broken_hard(void **state)
{
	CLEANUP(buffer_clear) struct buffer long_text = BUFFER_INIT(10000);
	(void)state;
	for (int i = 0; i < 20; i++)
		buffer_add_text(&long_text, "港の小さな船は日曜日も、");
	buffer_add_text(&long_text, "\n");
	char *got = flowed(buffer_text(&long_text));
	assert_in_range(widest(got), 60, 72);
	assert_null(strstr(got, " "));
	assert_null(strstr(got, "\n、"));
	free(got);
}

static void test_marks_that_combine_take_no_column(void **state)
{
	(void)state;
	/* 70 letters, each with an accent of its own that combines. */
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(10000);
	for (int i = 0; i < 35; i++)
		buffer_add_text(&text, "e\xcc\x81 ");
	buffer_add_text(&text, "e\n");
	char *got = flowed(buffer_text(&text));
	assert_string_equal(got, buffer_text(&text));
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_paragraph_comes_back_as_it_was),
		                            cmocka_unit_test(test_an_address_is_never_broken),
		                            cmocka_unit_test(test_lines_that_would_be_misread_are_stuffed),
		                            cmocka_unit_test(test_items_hang_and_stay_aligned),
		                            cmocka_unit_test(test_code_stays_as_it_is),
		                            cmocka_unit_test(test_the_signature_is_one_and_nothing_else_looks_like_it),
		                            cmocka_unit_test(test_blank_lines_are_kept_to_one),
		                            cmocka_unit_test(test_chinese_and_japanese_are_counted_and_broken_hard),
		                            cmocka_unit_test(test_marks_that_combine_take_no_column) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
