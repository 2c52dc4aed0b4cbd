/* breaker - when a campaign is to stop by itself: a share *and* a number of bounces, or of complaints, since a person last looked. A few
 * bad addresses of the first ten say nothing; a twentieth of all does. Pure. */
#ifndef PACING_BREAKER_H
#define PACING_BREAKER_H
#include <stddef.h>
#include <stdint.h>

/* A share in millionths, and the least number; number 0: off. */
struct breaker {
	int64_t bounce_ppm, bounce_least, complaint_ppm, complaint_least;
};

struct breaker_counts {
	int64_t tried, bounces, complaints; /* tried: accepted and refused */
};

enum { BREAKER_TEXT = 128 };

/* What came since `base`. Returns 1 and says which share passed which limit in `why`, or 0. */
int breaker_judge(const struct breaker *breaker, const struct breaker_counts *now, const struct breaker_counts *base,
                  char why[BREAKER_TEXT]);
#endif
