#include "daemon/clockwork/clockwork.h"
#include "daemon/clockwork/jump.h"
#include "daemon/refusals.h"
#include "ops/alerts.h"
#include "ops/campaigns.h"
#include "ops/digests.h"
#include "ops/posts.h"
#include "ops/providers.h"
#include "ops/signing.h"
#include "ops/subscribers.h"
#include "store/event.h"
#include "store/sign_up.h"
#include "system/clock.h"
#include "system/log.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CAMPAIGNS = 64, LEAST_ATTEMPTS = 4, EXPIRE_CHUNK = 1000, ASSIGN_PAGES = 10 };
#define TICK_US (SECOND_US / 10)
/* Between two budgets the clockwork sleeps: a short one would be half of the time. */
#define PREPARE_BUDGET_US SECOND_US

struct clockwork {
	struct daemon *daemon;
	struct ops ops;
	struct jump jump;
	struct alerts_look looked;
	pthread_t thread;
	int64_t assigned_after; /* subscriber id */
	bool is_assigned;
};

static int prepare(struct clockwork *c, struct error *err)
{
	int64_t ids[CAMPAIGNS];
	size_t n = 0;
	if (store_campaign_preparing(c->ops.db, ids, CAMPAIGNS, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		bool done = false;
		if (campaign_prepare(&c->ops, ids[i], PREPARE_BUDGET_US, &done, err) < 0)
			return -1;
		if (done)
			log_info("prepared campaign=%" PRId64, ids[i]);
	}
	return 0;
}

static int start_due(struct clockwork *c, struct error *err)
{
	int64_t started = 0;
	int64_t failed = 0;
	if (atomic_load(&c->daemon->is_frozen))
		return 0;
	if (campaign_start_due(&c->ops, &started, &failed, err) < 0)
		return -1;
	if (started > 0)
		log_info("started by the clock campaigns=%" PRId64, started);
	if (failed > 0)
		log_error("not started, drafts again campaigns=%" PRId64 " (gazette campaign ls says why)", failed);
	return 0;
}

static int finish(struct clockwork *c, struct error *err)
{
	int64_t ids[CAMPAIGNS];
	int64_t after = 0;
	for (size_t n = CAMPAIGNS; n == CAMPAIGNS; after = n ? ids[n - 1] : after) {
		if (store_campaign_sending(c->ops.db, after, ids, CAMPAIGNS, &n, err) < 0)
			return -1;
		for (size_t i = 0; i < n; i++) {
			int finished = store_campaign_finish(c->ops.db, ids[i], clock_now().wall_us, err);
			if (finished < 0)
				return -1;
			if (finished)
				log_info("finished campaign=%" PRId64, ids[i]);
		}
	}
	return 0;
}

static int release_held(struct clockwork *c, struct error *err)
{
	int64_t started = 0;
	if (atomic_load(&c->daemon->is_frozen))
		return 0;
	if (post_release_held(&c->ops, &started, err) < 0)
		return -1;
	if (started > 0)
		log_info("started by their sources campaigns=%" PRId64, started);
	return 0;
}

static int run_digests(struct clockwork *c, struct error *err)
{
	int64_t made = 0;
	if (atomic_load(&c->daemon->is_frozen))
		return 0;
	if (digest_run(&c->ops, &made, err) < 0)
		return -1;
	if (made > 0)
		log_info("digests made campaigns=%" PRId64, made);
	return 0;
}

static int expire_leases(struct clockwork *c, struct error *err)
{
	const struct config *config = c->daemon->config;
	int64_t released = 0;
	int64_t in_doubt = 0;
	int64_t now_us = clock_now().wall_us;
	if (store_lease_expire(c->ops.db, config->delivery.resend_uncertain, now_us + config->delivery.retry_us[0], now_us, &released,
	                       &in_doubt, err) < 0)
		return -1;
	if (released + in_doubt > 0)
		log_warn("leases ran out released=%" PRId64 " in_doubt=%" PRId64, released, in_doubt);
	return 0;
}

static int expire_deliveries(struct clockwork *c, struct error *err)
{
	int64_t n = 0;
	int64_t now_us = clock_now().wall_us;
	if (atomic_load(&c->daemon->is_frozen))
		return 0;
	return store_delivery_expire(c->ops.db, now_us - c->daemon->config->delivery.give_up_after_us, LEAST_ATTEMPTS, EXPIRE_CHUNK, now_us,
	                             &n, err);
}

static int do_sign_ups(struct clockwork *c, struct error *err)
{
	return signup_run(&c->ops, err);
}

/* Also where nobody signs up any more (privacy). */
static int forget_sign_ups(struct clockwork *c, struct error *err)
{
	return store_sign_up_forget(c->ops.db, clock_now().wall_us, err);
}

static int heartbeat(struct clockwork *c, struct error *err)
{
	char text[256];
	snprintf(text, sizeof text, "{\"pid\":%d,\"at_us\":%" PRId64 ",\"sessions\":%" PRId64 "}", (int)getpid(), clock_now().wall_us,
	         c->daemon->config->delivery.sessions);
	return store_meta_set(c->ops.db, "daemon", text, err);
}

/* Keys whose record DNS did not show yet; one look in ten minutes. */
static int look_for_keys(struct clockwork *c, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(dns_close) struct dns *dns = NULL;
	struct signing_row rows[CONFIG_DKIM];
	const struct config *fresh = atomic_load(&c->daemon->reloaded);
	const struct config *config = fresh ? fresh : c->daemon->config;
	size_t n = 0;
	bool waiting = false;
	for (size_t i = 0; i < config->dkim_count; i++)
		waiting = waiting || !config->dkim[i].always;
	if (!waiting)
		return 0;
	if (dns_open(config->daemon.dns, &dns, err) < 0 || signing_look(&c->ops, config, dns, &arena, rows, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (rows[i].state != SIGNING_ACTIVE)
			log_warn("dkim %s/%s is %s", rows[i].domain, rows[i].selector, signing_state_words[rows[i].state]);
	return 0;
}

/* The configuration's table of domains has changed: readers get their provider anew, a page at a time. */
static int assign_providers(struct clockwork *c, struct error *err)
{
	bool stale = false;
	bool done = false;
	if (c->is_assigned)
		return 0;
	if (providers_are_stale(&c->ops, &stale, err) < 0)
		return -1;
	for (int pages = 0; stale && !done && pages < ASSIGN_PAGES; pages++)
		if (providers_assign(&c->ops, &c->assigned_after, &done, err) < 0)
			return -1;
	c->is_assigned = !stale || done;
	return done ? providers_are_assigned(&c->ops, err) : 0;
}

static int check_breakers(struct clockwork *c, struct error *err)
{
	int tripped = breaker_check(&c->ops, err);
	if (tripped > 0)
		log_error("breaker: campaigns paused=%d (gazette campaign ls says why)", tripped);
	return tripped < 0 ? -1 : 0;
}

static int look_at_refusals(struct clockwork *c, struct error *err)
{
	return refusals_look(c->daemon->refusals, &c->ops, err);
}

static int tell_alerts(struct clockwork *c, struct error *err)
{
	int mailed = alerts_look(&c->ops, &c->looked, err) < 0 ? -1 : alerts_mail(&c->ops, err);
	if (mailed > 0)
		log_info("alerts mailed=%d", mailed);
	return mailed < 0 ? -1 : 0;
}

static int checkpoint(struct clockwork *c, struct error *err)
{
	return db_checkpoint(c->ops.db, false, err);
}

struct row {
	const char *name;
	int64_t period_us;
	int (*verb)(struct clockwork *, struct error *);
};

static const struct row table[] = {
	{ "prepare", SECOND_US / 10, prepare },           { "finish", SECOND_US / 4, finish },
	{ "breaker", SECOND_US, check_breakers },         { "refusals", 2 * SECOND_US, look_at_refusals },
	{ "alerts", 2 * SECOND_US, tell_alerts },         { "schedule", SECOND_US, start_due },
	{ "held posts", SECOND_US, release_held },        { "heartbeat", 3 * SECOND_US, heartbeat },
	{ "providers", SECOND_US / 5, assign_providers }, { "digests", SECOND_US, run_digests },
	{ "checkpoint", 5 * SECOND_US, checkpoint },      { "leases", 30 * SECOND_US, expire_leases },
	{ "sign-ups", SECOND_US / 5, do_sign_ups },       { "old sign-ups", 10 * MINUTE_US, forget_sign_ups },
	{ "expiry", MINUTE_US, expire_deliveries },       { "DKIM records", 10 * MINUTE_US, look_for_keys },
};

static void *run(void *arg)
{
	struct clockwork *c = arg;
	int64_t due_us[COUNT_OF(table)] = { 0 };
	bool failing[COUNT_OF(table)] = { 0 };
	pthread_setname_np(pthread_self(), "clockwork");
	while (!atomic_load(&c->daemon->stopping) && !atomic_load(&c->daemon->failed)) {
		jump_look(&c->jump, c->daemon, &c->ops);
		for (size_t i = 0; i < COUNT_OF(table); i++) {
			struct error err = { 0 };
			int64_t now_us = clock_now().mono_us;
			if (now_us < due_us[i] || atomic_load(&c->daemon->stopping))
				continue;
			bool fails = table[i].verb(c, &err) < 0;
			/* Once when it begins, once when it ends: not every tick. */
			if (fails && !failing[i])
				log_error("%s failed error=%s text=\"%s\"", table[i].name, error_word(err.code), err.text);
			else if (!fails && failing[i])
				log_info("%s works again", table[i].name);
			failing[i] = fails;
			if (fails && err.code == ERROR_CORRUPT)
				daemon_fail(c->daemon, error_exit(err.code));
			due_us[i] = clock_now().mono_us + table[i].period_us;
		}
		daemon_sleep(c->daemon, TICK_US);
	}
	return NULL;
}

int clockwork_start(struct daemon *daemon, struct clockwork **out, struct error *err)
{
	struct clockwork *c = calloc(1, sizeof *c);
	if (!c)
		return error_set(err, ERROR_MEMORY, "out of memory");
	c->daemon = daemon;
	if (ops_again(&c->ops, &daemon->ops, err) < 0) {
		free(c);
		return -1;
	}
	if (pthread_create(&c->thread, NULL, run, c) != 0) {
		ops_close(&c->ops);
		free(c);
		return error_set(err, ERROR_MEMORY, "no thread for the clockwork");
	}
	*out = c;
	return 0;
}

void clockwork_stop(struct clockwork **out)
{
	struct clockwork *c = *out;
	struct error err;
	if (!c)
		return;
	pthread_join(c->thread, NULL);
	if (store_meta_set(c->ops.db, "daemon", NULL, &err) < 0)
		log_warn("heartbeat not ended text=\"%s\"", err.text);
	ops_close(&c->ops);
	free(c);
	*out = NULL;
}
