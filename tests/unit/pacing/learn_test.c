#include "pacing/learn.h"
#include "base/units.h"
#include "pacing/provider.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const struct outcome accepted = { .kind = OUTCOME_ACCEPTED, .code = 250 };
static const struct verdict sent = { .kind = VERDICT_SENT };
static const struct outcome slower = { .kind = OUTCOME_REPLY, .stage = STAGE_RCPT, .code = 421, .reply = "4.7.28 unusual rate" };
static const struct verdict slow = { .kind = VERDICT_DEFER, .slow_down = true, .scope = SCOPE_PROVIDER };

static void test_a_little_faster_after_a_good_interval(void **state)
{
	struct learn learn;
	(void)state;
	learn_init(&learn, 10000, 0);
	learn_reply(&learn, &accepted, &sent, SECOND_US);
	assert_false(learn_step(&learn, 30 * SECOND_US));
	assert_true(learn_step(&learn, MINUTE_US));
	assert_in_range(learn.rate_milli, 11000, 11001);
	/* Nothing was sent: nothing was learned. */
	assert_false(learn_step(&learn, 3 * MINUTE_US));
}

static void test_half_as_fast_once_an_interval(void **state)
{
	struct learn learn;
	(void)state;
	learn_init(&learn, 10000, 0);
	for (int i = 0; i < 20; i++)
		learn_reply(&learn, &slower, &slow, SECOND_US + i);
	assert_int_equal(learn.rate_milli, 5000);
	assert_false(learn_step(&learn, 2 * MINUTE_US));
	learn_reply(&learn, &slower, &slow, 2 * MINUTE_US);
	assert_int_equal(learn.rate_milli, 2500);
}

static void test_it_settles_near_what_the_receiver_takes(void **state)
{
	/* A receiver that takes 20 a second and says "slower" beyond. */
	struct learn learn;
	int64_t second = 0;
	int taken = 0;
	int64_t sent_late = 0;
	(void)state;
	learn_init(&learn, 5000, 0);
	for (int64_t us = 0; us < 8 * HOUR_US; us += 10000) {
		learn_step(&learn, us);
		if (us / SECOND_US != second) {
			second = us / SECOND_US;
			taken = 0;
		}
		if (learn_wait(&learn, us) > 0)
			continue;
		learn_took(&learn, us);
		if (++taken <= 20) {
			learn_reply(&learn, &accepted, &sent, us);
			sent_late += us > 4 * HOUR_US;
		} else {
			learn_reply(&learn, &slower, &slow, us);
		}
	}
	/* At least 60 % of what it takes. */
	assert_true(sent_late > (int64_t)(4 * 3600 * 20 * 0.6));
}

static void test_one_probe_after_a_stop(void **state)
{
	struct learn learn;
	(void)state;
	learn_init(&learn, 50, 0);
	learn_reply(&learn, &slower, &slow, SECOND_US);
	int64_t until_us = learn.pause.until_us;
	assert_true(until_us >= 5 * MINUTE_US);
	assert_true(learn_wait(&learn, until_us - 1) > 0);
	assert_int_equal(learn_wait(&learn, until_us + HOUR_US), 0);
	learn_took(&learn, until_us + HOUR_US);
	assert_true(learn_wait(&learn, until_us + HOUR_US + 4 * MINUTE_US) > 0);
	/* Refused: a longer stop. */
	learn_reply(&learn, &slower, &slow, until_us + 2 * HOUR_US);
	assert_int_equal(learn.pause.length_us, 10 * MINUTE_US);
	until_us = learn.pause.until_us;
	learn_took(&learn, until_us + HOUR_US);
	learn_reply(&learn, &accepted, &sent, until_us + HOUR_US);
	assert_int_equal(learn.pause.until_us, 0);
	assert_int_equal(learn_wait(&learn, until_us + 2 * HOUR_US), 0);
}

/* The table is looked up by halves: one out of order would not be found. */
static void test_every_country_of_a_provider_is_known(void **state)
{
	static const struct {
		const char *domain, *provider;
	} known[] = {
		{ "126.com", "netease" },       { "aol.com", "yahoo" },
		{ "comcast.net", "comcast" },   { "free.fr", "free" },
		{ "gmail.com", "gmail" },       { "gmx.de", "gmx" },
		{ "gmx.net", "gmx" },           { "hotmail.co.uk", "microsoft" },
		{ "hotmail.com", "microsoft" }, { "hotmail.nl", "microsoft" },
		{ "icloud.com", "icloud" },     { "live.com.mx", "microsoft" },
		{ "mail.ru", "mailru" },        { "msn.com", "microsoft" },
		{ "orange.fr", "orange" },      { "outlook.it", "microsoft" },
		{ "pm.me", "proton" },          { "qq.com", "qq" },
		{ "t-online.de", "t-online" },  { "web.de", "gmx" },
		{ "ya.ru", "yandex" },          { "yahoo.co.jp", "yahoo" },
		{ "yahoo.com.br", "yahoo" },    { "yandex.by", "yandex" },
		{ "ymail.com", "yahoo" },       { "zoho.com", "zoho" },
		{ "live.example", "other" },    { "yahoo.com.evil", "other" },
		{ "livex.com", "other" },       { "yahoo", "other" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(known); i++)
		assert_string_equal(provider_name(NULL, provider_of(NULL, known[i].domain)), known[i].provider);
}

static void test_providers_are_known_by_domain_mx_and_configuration(void **state)
{
	struct providers *providers = providers_new();
	int64_t provider = 0;
	(void)state;
	assert_string_equal(provider_name(NULL, provider_of(NULL, "gmail.com")), "gmail");
	assert_string_equal(provider_name(NULL, provider_of(NULL, "example.org")), "other");
	assert_string_equal(provider_name(NULL, provider_of_mx(NULL, "gmail-smtp-in.l.google.com")), "gmail");
	assert_string_equal(provider_name(NULL, provider_of_mx(NULL, "example-org.mail.protection.outlook.com")), "microsoft365");
	assert_string_equal(provider_name(NULL, provider_of_mx(NULL, "mx.example.org")), "other");
	assert_true(provider_find(providers, "gmail", &provider));
	assert_true(providers_match(providers, provider, "example.org, mx:*.google.example"));
	providers_name(providers, 40, "corp");
	assert_true(providers_match(providers, 40, "corp.example"));
	assert_int_equal(provider_of(providers, "example.org"), provider);
	assert_int_equal(provider_of_mx(providers, "in.google.example"), provider);
	assert_int_equal(provider_of(providers, "corp.example"), 40);
	assert_int_equal(provider_of(providers, "yahoo.de"), provider_of(NULL, "yahoo.de"));
	assert_string_equal(provider_name(providers, 40), "corp");
	for (size_t i = 0; i < provider_count(); i++)
		assert_true(provider_limits((int64_t)i).rate_s > 0 && provider_limits((int64_t)i).sessions > 0);
	providers_free(&providers);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_little_faster_after_a_good_interval),
		                            cmocka_unit_test(test_half_as_fast_once_an_interval),
		                            cmocka_unit_test(test_it_settles_near_what_the_receiver_takes),
		                            cmocka_unit_test(test_one_probe_after_a_stop),
		                            cmocka_unit_test(test_every_country_of_a_provider_is_known),
		                            cmocka_unit_test(test_providers_are_known_by_domain_mx_and_configuration) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
