/* pacing - when the next message may go, and through which relay. A message passes when every gate it falls in has a token: the total, its
 * list, its campaign, its provider, the relay. All are looked at first; tokens are taken from all or none.
 * Through a smarthost replies speak of that relay, unless they quote the provider; a provider has a rate, a cap on messages in progress
 * and a pause. Where a relay speaks to the providers themselves (is_direct), each provider's pace is learned from its replies.
 * The same code runs in the daemon, in tests and in the simulation. Pure: time comes in, decisions go out. One owner. */
#ifndef PACING_PACING_H
#define PACING_PACING_H
#include "model/outcome.h"
#include "pacing/gate.h"
#include "pacing/learn.h"
#include "pacing/provider.h"
#include "pacing/ramp.h"

/* How long a provider's own words pause it, where it asks for no more: the first time, and at most. */
#define PROVIDER_PAUSE_US (2 * MINUTE_US)
#define PROVIDER_PAUSE_LONGEST_US (4 * HOUR_US)

enum { PACING_RELAYS = 16, PACING_NAME = 48 };

struct pacing_rates {
	struct rate rate[GATE_RATES];
	size_t count;
};

struct pacing_relay {
	char name[PACING_NAME];
	struct gate gate;
	struct ramp ramp; /* warm-up; no steps: none */
	struct gate warm; /* what the ramp allows a day */
	uint32_t weight;
	bool is_direct;
	struct pause pause;
	bool is_held;    /* paused by a person: nothing but he, or the time he gave, ends it */
	int64_t told_us; /* until when, as it was told last; wall */
	int failures;    /* faults of the relay in a row */
	bool hangs;      /* as the caller said last */
};

struct pacing_provider {
	struct gate gate;
	size_t cap;       /* messages in progress at most; 0: as many as there are sessions */
	size_t open;      /* of those, now: a provider that stalls is left with few */
	size_t busy;      /* in progress: what the caller counted, and what was taken since */
	int64_t moved_us; /* when one was last through */
	struct pause pause;
	bool is_held;    /* paused by a person: no probe */
	int64_t told_us; /* the end of its pause as the store had it last; wall */
	struct learn learn;
	bool has_news; /* pause or learned rate changed: the caller stores them and clears this */
};

/* A list's or a campaign's own rate or relay. */
struct pacing_flow {
	int64_t list, campaign; /* campaign 0: the whole list */
	struct pacing_rates rates;
	int relay; /* -1: any */
	struct gate gate;
};

struct pacing {
	struct gate total;
	struct pacing_relay relay[PACING_RELAYS];
	size_t relays;
	struct pacing_provider provider[PROVIDERS_MOST];
	struct pacing_flow *flow; /* by list, then campaign */
	size_t flows;
	uint64_t turn;
	bool is_short; /* a durable quota took more than is stored: pacing_reserve() before the message goes */
};

struct pacing_setup {
	struct pacing_rates total;
	struct {
		const char *name;
		struct pacing_rates rates;
		struct ramp ramp;
		uint32_t weight;
		bool is_direct;
	} relay[PACING_RELAYS];
	size_t relays;
	struct {
		struct pacing_rates rates;
		size_t cap;
	} provider[PROVIDERS_MOST];
};

/* What holds a message back, in the words of `queue --why`. */
enum hold {
	HOLD_NOTHING,
	HOLD_TOTAL,
	HOLD_LIST,
	HOLD_CAMPAIGN,
	HOLD_PROVIDER_RATE,
	HOLD_PROVIDER_PAUSE,
	HOLD_PROVIDER_CAP,
	HOLD_RELAY_RATE,
	HOLD_RELAY_PAUSE,
	HOLD_SESSIONS, /* every session of the relay is busy */
	HOLDS
};
extern const char *const hold_words[];

struct pacing_key {
	int64_t provider, list, campaign;
	bool is_notice; /* one mail to one person: held by total and relay only */
};

MUST_CHECK int pacing_init(struct pacing *pacing, const struct pacing_setup *setup, struct moment now, struct error *err);
void pacing_clear(struct pacing *pacing);
/* New rates in force: pauses, quotas used and what was learned stay. On failure nothing changes. */
MUST_CHECK int pacing_reload(struct pacing *pacing, const struct pacing_setup *setup, struct moment now, struct error *err);
/* The lists and campaigns under way that have a rate or a relay of their own, one each, in any order and number (gate is filled here).
 * Those that stay keep their tokens. 1 if one with a durable quota is new: pacing_restore() it; 0; -1 (MEMORY), and nothing changed. */
MUST_CHECK int pacing_set_flows(struct pacing *pacing, const struct pacing_flow *flows, size_t n, struct error *err);

/* How many messages are worth leasing: of this provider, of this campaign, in all; at most `max`. 0: it is paused, or has no token soon. */
size_t pacing_room(struct pacing *pacing, int64_t provider, struct moment now, size_t max);
size_t pacing_flow_room(struct pacing *pacing, int64_t list, int64_t campaign, struct moment now, size_t max);
/* The relay that a list or campaign has for its own; -1: any. */
int pacing_pinned(struct pacing *pacing, int64_t list, int64_t campaign);
size_t pacing_total_room(struct pacing *pacing, struct moment now, size_t max);

/* HOLD_NOTHING: the tokens are taken, *relay carries it. Else what holds it and the least wait. Bit i of `full`: relay i has no room. */
enum hold pacing_take(struct pacing *pacing, const struct pacing_key *key, uint32_t full, struct moment now, size_t *relay,
                      int64_t *wait_us);

/* A message that pacing_take() let go was not tried after all: its tokens count again, and if it was a probe another one may go. */
void pacing_untake(struct pacing *pacing, const struct pacing_key *key, size_t relay);
/* How many messages for it are in progress now. Where none gets through for a while, fewer are tried at once. */
void pacing_progress(struct pacing *pacing, int64_t provider, size_t busy, int64_t mono_us);
/* What became of a message or an attempt to connect: a success opens, three faults of the relay in a row or a 421 pause. */
void pacing_outcome(struct pacing *pacing, size_t relay, int64_t provider, const struct outcome *outcome, const struct verdict *verdict,
                    struct moment now);
/* Time passes: learned paces grow, a ramp comes to its next day. True if a ramp is to be stored. */
bool pacing_tick(struct pacing *pacing, struct moment now);
/* Ramps and learned paces come back from the store. */
void pacing_restore_ramp(struct pacing *pacing, size_t relay, const struct ramp *ramp, struct moment now);
struct pacing_told {
	int64_t rate_milli;       /* 0: none learned */
	int64_t paused_us, at_us; /* until when, said when (0: not known); wall. A clock that has gone back since makes no pause longer */
	bool is_held;
	const char *reason;
};
/* What is told again and again moves nothing: a pause that is known ends by the monotonic clock, however the wall clock jumps. */
void pacing_restore_provider(struct pacing *pacing, int64_t provider, const struct pacing_told *told, struct moment now);
/* A person pauses a relay until then (wall), or lets it go on (0). The same is true of it. */
void pacing_hold_relay(struct pacing *pacing, size_t relay, int64_t until_us, const char *reason, struct moment now);
/* What its failures brought on is forgotten: it is tried at once. A person's pause stays. */
void pacing_reset_relay(struct pacing *pacing, size_t relay);
/* All its sessions wait for it, or do so no longer: meanwhile nothing is leased for it nor given to it. */
void pacing_hang_relay(struct pacing *pacing, size_t relay, bool hangs);
bool pacing_is_paused(const struct pacing *pacing, size_t relay, int64_t mono_us);
/* Successes are worth telling: something waits for them. */
bool pacing_is_troubled(const struct pacing *pacing, size_t relay, int64_t provider);

/* Durable quotas, as the store keeps them. */
struct pacing_use {
	char scope[PACING_NAME + 16]; /* "total", "relay:main", "provider:gmail", "list:3", "campaign:12" */
	int64_t period_us, slice_us, used;
	struct window *of; /* whose it is, until flows are set; not stored */
};
/* What to store. ahead: of those that are short, with a reserve on top; else of all, as they are (at an orderly stop). Once it is
 * durable pacing_reserved() says so; without that what was short still is. */
size_t pacing_reserve(struct pacing *pacing, bool ahead, struct pacing_use *out, size_t max);
void pacing_reserved(struct pacing *pacing, const struct pacing_use *uses, size_t n);
void pacing_restore(struct pacing *pacing, const struct pacing_use *use, struct moment now);
#endif
