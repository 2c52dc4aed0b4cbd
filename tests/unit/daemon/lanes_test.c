#include "daemon/delivery/lanes.h"
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct job job_of(int64_t campaign, int64_t provider, int64_t delivery)
{
	return (struct job){ .campaign = campaign, .provider = provider, .delivery = delivery };
}

static bool is_campaign(const struct job *job, const void *what)
{
	return job->campaign == *(const int64_t *)what;
}

static void test_more_lines_than_there_is_room_for_are_refused_and_harm_nobody(void **state)
{
	struct lanes lanes;
	struct error err;
	(void)state;
	assert_int_equal(lanes_init(&lanes, &err), 0);
	for (int64_t i = 0; i < LANES; i++) {
		struct job job = job_of(1 + i / 2, i % 2, i);
		assert_true(lanes_add(&lanes, &job));
	}
	struct job one_more = job_of(1000, 0, 1000);
	assert_false(lanes_add(&lanes, &one_more));
	assert_int_equal(lanes.count, LANES);
	/* Who has a line has room yet; and a line that ran empty makes room for another. */
	struct job second = job_of(1, 0, 1001);
	assert_true(lanes_add(&lanes, &second));
	assert_int_equal(lanes_count(&lanes, -1, 1), 3);
	struct job out[8];
	int64_t campaign = 1;
	assert_int_equal(lanes_take(&lanes, is_campaign, &campaign, out, 8), 3);
	lanes_tidy(&lanes);
	assert_int_equal(lanes.lanes, LANES - 2);
	assert_true(lanes_add(&lanes, &one_more));
	assert_int_equal(lanes_count(&lanes, 0, 0), LANES / 2 - 1 + 1);
	lanes_clear(&lanes);
}

static void test_notices_have_a_line_of_their_own_whatever_their_provider(void **state)
{
	struct lanes lanes;
	struct error err;
	(void)state;
	assert_int_equal(lanes_init(&lanes, &err), 0);
	for (int64_t i = 0; i < 5; i++) {
		struct job notice = { .is_notice = true, .provider = i, .delivery = i };
		assert_true(lanes_add(&lanes, &notice));
	}
	assert_int_equal(lanes.lanes, 1);
	assert_int_equal(lanes_count(&lanes, -1, 0), 0);
	for (int64_t i = 0; i < 5; i++) {
		assert_int_equal(lanes_first(&lanes, &lanes.lane[0])->delivery, i);
		lanes_drop_first(&lanes, &lanes.lane[0]);
	}
	lanes_clear(&lanes);
}

static void test_what_waits_for_a_relay_of_its_own_takes_no_place_of_its_providers_others(void **state)
{
	struct lanes lanes;
	struct error err;
	(void)state;
	assert_int_equal(lanes_init(&lanes, &err), 0);
	for (int64_t i = 0; i < 6; i++) {
		struct job job = job_of(1 + i / 4, 3, i);
		assert_true(lanes_add(&lanes, &job));
	}
	lanes.lane[0].stuck = 2;
	lanes.lane[0].is_held = true;
	assert_int_equal(lanes_count(&lanes, 3, 0), 2);
	assert_int_equal(lanes_count(&lanes, -1, 1), 4);
	assert_int_equal(lanes_stuck(&lanes, 2), 4);
	assert_int_equal(lanes_stuck(&lanes, 1), 0);
	assert_int_equal(lanes_ready(&lanes), 2);
	lanes_clear(&lanes);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_waits_for_a_relay_of_its_own_takes_no_place_of_its_providers_others),
		                            cmocka_unit_test(test_more_lines_than_there_is_room_for_are_refused_and_harm_nobody),
		                            cmocka_unit_test(test_notices_have_a_line_of_their_own_whatever_their_provider) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
