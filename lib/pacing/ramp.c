#include "pacing/ramp.h"
#include "base/units.h"

enum { BOUNCES_PERCENT = 5, COMPLAINTS_PERMILLE = 1, LEAST_USED = 20 };

static bool went_badly(const struct ramp *ramp)
{
	if (ramp->used < LEAST_USED)
		return false;
	return ramp->bounced * 100 >= ramp->used * BOUNCES_PERCENT || ramp->complained * 1000 > ramp->used * COMPLAINTS_PERMILLE;
}

bool ramp_day(struct ramp *ramp, int64_t wall_us)
{
	int64_t day = wall_us / DAY_US;
	if (ramp->steps == 0 || ramp->at >= ramp->steps || day <= ramp->day)
		return false;
	if (ramp->day > 0 && went_badly(ramp))
		ramp->at -= ramp->at > 0;
	else if (ramp->day > 0 && ramp->used * 2 >= ramp->step[ramp->at])
		ramp->at++;
	ramp->day = day;
	ramp->used = ramp->bounced = ramp->complained = 0;
	return true;
}

int64_t ramp_limit(const struct ramp *ramp)
{
	return ramp->at < ramp->steps ? ramp->step[ramp->at] : 0;
}
