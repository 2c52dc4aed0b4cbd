#include "model/state.h"
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_final_deliveries_move_only_by_a_persons_word(void **state)
{
	static const enum delivery_state final[] = { DELIVERY_SENT, DELIVERY_BOUNCED, DELIVERY_EXPIRED, DELIVERY_SUPPRESSED,
		                                     DELIVERY_CANCELLED };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(final); i++)
		for (int e = 0; e < DELIVERY_EVENTS; e++)
			assert_int_equal(delivery_next(final[i], (enum delivery_event)e),
			                 e == ON_RESEND && final[i] != DELIVERY_CANCELLED ? DELIVERY_QUEUED : DELIVERY_NONE);
}

/* Promise 2: sent is reached only by a 2xx while inflight, or by proof of what was in doubt. */
static void test_sent_needs_a_mark_or_a_proof(void **state)
{
	(void)state;
	for (int s = 0; s < DELIVERY_STATES; s++)
		for (int e = 0; e < DELIVERY_EVENTS; e++)
			if (delivery_next((enum delivery_state)s, (enum delivery_event)e) == DELIVERY_SENT)
				assert_true((s == DELIVERY_INFLIGHT && e == ON_ACCEPT) ||
				            (s == DELIVERY_UNCERTAIN && (e == ON_PROOF || e == ON_ACCEPT)));
}

static void test_only_the_leased_go_on_the_wire(void **state)
{
	(void)state;
	for (int s = 0; s < DELIVERY_STATES; s++)
		assert_int_equal(delivery_next((enum delivery_state)s, ON_START), s == DELIVERY_LEASED ? DELIVERY_INFLIGHT : DELIVERY_NONE);
}

static void test_who_left_comes_back_only_by_confirming(void **state)
{
	(void)state;
	for (int e = 0; e < SUBSCRIPTION_EVENTS; e++)
		assert_int_equal(subscription_next(SUBSCRIPTION_UNSUBSCRIBED, (enum subscription_event)e) == SUBSCRIPTION_ACTIVE,
		                 e == SUBSCRIPTION_ON_CONFIRM);
}

static void test_a_cancelled_campaign_stays_cancelled(void **state)
{
	(void)state;
	for (int e = 0; e < CAMPAIGN_EVENTS; e++)
		assert_int_equal(campaign_next(CAMPAIGN_CANCELLED, (enum campaign_event)e), CAMPAIGN_NONE);
}

static void test_every_state_has_its_word(void **state)
{
	(void)state;
	for (int s = 0; s < DELIVERY_STATES; s++)
		assert_non_null(delivery_words[s]);
	assert_null(delivery_words[DELIVERY_STATES]);
	assert_string_equal(delivery_words[DELIVERY_UNCERTAIN], "uncertain");
	assert_string_equal(campaign_words[CAMPAIGN_CANCELLED], "cancelled");
	assert_string_equal(subscription_words[SUBSCRIPTION_UNSUBSCRIBED], "unsubscribed");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_final_deliveries_move_only_by_a_persons_word),
		                            cmocka_unit_test(test_sent_needs_a_mark_or_a_proof),
		                            cmocka_unit_test(test_only_the_leased_go_on_the_wire),
		                            cmocka_unit_test(test_who_left_comes_back_only_by_confirming),
		                            cmocka_unit_test(test_a_cancelled_campaign_stays_cancelled),
		                            cmocka_unit_test(test_every_state_has_its_word) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
