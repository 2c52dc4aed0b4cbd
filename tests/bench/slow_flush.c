/* slow_flush - preloaded into a program, each flush to the disk takes FLUSH_US microseconds more: how a slower disk would do. */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int slow(const char *name, int fd)
{
	int (*real)(int) = NULL;
	const char *text = getenv("FLUSH_US");
	long us = text ? strtol(text, NULL, 10) : 0;
	/* The way POSIX means it: a pointer to data that is one to a function. */
	*(void **)&real = dlsym(RTLD_NEXT, name);
	nanosleep(&(struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 }, NULL);
	return real(fd);
}

int fsync(int fd)
{
	return slow("fsync", fd);
}

int fdatasync(int fd)
{
	return slow("fdatasync", fd);
}
