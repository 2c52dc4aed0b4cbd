#include "daemon/delivery/queue.h"
#include "base/units.h"
#include "system/clock.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define STALLED_US (10 * SECOND_US)

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	size_t room, at, count;
	size_t waiting;   /* sessions in queue_wait() */
	int64_t asked_us; /* when a session last asked */
	bool closed;
	struct job jobs[];
};

struct queue *queue_new(size_t room)
{
	struct queue *queue = calloc(1, sizeof *queue + room * sizeof queue->jobs[0]);
	pthread_condattr_t attributes;
	if (!queue)
		return NULL;
	queue->room = room;
	queue->asked_us = clock_now().mono_us;
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->filled, &attributes);
	pthread_condattr_destroy(&attributes);
	return queue;
}

void queue_free(struct queue **queue)
{
	if (!*queue)
		return;
	pthread_mutex_destroy(&(*queue)->mutex);
	pthread_cond_destroy(&(*queue)->filled);
	free(*queue);
	*queue = NULL;
}

bool queue_push(struct queue *queue, const struct job *job)
{
	pthread_mutex_lock(&queue->mutex);
	bool fits = !queue->closed && queue->count < queue->room;
	if (fits) {
		queue->jobs[(queue->at + queue->count++) % queue->room] = *job;
		pthread_cond_signal(&queue->filled);
	}
	pthread_mutex_unlock(&queue->mutex);
	return fits;
}

bool queue_wait(struct queue *queue, int64_t timeout_us)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t ns = until.tv_nsec + timeout_us % SECOND_US * 1000;
	until.tv_sec += timeout_us / SECOND_US + ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	pthread_mutex_lock(&queue->mutex);
	queue->waiting++;
	while (queue->count == 0 && !queue->closed)
		if (pthread_cond_timedwait(&queue->filled, &queue->mutex, &until) != 0)
			break;
	queue->waiting--;
	queue->asked_us = clock_now().mono_us;
	bool any = queue->count > 0 && !queue->closed;
	pthread_mutex_unlock(&queue->mutex);
	return any;
}

bool queue_pop(struct queue *queue, struct job *job, atomic_int *provider)
{
	pthread_mutex_lock(&queue->mutex);
	bool got = queue->count > 0 && !queue->closed;
	queue->asked_us = clock_now().mono_us;
	if (got) {
		*job = queue->jobs[queue->at];
		atomic_store(provider, job->is_notice ? NO_PROVIDER : (int)provider_known(job->provider));
		queue->at = (queue->at + 1) % queue->room;
		queue->count--;
	}
	pthread_mutex_unlock(&queue->mutex);
	return got;
}

void queue_count(struct queue *queue, size_t by_provider[PROVIDERS_MOST])
{
	pthread_mutex_lock(&queue->mutex);
	for (size_t i = 0; i < queue->count; i++) {
		const struct job *job = &queue->jobs[(queue->at + i) % queue->room];
		if (!job->is_notice)
			by_provider[provider_known(job->provider)]++;
	}
	pthread_mutex_unlock(&queue->mutex);
}

size_t queue_take(struct queue *queue, bool (*match)(const struct job *, const void *), const void *what, struct job *out, size_t max)
{
	size_t taken = 0;
	size_t kept = 0;
	pthread_mutex_lock(&queue->mutex);
	for (size_t i = 0; i < queue->count; i++) {
		struct job *job = &queue->jobs[(queue->at + i) % queue->room];
		if (taken < max && match(job, what))
			out[taken++] = *job;
		else
			queue->jobs[(queue->at + kept++) % queue->room] = *job;
	}
	queue->count = kept;
	pthread_mutex_unlock(&queue->mutex);
	return taken;
}

size_t queue_room(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	size_t room = queue->room - queue->count;
	pthread_mutex_unlock(&queue->mutex);
	return room;
}

bool queue_is_stalled(struct queue *queue, int64_t now_us)
{
	pthread_mutex_lock(&queue->mutex);
	bool stalled = queue->waiting == 0 && now_us - queue->asked_us > STALLED_US;
	pthread_mutex_unlock(&queue->mutex);
	return stalled;
}

void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->closed = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_mutex_unlock(&queue->mutex);
}
