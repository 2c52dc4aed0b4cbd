#include "base/embedded.h"
#include "store/driver.h"
#include "system/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int64_t newest(void)
{
	int64_t n = 0;
	while (schema_sqlite_files[n].name)
		n++;
	return n;
}

int db_versions(struct db *db, int64_t *store, int64_t *binary, struct error *err)
{
	int64_t has_meta = 0;
	*store = 0;
	*binary = newest();
	if (driver_number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'meta'", &has_meta, err) < 0)
		return -1;
	return has_meta ? driver_number(db, "SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'schema'", store, err) : 0;
}

/* A migration's text: from the folder that overrides, if it has a file of that name, else as built in. */
static int migration_text(struct db *db, int64_t number, struct buffer *out, struct error *err)
{
	const struct embedded_file *file = &schema_sqlite_files[number - 1];
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", db->schema_folder ? db->schema_folder : "", file->name);
	if (db->schema_folder && access(path, F_OK) == 0)
		return file_read(path, out, err);
	buffer_add(out, file->data, file->size);
	return buffer_check(out, err);
}

static int apply(struct db *db, int64_t number, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
	char note[256];
	if (migration_text(db, number, &text, err) < 0)
		return -1;
	snprintf(note, sizeof note,
	         "INSERT INTO meta (key, value) VALUES ('schema', '%" PRId64 "') ON CONFLICT (key) DO UPDATE SET value = excluded.value;"
	         "INSERT INTO meta (key, value) VALUES ('commits', '0') ON CONFLICT (key) DO NOTHING",
	         number);
	if (db->driver->begin(db, true, err) < 0)
		return -1;
	if (db->driver->script(db, buffer_text(&text), err) < 0 || db->driver->script(db, note, err) < 0 ||
	    db->driver->commit(db, err) < 0) {
		db->driver->rollback(db);
		return error_wrap(err, "migration %" PRId64, number);
	}
	return 0;
}

static int run(struct db *db, int64_t from, int64_t to, struct error *err)
{
	if (from > 0 && from < to) {
		char copy[4096];
		snprintf(copy, sizeof copy, "%s.before-%04" PRId64, db->path, to);
		if (db->driver->copy(db, copy, err) < 0)
			return -1;
	}
	for (int64_t n = from + 1; n <= to; n++)
		if (apply(db, n, err) < 0)
			return -1;
	return 0;
}

int migrate_check(struct db *db, struct error *err)
{
	int64_t store = 0;
	int64_t binary = 0;
	if (db_versions(db, &store, &binary, err) < 0)
		return -1;
	if (store > binary)
		return error_set(err, ERROR_CONFLICT,
		                 "the store has schema %" PRId64 ", this gazette knows %" PRId64 ": install the newer version", store,
		                 binary);
	if (store == binary)
		return 0;
	if (store == 0 && !db->options.may_create)
		return error_set(err, ERROR_CORRUPT, "%s is no store of Gazette: make one with gazette init", db->path);
	if (store > 0 && !db->options.may_migrate)
		return error_set(err, ERROR_CONFLICT,
		                 "the store has schema %" PRId64 ", this gazette wants %" PRId64 ": run gazette store migrate", store,
		                 binary);
	return run(db, store, binary, err);
}

int db_migrate(struct db *db, struct error *err)
{
	int64_t store = 0;
	int64_t binary = 0;
	if (db_versions(db, &store, &binary, err) < 0 || lock_take(&db->lock, err) < 0)
		return -1;
	int result = run(db, store, binary, err);
	lock_drop(&db->lock);
	return result;
}
