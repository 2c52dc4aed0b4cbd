#include "daemon/web/feeds.h"
#include "base/units.h"
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const uint8_t one[DIGEST_BYTES] = { 1 };
static const uint8_t two[DIGEST_BYTES] = { 2 };

static void test_what_was_made_is_found_until_it_changes_or_a_minute_is_over(void **state)
{
	struct feeds feeds = { 0 };
	(void)state;
	assert_null(feeds_find(&feeds, 0, (const uint8_t[DIGEST_BYTES]){ 0 }, 5));
	feeds_keep(&feeds, 7, one, 41, BYTES_OF("<feed/>"), 5);
	const struct feed *found = feeds_find(&feeds, 7, one, 5 + MINUTE_US - 1);
	assert_non_null(found);
	assert_string_equal(buffer_text(&found->body), "<feed/>");
	assert_int_equal(found->changed_us, 41);
	assert_null(feeds_find(&feeds, 7, two, 6));
	assert_null(feeds_find(&feeds, 8, one, 6));
	assert_null(feeds_find(&feeds, 7, one, 5 + MINUTE_US));
	/* A list has one. */
	feeds_keep(&feeds, 7, two, 42, BYTES_OF("<feed>2</feed>"), 6);
	assert_null(feeds_find(&feeds, 7, one, 6));
	assert_non_null(feeds_find(&feeds, 7, two, 6));
	feeds_clear(&feeds);
	assert_null(feeds_find(&feeds, 7, two, 6));
}

static void test_the_one_asked_for_longest_ago_makes_room(void **state)
{
	struct feeds feeds = { 0 };
	(void)state;
	for (int64_t list = 1; list <= FEEDS; list++)
		feeds_keep(&feeds, list, one, 0, BYTES_OF("x"), 0);
	assert_non_null(feeds_find(&feeds, 1, one, 1));
	feeds_keep(&feeds, 100, one, 0, BYTES_OF("x"), 1);
	assert_null(feeds_find(&feeds, 2, one, 1));
	for (int64_t list = 3; list <= FEEDS; list++)
		assert_non_null(feeds_find(&feeds, list, one, 1));
	assert_non_null(feeds_find(&feeds, 1, one, 1));
	assert_non_null(feeds_find(&feeds, 100, one, 1));
	feeds_clear(&feeds);
}

static void test_one_too_large_is_not_kept(void **state)
{
	struct feeds feeds = { 0 };
	char *large = calloc(1, FEED_BYTES + 1);
	(void)state;
	assert_non_null(large);
	feeds_keep(&feeds, 7, one, 0, BYTES_OF("small"), 0);
	feeds_keep(&feeds, 7, two, 0, (struct bytes){ large, FEED_BYTES + 1 }, 0);
	assert_null(feeds_find(&feeds, 7, two, 0));
	assert_null(feeds_find(&feeds, 7, one, 0));
	feeds_keep(&feeds, 7, one, 0, (struct bytes){ large, FEED_BYTES }, 0);
	assert_non_null(feeds_find(&feeds, 7, one, 0));
	feeds_clear(&feeds);
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_was_made_is_found_until_it_changes_or_a_minute_is_over),
		                            cmocka_unit_test(test_the_one_asked_for_longest_ago_makes_room),
		                            cmocka_unit_test(test_one_too_large_is_not_kept) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
