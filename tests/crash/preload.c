/* Trouble below a running daemon, for LD_PRELOAD: the wall clock jumps, time runs faster, flushes fail. $TROUBLE names a file of four
 * 64-bit numbers that the test writes and this reads at every call: how far the wall clock is off (microseconds), how many times as fast
 * time runs, the boot time from which it does (microseconds), and whether flushes and writes fail with EIO. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct trouble {
	volatile int64_t wall_us, speed, from_us, fails;
};

static struct trouble none = { 0, 1, 0, 0 };

static const struct trouble *trouble(void)
{
	static const struct trouble *found;
	if (found)
		return found;
	const char *path = getenv("TROUBLE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd >= 0 ? mmap(NULL, sizeof *found, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (fd >= 0)
		close(fd);
	return found = map == MAP_FAILED ? &none : map;
}

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	static int (*real)(clockid_t, struct timespec *);
	const struct trouble *t = trouble();
	struct timespec boot;
	if (!real)
		*(void **)&real = next("clock_gettime");
	int result = real(clock, out);
	if (result < 0 || (clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME))
		return result;
	real(CLOCK_BOOTTIME, &boot);
	int64_t since_us = boot.tv_sec * 1000000 + boot.tv_nsec / 1000 - t->from_us;
	int64_t us = out->tv_sec * 1000000 + out->tv_nsec / 1000;
	us += t->speed > 1 ? since_us * (t->speed - 1) : 0;
	us += clock == CLOCK_REALTIME ? t->wall_us : 0;
	*out = (struct timespec){ us / 1000000, us % 1000000 * 1000 };
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	static int (*real)(struct pollfd *, nfds_t, int);
	int64_t speed = trouble()->speed;
	if (!real)
		*(void **)&real = next("poll");
	return real(fds, n, timeout_ms > 0 && speed > 1 ? (int)(timeout_ms / speed + 1) : timeout_ms);
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	static int (*real)(const struct timespec *, struct timespec *);
	int64_t speed = trouble()->speed;
	int64_t ns = (wanted->tv_sec * 1000000000 + wanted->tv_nsec) / (speed > 1 ? speed : 1);
	if (!real)
		*(void **)&real = next("nanosleep");
	return real(&(struct timespec){ ns / 1000000000, ns % 1000000000 }, left);
}

static int fail_or(int (*real)(int), int fd)
{
	if (!trouble()->fails)
		return real(fd);
	errno = EIO;
	return -1;
}

int fdatasync(int fd)
{
	static int (*real)(int);
	if (!real)
		*(void **)&real = next("fdatasync");
	return fail_or(real, fd);
}

int fsync(int fd)
{
	static int (*real)(int);
	if (!real)
		*(void **)&real = next("fsync");
	return fail_or(real, fd);
}
