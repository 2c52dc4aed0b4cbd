#include "store/driver.h"
#include "system/file.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Our own processes wait for the writer lock; only a stranger's (sqlite3 at a prompt) makes SQLite wait, and db_write tries again. */
enum { BUSY_MS = 1500, WAL_PAGES = 2048 /* 8 MB */, WAL_MORE_PAGES = 1024, WAL_LARGE_PAGES = 4096 };

static sqlite3 *handle(struct db *db)
{
	return db->connection;
}

static sqlite3_stmt *stmt(struct statement *statement)
{
	return (sqlite3_stmt *)(void *)statement;
}

static int fault(struct db *db, int code, const char *what, struct error *err)
{
	sqlite3 *connection = handle(db);
	const char *text = connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
	int system = connection ? sqlite3_system_errno(connection) : 0;
	switch (code & 0xff) {
	case SQLITE_FULL: return error_set(err, ERROR_FULL, "%s: the disk is full", what);
	case SQLITE_IOERR:
		if (system == ENOSPC || system == EDQUOT)
			return error_set(err, ERROR_FULL, "%s: the disk is full", what);
		return error_set(err, ERROR_CORRUPT, "%s: %s (errno %d)", what, text, system);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return error_set(err, ERROR_CORRUPT, "%s: %s", what, text);
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return error_set(err, ERROR_RETRY, "%s: %s", what, text);
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM: return error_set(err, ERROR_DENIED, "%s: %s", what, text);
	case SQLITE_NOMEM: return error_set(err, ERROR_MEMORY, "%s: out of memory", what);
	case SQLITE_CONSTRAINT: return error_set(err, ERROR_CONFLICT, "%s: %s", what, text);
	default: return error_set(err, ERROR_STORE, "%s: %s", what, text);
	}
}

static int script(struct db *db, const char *text, struct error *err)
{
	int code = sqlite3_exec(handle(db), text, NULL, NULL, NULL);
	return code == SQLITE_OK ? 0 : fault(db, code, "store", err);
}

/* SQLite makes its files 0644 less the umask; -wal and -shm copy the mode of the file, so the file is made here first.
 * Only a new one: closing a descriptor of a file in use would drop the process's locks on it. */
static void make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	if (fd >= 0 && fchmod(fd, 0660) < 0)
		unlink(path); /* then SQLite makes it its own way */
	file_close(&fd);
}

/* After each commit of this connection: how many pages the log holds, those of others included. */
static int on_commit(void *arg, sqlite3 *connection, const char *name, int pages)
{
	struct db *db = arg;
	(void)connection, (void)name;
	db->wal_pages = pages;
	return SQLITE_OK;
}

/* Statistics of memory take a mutex round every allocation, and nobody reads them. */
static void set_up(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int connect_file(struct db *db, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, set_up);
	sqlite3 *connection = NULL;
	if (db->options.may_create)
		make_file(db->path);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (db->options.may_create ? SQLITE_OPEN_CREATE : 0);
	int code = sqlite3_open_v2(db->path, &connection, flags, NULL);
	db->connection = connection;
	if (code != SQLITE_OK)
		return fault(db, code, db->path, err);
	sqlite3_extended_result_codes(connection, 1);
	sqlite3_busy_timeout(connection, BUSY_MS);
	/* A checkpoint outside the writer lock can race a commit and corrupt the file (fixed upstream in 3.51.3):
	 * none happens but in checkpoint() below, which holds the lock. */
	sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	/* A small cache: a daemon has a dozen connections, and the system keeps the file's pages for all of them. */
	char pragmas[256];
	snprintf(pragmas, sizeof pragmas,
	         "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA foreign_keys=ON; PRAGMA synchronous=%s;"
	         "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-1000",
	         db->options.is_relaxed ? "NORMAL" : "FULL");
	if (script(db, pragmas, err) < 0)
		return error_wrap(err, "%s", db->path);
	/* After the pragma, which takes the hook's place. */
	sqlite3_wal_hook(connection, on_commit, db);
	return 0;
}

static void disconnect(struct db *db)
{
	sqlite3_close_v2(handle(db));
	db->connection = NULL;
}

static int prepare(struct db *db, const char *text, struct statement **out, int *parameters, int *columns, struct error *err)
{
	sqlite3_stmt *prepared = NULL;
	int code = sqlite3_prepare_v3(handle(db), text, -1, SQLITE_PREPARE_PERSISTENT, &prepared, NULL);
	if (code != SQLITE_OK)
		return fault(db, code, "statement", err);
	*out = (struct statement *)(void *)prepared;
	*parameters = sqlite3_bind_parameter_count(prepared);
	*columns = sqlite3_column_count(prepared);
	for (int i = 1; i <= *parameters; i++) {
		char expected[16];
		const char *name = sqlite3_bind_parameter_name(prepared, i);
		snprintf(expected, sizeof expected, "$%d", i);
		if (!name || strcmp(name, expected) != 0) {
			error_set(err, ERROR_STORE, "parameter %d is named %s: number them in the order they appear", i, name ? name : "?");
			sqlite3_finalize(prepared); /* the name was its own */
			return -1;
		}
	}
	return 0;
}

static void finish(struct statement *statement)
{
	sqlite3_finalize(stmt(statement));
}

static const char *column_name(struct statement *statement, int column)
{
	return sqlite3_column_name(stmt(statement), column);
}

static int bind(struct db *db, struct statement *statement, int parameter, const struct value *value, struct error *err)
{
	int code = SQLITE_OK;
	switch (value->kind) {
	case VALUE_NULL: code = sqlite3_bind_null(stmt(statement), parameter); break;
	case VALUE_INT: code = sqlite3_bind_int64(stmt(statement), parameter, value->number); break;
	case VALUE_TEXT:
		code = sqlite3_bind_text64(stmt(statement), parameter, value->bytes.data, value->bytes.size, SQLITE_STATIC, SQLITE_UTF8);
		break;
	case VALUE_BYTES:
		code = sqlite3_bind_blob64(stmt(statement), parameter, value->bytes.data, value->bytes.size, SQLITE_STATIC);
		break;
	}
	return code == SQLITE_OK ? 0 : fault(db, code, "bind", err);
}

static int step(struct db *db, struct statement *statement, struct error *err)
{
	int code = sqlite3_step(stmt(statement));
	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : fault(db, code, "store", err);
}

static void column(struct statement *statement, int i, struct value *out)
{
	sqlite3_stmt *s = stmt(statement);
	switch (sqlite3_column_type(s, i)) {
	case SQLITE_INTEGER: *out = (struct value){ .kind = VALUE_INT, .number = sqlite3_column_int64(s, i) }; break;
	case SQLITE_TEXT: {
		const char *text = (const char *)sqlite3_column_text(s, i);
		*out = (struct value){ .kind = VALUE_TEXT, .bytes = { text, (size_t)sqlite3_column_bytes(s, i) } };
		break;
	}
	case SQLITE_BLOB: {
		const void *data = sqlite3_column_blob(s, i);
		*out = (struct value){ .kind = VALUE_BYTES, .bytes = { data ? data : "", (size_t)sqlite3_column_bytes(s, i) } };
		break;
	}
	default: *out = (struct value){ .kind = VALUE_NULL };
	}
}

static int64_t changed(struct db *db)
{
	return sqlite3_changes64(handle(db));
}

static int64_t inserted(struct db *db)
{
	return sqlite3_last_insert_rowid(handle(db));
}

static void reset(struct statement *statement)
{
	sqlite3_reset(stmt(statement));
	sqlite3_clear_bindings(stmt(statement));
}

static void rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(handle(db)))
		sqlite3_exec(handle(db), "ROLLBACK", NULL, NULL, NULL);
}

static int begin(struct db *db, bool write, struct error *err)
{
	/* Without memory the last one may not have been rolled back. */
	rollback(db);
	return script(db, write ? "BEGIN IMMEDIATE" : "BEGIN", err);
}

static int commit(struct db *db, struct error *err)
{
	return script(db, "COMMIT", err);
}

/* Called with the lock held. With the usual time-out one open reader would stop every writer: busy means later, when the log has grown
 * some more, since each look copies pages. The file keeps its size and is written again from its beginning: a flush then has no
 * change of size to carry. `small_too` cuts it off. */
static int checkpoint(struct db *db, bool small_too, struct error *err)
{
	if (!small_too && (db->wal_pages <= WAL_PAGES || db->wal_pages <= db->checkpoint_pages))
		return 0;
	sqlite3_busy_timeout(handle(db), 0);
	int mode = small_too || db->wal_pages > WAL_LARGE_PAGES ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_RESTART;
	int code = sqlite3_wal_checkpoint_v2(handle(db), NULL, mode, NULL, NULL);
	sqlite3_busy_timeout(handle(db), BUSY_MS);
	bool busy = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
	db->checkpoint_pages = code == SQLITE_OK ? 0 : db->wal_pages + WAL_MORE_PAGES;
	if (code == SQLITE_OK)
		db->wal_pages = 0;
	return code == SQLITE_OK || busy ? 0 : fault(db, code, "checkpoint", err);
}

static int integrity(struct db *db, struct error *err)
{
	static const char *const checks[] = { "PRAGMA integrity_check(1)", "PRAGMA foreign_key_check" };
	for (int i = 0; i < 2; i++) {
		sqlite3_stmt *s = NULL;
		int code = sqlite3_prepare_v2(handle(db), checks[i], -1, &s, NULL);
		if (code != SQLITE_OK)
			return fault(db, code, "integrity", err);
		int row = sqlite3_step(s);
		const char *text = row == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
		bool good = row == SQLITE_DONE || (i == 0 && text && strcmp(text, "ok") == 0);
		if (!good && row == SQLITE_ROW)
			error_set(err, ERROR_CORRUPT, "%s: %s", i == 0 ? "the file is damaged" : "a row points nowhere, in table",
			          text ? text : "?");
		else if (!good)
			fault(db, row, "integrity", err);
		sqlite3_finalize(s);
		if (!good)
			return -1;
	}
	return 0;
}

static void interrupt_it(struct db *db)
{
	sqlite3_interrupt(handle(db));
}

static int copy(struct db *db, const char *path, struct error *err)
{
	char *text = sqlite3_mprintf("VACUUM INTO %Q", path);
	if (!text)
		return error_set(err, ERROR_MEMORY, "out of memory");
	unlink(path);
	make_file(path); /* VACUUM INTO takes an empty file, and leaves its mode */
	int result = script(db, text, err);
	sqlite3_free(text);
	if (result < 0)
		return error_wrap(err, "copy to %s", path);
	struct db other = { .driver = &sqlite_driver, .path = (char *)path };
	sqlite3 *connection = NULL;
	int code = sqlite3_open_v2(path, &connection, SQLITE_OPEN_READONLY, NULL);
	other.connection = connection;
	result = code == SQLITE_OK ? integrity(&other, err) : fault(&other, code, path, err);
	sqlite3_close_v2(connection);
	return result < 0 ? error_wrap(err, "copy to %s", path) : 0;
}

const struct driver sqlite_driver = {
	.name = "sqlite",
	.connect = connect_file,
	.disconnect = disconnect,
	.prepare = prepare,
	.finish = finish,
	.column_name = column_name,
	.bind = bind,
	.step = step,
	.column = column,
	.changed = changed,
	.inserted = inserted,
	.reset = reset,
	.script = script,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.checkpoint = checkpoint,
	.integrity = integrity,
	.interrupt = interrupt_it,
	.copy = copy,
};
