/* The pacing and policy code of the daemon on a virtual clock, against modelled mailbox providers: when a send to so many readers is
 * through.
 *
 *   simulate [READERS]...        standard: 1000000 10000000 100000000
 *
 * Each provider takes so many messages a second and says 421 beyond that; a share of the readers is deferred once (greylisting, a busy
 * server) or does not exist. "smarthost" goes through one relay that takes 5,000 a second; "mx" speaks to the providers itself, and learns.
 */
#include "pacing/pacing.h"
#include "policy/policy.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { STEPS_AHEAD = 64, MACHINE_PER_S = 5000, RELAY_PER_S = 1000 };
#define STEP_US (50 * INT64_C(1000))

/* What is modelled: a share of the readers, what the provider takes, how long a message is in progress. */
static const struct model {
	const char *name;
	double share;
	int takes_s;
	int latency_ms;
} models[] = {
	{ "gmail", 0.42, 400, 250 }, { "microsoft", 0.14, 120, 350 }, { "yahoo", 0.10, 100, 300 },  { "icloud", 0.06, 60, 300 },
	{ "gmx", 0.03, 30, 200 },    { "orange", 0.02, 15, 300 },     { "comcast", 0.02, 25, 250 }, { "other", 0.21, 100000, 400 },
};
enum { MODELS = sizeof models / sizeof models[0] };
#define DEFERRED_SHARE 0.01
#define BOUNCED_SHARE 0.008

struct deferred {
	int64_t due_us;
	int32_t model, attempts;
};

struct world {
	struct pacing pacing;
	int64_t provider[MODELS];
	int64_t fresh[MODELS]; /* never tried */
	struct deferred *heap; /* earliest first */
	size_t heap_size, heap_room, heap_peak;
	int64_t ready[MODELS], ready_attempts[MODELS]; /* deferred ones whose time has come */
	struct flight {
		int64_t n[MODELS], again[MODELS];
	} flight[STEPS_AHEAD];
	int64_t busy[MODELS], taken_in_second[MODELS], second;
	int64_t sent, bounced, expired, deferrals, tries;
	int64_t first_pass_us, now_us;
	uint64_t random;
};

static uint64_t draw(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

static bool chance(struct world *w, double share)
{
	return (double)(draw(w) >> 11) / (double)(UINT64_C(1) << 53) < share;
}

static struct moment moment_of(const struct world *w)
{
	return (struct moment){ INT64_C(1795000000) * SECOND_US + w->now_us, SECOND_US + w->now_us };
}

static void push(struct world *w, struct deferred item)
{
	if (w->heap_size == w->heap_room) {
		w->heap_room = w->heap_room ? w->heap_room * 2 : 1024;
		w->heap = realloc(w->heap, w->heap_room * sizeof *w->heap);
		if (!w->heap)
			abort();
	}
	size_t at = w->heap_size++;
	for (; at > 0 && w->heap[(at - 1) / 2].due_us > item.due_us; at = (at - 1) / 2)
		w->heap[at] = w->heap[(at - 1) / 2];
	w->heap[at] = item;
	w->heap_peak = w->heap_size > w->heap_peak ? w->heap_size : w->heap_peak;
}

static struct deferred pop(struct world *w)
{
	struct deferred top = w->heap[0];
	struct deferred last = w->heap[--w->heap_size];
	size_t at = 0;
	for (size_t child; (child = 2 * at + 1) < w->heap_size; at = child) {
		if (child + 1 < w->heap_size && w->heap[child + 1].due_us < w->heap[child].due_us)
			child++;
		if (w->heap[child].due_us >= last.due_us)
			break;
		w->heap[at] = w->heap[child];
	}
	w->heap[at] = last;
	return top;
}

static const int64_t retry_us[] = { 5 * MINUTE_US, 15 * MINUTE_US, HOUR_US, 3 * HOUR_US, 6 * HOUR_US, 12 * HOUR_US, 24 * HOUR_US };
static const struct policy policy = { retry_us, sizeof retry_us / sizeof retry_us[0], 4 * DAY_US, true };

/* What the provider says to one message. */
static const struct outcome *answer(struct world *w, size_t m, bool again)
{
	static const struct outcome accepted = { .kind = OUTCOME_ACCEPTED, .stage = STAGE_DATA_END, .code = 250, .status = "2.0.0" };
	static const struct outcome slower = { .kind = OUTCOME_REPLY,
		                               .stage = STAGE_RCPT,
		                               .code = 421,
		                               .status = "4.7.28",
		                               .reply =
		                                       "4.7.28 Our system has detected an unusual rate of mail. To protect our users, mail "
		                                       "sent from your address has been temporarily rate limited. gsmtp" };
	static const struct outcome busy = {
		.kind = OUTCOME_REPLY, .stage = STAGE_RCPT, .code = 451, .status = "4.3.0", .reply = "4.3.0 Temporary lookup failure"
	};
	static const struct outcome nobody = { .kind = OUTCOME_REPLY,
		                               .stage = STAGE_RCPT,
		                               .code = 550,
		                               .status = "5.1.1",
		                               .reply = "5.1.1 The email account does not exist" };
	if (w->second != w->now_us / SECOND_US) {
		w->second = w->now_us / SECOND_US;
		memset(w->taken_in_second, 0, sizeof w->taken_in_second);
	}
	if (w->pacing.relay[0].is_direct && ++w->taken_in_second[m] > models[m].takes_s)
		return &slower;
	if (again)
		return &accepted;
	if (chance(w, BOUNCED_SHARE))
		return &nobody;
	return chance(w, DEFERRED_SHARE) ? &busy : &accepted;
}

static void finish_one(struct world *w, size_t m, int attempts)
{
	const struct outcome *outcome = answer(w, m, attempts > 0);
	struct history history = { .attempts = attempts, .queued_us = moment_of(w).wall_us - w->now_us };
	struct verdict verdict = policy_reply(outcome, &history, &policy, draw(w), moment_of(w));
	pacing_outcome(&w->pacing, 0, w->provider[m], outcome, &verdict, moment_of(w));
	w->tries++;
	if (verdict.kind == VERDICT_SENT) {
		w->sent++;
	} else if (verdict.kind == VERDICT_BOUNCE) {
		w->bounced++;
	} else if (verdict.kind == VERDICT_EXPIRE) {
		w->expired++;
	} else {
		w->deferrals++;
		push(w,
		     (struct deferred){ w->now_us + verdict.due_us - moment_of(w).wall_us, (int32_t)m, attempts + verdict.counts_attempt });
	}
}

/* Those whose time in progress is over. */
static void land(struct world *w)
{
	struct flight *flight = &w->flight[w->now_us / STEP_US % STEPS_AHEAD];
	for (size_t m = 0; m < MODELS; m++) {
		for (int64_t i = 0; i < flight->n[m]; i++)
			finish_one(w, m, 0);
		for (int64_t i = 0; i < flight->again[m]; i++)
			finish_one(w, m, 1);
		w->busy[m] -= flight->n[m] + flight->again[m];
		pacing_progress(&w->pacing, w->provider[m], (size_t)w->busy[m], moment_of(w).mono_us);
	}
	*flight = (struct flight){ 0 };
}

/* Hands out what may go now, a few of each provider in turn. */
static void take_off(struct world *w)
{
	bool is_held[MODELS] = { 0 };
	for (bool any = true; any;) {
		any = false;
		for (size_t m = 0; m < MODELS; m++) {
			struct pacing_key key = { .provider = w->provider[m], .list = 1, .campaign = 1 };
			size_t relay = 0;
			int64_t wait_us = 0;
			for (int burst = 0; burst < 8 && !is_held[m] && w->fresh[m] + w->ready[m] > 0; burst++) {
				is_held[m] = pacing_take(&w->pacing, &key, 0, moment_of(w), &relay, &wait_us) != HOLD_NOTHING;
				if (is_held[m])
					break;
				struct flight *flight =
					&w->flight[(w->now_us / STEP_US + models[m].latency_ms * 1000 / STEP_US) % STEPS_AHEAD];
				int64_t *from = w->fresh[m] > 0 ? &w->fresh[m] : &w->ready[m];
				int64_t *to = w->fresh[m] > 0 ? &flight->n[m] : &flight->again[m];
				--*from;
				++*to;
				w->busy[m]++;
				any = true;
			}
		}
	}
}

static bool is_left(const struct world *w, bool fresh_only)
{
	for (size_t m = 0; m < MODELS; m++)
		if (w->fresh[m] > 0 || (!fresh_only && (w->busy[m] > 0 || w->ready[m] > 0)))
			return true;
	return !fresh_only && w->heap_size > 0;
}

static int begin(struct world *w, int64_t readers, bool is_direct)
{
	struct pacing_setup setup = { .total = { { { MACHINE_PER_S, MACHINE_PER_S / 20, SECOND_US } }, 1 }, .relays = 1 };
	struct error err;
	setup.relay[0].name = "relay";
	setup.relay[0].weight = 1;
	setup.relay[0].is_direct = is_direct;
	if (!is_direct)
		setup.relay[0].rates = (struct pacing_rates){ { { RELAY_PER_S, 0, SECOND_US } }, 1 };
	*w = (struct world){ .random = 0x9e3779b97f4a7c15 };
	int64_t rest = readers;
	for (size_t m = 0; m < MODELS; m++) {
		if (!provider_find(NULL, models[m].name, &w->provider[m]))
			return -1;
		w->fresh[m] = m + 1 < MODELS ? (int64_t)((double)readers * models[m].share) : rest;
		rest -= w->fresh[m];
		/* Straight to a provider its connections bound what is in progress; through a smarthost a quarter of a hundred sessions. */
		struct provider_limits limits = provider_limits(w->provider[m]);
		setup.provider[w->provider[m]].cap = is_direct ? (size_t)limits.sessions * 20 : m + 1 < MODELS ? 400 : 0;
	}
	return pacing_init(&w->pacing, &setup, moment_of(w), &err);
}

static void run(struct world *w)
{
	while (is_left(w, false) && w->now_us < 30 * DAY_US) {
		land(w);
		while (w->heap_size > 0 && w->heap[0].due_us <= w->now_us)
			w->ready[pop(w).model]++;
		pacing_tick(&w->pacing, moment_of(w));
		take_off(w);
		if (w->first_pass_us == 0 && !is_left(w, true))
			w->first_pass_us = w->now_us;
		w->now_us += STEP_US;
	}
}

static void report(const struct world *w, int64_t readers, const char *mode, double seconds)
{
	char count[UNITS_TEXT];
	char first[UNITS_TEXT];
	char all[UNITS_TEXT];
	char peak[UNITS_TEXT];
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	printf("%12s  %-9s  %14s  %14s  %12s  %8.2f %%  %9.1f MB  %6.1f s\n", units_write_count(readers, count), mode,
	       units_write_duration(w->first_pass_us / MINUTE_US * MINUTE_US, first),
	       units_write_duration(w->now_us / MINUTE_US * MINUTE_US, all), units_write_count((int64_t)w->heap_peak, peak),
	       100.0 * (double)w->deferrals / (double)w->tries, (double)usage.ru_maxrss / 1024.0, seconds);
	if (w->sent + w->bounced + w->expired != readers)
		printf("              LOST: %lld of %lld\n", (long long)(readers - w->sent - w->bounced - w->expired), (long long)readers);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct world w;
	static const char *const standard[] = { "1000000", "10000000", "100000000" };
	int status = 0;
	printf("%12s  %-9s  %14s  %14s  %12s  %10s  %12s  %8s\n", "readers", "by", "first pass", "all through", "peak deferred",
	       "deferrals", "memory", "took");
	for (int i = 0; i < (argc > 1 ? argc - 1 : 3); i++)
		for (int is_direct = 0; is_direct < 2; is_direct++) {
			int64_t readers = strtoll(argc > 1 ? argv[i + 1] : standard[i], NULL, 10);
			clock_t began = clock();
			if (readers < 1 || begin(&w, readers, is_direct) < 0) {
				fputs("usage: simulate [READERS]...\n", stderr);
				return 64;
			}
			run(&w);
			report(&w, readers, is_direct ? "mx" : "smarthost", (double)(clock() - began) / CLOCKS_PER_SEC);
			status |= w.sent + w.bounced + w.expired != readers;
			free(w.heap);
		}
	return status;
}
