#include "base/csv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void expect_row(struct csv *csv, size_t count, const char *const *cells)
{
	struct error err = { 0 };
	assert_int_equal(csv_next(csv, &err), 1);
	assert_int_equal(csv->count, count);
	for (size_t i = 0; i < count; i++)
		assert_true(bytes_equal(csv->cells[i], bytes_text(cells[i])));
}

static void test_quotes_line_breaks_and_doubled_quotes(void **state)
{
	CLEANUP(csv_clear) struct csv csv = CSV_INIT(BYTES_OF("a,\"b, c\",\"d \"\"e\"\"\nf\"\r\n\r\nx,,\n"), ',');
	struct error err;
	(void)state;
	expect_row(&csv, 3, (const char *const[]){ "a", "b, c", "d \"e\"\nf" });
	expect_row(&csv, 3, (const char *const[]){ "x", "", "" });
	assert_int_equal(csv.line, 4);
	assert_int_equal(csv_next(&csv, &err), 0);
}

static void test_a_stray_quote_costs_one_row(void **state)
{
	CLEANUP(csv_clear) struct csv csv = CSV_INIT(BYTES_OF("a,b\n\"open,c\nd,e\n"), ',');
	struct error err;
	(void)state;
	expect_row(&csv, 2, (const char *const[]){ "a", "b" });
	assert_int_equal(csv_next(&csv, &err), -1);
	assert_int_equal(csv.line, 2);
	expect_row(&csv, 2, (const char *const[]){ "d", "e" });
}

/* The next quote is another row's: the rows between are not swallowed, and the broken one is there as it stood. */
static void test_a_stray_quote_does_not_reach_the_next_quoted_row(void **state)
{
	CLEANUP(csv_clear) struct csv csv = CSV_INIT(BYTES_OF("a,b\n\"open,c\r\nd,e\n\"f\",\"two\nlines\"\n"), ',');
	struct error err;
	(void)state;
	expect_row(&csv, 2, (const char *const[]){ "a", "b" });
	assert_int_equal(csv_next(&csv, &err), -1);
	assert_true(bytes_equal(csv.raw, BYTES_OF("\"open,c")));
	expect_row(&csv, 2, (const char *const[]){ "d", "e" });
	expect_row(&csv, 2, (const char *const[]){ "f", "two\nlines" });
	assert_true(bytes_equal(csv.raw, BYTES_OF("\"f\",\"two\nlines\"")));
	assert_int_equal(csv.line, 4);
	assert_int_equal(csv_next(&csv, &err), 0);
}

static void test_the_delimiter_is_found_outside_quotes(void **state)
{
	(void)state;
	assert_int_equal(csv_delimiter(BYTES_OF("a;b;\"x,y,z,w\"\n1,2")), ';');
	assert_int_equal(csv_delimiter(BYTES_OF("a\tb\n")), '\t');
	assert_int_equal(csv_delimiter(BYTES_OF("email\n")), ',');
}

static void test_what_a_spreadsheet_would_run_is_guarded(void **state)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1000);
	(void)state;
	csv_write(&out, BYTES_OF("=cmd()"), ',', true);
	assert_string_equal(buffer_text(&out), "\"'=cmd()\"");
	buffer_reset(&out);
	csv_write(&out, BYTES_OF("=cmd()"), ',', false);
	assert_string_equal(buffer_text(&out), "=cmd()");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_quotes_line_breaks_and_doubled_quotes),
		                            cmocka_unit_test(test_a_stray_quote_costs_one_row),
		                            cmocka_unit_test(test_a_stray_quote_does_not_reach_the_next_quoted_row),
		                            cmocka_unit_test(test_the_delimiter_is_found_outside_quotes),
		                            cmocka_unit_test(test_what_a_spreadsheet_would_run_is_guarded) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
