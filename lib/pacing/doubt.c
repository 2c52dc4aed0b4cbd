#include "pacing/doubt.h"

bool doubt_add(struct doubt *doubt, bool is_in_doubt)
{
	doubt->count -= doubt->in_doubt[doubt->at];
	doubt->count += is_in_doubt;
	doubt->in_doubt[doubt->at] = is_in_doubt;
	doubt->at = (doubt->at + 1) % DOUBT_LAST;
	bool too_many = doubt->count > DOUBT_MOST;
	if (too_many)
		*doubt = (struct doubt){ 0 };
	return too_many;
}
