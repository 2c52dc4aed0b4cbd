#include "daemon/repeat.h"
#include "base/units.h"

enum repeat_say repeat_look(struct repeat *repeat, bool fails, int64_t mono_us)
{
	bool begins = fails != repeat->fails;
	if (!begins && (!fails || mono_us - repeat->said_us < MINUTE_US))
		return REPEAT_NOTHING;
	*repeat = (struct repeat){ fails, mono_us };
	return fails ? REPEAT_FAILS : REPEAT_WORKS;
}
