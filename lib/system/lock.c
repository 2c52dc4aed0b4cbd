#include "system/lock.h"
#include "system/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int open_file(const char *path, const char *suffix, struct error *err)
{
	char name[4096];
	snprintf(name, sizeof name, "%s%s", path, suffix);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	return fd >= 0 ? fd : error_errno(err, ERROR_STORE, errno, "lock file %s", name);
}

int lock_open(struct lock *lock, const char *path, struct error *err)
{
	*lock = LOCK_CLOSED;
	lock->gate_fd = open_file(path, ".gate", err);
	if (lock->gate_fd < 0)
		return -1;
	lock->lock_fd = open_file(path, ".lock", err);
	if (lock->lock_fd >= 0)
		return 0;
	lock_close(lock);
	return -1;
}

void lock_close(struct lock *lock)
{
	file_close(&lock->gate_fd);
	file_close(&lock->lock_fd);
}

static int wait_for(int fd, struct error *err)
{
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_errno(err, ERROR_STORE, errno, "lock");
	return 0;
}

int lock_take(struct lock *lock, struct error *err)
{
	/* Who holds the gate is next: without it a busy holder wins the race for its own lock again and again. */
	if (wait_for(lock->gate_fd, err) < 0)
		return -1;
	int result = wait_for(lock->lock_fd, err);
	flock(lock->gate_fd, LOCK_UN);
	return result;
}

void lock_drop(struct lock *lock)
{
	flock(lock->lock_fd, LOCK_UN);
}

int lock_hold(const char *path, const char *holder, struct error *err)
{
	char words[256] = "";
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	if (fd < 0)
		return error_errno(err, ERROR_STORE, errno, "lock file %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		ssize_t n = pread(fd, words, sizeof words - 1, 0);
		words[n > 0 ? n : 0] = '\0';
		words[strcspn(words, "\n")] = '\0';
		close(fd);
		return error_set(err, ERROR_CONFLICT, "held by %s", *words ? words : "another process");
	}
	int size = snprintf(words, sizeof words, "%s\n", holder);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, words, (size_t)size, 0) != size) {
		error_errno(err, ERROR_STORE, errno, "lock file %s", path);
		close(fd);
		return -1;
	}
	return fd;
}
