/* zone - a time zone as the tz database keeps it (RFC 8536), read from the bytes of its file: what a local clock shows when, also
 * for the years to come, by the rule at the end of the file. Pure. A zone that is NULL is UTC.
 * "Local" numbers are microseconds that a clock on the wall would show if it counted from 1970-01-01 00:00 without any shift. */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H
#include "base/units.h"

struct zone;
enum zone_fit {
	ZONE_ONCE,
	ZONE_SKIPPED, /* the clock jumps over that time: moved on by the length of the jump */
	ZONE_TWICE,   /* the clock shows it twice: the first is taken */
};

/* `name` is kept for people to read. ERROR_CORRUPT: no TZif. zone_free() it. */
MUST_CHECK int zone_read(struct bytes tzif, const char *name, struct zone **out, struct error *err);
void zone_free(struct zone **zone);
const char *zone_name(const struct zone *zone);

int64_t zone_local(const struct zone *zone, int64_t wall_us);
int64_t zone_wall(const struct zone *zone, int64_t local_us, enum zone_fit *fit /* or NULL */);
#endif
