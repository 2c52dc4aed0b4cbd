#include "pacing/breaker.h"
#include <inttypes.h>
#include <stdio.h>

static int passes(const char *what, int64_t n, int64_t tried, int64_t ppm, int64_t least, char why[BREAKER_TEXT])
{
	/* Returned mail may be more than what was tried since: of what went out before. */
	if (least <= 0 || n < least || n * 1000000 <= ppm * tried)
		return 0;
	double share = tried > n ? 100.0 * (double)n / (double)tried : 100.0;
	snprintf(why, BREAKER_TEXT, "breaker: %" PRId64 " %s of %" PRId64 " (%.2f%%) passed %g%% min %" PRId64, n, what, tried, share,
	         (double)ppm / 10000, least);
	return 1;
}

int breaker_judge(const struct breaker *breaker, const struct breaker_counts *now, const struct breaker_counts *base,
                  char why[BREAKER_TEXT])
{
	int64_t tried = now->tried - base->tried;
	return passes("bounces", now->bounces - base->bounces, tried, breaker->bounce_ppm, breaker->bounce_least, why) ||
	       passes("complaints", now->complaints - base->complaints, tried, breaker->complaint_ppm, breaker->complaint_least, why);
}
