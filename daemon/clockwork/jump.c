#include "daemon/clockwork/jump.h"
#include "ops/pace.h"
#include "store/delivery.h"
#include "store/event.h"
#include "system/clock.h"
#include "system/log.h"
#include <stdio.h>
#include <stdlib.h>

static bool is_far(int64_t us)
{
	return us > MINUTE_US || us < -MINUTE_US;
}

static void say(struct daemon *daemon, struct db *db, const char *text)
{
	struct error err;
	atomic_store(&daemon->is_frozen, text != NULL);
	if (store_meta_set(db, "clock", text, &err) < 0)
		log_warn("clock state not written text=\"%s\"", err.text);
}

static void jumped(struct daemon *daemon, struct ops *ops, int64_t by_us)
{
	char text[160];
	char by[UNITS_TEXT];
	struct error err;
	/* What was due before stays due; after a jump ahead the wall clock itself says so. */
	int64_t ahead_us = atomic_load(&daemon->due_ahead_us) - by_us;
	atomic_store(&daemon->due_ahead_us, ahead_us > 0 ? ahead_us : 0);
	int64_t size_us = ((by_us > 0 ? by_us : -by_us) + SECOND_US / 2) / SECOND_US * SECOND_US;
	snprintf(text, sizeof text, "jumped %s by %s: nothing expires and no schedule starts until it is back, or gazetted is reloaded",
	         by_us > 0 ? "ahead" : "back", units_write_duration(size_us, by));
	log_error("the clock %s", text);
	say(daemon, ops->db, text);
	if (store_lease_shift(ops->db, daemon->node, by_us, &err) < 0)
		log_error("leases not shifted text=\"%s\"", err.text);
	if (pace_shift(ops, by_us, &err) < 0)
		log_error("pauses not shifted text=\"%s\"", err.text);
}

void jump_look(struct jump *jump, struct daemon *daemon, struct ops *ops)
{
	struct moment now = clock_now();
	const struct config *config = atomic_load(&daemon->reloaded);
	int64_t offset_us = now.wall_us - now.mono_us;
	int64_t by_us = offset_us - jump->offset_us;
	if (jump->trusted_us == 0) {
		*jump = (struct jump){ offset_us, offset_us, config };
		say(daemon, ops->db, NULL);
		return;
	}
	jump->offset_us = offset_us;
	if (is_far(by_us))
		jumped(daemon, ops, by_us);
	bool is_told = config != jump->config;
	bool is_back = !is_far(offset_us - jump->trusted_us);
	jump->config = config;
	/* While all is well a clock that is steered slowly is followed. */
	if (!atomic_load(&daemon->is_frozen)) {
		jump->trusted_us = offset_us;
	} else if (is_told || is_back) {
		jump->trusted_us = offset_us;
		log_info("the clock is believed again: %s", is_back ? "it is back" : "reloaded");
		say(daemon, ops->db, NULL);
	}
}
