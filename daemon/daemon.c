#include "daemon/daemon.h"
#include "system/clock.h"
#include <time.h>
#include <unistd.h>

void daemon_fail(struct daemon *daemon, int status)
{
	uint64_t one = 1;
	atomic_store(&daemon->failed, status);
	if (write(daemon->wake_fd, &one, sizeof one) < 0)
		return; /* it is awake already */
}

struct moment daemon_due(const struct daemon *daemon)
{
	struct moment now = clock_now();
	now.wall_us += atomic_load(&daemon->due_ahead_us);
	return now;
}

void daemon_sleep(const struct daemon *daemon, int64_t us)
{
	enum { STEP_US = 50000 };
	for (; us > 0 && !atomic_load(&daemon->stopping); us -= STEP_US) {
		int64_t now_us = us < STEP_US ? us : STEP_US;
		nanosleep(&(struct timespec){ .tv_nsec = (long)now_us * 1000 }, NULL);
	}
}
