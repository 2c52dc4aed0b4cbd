/* retry - when a deferred message is due again: the steps of the schedule with jitter, the last step repeating. */
#ifndef PACING_RETRY_H
#define PACING_RETRY_H
#include <stddef.h>
#include <stdint.h>

struct retry {
	const int64_t *steps_us;
	size_t count; /* at least 1 */
};

/* Due time after the `attempts`-th counted try (from 1), spread by up to a tenth either way with `random`. */
int64_t retry_due(const struct retry *retry, int attempts, uint64_t random, int64_t now_us);
#endif
