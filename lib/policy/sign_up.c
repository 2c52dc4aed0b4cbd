#include "policy/sign_up.h"

enum { OF_PEER = 5, OF_DOMAIN = 30, OF_BIG_DOMAIN = 300, TIMES_USUAL = 10, TIMES_FRESH = 5 };

static int64_t median(const int64_t days[SIGN_UP_DAYS])
{
	for (int i = 0; i < SIGN_UP_DAYS; i++) {
		int less = 0;
		int same = 0;
		for (int j = 0; j < SIGN_UP_DAYS; j++) {
			less += days[j] < days[i];
			same += days[j] == days[i];
		}
		if (less <= SIGN_UP_DAYS / 2 && less + same > SIGN_UP_DAYS / 2)
			return days[i];
	}
	return 0;
}

struct sign_up_limits policy_sign_ups(const int64_t before[SIGN_UP_DAYS], int64_t least_a_day, bool is_big)
{
	/* A first article in the press must not close the form of a young list: hence the least. */
	int64_t many = TIMES_USUAL * median(before);
	int64_t list = many > least_a_day ? many : least_a_day;
	return (struct sign_up_limits){ .peer_an_hour = OF_PEER,
		                        .domain_an_hour = is_big ? OF_BIG_DOMAIN : OF_DOMAIN,
		                        .list_a_day = list,
		                        .fresh_a_day = list * TIMES_FRESH };
}
