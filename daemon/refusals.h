/* refusals - how many readers of each provider each relay refused: counted by the sessions, looked at by the clockwork. */
#ifndef DAEMON_REFUSALS_H
#define DAEMON_REFUSALS_H
#include "model/outcome.h"
#include "ops/ops.h"
#include "pacing/provider.h"
#include <stdatomic.h>

struct refusals {
	struct refusal_count {
		atomic_llong verdicts, refusals;
		long long saved; /* verdicts, as the store has them; the clockwork's own */
	} of[CONFIG_RELAYS][PROVIDERS_MOST];
};

/* What the store kept. */
MUST_CHECK int refusals_load(struct refusals *refusals, struct ops *ops, struct error *err);
/* Counts a verdict, and takes its teeth when nobody should believe it: a relay that refuses nearly everybody is left alone, and nobody
 * is refused for it. */
void refusals_judge(struct refusals *refusals, size_t relay, int64_t provider, enum outcome_kind kind, struct verdict *verdict,
                    int64_t due_us);
/* Saves what changed, confirms what a good sample bears out, tells the admin of a bad one. */
MUST_CHECK int refusals_look(struct refusals *refusals, struct ops *ops, struct error *err);
#endif
