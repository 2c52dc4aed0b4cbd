#include "base/field.h"
#include "base/units.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct row {
	int64_t interval_us, flood;
};
static const char *const standard[] = { "standard" };
static const struct field fields[] = { FIELD_OR(struct row, interval_us, FIELD_DURATION, standard),
	                               FIELD_OR(struct row, flood, FIELD_INT, standard), FIELD_END };

static void test_a_zero_with_a_word_is_the_word_and_null(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct row row = { 0 };
	json_t *object = field_json(fields, &row);
	(void)state;
	assert_string_equal(field_text(&fields[0], &row, &arena), "standard");
	assert_string_equal(field_text(&fields[1], &row, &arena), "standard");
	assert_true(json_is_null(json_object_get(object, "interval_s")));
	assert_true(json_is_null(json_object_get(object, "flood")));
	json_decref(object);
}

static void test_a_number_with_a_word_for_zero_is_itself(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct row row = { 90 * SECOND_US, 3 };
	json_t *object = field_json(fields, &row);
	(void)state;
	assert_string_equal(field_text(&fields[1], &row, &arena), "3");
	assert_true(json_real_value(json_object_get(object, "interval_s")) == 90);
	assert_int_equal(json_integer_value(json_object_get(object, "flood")), 3);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_zero_with_a_word_is_the_word_and_null),
		cmocka_unit_test(test_a_number_with_a_word_for_zero_is_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
