/* checker - after an unclean stop the store is looked through: the whole file and every counter, in the background, by a thread and a
 * connection of its own, while mail goes out already. What it finds is logged, shown by `status`, and raised as an alert. */
#ifndef DAEMON_CHECKER_H
#define DAEMON_CHECKER_H
#include "daemon/daemon.h"

/* Marks the store as open; daemon->is_unchecked: it bore the mark already. */
MUST_CHECK int checker_mark(struct daemon *daemon, struct error *err);
/* The last thing of an orderly stop: the mark goes, unless a look is still owed. */
void checker_unmark(struct daemon *daemon);

struct checker;
/* NULL where there is nothing to look for. */
MUST_CHECK int checker_start(struct daemon *daemon, struct checker **out, struct error *err);
/* Breaks off a look that is under way; the next start begins it anew. */
void checker_stop(struct checker **checker);
#endif
