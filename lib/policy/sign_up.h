/* sign_up - how many sign-ups our pages take before they say no: an open form is what mailbombs are made with (RULES A2). */
#ifndef POLICY_SIGN_UP_H
#define POLICY_SIGN_UP_H
#include <stdbool.h>
#include <stdint.h>

enum { SIGN_UP_DAYS = 7 };

struct sign_up_limits {
	int64_t peer_an_hour;   /* from one customer of an internet provider: an IPv4 address, or an IPv6 /64 */
	int64_t domain_an_hour; /* to addresses of one domain */
	int64_t list_a_day;     /* for one list, */
	int64_t fresh_a_day;    /* and up to here from those who ask for the first time that day */
};

/* before: how many came for the list on each of the last seven days. least_a_day: what it takes in any case. is_big: the domain is that of
 * a mailbox provider everybody has heard of, whose servers do not notice us. */
struct sign_up_limits policy_sign_ups(const int64_t before[SIGN_UP_DAYS], int64_t least_a_day, bool is_big);
#endif
