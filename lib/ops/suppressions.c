#include "ops/suppressions.h"
#include "store/alert.h"
#include "store/refusal.h"
#include "system/clock.h"

enum { CHUNK = 200 };

/* What was asked is answered; should it go on, it is asked again. */
static int answered(struct ops *ops, struct actor actor, const char *verb, struct error *err)
{
	return store_alert_end_old(ops->db, "suppressions", INT64_MAX, err) < 0 ? -1 : ops_audit(ops, actor, verb, "provisional", "", err);
}

int suppression_confirm_provisional(struct ops *ops, struct actor actor, int64_t *n, struct error *err)
{
	return store_suppression_confirm(ops->db, NULL, 0, n, err) < 0 ? -1 : answered(ops, actor, "suppression confirm", err);
}

int suppression_drop_provisional(struct ops *ops, struct actor actor, int64_t *dropped, int64_t *queued, struct error *err)
{
	*dropped = *queued = 0;
	for (int64_t n = CHUNK; n == CHUNK;) {
		int64_t again = 0;
		if (store_suppression_drop(ops->db, CHUNK, clock_now().wall_us, &n, &again, err) < 0)
			return -1;
		*dropped += n;
		*queued += again;
	}
	return answered(ops, actor, "suppression drop", err);
}
