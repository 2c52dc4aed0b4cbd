/* refusal - what relays said of how many readers of each provider, and the provisional suppressions that came of it. */
#ifndef STORE_REFUSAL_H
#define STORE_REFUSAL_H
#include "store/db.h"

struct refusal {
	const char *relay;
	int64_t provider, verdicts, refusals;
	int64_t provisional; /* suppressions that wait for a good sample, or a person */
};
extern const struct field refusal_fields[];
/* Every sample, and every relay and provider with provisional suppressions. */
MUST_CHECK int store_refusal_all(struct db *db, struct refusal *out, size_t max, size_t *n, struct arena *arena, struct error *err);
MUST_CHECK int store_refusal_save(struct db *db, const char *relay, int64_t provider, int64_t verdicts, int64_t refusals,
                                  struct error *err);

/* relay NULL: all. */
MUST_CHECK int store_suppression_confirm(struct db *db, const char *relay, int64_t provider, int64_t *n, struct error *err);
/* At most `max` provisional suppressions are undone: who was refused, or left out because of it, is queued again in campaigns that are
 * not ended for good. The samples are forgotten. Call again while *n == max. */
MUST_CHECK int store_suppression_drop(struct db *db, size_t max, int64_t now_us, int64_t *n, int64_t *queued, struct error *err);
#endif
