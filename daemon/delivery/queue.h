/* queue - jobs on their way from the dispatcher to the sessions of one relay: bounded, first in first out. */
#ifndef DELIVERY_QUEUE_H
#define DELIVERY_QUEUE_H
#include "model/job.h"

struct queue;
struct queue *queue_new(size_t room); /* NULL: out of memory */
void queue_free(struct queue **queue);
bool queue_push(struct queue *queue, const struct job *job); /* false: full or closed */
/* Waits up to timeout_us for a job; 0 waits for none. False: none came, or the queue is closed. */
bool queue_pop(struct queue *queue, struct job *job, int64_t timeout_us);
/* Takes out those that `match` picks, at most `max`; returns how many. */
size_t queue_take(struct queue *queue, bool (*match)(const struct job *, const void *), const void *what, struct job *out, size_t max);
size_t queue_room(struct queue *queue);
void queue_close(struct queue *queue); /* wakes all who wait; what is in it can still be taken */
#endif
