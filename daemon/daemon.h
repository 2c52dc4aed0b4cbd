/* daemon - what the threads of gazetted share. */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H
#include "ops/ops.h"
#include <stdatomic.h>

struct refusals;
struct daemon {
	const struct config *config; /* of this start; rates are read again on reload by a new start of the dispatcher's buckets */
	struct ops ops;              /* main's own; others open theirs with ops_again() */
	int64_t node;
	atomic_bool stopping; /* drain: no new mail goes out */
	atomic_int failed;    /* an exit status: the store can not be trusted any more */
	atomic_bool disk_full;
	atomic_bool is_unchecked;                /* the last stop was none, and the store was not looked through since */
	atomic_bool is_frozen;                   /* the wall clock jumped: nothing expires */
	atomic_llong due_ahead_us;               /* it jumped back by this: what was due by then stays due */
	_Atomic(const struct config *) reloaded; /* a newer configuration, or NULL */
	struct refusals *refusals;               /* see refusals.h; there from the start of the parts to their end */
	int wake_fd;                             /* main waits on it: written when failed is set */
};

/* Takes as many descriptors as the system gives. INPUT when the sessions need more: says how many, and where to ask for them. */
MUST_CHECK int daemon_take_descriptors(const struct config *config, struct error *err);
/* Ends the daemon with that exit status. */
void daemon_fail(struct daemon *daemon, int status);
/* The present as due times are told in: the wall clock, or what it would be had it not jumped back. */
struct moment daemon_due(const struct daemon *daemon);
/* Sleeps that long, in steps, or until the daemon stops. */
void daemon_sleep(const struct daemon *daemon, int64_t us);
#endif
