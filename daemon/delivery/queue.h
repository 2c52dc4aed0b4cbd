/* queue - jobs on their way from the dispatcher to the sessions of one relay: bounded, first in first out. */
#ifndef DELIVERY_QUEUE_H
#define DELIVERY_QUEUE_H
#include "model/job.h"
#include "pacing/provider.h"
#include <stdatomic.h>

enum { NO_PROVIDER = -1 };

struct queue;
struct queue *queue_new(size_t room); /* NULL: out of memory */
void queue_free(struct queue **queue);
bool queue_push(struct queue *queue, const struct job *job); /* false: full or closed */
/* False: empty or closed. *provider becomes the job's before it counts as gone, so that whoever counts the queue first sees each job. */
bool queue_pop(struct queue *queue, struct job *job, atomic_int *provider);
/* Adds the jobs that wait, by provider; notices are not counted. */
void queue_count(struct queue *queue, size_t by_provider[PROVIDERS_MOST]);
/* Waits up to timeout_us until there is a job, without taking it: false if none came, or the queue is closed. */
bool queue_wait(struct queue *queue, int64_t timeout_us);
/* Takes out those that `match` picks, at most `max`; returns how many. */
size_t queue_take(struct queue *queue, bool (*match)(const struct job *, const void *), const void *what, struct job *out, size_t max);
size_t queue_room(struct queue *queue);
/* No session has asked for a job for ten seconds, and none waits for one: all hang on the relay. `now_us` is monotonic. */
bool queue_is_stalled(struct queue *queue, int64_t now_us);
void queue_close(struct queue *queue); /* wakes all who wait; what is in it can still be taken */
#endif
