/* db - one connection to the store, behind which a driver stands (SQLite now). Only lib/store includes this beyond the
 * types; the rest of the house calls the store_* functions of the words (store/list.h, store/delivery.h, ...).
 *
 * One struct db belongs to one thread at a time. Every write of every process goes through db_write(): it takes the fair
 * lock beside the database, begins, runs the body, commits. No hold over 50 ms: bulk work comes in chunks. */
#ifndef STORE_DB_H
#define STORE_DB_H
#include "base/field.h"
#include "base/units.h"

struct db;

struct db_options {
	const char *url;           /* "sqlite:PATH"; relative to the working folder */
	bool is_relaxed;           /* synchronous=NORMAL: kill-safe, not power-safe */
	bool may_create;           /* only `gazette init` */
	bool may_migrate;          /* else an older schema is ERROR_CONFLICT that names `gazette store migrate` */
	const char *schema_folder; /* files in it come before the migrations built in; NULL: none */
};

/* Opens, checks that the schema is ours and not newer, migrates if allowed (after a verified copy of the file, PATH.before-NNNN).
 * Errors: NOT_FOUND (no store: run gazette init), CONFLICT (newer schema, or older and not allowed), CORRUPT, DENIED, FULL, STORE. */
MUST_CHECK int db_open(const struct db_options *options, struct db **out, struct error *err);
void db_close(struct db **db);
/* Another connection to the same store, for another thread. */
MUST_CHECK int db_again(const struct db *db, struct db **out, struct error *err);

/* What would be migrated: the store's version and ours. */
MUST_CHECK int db_versions(struct db *db, int64_t *store, int64_t *binary, struct error *err);
MUST_CHECK int db_migrate(struct db *db, struct error *err);

/* One named statement: the fields say what $1..$n and the columns are; prepare checks that they agree. */
struct sql {
	const char *name;
	const char *text;
	const char *postgresql;  /* NULL: the same text */
	const struct field *in;  /* $1..$n in order; NULL: none */
	const struct field *row; /* result columns in order, by name; NULL: none */
	size_t row_bytes;
};

/* One write transaction. body returns 0 or -1 with err; on ERROR_RETRY from the engine it runs again, so it must be repeatable.
 * Nested calls are a bug. Bumps the store's commit counter and its shadow outside the database (promise 10). */
MUST_CHECK int db_write(struct db *db, int (*body)(struct db *, void *, struct error *), void *arg, struct error *err);
/* One snapshot. */
MUST_CHECK int db_read(struct db *db, int (*body)(struct db *, void *, struct error *), void *arg, struct error *err);

/* The ways to run a statement; each also works outside db_write/db_read when it only reads.
 * TEXT and BYTES of rows are copied to the arena. */
MUST_CHECK int db_run(struct db *db, const struct sql *sql, const void *in, int64_t *changed, struct error *err);
/* An INSERT of one row: *id is the row's, 0 if ON CONFLICT left it out. */
MUST_CHECK int db_insert(struct db *db, const struct sql *sql, const void *in, int64_t *id, struct error *err);
MUST_CHECK int db_one(struct db *db, const struct sql *sql, const void *in, void *row, struct arena *arena, struct error *err);
MUST_CHECK int db_all(struct db *db, const struct sql *sql, const void *in, void *rows, size_t max, size_t *n, struct arena *arena,
                      struct error *err);
MUST_CHECK int db_many(struct db *db, const struct sql *sql, const void *in, size_t stride, size_t n, struct error *err);

/* Prepares it, which checks that parameters and columns agree with the fields; for the test that walks all statements. */
MUST_CHECK int db_prepare(struct db *db, const struct sql *sql, struct error *err);

/* Moves the WAL into the file when it has grown, if no reader stands in the way; cheap otherwise. Clockwork calls it.
 * `small_too`: however small, to give its room back to a full disk. */
MUST_CHECK int db_checkpoint(struct db *db, bool small_too, struct error *err);
/* Integrity of the file; ERROR_CORRUPT with the first finding. */
MUST_CHECK int db_integrity(struct db *db, struct error *err);
/* From another thread: what this connection reads or writes now ends with an error. */
void db_interrupt(struct db *db);
/* The folder the store lies in, for free-space checks and lock files; borrowed. */
const char *db_folder(const struct db *db);
const char *db_path(const struct db *db);
/* The longest a write waited for others to finish theirs, since the last call. For the thread that owns db. */
int64_t db_longest_wait(struct db *db);
/* True if the store was rolled back or restored behind its shadow counter: hold what is unfinished (promise 10).
 * db_accept_rollback() makes the present state the truth again, after everything unfinished was put to uncertain. */
bool db_is_behind(const struct db *db);
MUST_CHECK int db_accept_rollback(struct db *db, struct error *err);

/* All statements of the room, a NULL-terminated table for each file; the test that prepares each on PostgreSQL walks them. */
extern const struct sql *const *const store_statement_tables[];
#endif
