#include "daemon/daemon.h"
#include "system/clock.h"
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* A session has its connection and what wakes it; the rest is the store's connections, the pages' readers, feeds and returned mail. */
enum { SESSION_DESCRIPTORS = 2, OTHER_DESCRIPTORS = 120 };

int daemon_take_descriptors(const struct config *config, struct error *err)
{
	struct rlimit limit;
	rlim_t need = (rlim_t)(config->delivery.sessions * SESSION_DESCRIPTORS + OTHER_DESCRIPTORS);
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_max >= need) {
		/* A limit that can not be raised was no lower. */
		int unchanged = setrlimit(RLIMIT_NOFILE, &limit);
		(void)unchanged;
		return 0;
	}
	return error_set(err, ERROR_INPUT,
	                 "%" PRId64 " sessions need %ju file descriptors, the limit is %ju: raise it (LimitNOFILE=, ulimit -n), or lower "
	                 "[delivery] sessions",
	                 config->delivery.sessions, (uintmax_t)need, (uintmax_t)limit.rlim_max);
}

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
