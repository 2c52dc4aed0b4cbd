/* policy - what a reply or a returned mail means: whose fault it is, and what happens to the message and the address.
 * Only RCPT or end of data, with a status or words that speak of the mailbox, speaks of the reader; everything else is the relay's
 * trouble or ours, counts against nobody and suppresses nobody. Pure. */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H
#include "base/units.h"
#include "model/outcome.h"

struct policy {
	const int64_t *retry_us; /* steps of the schedule */
	size_t retry_count;
	int64_t give_up_after_us;
	bool resend_uncertain;
};

/* `random` spreads the due times. */
struct verdict policy_reply(const struct outcome *outcome, const struct history *history, const struct policy *policy, uint64_t random,
                            struct moment now);

/* The wait that a reply asks for in words, as in "try again in 5 minutes", at most a day; 0: none. */
int64_t policy_asked_us(const char *reply);

/* What a returned mail or a notice of delay says of us: the words that would pause somebody in a session. slow_down, or DOOR_US with a
 * reason; of whom: the recipient's provider, unless they are those of an account at a relay. Else DOOR_NONE. `status` and `diagnostic`: as
 * in the report, "5.7.26" and "smtp; 550 5.7.26 ...". */
struct verdict policy_returned(const char *status, const char *diagnostic, struct moment now);

/* A returned mail: "hard" suppresses. The reason to store, or NULL: the address stays. */
const char *policy_bounce(const char *class, const char *status);
#endif
