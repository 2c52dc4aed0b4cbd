#include "policy/pace.h"
#include "base/text.h"
#include <stdio.h>

int64_t pace_wait(const struct pace_in *in, const char **by)
{
	int64_t wait_us = in->set_us ? in->set_us : in->standard_us;
	*by = in->set_us ? "its setting" : "the standard";
	if (in->set_us == 0 && in->failures == 0) {
		int64_t asked_us = in->ttl_us > in->max_age_us ? in->ttl_us : in->max_age_us;
		if (asked_us > PACE_ASKED_MOST_US)
			asked_us = PACE_ASKED_MOST_US;
		if (asked_us > wait_us) {
			wait_us = asked_us;
			*by = in->ttl_us >= in->max_age_us ? "the feed's own wish" : "its server's Cache-Control";
		}
	}
	/* Twice as long after each failure; what a person set slower than that stays. */
	int64_t most_us = wait_us > PACE_FAILING_MOST_US ? wait_us : PACE_FAILING_MOST_US;
	for (int64_t i = 1; i < in->failures && wait_us < most_us; i++)
		wait_us *= 2;
	if (wait_us > most_us)
		wait_us = most_us;
	if (in->failures > 1)
		*by = "failures in a row";
	int64_t after_us = in->retry_after_us < PACE_ASKED_MOST_US ? in->retry_after_us : PACE_ASKED_MOST_US;
	if (after_us > wait_us) {
		wait_us = after_us;
		*by = "its server's Retry-After";
	}
	/* Later by up to a tenth, never sooner: a hundred feeds of one host do not come all at once. */
	return wait_us + (int64_t)(in->random % (uint64_t)(wait_us / 10 + 1));
}

int64_t pace_max_age(const char *cache_control)
{
	struct bytes rest = bytes_text(cache_control ? cache_control : "");
	struct bytes part;
	int64_t seconds = 0;
	while (text_next_part(&rest, ", ", &part)) {
		char word[32];
		int64_t n = 0;
		snprintf(word, sizeof word, "%.*s", (int)(part.size < 31 ? part.size : 31), part.data);
		if (text_equal_nocase(word, "no-store") || text_equal_nocase(word, "no-cache"))
			return 0;
		if (text_starts_nocase(bytes_text(word), "max-age=") && units_integer(word + 8, 0, 366 * 86400, &n, NULL) == 0)
			seconds = n;
	}
	return seconds * SECOND_US;
}

/* "Wed, 21 Oct 2015 07:28:00 GMT". */
static int64_t http_date(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char name[4] = "";
	int d = 0;
	int y = 0;
	int h = 0;
	int m = 0;
	int s = 0;
	if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &d, name, &y, &h, &m, &s) != 6 || strlen(name) != 3)
		return 0;
	const char *at = strstr(months, name);
	if (!at || (at - months) % 3 != 0 || y < 1970 || d < 1 || d > 31 || h > 23 || m > 59 || s > 60)
		return 0;
	return units_day(y, (int)(at - months) / 3 + 1, d) * DAY_US + h * HOUR_US + m * MINUTE_US + s * SECOND_US;
}

int64_t pace_retry_after(const char *value, int64_t now_us)
{
	int64_t seconds = 0;
	if (!value)
		return 0;
	if (units_integer(value, 0, 366 * 86400, &seconds, NULL) == 0)
		return seconds * SECOND_US;
	int64_t at_us = http_date(value);
	return at_us > now_us ? at_us - now_us : 0;
}
