/* pace - pacing as the store and the configuration have it: the daemon starts from it, the command line explains and estimates with it. */
#ifndef OPS_PACE_H
#define OPS_PACE_H
#include "ops/providers.h"
#include "pacing/estimate.h"

/* What was used of durable quotas, from the store. */
MUST_CHECK int pace_load_uses(struct ops *ops, struct pacing *pacing, struct moment now, struct error *err);
/* Providers' pauses; with_rates: the paces that were learned too. */
MUST_CHECK int pace_load_providers(struct ops *ops, struct pacing *pacing, bool with_rates, struct moment now, struct error *err);
/* The campaigns whose rates are in force, in the order of their numbers. */
struct pace_known {
	int64_t *campaign;
	size_t count, room;
};
void pace_known_clear(struct pace_known *known);
bool pace_knows(const struct pace_known *known, int64_t campaign);
/* Rates and relays of all lists and campaigns under way, and which campaigns those are. */
MUST_CHECK int pace_load_flows(struct ops *ops, struct pacing *pacing, struct moment now, struct pace_known *known, struct error *err);

/* Relays that a person paused. */
MUST_CHECK int pace_load_holds(struct ops *ops, struct pacing *pacing, struct moment now, struct error *err);

/* The wall clock jumped: pauses end that much later, which is as long as they were to last. */
MUST_CHECK int pace_shift(struct ops *ops, int64_t by_us, struct error *err);

/* All of it, relays' pauses too, as far as the daemon wrote them down: to look at, not to send by. pace_free() it. */
MUST_CHECK int pace_open(struct ops *ops, struct pacing **out, struct error *err);
void pace_free(struct pacing **pacing);

/* When a campaign that is under way will be through; campaign 0: everything. */
MUST_CHECK int pace_estimate(struct ops *ops, int64_t campaign, struct estimate *out, struct error *err);
/* "the rate of provider gmail, 20/s": what decides an estimate, in words. The text lives in the arena. */
const char *pace_words(const struct ops *ops, const struct estimate *estimate, struct arena *arena);
#endif
