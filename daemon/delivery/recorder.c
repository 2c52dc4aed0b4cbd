#include "daemon/delivery/recorder.h"
#include "system/clock.h"
#include "system/log.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { QUEUE = 512 };

struct waiter {
	struct record *record;
	pthread_cond_t done;
	bool is_done;
	int result;
};

struct recorder {
	struct daemon *daemon;
	struct ops ops;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct waiter *queue[QUEUE]; /* sessions are fewer than this, and each waits for its own */
	size_t count;
	bool stopping;
};

/* Keeps asking while the disk is full: the sessions hold on to the replies they have. */
static int commit(struct recorder *recorder, struct record *const *records, size_t n)
{
	struct daemon *daemon = recorder->daemon;
	for (;;) {
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
		nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
	}
}

static void *run(void *arg)
{
	struct recorder *recorder = arg;
	struct waiter *taken[QUEUE];
	struct record *records[QUEUE];
	pthread_mutex_lock(&recorder->mutex);
	for (;;) {
		while (recorder->count == 0 && !recorder->stopping)
			pthread_cond_wait(&recorder->filled, &recorder->mutex);
		if (recorder->count == 0)
			break;
		size_t n = recorder->count;
		for (size_t i = 0; i < n; i++) {
			taken[i] = recorder->queue[i];
			records[i] = taken[i]->record;
		}
		recorder->count = 0;
		pthread_mutex_unlock(&recorder->mutex);
		int result = commit(recorder, records, n);
		pthread_mutex_lock(&recorder->mutex);
		for (size_t i = 0; i < n; i++) {
			taken[i]->result = result;
			taken[i]->is_done = true;
			pthread_cond_signal(&taken[i]->done);
		}
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

enum turn recorder_turn(struct recorder *recorder, struct record *record)
{
	struct waiter waiter = { .record = record };
	pthread_cond_init(&waiter.done, NULL);
	pthread_mutex_lock(&recorder->mutex);
	recorder->queue[recorder->count++] = &waiter;
	if (recorder->count == 1)
		pthread_cond_signal(&recorder->filled);
	while (!waiter.is_done)
		pthread_cond_wait(&waiter.done, &recorder->mutex);
	pthread_mutex_unlock(&recorder->mutex);
	pthread_cond_destroy(&waiter.done);
	if (waiter.result < 0)
		return TURN_FAILED;
	return record->next && record->next_refused ? TURN_REFUSED : TURN_START;
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
