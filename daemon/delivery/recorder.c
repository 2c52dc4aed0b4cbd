#include "daemon/delivery/recorder.h"
#include "daemon/delivery/disk.h"
#include "system/clock.h"
#include "system/log.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

enum { QUEUE = 512, STOP_TRIES = 5 };

struct recorder {
	struct daemon *daemon;
	struct ops ops;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct recording *queue[QUEUE]; /* sessions are fewer than this, and each waits for its own */
	size_t count;
	atomic_llong waited_us; /* for other writers, at most */
	bool stopping;
};

/* A daemon that is told to stop can not wait for somebody to make room. What is not written stays as the marks say: in doubt. */
static bool is_hopeless(struct recorder *recorder, int tries, size_t n, const struct error *err)
{
	struct daemon *daemon = recorder->daemon;
	if (!atomic_load(&daemon->stopping))
		return false;
	/* The dispatcher, which would see to it, may have ended already. */
	if (tries == 1)
		disk_give_reserve(recorder->ops.db);
	if (tries < STOP_TRIES && !atomic_load(&daemon->failed))
		return false;
	log_error("stopping without room in %s: replies not written=%zu, their messages are in doubt at the next start text=\"%s\"",
	          db_folder(recorder->ops.db), n, err->text);
	daemon_fail(daemon, error_exit(err->code));
	return true;
}

/* Keeps asking while the disk is full: the sessions hold on to the replies they have. */
static int commit(struct recorder *recorder, struct record *const *records, size_t n)
{
	struct daemon *daemon = recorder->daemon;
	for (int tries = 1;; tries++) {
		struct error err = { 0 };
		if (store_delivery_record(recorder->ops.db, daemon->node, records, n, clock_now().wall_us, &err) == 0) {
			if (atomic_exchange(&daemon->disk_full, false))
				log_info("disk has room again");
			return 0;
		}
		if (err.code != ERROR_FULL && err.code != ERROR_RETRY) {
			log_error("record failed error=%s text=\"%s\"", error_word(err.code), err.text);
			daemon_fail(daemon, error_exit(err.code));
			return -1;
		}
		if (!atomic_exchange(&daemon->disk_full, true))
			log_error("disk full: sending waits folder=%s", db_folder(recorder->ops.db));
		if (is_hopeless(recorder, tries, n, &err))
			return -1;
		nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
	}
}

static void *run(void *arg)
{
	struct recorder *recorder = arg;
	struct recording *taken[QUEUE];
	struct record *records[QUEUE];
	pthread_setname_np(pthread_self(), "recorder");
	pthread_mutex_lock(&recorder->mutex);
	for (;;) {
		while (recorder->count == 0 && !recorder->stopping)
			pthread_cond_wait(&recorder->filled, &recorder->mutex);
		if (recorder->count == 0)
			break;
		/* Where the processors are busy, whoever is about to be done shares the flush. */
		pthread_mutex_unlock(&recorder->mutex);
		sched_yield();
		pthread_mutex_lock(&recorder->mutex);
		size_t n = recorder->count;
		for (size_t i = 0; i < n; i++) {
			taken[i] = recorder->queue[i];
			records[i] = taken[i]->record;
		}
		recorder->count = 0;
		pthread_mutex_unlock(&recorder->mutex);
		int result = commit(recorder, records, n);
		int64_t waited_us = db_longest_wait(recorder->ops.db);
		if (waited_us > atomic_load(&recorder->waited_us))
			atomic_store(&recorder->waited_us, waited_us);
		/* Without the mutex: who wakes up has nothing to wait for. After the post a waiter is gone. */
		for (size_t i = 0; i < n; i++) {
			taken[i]->result = result;
			sem_post(&taken[i]->done);
		}
		pthread_mutex_lock(&recorder->mutex);
	}
	pthread_mutex_unlock(&recorder->mutex);
	return NULL;
}

int recorder_start(struct daemon *daemon, struct recorder **out, struct error *err)
{
	struct recorder *recorder = calloc(1, sizeof *recorder);
	if (!recorder)
		return error_set(err, ERROR_MEMORY, "out of memory");
	recorder->daemon = daemon;
	pthread_mutex_init(&recorder->mutex, NULL);
	pthread_cond_init(&recorder->filled, NULL);
	if (ops_again(&recorder->ops, &daemon->ops, err) < 0) {
		free(recorder);
		return -1;
	}
	if (pthread_create(&recorder->thread, NULL, run, recorder) != 0) {
		ops_close(&recorder->ops);
		free(recorder);
		return error_set(err, ERROR_MEMORY, "no thread for the recorder");
	}
	*out = recorder;
	return 0;
}

void recorder_put(struct recorder *recorder, struct record *record, struct recording *recording)
{
	*recording = (struct recording){ .record = record };
	sem_init(&recording->done, 0, 0);
	pthread_mutex_lock(&recorder->mutex);
	recorder->queue[recorder->count++] = recording;
	bool first = recorder->count == 1;
	pthread_mutex_unlock(&recorder->mutex);
	if (first)
		pthread_cond_signal(&recorder->filled);
}

enum turn recorder_wait(struct recording *recording)
{
	const struct record *record = recording->record;
	while (sem_wait(&recording->done) < 0)
		continue;
	sem_destroy(&recording->done);
	if (recording->result < 0)
		return TURN_FAILED;
	return record->next && record->next_refused ? TURN_REFUSED : TURN_START;
}

int64_t recorder_longest_wait(struct recorder *recorder)
{
	return atomic_exchange(&recorder->waited_us, 0);
}

void recorder_stop(struct recorder **out)
{
	struct recorder *recorder = *out;
	if (!recorder)
		return;
	pthread_mutex_lock(&recorder->mutex);
	recorder->stopping = true;
	pthread_cond_signal(&recorder->filled);
	pthread_mutex_unlock(&recorder->mutex);
	pthread_join(recorder->thread, NULL);
	ops_close(&recorder->ops);
	pthread_mutex_destroy(&recorder->mutex);
	pthread_cond_destroy(&recorder->filled);
	free(recorder);
	*out = NULL;
}
