#include "base/diff.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void check(const char *from, const char *to, const char *expected)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
	struct error err;
	assert_int_equal(diff_unified(from, to, "a", "b", &out, &err), 0);
	assert_string_equal(buffer_text(&out), expected);
}

static void test_the_same_is_nothing(void **state)
{
	(void)state;
	check("one\ntwo\n", "one\ntwo\n", "");
	check("", "", "");
}

static void test_one_word_in_the_middle(void **state)
{
	(void)state;
	check("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
	      "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

static void test_changes_far_apart_are_two_hunks(void **state)
{
	(void)state;
	check("a\n1\n2\n3\n4\n5\n6\n7\n8\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\n8\nB\n",
	      "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -7,4 +7,4 @@\n 6\n 7\n 8\n-b\n+B\n");
}

static void test_lines_come_and_go(void **state)
{
	(void)state;
	check("", "new\n", "--- a\n+++ b\n@@ -0,0 +1,1 @@\n+new\n");
	check("a\nb\nc", "a\nc", "--- a\n+++ b\n@@ -1,3 +1,2 @@\n a\n-b\n c\n");
}

static void test_texts_with_nothing_in_common_are_one_change(void **state)
{
	CLEANUP(buffer_clear) struct buffer from = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer to = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
	struct error err;
	(void)state;
	for (int i = 0; i < 5000; i++) {
		buffer_format(&from, "old %d\n", i);
		buffer_format(&to, "new %d\n", i);
	}
	assert_int_equal(diff_unified(buffer_text(&from), buffer_text(&to), "a", "b", &out, &err), 0);
	assert_non_null(strstr(buffer_text(&out), "@@ -1,5000 +1,5000 @@\n-old 0\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_is_nothing),
		cmocka_unit_test(test_one_word_in_the_middle),
		cmocka_unit_test(test_changes_far_apart_are_two_hunks),
		cmocka_unit_test(test_lines_come_and_go),
		cmocka_unit_test(test_texts_with_nothing_in_common_are_one_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
