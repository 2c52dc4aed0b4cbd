/* driver - what an engine does for the store: the seam between SQLite and PostgreSQL. Within the room only. */
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H
#include "store/db.h"
#include "system/lock.h"

/* A value on its way to or from the engine. */
enum value_kind { VALUE_NULL, VALUE_INT, VALUE_TEXT, VALUE_BYTES };
struct value {
	enum value_kind kind;
	int64_t number;
	struct bytes bytes; /* borrowed until the statement steps on */
};

struct statement; /* the engine's own, prepared */

struct driver {
	const char *name;
	int (*connect)(struct db *db, struct error *err);
	void (*disconnect)(struct db *db);
	/* Prepared once for the life of the connection. *parameters and *columns are filled in. */
	int (*prepare)(struct db *db, const char *text, struct statement **out, int *parameters, int *columns, struct error *err);
	void (*finish)(struct statement *statement);
	const char *(*column_name)(struct statement *statement, int column);
	int (*bind)(struct db *db, struct statement *statement, int parameter, const struct value *value, struct error *err);
	int (*step)(struct db *db, struct statement *statement, struct error *err); /* 1 row, 0 done, -1 */
	void (*column)(struct statement *statement, int column, struct value *out);
	int64_t (*changed)(struct db *db);
	int64_t (*inserted)(struct db *db); /* the id of the last row added */
	void (*reset)(struct statement *statement);
	int (*script)(struct db *db, const char *text, struct error *err);
	int (*begin)(struct db *db, bool write, struct error *err);
	int (*commit)(struct db *db, struct error *err);
	void (*rollback)(struct db *db);
	int (*checkpoint)(struct db *db, bool small_too, struct error *err);
	int (*integrity)(struct db *db, struct error *err);
	void (*interrupt)(struct db *db);                                /* from any thread */
	int (*copy)(struct db *db, const char *path, struct error *err); /* a verified copy, before a migration */
};
extern const struct driver sqlite_driver;

struct cached {
	const struct sql *sql;
	struct statement *statement;
	int parameters, columns;
};

struct db {
	const struct driver *driver;
	struct db_options options;
	char *url, *path, *folder, *schema_folder;
	void *connection; /* the engine's */
	struct lock lock;
	int shadow_fd;                   /* the commit counter outside the database */
	int64_t commits;                 /* the store's own, as of our last commit */
	int wal_pages, checkpoint_pages; /* the engine's: what its log holds, and how much of it is worth moving again */
	bool is_behind;
	bool in_write, in_read;
	struct cached *cache;
	size_t cache_count, cache_room;
	int64_t longest_wait_us; /* for the writer lock */
};

/* migrate.c */
MUST_CHECK int migrate_check(struct db *db, struct error *err);
/* The fixed statements around it, without the cache. */
MUST_CHECK int driver_number(struct db *db, const char *text, int64_t *out,
                             struct error *err); /* first column of the first row; 0 if none */
#endif
