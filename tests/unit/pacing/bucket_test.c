#include "pacing/bucket.h"
#include "base/units.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_burst_then_pace(void **state)
{
	struct bucket bucket;
	struct error err;
	int64_t now_us = 1000 * SECOND_US;
	(void)state;
	assert_int_equal(bucket_init(&bucket, 10, SECOND_US, 5, &err), 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(bucket_wait(&bucket, now_us), 0);
		bucket_take(&bucket, now_us);
	}
	assert_int_equal(bucket_wait(&bucket, now_us), 100000);
	assert_int_equal(bucket_wait(&bucket, now_us + 100000), 0);
}

static void test_never_faster_than_asked(void **state)
{
	struct bucket bucket;
	struct error err;
	int64_t taken = 0;
	(void)state;
	assert_int_equal(bucket_init(&bucket, 7, SECOND_US, 7, &err), 0);
	for (int64_t us = 0; us < 100 * SECOND_US; us += 1000)
		if (bucket_wait(&bucket, us) == 0) {
			bucket_take(&bucket, us);
			taken++;
		}
	assert_in_range(taken, 690, 707);
}

static void test_odd_rates_are_refused(void **state)
{
	struct bucket bucket = { .token_us = 42 };
	struct error err;
	(void)state;
	assert_int_equal(bucket_init(&bucket, 0, SECOND_US, 1, &err), -1);
	assert_int_equal(bucket_init(&bucket, 10, 5, 1, &err), -1);
	assert_int_equal(bucket_init(&bucket, 10, SECOND_US, 0, &err), -1);
	assert_int_equal(bucket.token_us, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_burst_then_pace), cmocka_unit_test(test_never_faster_than_asked),
		                            cmocka_unit_test(test_odd_rates_are_refused) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
