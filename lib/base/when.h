/* when - a point of time as people write it, in a zone, and how it is said back to them. Pure: the caller passes the time in. */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H
#include "base/zone.h"

/* "07:00" (the next time the clock shows it), "today 07:00", "tomorrow 07:00", "mon 07:00", "+2h", "2026-11-23 07:00", or RFC 3339 with
 * its offset. Local times are the zone's. ERROR_INPUT: none of these, or not after now_us. *fit says what summer time made of it. */
MUST_CHECK int when_read(const char *text, const struct zone *zone, int64_t now_us, int64_t *out_us, enum zone_fit *fit, struct error *err);

enum { WHEN_TEXT = 160 };
/* "Mon 23 Nov 07:00 Europe/Berlin (06:00 UTC), in 19 h"; with its year where that is not this one. */
const char *when_write(int64_t at_us, const struct zone *zone, int64_t now_us, char out[WHEN_TEXT]);
/* "2026-11-23 07:00 Europe/Berlin": the local rule, as a schedule keeps it. */
const char *when_write_rule(int64_t at_us, const struct zone *zone, char out[WHEN_TEXT]);

/* 0 Monday … 6 Sunday from "mon" or "monday", or -1. */
int when_weekday(struct bytes word);
extern const char *const when_weekdays[]; /* "mon" … */
/* "7:00", "07:00" as microseconds of the day, or -1. */
int64_t when_clock(struct bytes text);
#endif
