/* What went wrong and what a person does about it: alerts, refusals nobody should believe, who was missed. */
#include "fixture.h"
#include "store/alert.h"
#include "store/missed.h"
#include "store/refusal.h"
#include <string.h>

static const struct verdict gone = {
	.kind = VERDICT_BOUNCE, .door = DOOR_READER, .counts_attempt = true, .suppress = true, .reason = "no_such_user"
};

static void test_an_alert_is_new_once_and_mailed_by_kind(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct alert alerts[4];
	struct error e;
	size_t n = 0;
	int64_t at_us = 0;
	assert_int_equal(store_alert_raise(f->db, "relay", "main", "does not answer", NOW_US, &e), 1);
	assert_int_equal(store_alert_raise(f->db, "relay", "main", "does not answer", NOW_US + 1, &e), 0);
	assert_int_equal(store_alert_raise(f->db, "relay", "other", "nor does this", NOW_US, &e), 1);
	OK(store_alert_mailed(f->db, "relay", NOW_US + 5, err));
	OK(store_alert_mailed_us(f->db, "relay", &at_us, err));
	assert_true(at_us == NOW_US + 5);
	assert_int_equal(store_alert_raise(f->db, "relay", "main", "says no", NOW_US + 9, &e), 0);
	OK(store_alert_all(f->db, alerts, COUNT_OF(alerts), &n, &arena, err));
	assert_int_equal(n, 2);
	assert_string_equal(alerts[0].text, "says no");
	assert_true(alerts[0].raised_us == NOW_US && alerts[0].mailed_us == NOW_US + 5);
	OK(store_alert_end(f->db, "relay", "main", err));
	OK(store_alert_end_old(f->db, "relay", NOW_US, err));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alert"), 1);
	OK(store_alert_end_old(f->db, "relay", NOW_US + 1, err));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alert"), 0);
}

static void refuse(struct fixture *f, int n)
{
	struct job jobs[8];
	assert_int_equal(fixture_lease(f, jobs, (size_t)n, NOW_US), n);
	for (int i = 0; i < n; i++)
		assert_true(fixture_say(f, &jobs[i], OUTCOME_REPLY, gone));
}

static void test_dropping_brings_back_who_was_refused(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct refusal rows[4];
	size_t count = 0;
	int64_t n = 0;
	int64_t queued = 0;
	fixture_join(f, 0, 5);
	fixture_start(f);
	refuse(f, 3);
	OK(store_refusal_save(f->db, "main", 1, 40, 20, err));
	OK(store_refusal_all(f->db, rows, COUNT_OF(rows), &count, &arena, err));
	assert_true(count >= 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM suppression WHERE is_provisional = 1"), 3);
	OK(store_suppression_drop(f->db, 2, NOW_US + 7, &n, &queued, err));
	assert_true(n == 2 && queued == 2);
	OK(store_suppression_drop(f->db, 2, NOW_US + 7, &n, &queued, err));
	assert_true(n == 1 && queued == 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM suppression"), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM refusal"), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery WHERE state = 'queued' AND attempts = 0"), 5);
	fixture_check_counts(f, 5);
}

static void test_confirming_takes_only_those_of_the_relay_and_provider(void **state)
{
	struct fixture *f = *state;
	int64_t n = 0;
	fixture_join(f, 0, 4);
	fixture_start(f);
	refuse(f, 4);
	fixture_sql(f, "UPDATE suppression SET relay = 'main'");
	OK(store_suppression_confirm(f->db, "main", 1, &n, err));
	assert_true(n == 2);
	OK(store_suppression_confirm(f->db, "other", 0, &n, err));
	assert_true(n == 0);
	OK(store_suppression_confirm(f->db, NULL, 0, &n, err));
	assert_true(n == 2);
	OK(store_suppression_drop(f->db, 10, NOW_US, &n, &(int64_t){ 0 }, err));
	assert_true(n == 0);
}

static void test_a_resend_reaches_whom_it_says(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct missed rows[16];
	struct error e;
	size_t n = 0;
	int64_t queued = 0;
	fixture_join(f, 0, 8);
	fixture_start(f);
	fixture_sql(f, "UPDATE delivery SET state = 'expired', attempts = 7 WHERE id % 8 IN (0, 1)");
	fixture_sql(f, "UPDATE delivery SET state = 'uncertain', merge_values = '{}' WHERE id % 8 = 2");
	fixture_sql(f, "UPDATE delivery SET state = 'sent', returned_us = 5, returned_class = 'soft' WHERE id % 8 = 3");
	fixture_sql(f, "UPDATE delivery SET state = 'sent', returned_us = 5, returned_class = 'hard' WHERE id % 8 = 4");
	fixture_sql(f, "UPDATE delivery SET state = 'bounced' WHERE id % 8 = 5");
	fixture_sql(f, "UPDATE delivery SET state = 'suppressed' WHERE id % 8 = 6");
	fixture_sql(f, "UPDATE delivery SET state = 'sent' WHERE id % 8 = 7");
	/* One in doubt that came back later, with its counter. */
	fixture_sql(f, "UPDATE delivery SET returned_us = 5, returned_class = 'soft' WHERE id % 8 = 2");
	fixture_sql(f, "UPDATE subscription SET state = 'unsubscribed' WHERE subscriber_id = (SELECT subscriber_id FROM delivery WHERE id "
	               "% 8 = 1)");
	fixture_sql(f, "DELETE FROM campaign_count");
	fixture_sql(f,
	            "INSERT INTO campaign_count (campaign_id, node_id, provider, sent, bounced, expired, uncertain, suppressed, returned) "
	            "SELECT campaign_id, 0, "
	            "provider, sum(state = 'sent'), sum(state = 'bounced'), sum(state = 'expired'), sum(state = 'uncertain'), sum(state = "
	            "'suppressed'), sum(returned_us > 0) FROM delivery GROUP BY campaign_id, provider");
	fixture_sql(f, "UPDATE campaign SET state = 'sent', finished_us = 9");
	OK(store_missed_page(f->db, f->campaign, 0, rows, COUNT_OF(rows), &n, &arena, err));
	assert_int_equal(n, 7);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(rows[i].resend_reaches,
		                 rows[i].delivery_id % 8 == 0 || rows[i].delivery_id % 8 == 2 || rows[i].delivery_id % 8 == 3);
	OK(store_missed_resend(f->db, f->campaign, rows, n, NOW_US + 1, &queued, err));
	assert_true(queued == 3);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM campaign WHERE state = 'sending' AND finished_us = 0"), 1);
	assert_int_equal(fixture_number(f, "SELECT resends FROM delivery WHERE id % 8 = 2 AND merge_values = '{}' AND state = 'queued'"),
	                 1);
	fixture_check_counts(f, 8);
	/* Once is enough, and a second look finds them gone. */
	OK(store_missed_resend(f->db, f->campaign, rows, n, NOW_US + 1, &queued, err));
	assert_true(queued == 0);
	fixture_sql(f, "UPDATE campaign SET state = 'cancelled'");
	assert_int_equal(store_missed_resend(f->db, f->campaign, rows, n, NOW_US + 1, &queued, &e), -1);
	assert_int_equal(e.code, ERROR_CONFLICT);
}

static void test_the_breaker_begins_anew_when_a_person_goes_on(void **state)
{
	struct fixture *f = *state;
	struct breaker_base base;
	fixture_join(f, 0, 5);
	fixture_start(f);
	refuse(f, 3);
	OK(store_breaker_base(f->db, f->campaign, &base, err));
	assert_true(base.tried == 0 && base.bounces == 0);
	OK(store_campaign_pause(f->db, f->campaign, "breaker", NOW_US, err));
	OK(store_campaign_resume(f->db, f->campaign, "dana", NOW_US, err));
	OK(store_breaker_base(f->db, f->campaign, &base, err));
	assert_true(base.tried == 3 && base.bounces == 3 && base.complaints == 0);
}

static void test_faults_of_ours_are_gathered(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct job jobs[4];
	struct fault faults[4];
	struct verdict ours = { .kind = VERDICT_HOLD, .door = DOOR_US, .reason = "unauthenticated" };
	size_t n = 0;
	int64_t after = 0;
	fixture_join(f, 0, 3);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, jobs, 3, NOW_US), 3);
	assert_true(fixture_say(f, &jobs[0], OUTCOME_REPLY, ours));
	assert_true(fixture_say(f, &jobs[1], OUTCOME_REPLY, ours));
	assert_true(fixture_say(f, &jobs[2], OUTCOME_REPLY, gone));
	OK(store_fault_since(f->db, &after, faults, COUNT_OF(faults), &n, &arena, err));
	assert_true(n == 1 && faults[0].n == 2);
	assert_string_equal(faults[0].reason, "unauthenticated");
	OK(store_fault_since(f->db, &after, faults, COUNT_OF(faults), &n, &arena, err));
	assert_int_equal(n, 0);
}

#define STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = { STORE(test_an_alert_is_new_once_and_mailed_by_kind),
		                            STORE(test_dropping_brings_back_who_was_refused),
		                            STORE(test_confirming_takes_only_those_of_the_relay_and_provider),
		                            STORE(test_a_resend_reaches_whom_it_says),
		                            STORE(test_the_breaker_begins_anew_when_a_person_goes_on),
		                            STORE(test_faults_of_ours_are_gathered) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
