/* rhythm - when a digest goes out: a local rule in a zone, so that 07:00 stays 07:00 when the clocks change. Pure. */
#ifndef POLICY_RHYTHM_H
#define POLICY_RHYTHM_H
#include "base/zone.h"

enum rhythm_period { RHYTHM_DAILY, RHYTHM_WEEKLY, RHYTHM_MONTHLY };
extern const char *const rhythm_words[];
struct rhythm {
	enum rhythm_period period;
	int day; /* weekly: 0 Monday; monthly: 1 to 31, the last day where a month is shorter */
	int64_t clock_us;
};

/* "daily 07:00", "weekly mon 07:00", "monthly 1 07:00"; the time may be left out (07:00), the day too (Monday, the first). */
MUST_CHECK int rhythm_read(const char *text, struct rhythm *out, struct error *err);
const char *rhythm_write(const struct rhythm *rhythm, char out[UNITS_TEXT]);
/* The first time after after_us. */
int64_t rhythm_next(const struct rhythm *rhythm, const struct zone *zone, int64_t after_us);
#endif
