/* What is asked for on pages: counted by peer, domain and day, a form taken once, done once, forgotten in time (RULES A2, A3). */
#include "fixture.h"
#include "store/list.h"
#include "store/sign_up.h"
#include <stdio.h>

static const struct sign_up_most most = { .peer = 5, .domain = 30, .list = 100, .fresh = 150 };

static enum sign_up_answer ask_for(struct fixture *f, int64_t list, int64_t form, const char *peer, const char *domain, const char *address,
                                   int64_t at_us)
{
	enum sign_up_answer answer = SIGN_UP_TAKEN;
	struct sign_up row = { .form = form,
		               .list_id = list,
		               .peer = peer,
		               .domain = domain,
		               .address = address,
		               .email = "a@example.org",
		               .name = "A",
		               .how = "form /news",
		               .at_us = at_us };
	OK(store_sign_up(f->db, &row, &most, &answer, err));
	return answer;
}

static enum sign_up_answer ask(struct fixture *f, int64_t form, const char *peer, const char *domain, const char *address, int64_t at_us)
{
	return ask_for(f, f->list, form, peer, domain, address, at_us);
}

static void test_A2_five_an_hour_from_one_peer(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(ask(f, i, "peer", "x.example", "a", NOW_US + i), SIGN_UP_TAKEN);
	assert_int_equal(ask(f, 6, "peer", "y.example", "b", NOW_US + 6), SIGN_UP_PEER);
	assert_int_equal(ask(f, 7, "other", "y.example", "b", NOW_US + 7), SIGN_UP_TAKEN);
	assert_int_equal(ask(f, 8, "peer", "y.example", "b", NOW_US + HOUR_US), SIGN_UP_TAKEN);
	/* Nobody knows who it is: others hold them back. */
	for (int i = 10; i < 20; i++)
		assert_int_equal(ask(f, i, "", "x.example", "a", NOW_US + i), SIGN_UP_TAKEN);
	/* A restart forgives nothing. */
	fixture_reopen(f);
	assert_int_equal(ask(f, 9, "peer", "y.example", "b", NOW_US + HOUR_US), SIGN_UP_PEER);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM sign_up"), 17);
}

static void test_A2_thirty_an_hour_for_one_domain(void **state)
{
	struct fixture *f = *state;
	char peer[16];
	for (int i = 0; i < 31; i++) {
		snprintf(peer, sizeof peer, "%d", i);
		assert_int_equal(ask(f, i, peer, "x.example", peer, NOW_US), i < 30 ? SIGN_UP_TAKEN : SIGN_UP_DOMAIN);
	}
	assert_int_equal(ask(f, 40, "p", "y.example", "b", NOW_US), SIGN_UP_TAKEN);
}

static void test_A2_the_days_before_are_counted_apart(void **state)
{
	struct fixture *f = *state;
	int64_t now_us = NOW_US + 9 * DAY_US;
	int64_t days[7];
	char name[16];
	for (int day = 0; day < 9; day++)
		for (int i = 0; i <= day; i++) {
			snprintf(name, sizeof name, "%d-%d", day, i);
			assert_int_equal(ask(f, 100 * day + i, name, name, name, NOW_US + day * DAY_US + DAY_US / 2), SIGN_UP_TAKEN);
		}
	OK(store_sign_up_days(f->db, f->list, now_us, days, COUNT_OF(days), err));
	for (int i = 0; i < 7; i++)
		assert_int_equal(days[i], 8 - i);
	/* Another list has days of its own. */
	OK(store_sign_up_days(f->db, f->list + 1, now_us, days, COUNT_OF(days), err));
	for (int i = 0; i < 7; i++)
		assert_int_equal(days[i], 0);
	/* What is older than eight days is forgotten, though nobody asks. */
	OK(store_sign_up_forget(f->db, now_us + DAY_US, err));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM sign_up"), 9 + 8 + 7 + 6 + 5 + 4 + 3);
	OK(store_sign_up_forget(f->db, now_us + DAY_US, err));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM sign_up"), 9 + 8 + 7 + 6 + 5 + 4 + 3);
}

static void test_A2_each_list_has_a_ceiling_of_its_own(void **state)
{
	struct fixture *f = *state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list other;
	int64_t second = 0;
	char name[16];
	OK(store_list_get(f->db, f->list, &other, &arena, err) - 1);
	other.name = other.list_id = other.post_token = "second";
	OK(store_list_create(f->db, &other, &second, err));
	for (int i = 0; i < 151; i++) {
		snprintf(name, sizeof name, "%d", i);
		assert_int_equal(ask(f, i, name, name, name, NOW_US + i), i < 150 ? SIGN_UP_TAKEN : SIGN_UP_LIST);
	}
	assert_int_equal(ask_for(f, second, 200, "p", "d", "a", NOW_US + 200), SIGN_UP_TAKEN);
}

static void test_A2_a_few_who_ask_again_and_again_close_a_form_for_themselves_alone(void **state)
{
	struct fixture *f = *state;
	char peer[16];
	char name[16];
	/* Twenty addresses, five times an hour. */
	for (int i = 0; i < 120; i++) {
		snprintf(peer, sizeof peer, "%d", i % 20);
		snprintf(name, sizeof name, "%d", i);
		assert_int_equal(ask(f, i, peer, name, name, NOW_US + i / 20 * HOUR_US), i < 100 ? SIGN_UP_TAKEN : SIGN_UP_LIST);
	}
	assert_int_equal(ask(f, 200, "reader", "x.example", "a", NOW_US + 6 * HOUR_US), SIGN_UP_TAKEN);
	assert_int_equal(ask(f, 201, "reader", "x.example", "b", NOW_US + 7 * HOUR_US), SIGN_UP_LIST);
	/* Nobody knows whether he asked before. */
	assert_int_equal(ask(f, 202, "", "x.example", "c", NOW_US + 7 * HOUR_US), SIGN_UP_LIST);
}

static void test_A3_a_form_is_taken_once(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(ask(f, 1, "peer", "x.example", "a", NOW_US), SIGN_UP_TAKEN);
	assert_int_equal(ask(f, 1, "peer", "x.example", "a", NOW_US + 1), SIGN_UP_TAKEN);
	assert_int_equal(ask(f, 1, "other", "x.example", "b", NOW_US + 2), SIGN_UP_USED);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM sign_up"), 1);
}

static void test_what_is_done_is_forgotten_and_not_done_again(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct sign_up rows[4];
	size_t n = 0;
	for (int i = 1; i <= 3; i++)
		assert_int_equal(ask(f, i, "peer", "x.example", "a", NOW_US), SIGN_UP_TAKEN);
	OK(store_sign_up_waiting(f->db, 0, rows, 4, &n, &arena, err));
	assert_int_equal(n, 3);
	assert_string_equal(rows[0].email, "a@example.org");
	OK(store_sign_up_done(f->db, rows[0].id, NOW_US, err));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM sign_up WHERE email = '' AND name = '' AND done_us > 0"), 1);
	OK(store_sign_up_waiting(f->db, 0, rows, 4, &n, &arena, err));
	assert_int_equal(n, 2);
	OK(store_sign_up_waiting(f->db, rows[0].id, rows, 4, &n, &arena, err));
	assert_int_equal(n, 1);
	assert_int_equal(ask(f, 4, "peer", "x.example", "a", NOW_US), SIGN_UP_TAKEN);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_A2_five_an_hour_from_one_peer),
		T(test_A2_thirty_an_hour_for_one_domain),
		T(test_A2_the_days_before_are_counted_apart),
		T(test_A2_each_list_has_a_ceiling_of_its_own),
		T(test_A2_a_few_who_ask_again_and_again_close_a_form_for_themselves_alone),
		T(test_A3_a_form_is_taken_once),
		T(test_what_is_done_is_forgotten_and_not_done_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
