#include "system/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { CHUNK = 64 << 10 };

void file_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int file_read_rest(int fd, const char *path, struct buffer *out, struct error *err)
{
	for (;;) {
		size_t room = out->max_bytes - out->size;
		if (room == 0)
			return error_set(err, ERROR_FULL, "%s is larger than %zu bytes", path, out->max_bytes);
		char *to = buffer_reserve(out, room < CHUNK ? room : CHUNK);
		if (!to)
			return buffer_check(out, err);
		ssize_t n = read(fd, to, room < CHUNK ? room : CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, ERROR_INPUT, errno, "read %s", path);
		buffer_commit(out, (size_t)n);
		if (n == 0)
			return 0;
	}
}

int file_read(const char *path, struct buffer *out, struct error *err)
{
	CLEANUP(file_close) int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, ERROR_INPUT, errno, "read %s", path);
	return file_read_rest(fd, path, out, err);
}

/* One step down. A file is opened without waiting, since a pipe would wait for its other end. */
static int step_within(int at, const char *part, bool is_last, const char *name, int *out, struct error *err)
{
	struct stat st;
	if (strcmp(part, "..") == 0)
		return error_set(err, ERROR_DENIED, "%.300s: leads out of the folder", name);
	*out = openat(at, part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (is_last ? 0 : O_DIRECTORY));
	if (*out < 0 && (errno == ELOOP || (errno == ENOTDIR && fstatat(at, part, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))))
		return error_set(err, ERROR_DENIED, "%.300s: is a symbolic link", name);
	if (*out < 0)
		return error_errno(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_INPUT, errno, "%.300s", name);
	if (is_last && (fstat(*out, &st) < 0 || !S_ISREG(st.st_mode)))
		return error_set(err, ERROR_INPUT, "%.300s: is no file", name);
	return 0;
}

static int hand_over(int *fd)
{
	int given = *fd;
	*fd = -1;
	return given;
}

int file_open_within(const char *folder, const char *name, int *fd, struct error *err)
{
	char path[4096];
	char *rest = NULL;
	CLEANUP(file_close) int at = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	if (at < 0)
		return error_errno(err, ERROR_NOT_FOUND, errno, "folder %.300s", folder);
	if (*name == '/' || snprintf(path, sizeof path, "%s", name) >= (int)sizeof path)
		return error_set(err, ERROR_DENIED, "%.300s: is no path within the folder", name);
	char *part = strtok_r(path, "/", &rest);
	if (!part)
		return error_set(err, ERROR_INPUT, "no name of a file");
	while (part) {
		char *next = strtok_r(NULL, "/", &rest);
		CLEANUP(file_close) int down = -1;
		if (step_within(at, part, !next, name, &down, err) < 0)
			return -1;
		int up = at;
		at = down;
		down = up;
		part = next;
	}
	*fd = hand_over(&at);
	return 0;
}

static int write_all(int fd, struct bytes data)
{
	while (data.size > 0) {
		ssize_t n = write(fd, data.data, data.size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data.data += n;
		data.size -= (size_t)n;
	}
	return fsync(fd);
}

static void sync_folder(const char *path)
{
	char folder[4096];
	snprintf(folder, sizeof folder, "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	CLEANUP(file_close) int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
}

static int write_beside(const char *path, struct bytes data, unsigned mode, bool keep_old, struct error *err)
{
	char beside[4096];
	int size = snprintf(beside, sizeof beside, "%s.new-XXXXXX", path);
	if (size < 0 || (size_t)size >= sizeof beside)
		return error_set(err, ERROR_INPUT, "the path %.100s... is too long", path);
	CLEANUP(file_close) int fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, ERROR_STORE, errno, "write %s", path);
	if (fchmod(fd, mode) < 0 || write_all(fd, data) < 0) {
		error_errno(err, ERROR_STORE, errno, "write %s", path);
		unlink(beside);
		return -1;
	}
	/* link(2) does what rename(2) does not: it fails when the name is taken. */
	int done = keep_old ? link(beside, path) : rename(beside, path);
	int why = errno;
	if (keep_old || done < 0)
		unlink(beside);
	if (done < 0)
		return error_errno(err, why == EEXIST ? ERROR_CONFLICT : ERROR_STORE, why, "write %s", path);
	sync_folder(path);
	return 0;
}

int file_write(const char *path, struct bytes data, unsigned mode, struct error *err)
{
	return write_beside(path, data, mode, false, err);
}

int file_create(const char *path, struct bytes data, unsigned mode, struct error *err)
{
	return write_beside(path, data, mode, true, err);
}

int file_make_folder(const char *path, unsigned mode, struct error *err)
{
	char part[4096];
	int size = snprintf(part, sizeof part, "%s", path);
	if (size < 0 || (size_t)size >= sizeof part)
		return error_set(err, ERROR_INPUT, "the path %.100s... is too long", path);
	for (char *p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return error_errno(err, ERROR_STORE, errno, "make folder %s", part);
		*p = '/';
	}
	if (mkdir(part, mode) < 0 && errno != EEXIST)
		return error_errno(err, ERROR_STORE, errno, "make folder %s", part);
	return 0;
}

int file_free_space(const char *path, int64_t *out_bytes, struct error *err)
{
	struct statvfs fs;
	if (statvfs(path, &fs) < 0)
		return error_errno(err, ERROR_STORE, errno, "free space of %s", path);
	*out_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	return 0;
}

int file_reserve(const char *path, int64_t bytes, struct error *err)
{
	CLEANUP(file_close) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0660);
	if (fd < 0)
		return error_errno(err, ERROR_STORE, errno, "%s", path);
	int failed = posix_fallocate(fd, 0, bytes);
	if (failed == 0)
		return 0;
	unlink(path);
	return error_errno(err, failed == ENOSPC ? ERROR_FULL : ERROR_STORE, failed, "%s: %" PRId64 " bytes", path, bytes);
}

char *file_join(const char *folder, const char *path)
{
	char *joined = NULL;
	if (*path == '/' || !folder || !*folder)
		return strdup(path);
	return asprintf(&joined, "%s/%s", folder, path) < 0 ? NULL : joined;
}
