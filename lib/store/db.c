#include "base/text.h"
#include "store/driver.h"
#include "system/clock.h"
#include "system/file.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RETRIES = 5 };

static int set_paths(struct db *db, const struct db_options *options, struct error *err)
{
	if (!text_starts(options->url, "sqlite:"))
		return error_set(err, ERROR_INPUT, "store %s: this version keeps its store in SQLite: url = sqlite:gazette.db",
		                 options->url);
	db->driver = &sqlite_driver;
	db->options = *options;
	db->url = strdup(options->url);
	db->path = strdup(options->url + strlen("sqlite:"));
	db->schema_folder = options->schema_folder ? strdup(options->schema_folder) : NULL;
	if (!db->url || !db->path || (options->schema_folder && !db->schema_folder))
		return error_set(err, ERROR_MEMORY, "out of memory");
	db->options.url = db->url;
	db->options.schema_folder = db->schema_folder;
	char *slash = strrchr(db->path, '/');
	db->folder = slash ? strndup(db->path, slash == db->path ? 1 : (size_t)(slash - db->path)) : strdup(".");
	return db->folder ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

/* Daemon and command line may be two users of one group, whatever the umask is. Only the owner can, and need, do it. */
static void share(int fd)
{
	if (fchmod(fd, 0660) < 0)
		return;
}

static int open_shadow(struct db *db, struct error *err)
{
	char path[4096];
	int64_t shadow = 0;
	int64_t commits = 0;
	int64_t behind = 0;
	snprintf(path, sizeof path, "%s.commits", db->path);
	db->shadow_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	if (db->shadow_fd < 0)
		return error_errno(err, ERROR_STORE, errno, "%s", path);
	share(db->shadow_fd);
	ssize_t n = pread(db->shadow_fd, &shadow, sizeof shadow, 0);
	if (driver_number(db, "SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'commits'", &commits, err) < 0 ||
	    driver_number(db, "SELECT count(*) FROM meta WHERE key = 'behind'", &behind, err) < 0)
		return -1;
	db->commits = commits;
	/* The shadow is written after a commit, so it can never be ahead, unless the store was put back to an earlier day. */
	db->is_behind = behind > 0 || (n == (ssize_t)sizeof shadow && shadow > commits);
	return 0;
}

static int open_db(struct db *db, struct error *err)
{
	struct stat st;
	if (!db->options.may_create && stat(db->path, &st) < 0)
		return error_set(err, ERROR_NOT_FOUND, "there is no store at %s: make one with gazette init", db->path);
	int result = lock_open(&db->lock, db->path, err);
	if (result == 0) {
		share(db->lock.gate_fd);
		share(db->lock.lock_fd);
		result = lock_take(&db->lock, err);
	}
	if (result == 0) {
		result = db->driver->connect(db, err);
		if (result == 0)
			result = migrate_check(db, err);
		lock_drop(&db->lock);
	}
	if (result == 0)
		result = open_shadow(db, err);
	return result;
}

int db_open(const struct db_options *options, struct db **out, struct error *err)
{
	CLEANUP(db_close) struct db *db = calloc(1, sizeof *db);
	if (!db)
		return error_set(err, ERROR_MEMORY, "out of memory");
	db->lock = LOCK_CLOSED;
	db->shadow_fd = -1;
	if (set_paths(db, options, err) < 0 || open_db(db, err) < 0)
		return -1;
	*out = db;
	db = NULL;
	return 0;
}

int db_again(const struct db *db, struct db **out, struct error *err)
{
	struct db_options options = db->options;
	options.may_create = false;
	options.may_migrate = false;
	return db_open(&options, out, err);
}

void db_close(struct db **db)
{
	struct db *d = *db;
	if (!d)
		return;
	for (size_t i = 0; i < d->cache_count; i++)
		d->driver->finish(d->cache[i].statement);
	free(d->cache);
	if (d->connection)
		d->driver->disconnect(d);
	lock_close(&d->lock);
	file_close(&d->shadow_fd);
	free(d->url);
	free(d->path);
	free(d->folder);
	free(d->schema_folder);
	free(d);
	*db = NULL;
}

static const struct sql BUMP = {
	.name = "bump commits",
	.text = "UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = 'commits'",
};
/* A look costs SQLite a tenth of RETURNING, for which it builds a table. */
static const struct sql COMMITS = {
	.name = "commits",
	.text = "SELECT CAST(value AS BIGINT) AS n FROM meta WHERE key = 'commits'",
	.row = (const struct field[]){ { "n", FIELD_INT, 0, NULL }, FIELD_END },
	.row_bytes = sizeof(int64_t),
};

/* A store that is behind would catch up with its shadow by and by, and nobody would know any more. */
static const struct sql MARK_BEHIND = {
	.name = "mark behind",
	.text = "INSERT INTO meta (key, value) VALUES ('behind', '1') ON CONFLICT (key) DO NOTHING",
};
static const struct sql UNMARK_BEHIND = { .name = "unmark behind", .text = "DELETE FROM meta WHERE key = 'behind'" };
const struct sql *const db_statements[] = { &BUMP, &COMMITS, &MARK_BEHIND, &UNMARK_BEHIND, NULL };

/* Stopping a process with the lock in its hand would stop the whole house. */
static void block_signals(sigset_t *old)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, old);
}

static int attempt_write(struct db *db, int (*body)(struct db *, void *, struct error *), void *arg, struct error *err)
{
	int64_t commits = 0;
	if (db->driver->begin(db, true, err) < 0)
		return -1;
	db->in_write = true;
	int result = body(db, arg, err);
	if (result == 0 && db->is_behind)
		result = db_run(db, &MARK_BEHIND, NULL, NULL, err);
	if (result == 0 && (db_run(db, &BUMP, NULL, NULL, err) < 0 || db_one(db, &COMMITS, NULL, &commits, NULL, err) < 0))
		result = -1;
	db->in_write = false;
	if (result == 0)
		result = db->driver->commit(db, err);
	if (result < 0) {
		db->driver->rollback(db);
		return -1;
	}
	db->commits = commits;
	/* A shadow that stays behind proves less, and harms nothing: no reason to fail a commit that stands. */
	if (!db->is_behind && pwrite(db->shadow_fd, &commits, sizeof commits, 0) < 0)
		return 0;
	/* The WAL grows by whoever writes, so whoever writes sees to it. A failure here is met again at the next commit. */
	struct error later = { 0 };
	if (db->driver->checkpoint(db, false, &later) < 0)
		return 0;
	return 0;
}

int db_write(struct db *db, int (*body)(struct db *, void *, struct error *), void *arg, struct error *err)
{
	sigset_t old;
	int result = -1;
	assert(!db->in_write && !db->in_read);
	block_signals(&old);
	for (int i = 0; i < RETRIES && result < 0; i++) {
		struct error why = { 0 };
		int64_t from_us = clock_now().mono_us;
		if (lock_take(&db->lock, err) < 0)
			break;
		int64_t waited_us = clock_now().mono_us - from_us;
		db->longest_wait_us = waited_us > db->longest_wait_us ? waited_us : db->longest_wait_us;
		result = attempt_write(db, body, arg, &why);
		lock_drop(&db->lock);
		if (result < 0 && err)
			*err = why;
		if (result < 0 && why.code != ERROR_RETRY)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return result;
}

int db_read(struct db *db, int (*body)(struct db *, void *, struct error *), void *arg, struct error *err)
{
	assert(!db->in_write && !db->in_read);
	if (db->driver->begin(db, false, err) < 0)
		return -1;
	db->in_read = true;
	int result = body(db, arg, err);
	db->in_read = false;
	db->driver->rollback(db);
	return result;
}

int db_checkpoint(struct db *db, bool small_too, struct error *err)
{
	if (lock_take(&db->lock, err) < 0)
		return -1;
	int result = db->driver->checkpoint(db, small_too, err);
	lock_drop(&db->lock);
	return result;
}

int db_integrity(struct db *db, struct error *err)
{
	return db->driver->integrity(db, err);
}

void db_interrupt(struct db *db)
{
	db->driver->interrupt(db);
}

const char *db_folder(const struct db *db)
{
	return db->folder;
}

const char *db_path(const struct db *db)
{
	return db->path;
}

int64_t db_longest_wait(struct db *db)
{
	int64_t waited_us = db->longest_wait_us;
	db->longest_wait_us = 0;
	return waited_us;
}

bool db_is_behind(const struct db *db)
{
	return db->is_behind;
}

static int accept_body(struct db *db, void *arg, struct error *err)
{
	(void)arg;
	return db_run(db, &UNMARK_BEHIND, NULL, NULL, err);
}

int db_accept_rollback(struct db *db, struct error *err)
{
	bool was_behind = db->is_behind;
	/* The commit that takes the mark away also writes the shadow, back to the store's own number. */
	db->is_behind = false;
	if (db_write(db, accept_body, NULL, err) == 0)
		return 0;
	db->is_behind = was_behind;
	return -1;
}
