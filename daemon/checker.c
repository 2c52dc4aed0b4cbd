#include "daemon/checker.h"
#include "ops/alerts.h"
#include "ops/ledger.h"
#include "store/event.h"
#include "system/clock.h"
#include "system/log.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { NICE = 10 };

struct checker {
	struct daemon *daemon;
	struct ops ops;
	pthread_t thread;
	pthread_mutex_t mutex; /* who interrupts a connection must know that it is there */
	bool reading;
};

int checker_mark(struct daemon *daemon, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	const char *mark = NULL;
	int found = store_meta_get(daemon->ops.db, "unchecked", &mark, &arena, err);
	atomic_store(&daemon->is_unchecked, found > 0);
	return found < 0 ? -1 : found ? 0 : store_meta_set(daemon->ops.db, "unchecked", "1", err);
}

void checker_unmark(struct daemon *daemon)
{
	struct error err;
	if (daemon->ops.db && !atomic_load(&daemon->failed) && !atomic_load(&daemon->is_unchecked) &&
	    store_meta_set(daemon->ops.db, "unchecked", NULL, &err) < 0)
		log_warn("the store was not closed in order: the next start looks through it text=\"%s\"", err.text);
}

/* For `status`. */
static void say(struct checker *c, const char *what)
{
	char text[640];
	char when[UNITS_TEXT];
	struct error err;
	snprintf(text, sizeof text, "%s, after an unclean stop: %s", units_write_time(clock_now().wall_us, when), what);
	if (store_meta_set(c->ops.db, "check", text, &err) < 0)
		log_warn("state of the check not written text=\"%s\"", err.text);
}

static void found(struct checker *c, const char *what)
{
	char text[600];
	struct error err;
	snprintf(text, sizeof text, "%s. Stop gazetted, restore a backup, and see what gazette store check says", what);
	log_error("store check: %s", what);
	say(c, what);
	if (alert_raise(&c->ops, "store", "", text, &err) < 0)
		log_error("alert not raised text=\"%s\"", err.text);
}

static void is_sound(struct checker *c, int64_t took_us)
{
	struct error err;
	log_info("store check: the file is sound and the counters are right took_ms=%" PRId64, took_us / 1000);
	say(c, "the file is sound, and the counters are right");
	if (alert_end(&c->ops, "store", "", &err) < 0)
		log_error("alert not ended text=\"%s\"", err.text);
	atomic_store(&c->daemon->is_unchecked, false);
}

static void set_reading(struct checker *c, bool reading)
{
	pthread_mutex_lock(&c->mutex);
	c->reading = reading;
	pthread_mutex_unlock(&c->mutex);
}

static void *run(void *arg)
{
	struct checker *c = arg;
	struct ledger ledger = { 0 };
	struct error err = { 0 };
	char text[128];
	pthread_setname_np(pthread_self(), "checker");
	/* Mail goes first. On Linux this is of the thread alone; where it may not be, it reads at full speed. */
	int unchanged = setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	(void)unchanged;
	log_info("store check: the last stop was not in order, the store is looked through in the background");
	say(c, "the store is being looked through");
	int64_t begin_us = clock_now().mono_us;
	set_reading(c, true);
	/* Whoever stops us looks at `reading` after that: one of the two sees the other. */
	int result = atomic_load(&c->daemon->stopping) ? -1 : ledger_check(&c->ops, &ledger, &err);
	set_reading(c, false);
	if (result < 0 && atomic_load(&c->daemon->stopping)) {
		say(c, "broken off by a stop; the next start looks again");
	} else if (result < 0 && err.code != ERROR_CORRUPT) {
		log_error("store check: not finished error=%s text=\"%s\"", error_word(err.code), err.text);
		say(c, "not finished; the next start looks again");
	} else if (result < 0) {
		found(c, err.text);
	} else if (ledger.wrong > 0) {
		snprintf(text, sizeof text, "%" PRId64 " campaigns are counted wrong, the last of them campaign %" PRId64, ledger.wrong,
		         ledger.campaign[0]);
		found(c, text);
	} else {
		is_sound(c, clock_now().mono_us - begin_us);
	}
	/* Its pages are wanted by nobody any more. */
	ops_close(&c->ops);
	return NULL;
}

int checker_start(struct daemon *daemon, struct checker **out, struct error *err)
{
	if (!atomic_load(&daemon->is_unchecked))
		return 0;
	struct checker *c = calloc(1, sizeof *c);
	if (!c)
		return error_set(err, ERROR_MEMORY, "out of memory");
	c->daemon = daemon;
	pthread_mutex_init(&c->mutex, NULL);
	int result = ops_again(&c->ops, &daemon->ops, err);
	if (result == 0 && pthread_create(&c->thread, NULL, run, c) != 0) {
		ops_close(&c->ops);
		result = error_set(err, ERROR_MEMORY, "no thread for the check of the store");
	}
	if (result < 0)
		free(c);
	else
		*out = c;
	return result;
}

void checker_stop(struct checker **out)
{
	struct checker *c = *out;
	if (!c)
		return;
	/* One that comes between two statements ends nothing: until it is heard. */
	for (bool reading = true; reading;) {
		pthread_mutex_lock(&c->mutex);
		reading = c->reading;
		if (reading)
			db_interrupt(c->ops.db);
		pthread_mutex_unlock(&c->mutex);
		if (reading)
			nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	pthread_join(c->thread, NULL);
	pthread_mutex_destroy(&c->mutex);
	free(c);
	*out = NULL;
}
