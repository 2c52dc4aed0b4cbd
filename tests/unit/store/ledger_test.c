/* The promises of the ledger (ARCHITECTURE "The ledger"), each by its number. */
#include "fixture.h"
#include "store/missed.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct verdict SENT = { .kind = VERDICT_SENT, .counts_attempt = true };
static const struct verdict UNCERTAIN = { .kind = VERDICT_UNCERTAIN, .reason = "silence" };
static const struct verdict DEFER = { .kind = VERDICT_DEFER, .due_us = NOW_US + HOUR_US, .counts_attempt = true, .reason = "slow" };
static const struct verdict RESEND = { .kind = VERDICT_RESEND, .due_us = NOW_US + HOUR_US, .reason = "silence" };
static const struct verdict HOLD = { .kind = VERDICT_HOLD, .due_us = NOW_US + MINUTE_US, .door = DOOR_RELAY, .reason = "relay_refused" };
static const struct verdict EXPIRE = { .kind = VERDICT_EXPIRE, .counts_attempt = true, .reason = "too_old" };
static const struct verdict BOUNCE = {
	.kind = VERDICT_BOUNCE, .door = DOOR_READER, .counts_attempt = true, .suppress = true, .reason = "no_such_user"
};

/* 1. At most once. */
static void test_1_a_campaign_has_each_reader_once(void **state)
{
	struct fixture *f = *state;
	bool done = false;
	fixture_join(f, 0, 1500);
	f->campaign = fixture_draft(f);
	OK(store_campaign_start(f->db, f->campaign, BYTES_OF("compiled"), "test", NOW_US, err));
	fixture_join(f, 1500, 5); /* who joins later is not in it */
	for (int i = 0; !done; i++) {
		OK(store_campaign_prepare(f->db, f->campaign, 400, NOW_US, &done, err));
		fixture_check_counts(f, fixture_number(f, "SELECT count(*) FROM delivery"));
	}
	assert_int_equal(fixture_counts(f).queued, 1500);
	OK(store_campaign_prepare(f->db, f->campaign, 400, NOW_US, &done, err));
	assert_true(done);
	fixture_check_counts(f, 1500);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM post WHERE state = 'used'"), 1);
}

static void test_1_a_post_comes_once_whatever_carries_it(void **state)
{
	struct fixture *f = *state;
	fixture_join(f, 0, 10);
	fixture_start(f);
	fixture_join(f, 10, 3);
	fixture_start(f);
	assert_int_equal(fixture_counts(f).queued, 3);
	assert_int_equal(fixture_counts(f).suppressed, 10);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery WHERE reason = 'already got it'"), 10);
	fixture_check_counts(f, 13);
}

static void test_1_unless_an_editor_says_again(void **state)
{
	struct fixture *f = *state;
	bool done = false;
	fixture_join(f, 0, 10);
	fixture_start(f);
	f->campaign = fixture_draft(f);
	fixture_sql(f, "UPDATE campaign SET is_again = 1 WHERE state = 'draft'");
	OK(store_campaign_start(f->db, f->campaign, BYTES_OF("compiled"), "test", NOW_US, err));
	while (!done)
		OK(store_campaign_prepare(f->db, f->campaign, 400, NOW_US, &done, err));
	assert_int_equal(fixture_counts(f).queued, 10);
}

static void test_1_what_was_cancelled_before_it_went_may_come_by_another(void **state)
{
	struct fixture *f = *state;
	struct job jobs[4];
	bool done = false;
	fixture_join(f, 0, 10);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, jobs, 4, NOW_US), 4);
	assert_true(fixture_mark(f, &jobs[0]));
	assert_true(fixture_mark(f, &jobs[1]));
	assert_true(fixture_say(f, &jobs[0], OUTCOME_ACCEPTED, SENT));
	while (!done)
		OK(store_campaign_cancel(f->db, f->campaign, "editor", 3, NOW_US, &done, err));
	fixture_check_counts(f, 10);
	assert_int_equal(fixture_counts(f).cancelled, 8);
	assert_false(fixture_mark(f, &jobs[2])); /* leased before, but nothing starts now */
	assert_true(fixture_say(f, &jobs[1], OUTCOME_REPLY, DEFER));
	assert_int_equal(fixture_counts(f).cancelled, 9); /* what came back to wait does not wait */
	fixture_check_counts(f, 10);
	fixture_start(f);
	assert_int_equal(fixture_counts(f).queued, 9); /* all but the one it was sent to */
}

/* 2. Sent means 2xx, and only a marked message can be. */
static void test_2_sent_needs_the_mark(void **state)
{
	struct fixture *f = *state;
	struct job job;
	fixture_join(f, 0, 1);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, &job, 1, NOW_US), 1);
	assert_false(fixture_say(f, &job, OUTCOME_ACCEPTED, SENT));
	assert_true(fixture_mark(f, &job));
	assert_true(fixture_say(f, &job, OUTCOME_ACCEPTED, SENT));
	assert_int_equal(fixture_counts(f).sent, 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM attempt"), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery WHERE merge_values IS NULL AND finished_us > 0"), 1);
}

/* 3. Nothing is lost: every verdict leads to a durable state, and the numbers follow. */
static void test_3_every_verdict_has_its_state(void **state)
{
	static const struct {
		bool marked;
		enum outcome_kind kind;
		const struct verdict *verdict;
		const char *state;
		int attempts, rows;
	} cases[] = {
		{ true, OUTCOME_ACCEPTED, &SENT, "sent", 1, 0 },         { true, OUTCOME_REPLY, &DEFER, "deferred", 1, 1 },
		{ true, OUTCOME_REPLY, &BOUNCE, "bounced", 1, 1 },       { true, OUTCOME_REPLY, &EXPIRE, "expired", 1, 1 },
		{ true, OUTCOME_SILENT, &UNCERTAIN, "uncertain", 0, 1 }, { true, OUTCOME_SILENT, &RESEND, "queued", 0, 1 },
		{ true, OUTCOME_REPLY, &HOLD, "queued", 0, 1 },          { false, OUTCOME_REPLY, &DEFER, "deferred", 1, 1 },
		{ false, OUTCOME_REPLY, &BOUNCE, "bounced", 1, 1 },      { false, OUTCOME_REPLY, &EXPIRE, "expired", 1, 1 },
		{ false, OUTCOME_REPLY, &HOLD, "queued", 0, 1 },         { false, OUTCOME_WITHHELD, &HOLD, "queued", 0, 0 },
	};
	struct fixture *f = *state;
	struct job jobs[COUNT_OF(cases)];
	fixture_join(f, 0, (int)COUNT_OF(cases));
	fixture_start(f);
	assert_int_equal(fixture_lease(f, jobs, COUNT_OF(cases), NOW_US), COUNT_OF(cases));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char query[256];
		if (cases[i].marked)
			assert_true(fixture_mark(f, &jobs[i]));
		assert_true(fixture_say(f, &jobs[i], cases[i].kind, *cases[i].verdict));
		snprintf(query, sizeof query, "SELECT count(*) FROM delivery WHERE id = %" PRId64 " AND state = '%s' AND attempts = %d",
		         jobs[i].delivery, cases[i].state, cases[i].attempts);
		assert_int_equal(fixture_number(f, query), 1);
		snprintf(query, sizeof query, "SELECT count(*) FROM attempt WHERE delivery_id = %" PRId64, jobs[i].delivery);
		assert_int_equal(fixture_number(f, query), cases[i].rows);
		fixture_check_counts(f, (int64_t)COUNT_OF(cases));
	}
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM suppression WHERE is_provisional = 1 AND reason = 'no_such_user'"), 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE kind = 'refused'"), 2);
}

static void test_3_leases_run_out(void **state)
{
	struct fixture *f = *state;
	struct job jobs[6];
	int64_t released = 0;
	int64_t in_doubt = 0;
	fixture_join(f, 0, 6);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, jobs, 6, NOW_US), 6);
	assert_true(fixture_mark(f, &jobs[0]));
	OK(store_lease_expire(f->db, false, 0, NOW_US + 1, &released, &in_doubt, err));
	assert_int_equal(released + in_doubt, 0);
	OK(store_lease_extend(f->db, jobs[0].lease_token, NOW_US + HOUR_US, err));
	OK(store_lease_expire(f->db, false, 0, NOW_US + 2 * MINUTE_US, &released, &in_doubt, err));
	assert_int_equal(released + in_doubt, 0);
	OK(store_lease_expire(f->db, false, 0, NOW_US + 2 * HOUR_US, &released, &in_doubt, err));
	assert_int_equal(released, 5);
	assert_int_equal(in_doubt, 1);
	fixture_check_counts(f, 6);
	assert_int_equal(fixture_lease(f, jobs, 6, NOW_US), 5);
	OK(store_delivery_release(f->db, jobs, 5, err));
	assert_int_equal(fixture_counts(f).queued, 5);
	fixture_check_counts(f, 6);
}

/* A session: it says aloud what it knows to be recorded. */
static void send_until_killed(struct fixture *f, int out)
{
	struct job jobs[50];
	size_t n;
	fixture_reopen(f);
	while ((n = fixture_lease(f, jobs, COUNT_OF(jobs), NOW_US)) > 0)
		for (size_t i = 0; i < n; i++) {
			struct record record = {
				.next = &jobs[i], .frozen = "", .campaign = jobs[i].campaign, .provider = jobs[i].provider
			};
			if (i > 0)
				record.outcome = (struct outcome){ .delivery = jobs[i - 1].delivery,
					                           .lease_token = jobs[i - 1].lease_token,
					                           .kind = OUTCOME_ACCEPTED };
			record.verdict = SENT;
			OK(store_delivery_record(f->db, f->node, (struct record *[]){ &record }, 1, NOW_US, err));
			if (write(out, "x", 1) != 1)
				exit(1);
			if (i == n - 1)
				fixture_say(f, &jobs[i], OUTCOME_ACCEPTED, SENT);
		}
	pause();
}

/* 4. After kill -9 at most one message a session is in doubt, and we know which. */
static void test_4_a_kill_leaves_one_in_doubt_at_most(void **state)
{
	enum { READERS = 2000, KILLS = 8 };
	struct fixture *f = *state;
	int64_t in_doubt = 0;
	fixture_join(f, 0, READERS);
	fixture_start(f);
	for (int i = 0; i < KILLS; i++) {
		int ends[2];
		char said[64];
		db_close(&f->db);
		assert_int_equal(pipe(ends), 0);
		pid_t child = fork();
		if (child == 0)
			send_until_killed(f, ends[1]);
		close(ends[1]);
		for (ssize_t n = 0, got; n < 30 + 17 * i && (got = read(ends[0], said, 1)) > 0;)
			n += got;
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		close(ends[0]);
		fixture_reopen(f);
		assert_false(db_is_behind(f->db));
		OK(db_integrity(f->db, err));
		fixture_check_counts(f, READERS);
		assert_true(fixture_counts(f).inflight <= 1);
		assert_true(fixture_counts(f).sent + fixture_counts(f).uncertain + fixture_counts(f).inflight >= 30 + 17 * i);
		OK(store_node_start(f->db, "here", false, 0, NOW_US, &f->node, &in_doubt, err));
		assert_true(in_doubt <= 1);
		assert_int_equal(fixture_counts(f).leased + fixture_counts(f).inflight, 0);
	}
	assert_true(fixture_counts(f).uncertain <= KILLS);
	fixture_check_counts(f, READERS);
}

/* 5. Doubt is shown; the operator chose beforehand; a resend is the same mail. */
static void test_5_doubt_is_held_or_sent_again_once(void **state)
{
	struct fixture *f = *state;
	struct job jobs[2];
	int64_t in_doubt = 0;
	fixture_join(f, 0, 2);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, jobs, 2, NOW_US), 2);
	assert_true(fixture_mark(f, &jobs[0]));
	OK(store_node_start(f->db, "here", true, NOW_US + HOUR_US, NOW_US, &f->node, &in_doubt, err));
	assert_int_equal(in_doubt, 1);
	assert_int_equal(fixture_counts(f).queued, 2);
	assert_int_equal(fixture_lease(f, jobs, 2, NOW_US), 1); /* the resend is not due yet */
	assert_int_equal(fixture_lease(f, jobs, 2, NOW_US + HOUR_US), 1);
	assert_int_equal(jobs[0].resends, 1);
	assert_true(fixture_mark(f, &jobs[0]));
	OK(store_node_start(f->db, "here", true, NOW_US + HOUR_US, NOW_US, &f->node, &in_doubt, err));
	assert_int_equal(fixture_counts(f).uncertain, 1); /* twice in doubt: held */
	fixture_check_counts(f, 2);
}

static void test_5_a_resend_is_the_same_mail(void **state)
{
	struct fixture *f = *state;
	struct job first;
	struct job again;
	fixture_join(f, 0, 1);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, &first, 1, NOW_US), 1);
	assert_int_equal(first.first_us, 0);
	assert_true(fixture_mark(f, &first));
	assert_int_equal(first.first_us, NOW_US + 1);
	assert_true(fixture_say(f, &first, OUTCOME_SILENT, RESEND));
	fixture_sql(f, "UPDATE subscriber SET name = 'Other', email = 'other@example.org', attributes = '{}', epoch = 7");
	assert_int_equal(fixture_lease(f, &again, 1, NOW_US + HOUR_US), 1);
	assert_int_equal(again.first_us, first.first_us);
	assert_string_equal(again.email, first.email);
	assert_string_equal(again.name, "Reader");
	assert_string_equal(again.values, "{\"city\":\"Rome\"}");
	assert_string_equal(again.uuid, first.uuid);
	assert_int_equal(again.epoch, first.epoch);
	assert_int_equal(again.edition, first.edition);
}

static void test_5_a_sign_of_life_ends_doubt(void **state)
{
	struct fixture *f = *state;
	struct job jobs[3];
	bool is_new = false;
	fixture_join(f, 0, 3);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, jobs, 3, NOW_US), 3);
	for (int i = 0; i < 3; i++) {
		assert_true(fixture_mark(f, &jobs[i]));
		assert_true(fixture_say(f, &jobs[i], OUTCOME_SILENT, UNCERTAIN));
	}
	assert_int_equal(fixture_counts(f).uncertain, 3);
	/* a returned mail */
	struct event event = { .kind = EVENT_BOUNCE,
		               .list_id = f->list,
		               .campaign_id = f->campaign,
		               .subscriber_id = jobs[0].subscriber,
		               .class = "hard",
		               .evidence = BYTES_OF("the mail"),
		               .at_us = NOW_US };
	OK(store_event_apply(f->db, &event, "hard bounce", &is_new, err));
	assert_true(is_new);
	/* a click, and a late 250 with the token */
	OK(store_delivery_proved(f->db, f->campaign, jobs[1].subscriber, NOW_US, err));
	assert_true(fixture_say(f, &jobs[2], OUTCOME_ACCEPTED, SENT));
	assert_int_equal(fixture_counts(f).sent, 3);
	assert_int_equal(fixture_counts(f).returned, 1);
	fixture_check_counts(f, 3);
	/* the same evidence again changes nothing; a complaint takes the bounce's place */
	OK(store_event_apply(f->db, &event, "hard bounce", &is_new, err));
	assert_false(is_new);
	event.kind = EVENT_COMPLAINT;
	event.evidence = BYTES_OF("another mail");
	OK(store_event_apply(f->db, &event, "complaint", &is_new, err));
	assert_int_equal(fixture_counts(f).complaints, 1);
	assert_int_equal(fixture_counts(f).returned, 0);
	fixture_check_counts(f, 3);
}

static void test_5_an_editor_sends_doubt_again(void **state)
{
	struct fixture *f = *state;
	struct job job;
	int64_t n = 0;
	fixture_join(f, 0, 1);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, &job, 1, NOW_US), 1);
	assert_true(fixture_mark(f, &job));
	assert_true(fixture_say(f, &job, OUTCOME_SILENT, UNCERTAIN));
	OK(store_campaign_finish(f->db, f->campaign, NOW_US, err));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM campaign WHERE state = 'sent' AND first_pass_us > 0"), 1);
	OK(store_delivery_resend_uncertain(f->db, f->campaign, NOW_US, &n, err));
	assert_int_equal(n, 1);
	assert_int_equal(fixture_lease(f, &job, 1, NOW_US), 1);
	fixture_check_counts(f, 1);
}

static void test_5_what_is_cancelled_is_not_sent_again(void **state)
{
	struct fixture *f = *state;
	struct job job;
	struct error why = { 0 };
	bool done = false;
	int64_t n = 0;
	fixture_join(f, 0, 3);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, &job, 1, NOW_US), 1);
	assert_true(fixture_mark(f, &job));
	assert_true(fixture_say(f, &job, OUTCOME_SILENT, UNCERTAIN));
	while (!done)
		OK(store_campaign_cancel(f->db, f->campaign, "test", 1000, NOW_US, &done, err));
	assert_int_equal(fixture_counts(f).uncertain, 1);
	assert_int_equal(store_delivery_resend_uncertain(f->db, f->campaign, NOW_US, &n, &why), -1);
	assert_int_equal(why.code, ERROR_CONFLICT);
	assert_non_null(strstr(why.text, "is cancelled"));
	assert_int_equal(fixture_counts(f).uncertain, 1);
	assert_int_equal(fixture_counts(f).queued, 0);
	fixture_check_counts(f, 3);
	/* One that is paused takes it up, and stays paused. */
	fixture_sql(f, "UPDATE campaign SET state = 'paused'");
	OK(store_delivery_resend_uncertain(f->db, f->campaign, NOW_US, &n, err));
	assert_int_equal(n, 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM campaign WHERE state = 'paused'"), 1);
}

/* 6. The mark is the check. */
static void leave(struct fixture *f, const struct job *job)
{
	enum subscription_state was = SUBSCRIPTION_NONE;
	OK(store_leave(f->db, f->list, job->subscriber, f->campaign, "one-click", NOW_US, &was, err));
	assert_int_equal(was, SUBSCRIPTION_ACTIVE);
}

static void suppress(struct fixture *f, const struct job *job)
{
	struct suppression suppression = { .email = job->email, .email_key = job->email, .reason = "by hand", .created_us = NOW_US };
	OK(store_suppression_add(f->db, &suppression, err));
}

static void pause_campaign(struct fixture *f, const struct job *job)
{
	(void)job;
	OK(store_campaign_pause(f->db, f->campaign, "editor", NOW_US, err));
}

static void pause_reader(struct fixture *f, const struct job *job)
{
	OK(store_subscription_apply(f->db, f->list, job->subscriber, SUBSCRIPTION_ON_PAUSE, "link", "", "", NOW_US, err));
}

static void cancel(struct fixture *f, const struct job *job)
{
	(void)job;
	bool done = false;
	OK(store_campaign_cancel(f->db, f->campaign, "editor", 100, NOW_US, &done, err));
}

static void test_6_what_was_committed_before_the_mark_is_honoured(void **state)
{
	static const struct {
		void (*act)(struct fixture *, const struct job *);
		const char *becomes;
	} cases[] = { { leave, "suppressed" },
		      { suppress, "suppressed" },
		      { pause_reader, "suppressed" },
		      { pause_campaign, "queued" },
		      { cancel, "cancelled" } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		void *own = NULL;
		struct job jobs[2];
		char query[128];
		assert_int_equal(fixture_setup(&own), 0);
		struct fixture *f = own;
		fixture_join(f, 0, 2);
		fixture_start(f);
		assert_int_equal(fixture_lease(f, jobs, 2, NOW_US), 2);
		cases[i].act(f, &jobs[0]);
		assert_false(fixture_mark(f, &jobs[0]));
		snprintf(query, sizeof query, "SELECT count(*) FROM delivery WHERE id = %" PRId64 " AND state = '%s'", jobs[0].delivery,
		         cases[i].becomes);
		assert_int_equal(fixture_number(f, query), 1);
		assert_true(fixture_number(f, "SELECT count(*) FROM revocation") >= (cases[i].act != suppress));
		fixture_check_counts(f, 2);
		fixture_teardown(&own);
	}
	(void)state;
}

static void test_6_and_before_the_lease(void **state)
{
	struct fixture *f = *state;
	struct job jobs[4];
	enum subscription_state was = SUBSCRIPTION_NONE;
	fixture_join(f, 0, 4);
	fixture_start(f);
	OK(store_leave(f->db, 0, fixture_reader(f, 1), 0, "link", NOW_US, &was, err));
	struct suppression suppression = {
		.email = "reader2@example.org", .email_key = "reader2@example.org", .reason = "by hand", .created_us = NOW_US
	};
	OK(store_suppression_add(f->db, &suppression, err));
	assert_int_equal(fixture_lease(f, jobs, 4, NOW_US), 2);
	assert_int_equal(fixture_counts(f).suppressed, 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery WHERE state = 'suppressed' AND reason = 'by hand'"), 1);
	fixture_check_counts(f, 4);
}

static void test_6_a_pause_is_lifted(void **state)
{
	struct fixture *f = *state;
	struct job job;
	struct due due[4];
	size_t n = 0;
	struct error why = { 0 };
	fixture_join(f, 0, 1);
	fixture_start(f);
	assert_int_equal(store_campaign_pause(f->db, f->campaign, "editor", NOW_US, &why), 1);
	assert_int_equal(store_campaign_pause(f->db, f->campaign, "editor", NOW_US, &why), 0);
	assert_int_equal(fixture_lease(f, &job, 1, NOW_US), 0);
	OK(store_delivery_due(f->db, due, 4, &n, err));
	assert_int_equal(n, 0);
	assert_int_equal(store_campaign_resume(f->db, f->campaign, "editor", NOW_US, &why), 1);
	assert_int_equal(fixture_lease(f, &job, 1, NOW_US), 1);
	assert_true(fixture_mark(f, &job));
	assert_true(fixture_say(f, &job, OUTCOME_ACCEPTED, SENT));
	assert_int_equal(store_campaign_finish(f->db, f->campaign, NOW_US, &why), 1);
	assert_int_equal(store_campaign_pause(f->db, f->campaign, "editor", NOW_US, &why), -1);
	assert_int_equal(why.code, ERROR_CONFLICT);
}

/* 7. The numbers are the ledger's: by provider, too. */
static void test_7_numbers_by_provider_add_up(void **state)
{
	struct fixture *f = *state;
	struct job jobs[10];
	struct campaign_counts by[4];
	size_t n = 0;
	int64_t expired = 0;
	fixture_join(f, 0, 10);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, jobs, 10, NOW_US), 10);
	for (int i = 0; i < 10; i++) {
		assert_true(fixture_mark(f, &jobs[i]));
		assert_true(fixture_say(f, &jobs[i], i < 5 ? OUTCOME_ACCEPTED : OUTCOME_REPLY, i < 5 ? SENT : DEFER));
	}
	OK(store_campaign_counts_by_provider(f->db, f->campaign, by, COUNT_OF(by), &n, err));
	assert_int_equal(n, 2);
	assert_int_equal(by[0].sent + by[0].deferred, 5);
	assert_int_equal(by[1].sent + by[1].deferred, 5);
	OK(store_delivery_expire(f->db, NOW_US + HOUR_US, 2, 100, NOW_US, &expired, err));
	assert_int_equal(expired, 0); /* old enough, not tried often enough */
	OK(store_delivery_expire(f->db, NOW_US + HOUR_US, 1, 100, NOW_US, &expired, err));
	assert_int_equal(expired, 5);
	fixture_check_counts(f, 10);
	assert_int_equal(store_campaign_finish(f->db, f->campaign, NOW_US, &(struct error){ 0 }), 1);
}

/* 8. The token fences. */
static void test_8_who_lost_the_lease_writes_nothing(void **state)
{
	struct fixture *f = *state;
	struct job old;
	struct job fresh;
	int64_t released = 0;
	int64_t in_doubt = 0;
	fixture_join(f, 0, 1);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, &old, 1, NOW_US), 1);
	OK(store_lease_expire(f->db, false, 0, NOW_US + HOUR_US, &released, &in_doubt, err));
	assert_int_equal(fixture_lease(f, &fresh, 1, NOW_US), 1);
	assert_true(fresh.lease_token > old.lease_token);
	assert_false(fixture_mark(f, &old));
	assert_true(fixture_mark(f, &fresh));
	assert_false(fixture_say(f, &old, OUTCOME_REPLY, BOUNCE));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM suppression"), 0);
	assert_true(fixture_say(f, &fresh, OUTCOME_ACCEPTED, SENT));
	assert_false(fixture_say(f, &fresh, OUTCOME_ACCEPTED, SENT));
	fixture_check_counts(f, 1);
}

/* 10. A store that was put back does not send again. */
static void test_10_a_restored_store_holds_what_is_unfinished(void **state)
{
	struct fixture *f = *state;
	struct job jobs[4];
	bool done = false;
	int64_t notice = 0;
	struct notice mail = {
		.kind = "test", .email = "a@example.org", .sender = "b@example.org", .message = BYTES_OF("Subject: x\r\n\r\n")
	};
	fixture_join(f, 0, 4);
	fixture_start(f);
	OK(store_notice_add(f->db, &mail, NOW_US, &notice, err));
	fixture_backup(f);
	assert_false(db_is_behind(f->db));
	assert_int_equal(fixture_lease(f, jobs, 1, NOW_US), 1);
	assert_int_equal(fixture_lease(f, jobs, 4, NOW_US), 4);
	for (int i = 0; i < 4; i++) {
		assert_true(fixture_mark(f, &jobs[i]));
		assert_true(fixture_say(f, &jobs[i], OUTCOME_ACCEPTED, SENT));
	}
	fixture_restore(f);
	assert_true(db_is_behind(f->db));
	assert_int_equal(fixture_counts(f).queued, 4);
	/* Even if much is written before anybody looks. */
	for (int i = 0; i < 30; i++)
		OK(store_meta_set(f->db, "x", "y", err));
	fixture_reopen(f);
	assert_true(db_is_behind(f->db));
	while (!done)
		OK(store_hold_unfinished(f->db, 3, NOW_US, &done, err));
	assert_int_equal(fixture_counts(f).uncertain, 4);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM notice WHERE state = 'uncertain'"), 1);
	fixture_check_counts(f, 4);
	assert_int_equal(fixture_lease(f, jobs, 4, NOW_US), 0);
	OK(db_accept_rollback(f->db, err));
	assert_false(db_is_behind(f->db));
	fixture_reopen(f);
	assert_false(db_is_behind(f->db));
}

static void test_10_nor_what_it_had_not_begun(void **state)
{
	struct fixture *f = *state;
	bool done = false;
	fixture_join(f, 0, 4);
	f->campaign = fixture_draft(f);
	OK(store_campaign_start(f->db, f->campaign, BYTES_OF("compiled"), "test", NOW_US, err));
	while (!done)
		OK(store_hold_unfinished(f->db, 3, NOW_US, &done, err));
	OK(store_campaign_prepare(f->db, f->campaign, 100, NOW_US, &done, err));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery"), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM campaign WHERE state = 'paused'"), 1);
}

static void test_notices_go_first_and_by_the_same_rules(void **state)
{
	struct fixture *f = *state;
	struct job jobs[3];
	int64_t id = 0;
	int said = 0;
	char reply[OUTCOME_REPLY_BYTES];
	struct notice mail = {
		.kind = "test", .email = "a@example.org", .sender = "b@example.org", .message = BYTES_OF("Subject: x\r\n\r\n")
	};
	fixture_join(f, 0, 2);
	fixture_start(f);
	OK(store_notice_add(f->db, &mail, NOW_US, &id, err));
	assert_int_equal(fixture_lease(f, jobs, 3, NOW_US), 3);
	assert_true(jobs[0].is_notice);
	assert_string_equal(jobs[0].email, "a@example.org");
	assert_false(fixture_say(f, &jobs[0], OUTCOME_ACCEPTED, SENT));
	assert_true(fixture_mark(f, &jobs[0]));
	assert_true(fixture_say(f, &jobs[0], OUTCOME_REPLY, DEFER));
	OK(store_notice_state(f->db, id, &said, reply, err));
	assert_int_equal(said, DELIVERY_DEFERRED);
	assert_string_equal(reply, "what the server said");
	assert_int_equal(fixture_lease(f, jobs, 3, NOW_US + HOUR_US), 1);
	assert_true(fixture_mark(f, &jobs[0]));
	assert_true(fixture_say(f, &jobs[0], OUTCOME_ACCEPTED, SENT));
	fixture_check_counts(f, 2);
}

static void test_one_commit_takes_an_outcome_and_the_next_mark(void **state)
{
	struct fixture *f = *state;
	struct job jobs[3];
	fixture_join(f, 0, 3);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, jobs, 3, NOW_US), 3);
	assert_true(fixture_mark(f, &jobs[0]));
	int64_t before = fixture_number(f, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'commits'");
	struct record record = { .outcome = { .delivery = jobs[0].delivery, .lease_token = jobs[0].lease_token, .kind = OUTCOME_ACCEPTED },
		                 .verdict = SENT,
		                 .campaign = jobs[0].campaign,
		                 .provider = jobs[0].provider,
		                 .frozen = "",
		                 .next = &jobs[1] };
	OK(store_delivery_record(f->db, f->node, (struct record *[]){ &record }, 1, NOW_US, err));
	assert_int_equal(fixture_number(f, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'commits'"), before + 1);
	assert_false(record.outcome_fenced);
	assert_false(record.next_refused);
	assert_int_equal(fixture_counts(f).sent, 1);
	assert_int_equal(fixture_counts(f).inflight, 1);
	assert_int_equal(fixture_counts(f).leased, 1);
}

static void test_what_waits_and_why_and_who_was_missed(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct job jobs[3];
	struct waiting waiting[8];
	struct why why[4];
	struct missed missed[4];
	size_t n = 0;
	int64_t retried = 0;
	fixture_join(f, 0, 3);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, jobs, 2, NOW_US), 2);
	assert_true(fixture_say(f, &jobs[0], OUTCOME_REPLY, DEFER));
	assert_true(fixture_say(f, &jobs[1], OUTCOME_REPLY, BOUNCE));
	OK(store_delivery_waiting(f->db, waiting, COUNT_OF(waiting), &n, err));
	assert_int_equal(n, 2); /* one queued, one deferred */
	OK(store_delivery_why(f->db, jobs[0].email, why, COUNT_OF(why), &n, &arena, err));
	assert_int_equal(n, 1);
	assert_string_equal(why[0].reply, "what the server said");
	assert_string_equal(why[0].reason, "slow");
	OK(store_missed_page(f->db, f->campaign, 0, missed, COUNT_OF(missed), &n, &arena, err));
	assert_int_equal(n, 2);
	OK(store_delivery_retry(f->db, 0, NOW_US, &retried, err));
	assert_int_equal(retried, 1);
	assert_int_equal(fixture_lease(f, jobs, 3, NOW_US), 2);
}

#define LEDGER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
static void test_7_a_wrong_count_is_seen(void **state)
{
	struct fixture *f = *state;
	bool is_right = false;
	fixture_join(f, 0, 5);
	fixture_start(f);
	OK(store_campaign_check(f->db, f->campaign, &is_right, err));
	assert_true(is_right);
	fixture_sql(f, "UPDATE delivery SET state = 'sent' WHERE id = (SELECT min(id) FROM delivery)");
	OK(store_campaign_check(f->db, f->campaign, &is_right, err));
	assert_false(is_right);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER(test_1_a_campaign_has_each_reader_once),
		LEDGER(test_1_a_post_comes_once_whatever_carries_it),
		LEDGER(test_1_unless_an_editor_says_again),
		LEDGER(test_1_what_was_cancelled_before_it_went_may_come_by_another),
		LEDGER(test_2_sent_needs_the_mark),
		LEDGER(test_3_every_verdict_has_its_state),
		LEDGER(test_3_leases_run_out),
		LEDGER(test_4_a_kill_leaves_one_in_doubt_at_most),
		LEDGER(test_5_doubt_is_held_or_sent_again_once),
		LEDGER(test_5_a_resend_is_the_same_mail),
		LEDGER(test_5_a_sign_of_life_ends_doubt),
		LEDGER(test_7_a_wrong_count_is_seen),
		LEDGER(test_5_an_editor_sends_doubt_again),
		LEDGER(test_5_what_is_cancelled_is_not_sent_again),
		LEDGER(test_6_what_was_committed_before_the_mark_is_honoured),
		LEDGER(test_6_and_before_the_lease),
		LEDGER(test_6_a_pause_is_lifted),
		LEDGER(test_7_numbers_by_provider_add_up),
		LEDGER(test_8_who_lost_the_lease_writes_nothing),
		LEDGER(test_10_a_restored_store_holds_what_is_unfinished),
		LEDGER(test_10_nor_what_it_had_not_begun),
		LEDGER(test_notices_go_first_and_by_the_same_rules),
		LEDGER(test_one_commit_takes_an_outcome_and_the_next_mark),
		LEDGER(test_what_waits_and_why_and_who_was_missed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
