/* lock - an advisory lock between processes and threads that is fair: who waits stands in a turnstile
 * (without it a busy holder keeps others out for seconds). Two files: PATH.gate and PATH.lock, made 0660. */
#ifndef SYSTEM_LOCK_H
#define SYSTEM_LOCK_H
#include "base/error.h"

/* One per thread that locks: flock(2) belongs to the open file. Opened with O_CLOEXEC. */
struct lock {
	int gate_fd;
	int lock_fd;
};

#define LOCK_CLOSED ((struct lock){ -1, -1 })
MUST_CHECK int lock_open(struct lock *lock, const char *path, struct error *err);
void lock_close(struct lock *lock);                             /* safe twice */
MUST_CHECK int lock_take(struct lock *lock, struct error *err); /* waits; EINTR goes on waiting */
void lock_drop(struct lock *lock);

/* A lock held for the life of a process, with the holder's words in the file ("pid 123 on host"): one daemon per store.
 * Returns a descriptor to keep open (close it to let go), or -1 with ERROR_CONFLICT whose text names the holder. */
MUST_CHECK int lock_hold(const char *path, const char *holder, struct error *err);
#endif
