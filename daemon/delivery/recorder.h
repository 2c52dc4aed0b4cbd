/* recorder - the single writer of outcomes: what all sessions have to say goes into one commit. Nothing is done on the wire that a
 * commit has not allowed (promises 2 to 6). */
#ifndef DELIVERY_RECORDER_H
#define DELIVERY_RECORDER_H
#include "daemon/daemon.h"
#include "store/delivery.h"
#include <semaphore.h>

struct recorder;
enum turn { TURN_START, TURN_REFUSED, TURN_FAILED };

/* A record on its way into the store: the caller's, until recorder_wait() has come back. */
struct recording {
	struct record *record;
	sem_t done;
	int result;
};

MUST_CHECK int recorder_start(struct daemon *daemon, struct recorder **out, struct error *err);
/* Hands a record over; recorder_wait() must follow. */
void recorder_put(struct recorder *recorder, struct record *record, struct recording *recording);
/* Waits until it is durable. START: the mark of record->next stands, its dot may go (or there was none). REFUSED: it must
 * not go. FAILED: the store is lost; the daemon ends. A full disk is waited out. */
enum turn recorder_wait(struct recording *recording);
/* The longest a commit waited for other writers of the store since the last call. */
int64_t recorder_longest_wait(struct recorder *recorder);
void recorder_stop(struct recorder **recorder); /* after all sessions ended */
#endif
