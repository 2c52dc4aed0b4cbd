/* pace - the dispatcher's pacing state between the configuration, the store and pacing: set up, kept over a restart, shown. */
#ifndef DELIVERY_PACE_H
#define DELIVERY_PACE_H
#include "daemon/delivery/parts.h"
#include "daemon/repeat.h"
#include "ops/pace.h"

enum { PACE_QUOTAS, PACE_PROVIDERS, PACE_RESETS, PACE_FLOWS, PACE_TRIES };

struct pace {
	struct delivery *delivery;
	struct ops *ops;
	struct pacing pacing;
	const struct config *config; /* whose rates are in force */
	char said[CONFIG_RELAYS][8];
	int64_t looked_us, flows_us, returns_us, rate_us; /* monotonic */
	int64_t rate_sent;
	struct pace_known known;
	struct repeat tries[PACE_TRIES];
};

MUST_CHECK int pace_start(struct pace *pace, struct delivery *delivery, struct ops *ops, struct error *err);
void pace_clear(struct pace *pace);
/* What the sessions told: replies move pauses and paces. */
void pace_events(struct pace *pace, struct moment now);
/* Now and then: providers that a person paused, campaigns' own rates, days of a warm-up. True: a reloaded configuration is in force now. */
bool pace_look(struct pace *pace, struct moment now);
/* A campaign that has just begun: its rates come into force before its first message goes. */
MUST_CHECK int pace_know(struct pace *pace, int64_t campaign, struct error *err);
/* Before a message goes that took more of a durable quota than the store knows of. False: it could not be stored. */
bool pace_reserve(struct pace *pace, bool ahead);
#endif
