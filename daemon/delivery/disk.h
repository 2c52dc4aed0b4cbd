/* disk - sending pauses itself before the disk is full, and leaving still works then: a reserve file gives its room to verdicts and
 * unsubscribes. */
#ifndef DELIVERY_DISK_H
#define DELIVERY_DISK_H
#include "daemon/daemon.h"

struct disk {
	int64_t looked_us; /* monotonic */
	bool is_full;      /* below min_free: nothing is leased */
	bool has_reserve;
};

/* Looks every few seconds, at once when a commit found no room. Says a change in the log and in the store. */
void disk_look(struct disk *disk, struct daemon *daemon, struct db *db, int64_t now_us);
/* Its room, at once: for who has no dispatcher left to look. */
void disk_give_reserve(struct db *db);
#endif
