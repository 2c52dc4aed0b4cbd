/* The dispatcher: leases what is due, hands it to the relays as fast as pacing allows, and owns all pacing state. */
#include "daemon/delivery/disk.h"
#include "daemon/delivery/parts.h"
#include "store/event.h"
#include "system/clock.h"
#include "system/log.h"
#include <stdio.h>
#include <stdlib.h>

enum { REVOCATIONS = 256 };
#define LEASE_US (30 * MINUTE_US) /* longer than all time-outs of a message together */
#define KEYS_US MINUTE_US
#define LOOK_US (SECOND_US / 5)

struct dispatcher {
	struct delivery *delivery;
	struct ops ops;
	struct pacing pacing;
	const struct config *config; /* whose rates are in the buckets */
	struct job *held;            /* leased, not yet handed on; first in, first out */
	size_t held_at, held_count;
	int64_t last_revocation;
	int64_t looked_us, leased_us, keys_us;
	struct disk disk;
	size_t turn; /* round robin over relays by weight */
	char said[CONFIG_RELAYS][8];
};

static void set_rates(struct dispatcher *d, const struct config *config)
{
	struct pacing_rates total = { .count = config->delivery.rates.count };
	struct pacing_rates relays[CONFIG_RELAYS] = { 0 };
	struct pacing fresh;
	struct error err;
	memcpy(total.rate, config->delivery.rates.rate, sizeof total.rate);
	for (size_t i = 0; i < config->relay_count; i++) {
		relays[i].count = config->relay[i].rates.count;
		memcpy(relays[i].rate, config->relay[i].rates.rate, sizeof relays[i].rate);
	}
	if (pacing_init(&fresh, &total, relays, d->delivery->relays, &err) < 0)
		log_error("rates not taken text=\"%s\"", err.text);
	else
		d->pacing = fresh;
	d->config = config;
}

/* What a relay's trouble is, for `status` and `queue --why`; written when it changes. */
static void say_relay(struct dispatcher *d, size_t i, struct moment now)
{
	const struct pacing_relay *relay = &d->pacing.relay[i];
	bool paused = pacing_is_paused(&d->pacing, i, now.mono_us);
	const char *state = paused || relay->is_probing ? "paused" : relay->failures > 0 ? "slow" : "ok";
	struct relay_state row = { .name = d->delivery->relay[i].name,
		                   .state = state,
		                   .reason = relay->reason,
		                   .until_us = paused ? now.wall_us + relay->paused_until_us - now.mono_us : 0,
		                   .at_us = now.wall_us };
	struct error err;
	if (strcmp(d->said[i], state) == 0 && !paused)
		return;
	if (strcmp(d->said[i], state) != 0)
		log_warn("relay %s is %s reason=\"%s\"", row.name, state, row.reason);
	snprintf(d->said[i], sizeof d->said[i], "%s", state);
	if (store_relay_say(d->ops.db, &row, &err) < 0)
		log_error("relay state not written text=\"%s\"", err.text);
}

static void take_events(struct dispatcher *d)
{
	struct delivery *delivery = d->delivery;
	bool touched[CONFIG_RELAYS] = { 0 };
	struct moment now = clock_now();
	pthread_mutex_lock(&delivery->mutex);
	for (size_t i = 0; i < delivery->event_count; i++) {
		const struct happened *event = &delivery->events[i];
		pacing_outcome(&d->pacing, event->relay, &event->outcome, &event->verdict, now.mono_us);
		touched[event->relay] = true;
	}
	delivery->event_count = 0;
	pthread_mutex_unlock(&delivery->mutex);
	for (size_t i = 0; i < delivery->relays; i++) {
		if (!touched[i])
			continue;
		const struct pacing_relay *relay = &d->pacing.relay[i];
		atomic_store(&delivery->relay[i].troubled, relay->failures > 0 || relay->is_probing || relay->paused_until_us > 0);
		say_relay(d, i, now);
	}
}

/* Now and then: a key that DNS has come to show signs from then on. */
static void load_keys(struct dispatcher *d, int64_t now_us)
{
	struct error err;
	d->keys_us = now_us;
	if (signers_load(&d->delivery->signers, &d->ops, d->config, &err) < 0)
		log_error("keys not read again: those in force stay text=\"%s\"", err.text);
}

static bool any(const struct job *job, const void *unused)
{
	(void)job, (void)unused;
	return true;
}

static void give_back(struct dispatcher *d, const struct job *jobs, size_t n)
{
	struct error err;
	if (store_delivery_release(d->ops.db, jobs, n, &err) < 0)
		log_error("leases not given back text=\"%s\"", err.text);
}

/* Jobs that sessions could not try: a relay is away. They are queued again in the store, where all can see them. */
static void take_returned(struct dispatcher *d)
{
	struct delivery *delivery = d->delivery;
	static struct job jobs[COUNT_OF(delivery->returned)];
	pthread_mutex_lock(&delivery->mutex);
	size_t n = delivery->returned_count;
	memcpy(jobs, delivery->returned, n * sizeof jobs[0]);
	delivery->returned_count = 0;
	pthread_mutex_unlock(&delivery->mutex);
	if (n > 0)
		give_back(d, jobs, n);
}

static void give_back_all(struct dispatcher *d)
{
	struct job jobs[64];
	for (size_t i = 0; i < d->delivery->relays; i++)
		for (size_t n; (n = queue_take(d->delivery->relay[i].queue, any, NULL, jobs, COUNT_OF(jobs))) > 0;)
			give_back(d, jobs, n);
	give_back(d, d->held + d->held_at, d->held_count);
	d->held_at = d->held_count = 0;
}

static bool is_revoked(const struct job *job, const void *what)
{
	const struct revocation *r = what;
	if (job->is_notice)
		return false;
	if (r->campaign_id && r->campaign_id == job->campaign)
		return true;
	return r->subscriber_id && r->subscriber_id == job->subscriber && (!r->list_id || r->list_id == job->list);
}

/* Paused campaigns and readers who left: the mark would refuse them one by one, this spares the connections. */
static void take_revocations(struct dispatcher *d)
{
	struct revocation rows[REVOCATIONS];
	struct job jobs[64];
	size_t n = 0;
	struct error err;
	if (store_revocation_after(d->ops.db, d->last_revocation, rows, REVOCATIONS, &n, &err) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		d->last_revocation = rows[i].id;
		for (size_t r = 0; r < d->delivery->relays; r++)
			for (size_t got; (got = queue_take(d->delivery->relay[r].queue, is_revoked, &rows[i], jobs, COUNT_OF(jobs))) > 0;)
				give_back(d, jobs, got);
		size_t kept = 0;
		for (size_t j = 0; j < d->held_count; j++) {
			struct job *job = &d->held[d->held_at + j];
			if (is_revoked(job, &rows[i]))
				give_back(d, job, 1);
			else
				d->held[d->held_at + kept++] = *job;
		}
		d->held_count = kept;
	}
}

static bool all_paused(const struct dispatcher *d, int64_t now_us)
{
	for (size_t i = 0; i < d->delivery->relays; i++)
		if (!pacing_is_paused(&d->pacing, i, now_us))
			return false;
	return true;
}

static void lease(struct dispatcher *d, struct moment now)
{
	struct lease lease = { .node = d->delivery->daemon->node, .until_us = now.wall_us + LEASE_US, .now_us = now.wall_us };
	struct error err;
	size_t n = 0;
	if (d->disk.is_full || d->held_count > 0 || atomic_load(&d->delivery->daemon->disk_full) || all_paused(d, now.mono_us))
		return;
	/* After a look that found nothing, the next one waits a moment. */
	if (d->leased_us > now.mono_us)
		return;
	d->held_at = 0;
	/* A relay on trial gets one. */
	size_t want = LEASE_MAX;
	for (size_t i = 0; i < d->delivery->relays; i++)
		if (d->delivery->relays == 1 && d->pacing.relay[i].paused_until_us > 0)
			want = 1;
	if (store_delivery_lease(d->ops.db, &lease, d->held, want, &n, &err) < 0) {
		log_error("no lease error=%s text=\"%s\"", error_word(err.code), err.text);
		if (err.code == ERROR_CORRUPT)
			daemon_fail(d->delivery->daemon, error_exit(err.code));
		d->leased_us = now.mono_us + SECOND_US;
		return;
	}
	d->held_count = n;
	if (n == 0)
		d->leased_us = now.mono_us + LOOK_US;
}

/* The relay whose turn it is, by weight, among those that may take one now; -1 and the shortest wait. */
static int choose_relay(struct dispatcher *d, int64_t now_us, int64_t *wait_us)
{
	const struct config *config = d->delivery->daemon->config;
	int64_t weights = 0;
	*wait_us = SECOND_US;
	for (size_t i = 0; i < d->delivery->relays; i++)
		weights += config->relay[i].weight;
	if (weights == 0)
		return -1;
	int64_t place = (int64_t)(d->turn++ % (size_t)weights);
	size_t first = 0;
	while (place >= config->relay[first].weight)
		place -= config->relay[first++].weight;
	for (size_t i = 0; i < d->delivery->relays; i++) {
		size_t relay = (first + i) % d->delivery->relays;
		if (queue_room(d->delivery->relay[relay].queue) == 0) {
			*wait_us = *wait_us < 1000 ? *wait_us : 1000;
			continue;
		}
		int64_t wait = pacing_take(&d->pacing, relay, now_us);
		if (wait == 0)
			return (int)relay;
		*wait_us = wait < *wait_us ? wait : *wait_us;
	}
	return -1;
}

/* Returns how long there is nothing to do. */
static int64_t hand_out(struct dispatcher *d)
{
	int64_t wait_us = LOOK_US / 4;
	while (d->held_count > 0) {
		int relay = choose_relay(d, clock_now().mono_us, &wait_us);
		if (relay < 0)
			return wait_us;
		if (!queue_push(d->delivery->relay[relay].queue, &d->held[d->held_at]))
			return wait_us;
		d->held_at++;
		d->held_count--;
		wait_us = 0;
	}
	return wait_us;
}

static void step(struct dispatcher *d)
{
	struct daemon *daemon = d->delivery->daemon;
	struct moment now = clock_now();
	const struct config *fresh = atomic_load(&daemon->reloaded);
	if (fresh && fresh != d->config) {
		set_rates(d, fresh);
		load_keys(d, now.mono_us);
	}
	if (d->config->dkim_count > 0 && now.mono_us - d->keys_us > KEYS_US)
		load_keys(d, now.mono_us);
	take_events(d);
	take_returned(d);
	disk_look(&d->disk, daemon, d->ops.db, now.mono_us);
	if (now.mono_us - d->looked_us > LOOK_US) {
		d->looked_us = now.mono_us;
		take_revocations(d);
		for (size_t i = 0; i < d->delivery->relays; i++)
			if (d->said[i][0] != 'o' && !pacing_is_paused(&d->pacing, i, now.mono_us))
				say_relay(d, i, now);
	}
	if (d->disk.is_full || all_paused(d, now.mono_us))
		give_back_all(d);
	lease(d, now);
	int64_t wait_us = hand_out(d);
	if (wait_us > 0)
		daemon_sleep(daemon, wait_us < 20000 ? wait_us : 20000);
}

void *dispatcher_main(void *arg)
{
	struct dispatcher d = { .delivery = arg };
	struct error err;
	struct daemon *daemon = d.delivery->daemon;
	pthread_setname_np(pthread_self(), "dispatcher");
	d.held = calloc(LEASE_MAX, sizeof *d.held);
	if (!d.held || ops_again(&d.ops, &daemon->ops, &err) < 0) {
		log_error("dispatcher could not start");
		daemon_fail(daemon, 71);
		free(d.held);
		return NULL;
	}
	set_rates(&d, daemon->config);
	while (!atomic_load(&daemon->stopping) && !atomic_load(&daemon->failed))
		step(&d);
	give_back_all(&d);
	/* What sessions still give back while they end is taken by delivery_stop(). */
	ops_close(&d.ops);
	free(d.held);
	return NULL;
}
