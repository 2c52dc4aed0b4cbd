/* pace - when a source is looked at next: as often as it likes, never more often than we may, slower while it fails. Pure. */
#ifndef POLICY_PACE_H
#define POLICY_PACE_H
#include "base/units.h"

#define PACE_FAILING_MOST_US (6 * HOUR_US)
#define PACE_ASKED_MOST_US DAY_US

struct pace_in {
	int64_t set_us;      /* what a person set for this source; 0: its own pace */
	int64_t standard_us; /* of the configuration */
	int64_t ttl_us;      /* RSS ttl, sy:updatePeriod; 0: not said */
	int64_t max_age_us;  /* Cache-Control; 0: not said */
	int64_t retry_after_us;
	int64_t failures; /* in a row; 0: it went well */
	uint64_t random;  /* spreads the looks */
};
/* The wait, and whose wish it is. A source may ask for a slower pace, up to a day, never for a faster one. */
int64_t pace_wait(const struct pace_in *in, const char **by);
/* Seconds of max-age (RFC 9111 section 5.2.2.1) as microseconds; 0: none, or no-store. */
int64_t pace_max_age(const char *cache_control);
/* Retry-After (RFC 9110 section 10.2.3): seconds, or a date; the wait from now_us. 0: none, past, or not understood. */
int64_t pace_retry_after(const char *value, int64_t now_us);
#endif
