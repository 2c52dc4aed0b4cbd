/* pace - what paces sending and outlives a restart: providers' pauses and learned rates, quotas used, the rates of lists and campaigns. */
#ifndef STORE_PACE_H
#define STORE_PACE_H
#include "store/db.h"

/* What holds a provider back: a person's pause (is_held) or one that its own words brought on; and the pace learned of it. */
struct provider_state {
	int64_t provider, paused_until_us /* wall; 0: none */, rate_milli /* thousandths of a message a second; 0: none learned */, at_us;
	bool is_held;
	const char *reason;
};
extern const struct field provider_state_fields[];
MUST_CHECK int store_provider_all(struct db *db, struct provider_state *out, size_t max, size_t *n, struct arena *arena, struct error *err);
/* The whole row; the daemon leaves a person's pause as it is. */
MUST_CHECK int store_provider_set(struct db *db, const struct provider_state *state, bool is_person, struct error *err);
/* The wall clock jumped: the pauses of providers and relays end that much later. Every node's: rows bear no node, and a store on one
 * machine has one clock. With several nodes the times of pauses must be the store's clock's, and no node may shift them by its own. */
MUST_CHECK int store_pauses_shift(struct db *db, int64_t by_us, struct error *err);
MUST_CHECK int store_provider_reset(struct db *db, int64_t provider, struct error *err); /* forgets all of it */
/* The number of a name that the configuration brought, made if there is none (from `first` on). FULL: none is left below `end`. */
MUST_CHECK int store_provider_number(struct db *db, const char *name, int64_t first, int64_t end, int64_t *id, struct error *err);
struct provider_named {
	int64_t id;
	const char *name;
};
MUST_CHECK int store_provider_names(struct db *db, struct provider_named *out, size_t max, size_t *n, struct arena *arena,
                                    struct error *err);

struct rate_use {
	const char *scope;
	int64_t period_us, slice_us, used;
};
/* All slices of quotas that still count at now_us; those that do not are removed. */
MUST_CHECK int store_rate_use_all(struct db *db, int64_t now_us, struct rate_use *out, size_t max, size_t *n, struct arena *arena,
                                  struct error *err);
MUST_CHECK int store_rate_use_set(struct db *db, const struct rate_use *uses, size_t n, struct error *err);

/* Campaigns under way with their own rate, and lists of such that have a rate or a relay (campaign 0); texts are "" where there is none.
 * A page behind `after`, in the order of their numbers. */
struct flow {
	int64_t campaign, list;
	const char *rate, *relay;
};
MUST_CHECK int store_flow_campaigns(struct db *db, int64_t after, struct flow *out, size_t max, size_t *n, struct arena *arena,
                                    struct error *err);
MUST_CHECK int store_flow_lists(struct db *db, int64_t after, struct flow *out, size_t max, size_t *n, struct arena *arena,
                                struct error *err);
MUST_CHECK int store_campaign_set_rate(struct db *db, int64_t campaign, const char *rate, int64_t *changed, struct error *err);
MUST_CHECK int store_flow_of(struct db *db, int64_t campaign, struct flow *out, struct arena *arena, struct error *err); /* 1, 0, -1 */

/* What came back since then: refused or returned for good, and complaints. */
struct returns {
	int64_t bounced, complained;
};
MUST_CHECK int store_returns_since(struct db *db, int64_t since_us, struct returns *out, struct error *err);

/* Subscribers after `after` with their domain's provider, in id order: for a new table of domains. */
struct subscriber_provider {
	int64_t id, provider;
	const char *email;
};
MUST_CHECK int store_subscriber_providers(struct db *db, int64_t after, struct subscriber_provider *out, size_t max, size_t *n,
                                          struct arena *arena, struct error *err);
MUST_CHECK int store_subscriber_set_providers(struct db *db, const struct subscriber_provider *rows, size_t n, struct error *err);
#endif
