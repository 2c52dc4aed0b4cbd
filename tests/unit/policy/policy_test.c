#include "pacing/provider.h"
#include "policy/meaning.h"
#include "policy/policy.h"
#include <stdio.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const int64_t steps[] = { 5 * MINUTE_US, HOUR_US };
static const struct policy policy = { steps, 2, 4 * DAY_US, true };
static const struct moment now = { INT64_C(1800000000) * SECOND_US, 1000 };

static struct verdict judge(enum outcome_kind kind, enum smtp_stage stage, int code, const char *status, const char *reply, int attempts,
                            int64_t age_us)
{
	struct outcome outcome = { .kind = kind, .stage = stage, .code = code };
	struct history history = { .attempts = attempts, .queued_us = now.wall_us - age_us };
	snprintf(outcome.status, sizeof outcome.status, "%s", status);
	snprintf(outcome.reply, sizeof outcome.reply, "%s", reply);
	return policy_reply(&outcome, &history, &policy, 12345, now);
}

static void test_only_what_speaks_of_the_reader_suppresses(void **state)
{
	static const struct {
		enum smtp_stage stage;
		int code;
		const char *status, *reply;
		bool suppress;
	} cases[] = {
		{ STAGE_RCPT, 550, "5.1.1", "5.1.1 no such user", true },
		{ STAGE_RCPT, 550, "", "User unknown", true },
		{ STAGE_DATA_END, 550, "5.2.1", "5.2.1 mailbox disabled", true },
		{ STAGE_RCPT, 550, "5.1.10", "5.1.10 null MX", true },
		{ STAGE_RCPT, 554, "", "Relay access denied", false },
		{ STAGE_RCPT, 554, "5.7.1", "5.7.1 user unknown to our policy", false },
		{ STAGE_MAIL, 550, "5.1.1", "5.1.1 sender unknown", false },
		{ STAGE_AUTH, 535, "5.7.8", "5.7.8 authentication failed", false },
		{ STAGE_BANNER, 554, "", "no such user", false },
		{ STAGE_DATA_END, 554, "5.7.1", "5.7.1 looks like spam", false },
		{ STAGE_RCPT, 552, "5.2.2", "5.2.2 mailbox full", false },
		{ STAGE_RCPT, 450, "4.1.1", "4.1.1 user unknown, try later", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct verdict v = judge(OUTCOME_REPLY, cases[i].stage, cases[i].code, cases[i].status, cases[i].reply, 0, 0);
		assert_int_equal(v.suppress, cases[i].suppress);
		assert_int_equal(v.kind == VERDICT_BOUNCE, cases[i].suppress);
		if (!cases[i].suppress && cases[i].code >= 500 && strcmp(cases[i].status, "5.2.2") != 0)
			assert_false(v.counts_attempt);
	}
}

static void test_slower_uses_up_no_attempt(void **state)
{
	(void)state;
	struct verdict v = judge(OUTCOME_REPLY, STAGE_RCPT, 421, "4.7.0", "4.7.0 too many connections", 0, 0);
	assert_int_equal(v.kind, VERDICT_DEFER);
	assert_false(v.counts_attempt);
	assert_true(v.slow_down);
	v = judge(OUTCOME_REPLY, STAGE_RCPT, 451, "4.2.1", "4.2.1 mailbox busy", 0, 0);
	assert_true(v.counts_attempt);
	assert_false(v.slow_down);
}

static void test_deferrals_follow_the_schedule_with_jitter(void **state)
{
	(void)state;
	struct verdict first = judge(OUTCOME_REPLY, STAGE_RCPT, 451, "4.2.1", "busy", 0, 0);
	struct verdict later = judge(OUTCOME_REPLY, STAGE_RCPT, 451, "4.2.1", "busy", 7, 0);
	assert_in_range(first.due_us - now.wall_us, 4 * MINUTE_US, 6 * MINUTE_US);
	assert_in_range(later.due_us - now.wall_us, 54 * MINUTE_US, 66 * MINUTE_US);
}

static void test_age_alone_gives_nobody_up(void **state)
{
	(void)state;
	assert_int_equal(judge(OUTCOME_REPLY, STAGE_RCPT, 451, "4.2.1", "busy", 0, 10 * DAY_US).kind, VERDICT_DEFER);
	assert_int_equal(judge(OUTCOME_REPLY, STAGE_RCPT, 451, "4.2.1", "busy", 3, 10 * DAY_US).kind, VERDICT_EXPIRE);
	assert_int_equal(judge(OUTCOME_REPLY, STAGE_RCPT, 451, "4.2.1", "busy", 30, DAY_US).kind, VERDICT_DEFER);
}

static void test_doubt_is_resent_once_then_held(void **state)
{
	struct outcome outcome = { .kind = OUTCOME_SILENT, .stage = STAGE_DATA_END };
	struct history history = { 0 };
	(void)state;
	assert_int_equal(policy_reply(&outcome, &history, &policy, 1, now).kind, VERDICT_RESEND);
	history.resends = 1;
	assert_int_equal(policy_reply(&outcome, &history, &policy, 1, now).kind, VERDICT_UNCERTAIN);
	struct policy hold = policy;
	hold.resend_uncertain = false;
	history.resends = 0;
	assert_int_equal(policy_reply(&outcome, &history, &hold, 1, now).kind, VERDICT_UNCERTAIN);
}

static void test_a_lost_link_before_the_dot_is_nobodys_attempt(void **state)
{
	(void)state;
	struct verdict v = judge(OUTCOME_LOST, STAGE_DATA_END, 0, "", "hung up", 0, 0);
	assert_int_equal(v.kind, VERDICT_HOLD);
	assert_int_equal(v.door, DOOR_RELAY);
	assert_false(v.counts_attempt);
}

static void test_returned_mail_suppresses_only_when_hard(void **state)
{
	(void)state;
	assert_string_equal(policy_bounce("hard", "5.1.1"), "no_such_user");
	assert_null(policy_bounce("soft", "5.2.2"));
	assert_null(policy_bounce("policy", "5.7.1"));
}

static void test_what_returned_mail_says_of_us(void **state)
{
	static const struct {
		const char *status, *diagnostic;
		enum door door;
		bool slow;
		enum scope scope;
		const char *reason;
		int64_t asked_us;
	} cases[] = {
		{ "5.7.26", "smtp; 550-5.7.26 This mail has been blocked because the sender is unauthenticated. 550 5.7.26 x - gsmtp",
		  DOOR_US, false, SCOPE_PROVIDER, "unauthenticated", 0 },
		{ "5.7.1", "smtp; 554 5.7.1 Service unavailable; client host [192.0.2.1] blocked using zen.spamhaus.org", DOOR_US, false,
		  SCOPE_PROVIDER, "blocked", 0 },
		{ "5.7.28", "smtp; 550 5.7.28 Gmail has detected an unusual rate of unsolicited mail - gsmtp", DOOR_RELAY, true,
		  SCOPE_PROVIDER, "slow_down", 0 },
		{ "4.7.0",
		  "smtp; 421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume; try again in 10 "
		  "minutes",
		  DOOR_RELAY, true, SCOPE_PROVIDER, "slow_down", 10 * MINUTE_US },
		{ "5.0.0", "smtp; 554 Message rejected: Email address is not verified. The following identities failed the check", DOOR_US,
		  false, SCOPE_RELAY, "sender_unverified", 0 },
		{ "5.1.1", "smtp; 550 5.1.1 no such user", DOOR_NONE, false, SCOPE_NONE, "", 0 },
		{ "5.2.2", "smtp; 552 5.2.2 mailbox full", DOOR_NONE, false, SCOPE_NONE, "", 0 },
		{ "4.4.1", "X-Postfix; connect to mx.example.org[192.0.2.9]:25: Connection timed out", DOOR_NONE, false, SCOPE_NONE, "",
		  0 },
		{ "4.4.7", "smtp; 421 4.4.7 delivery time expired", DOOR_NONE, false, SCOPE_NONE, "", 0 },
		{ "5.3.4", "smtp; 552 5.3.4 message too big for system", DOOR_NONE, false, SCOPE_NONE, "", 0 },
		{ "", "", DOOR_NONE, false, SCOPE_NONE, "", 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct verdict v = policy_returned(cases[i].status, cases[i].diagnostic, now);
		if (v.door != cases[i].door || v.slow_down != cases[i].slow || v.scope != cases[i].scope ||
		    v.asked_us != cases[i].asked_us || strcmp(v.reason, cases[i].reason) != 0)
			fail_msg("%s: door %s, slow %d, scope %d, asked %" PRId64 ", reason %s", cases[i].diagnostic, door_words[v.door],
			         v.slow_down, (int)v.scope, v.asked_us, v.reason);
	}
}

static void test_a_quoted_provider_is_one_we_know(void **state)
{
	static const char *const texts[] = { "x - gsmtp",
		                             "see https://support.google.com/mail/?p=x",
		                             "[am.prod.protection.outlook.com]",
		                             "please contact sender-support at outlook.com",
		                             "see hotmail postmaster",
		                             "yahoo mail will try",
		                             "postmaster.aol.com",
		                             "support.apple.com",
		                             "(cs01) icloud.com",
		                             "postmaster.gmx.net",
		                             "postmaster.web.de",
		                             "postmaster.comcast.net",
		                             "ofr_506",
		                             "postmaster.free.fr",
		                             "postmaster.t-online.de",
		                             "help.mail.ru",
		                             "yandex.com/support",
		                             "service.mail.qq.com",
		                             "help.mail.163.com",
		                             "posta.libero.it",
		                             "protonmail abuse",
		                             "www.fastmail.help",
		                             "zoho.com/mail" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const char *name = meaning_quoted_provider(texts[i]);
		int64_t provider = 0;
		if (!name || !provider_find(NULL, name, &provider) || provider == PROVIDER_OTHER)
			fail_msg("%s: %s", texts[i], name ? name : "nobody");
	}
	assert_null(meaning_quoted_provider("relay access denied"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_only_what_speaks_of_the_reader_suppresses),
		                            cmocka_unit_test(test_slower_uses_up_no_attempt),
		                            cmocka_unit_test(test_deferrals_follow_the_schedule_with_jitter),
		                            cmocka_unit_test(test_age_alone_gives_nobody_up),
		                            cmocka_unit_test(test_doubt_is_resent_once_then_held),
		                            cmocka_unit_test(test_a_lost_link_before_the_dot_is_nobodys_attempt),
		                            cmocka_unit_test(test_returned_mail_suppresses_only_when_hard),
		                            cmocka_unit_test(test_what_returned_mail_says_of_us),
		                            cmocka_unit_test(test_a_quoted_provider_is_one_we_know) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
