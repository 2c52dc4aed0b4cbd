/* units - durations, sizes, rates and times, read and written as people and RFC 3339 do.
 * Time is microseconds everywhere; wall time counts from 1970-01-01 UTC. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H
#include "base/buffer.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)

/* Wall clock and a clock that never jumps, read together and passed in: pure rooms have no clock. */
struct moment {
	int64_t wall_us;
	int64_t mono_us;
};

struct rate {
	uint32_t count;
	uint32_t burst;    /* so many at once; 0: one second's worth */
	int64_t period_us; /* 0: no limit */
};

/* "90s", "5m", "1h30m", "4d", "250ms", "0". Returns 0, or -1 with ERROR_INPUT. */
MUST_CHECK int units_duration(const char *text, int64_t *out_us, struct error *err);
/* "512M", "20k", "1G" (powers of 1024), or plain bytes. */
MUST_CHECK int units_size(const char *text, int64_t *out_bytes, struct error *err);
/* "50/s", "3000/m", "100000/h", "1000000/d"; "3000/m:200" with a burst of 200, for seconds and minutes. */
MUST_CHECK int units_rate(const char *text, struct rate *out, struct error *err);
/* Decimal digits only, within [least, most]. */
MUST_CHECK int units_integer(const char *text, int64_t least, int64_t most, int64_t *out, struct error *err);
/* RFC 3339 date-time with offset, section 5.6. */
MUST_CHECK int units_time(const char *text, int64_t *out_us, struct error *err);

enum { UNITS_TEXT = 40 };                                                 /* room every writer below needs */
const char *units_write_duration(int64_t us, char out[UNITS_TEXT]);       /* "1h 30m", "2.5s": for people */
const char *units_write_exact(int64_t us, char out[UNITS_TEXT]);          /* "90s", "4d": reads back the same */
const char *units_write_size(int64_t bytes, char out[UNITS_TEXT]);        /* "1.5M" */
const char *units_write_rate(struct rate rate, char out[UNITS_TEXT]);     /* "50/s": reads back the same */
const char *units_write_count(int64_t n, char out[UNITS_TEXT]);           /* "40,112" */
const char *units_write_time(int64_t wall_us, char out[UNITS_TEXT]);      /* RFC 3339 UTC, "2026-11-23T07:00:00Z" */
const char *units_write_mail_date(int64_t wall_us, char out[UNITS_TEXT]); /* RFC 5322 section 3.3, "+0000" */

/* Civil date of a day number since 1970-01-01 and back (proleptic Gregorian). */
void units_civil(int64_t day, int *year, int *month, int *mday);
int64_t units_day(int year, int month, int mday);
#endif
