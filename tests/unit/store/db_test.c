/* The store as a file: opening, versions, transactions, statements and their plans. */
#include "fixture.h"
#include "store/arg.h"
#include "store/driver.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct error open_with(const struct fixture *f, bool may_create)
{
	struct error err = { 0 };
	struct db *db = NULL;
	struct db_options options = { .url = f->url, .may_create = may_create };
	if (db_open(&options, &db, &err) == 0)
		db_close(&db);
	return err;
}

static void test_a_missing_store_is_not_made_by_chance(void **state)
{
	struct fixture *f = *state;
	struct fixture other = *f;
	snprintf(other.path, sizeof other.path, "%s/other.db", f->folder);
	snprintf(other.url, sizeof other.url, "sqlite:%s", other.path);
	struct error err = open_with(&other, false);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_non_null(strstr(err.text, "gazette init"));
	assert_int_equal(access(other.path, F_OK), -1);
}

static void test_a_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;
	db_close(&f->db);
	fixture_sql(f, "UPDATE meta SET value = '700' WHERE key = 'schema'");
	struct error err = open_with(f, true);
	assert_int_equal(err.code, ERROR_CONFLICT);
	assert_non_null(strstr(err.text, "the store has schema 700, this gazette knows "));
}

static void test_a_file_that_is_no_store_is_refused(void **state)
{
	struct fixture *f = *state;
	char wal[256];
	snprintf(wal, sizeof wal, "%s-wal", f->path);
	db_close(&f->db);
	unlink(wal); /* with it the store would still be whole */
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	fputs("Dear reader, this is a letter and no database at all. It is long enough to have a header's length, is it not?", file);
	fclose(file);
	assert_int_equal(open_with(f, true).code, ERROR_CORRUPT);
}

static void test_files_belong_to_user_and_group(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".gate", ".lock", ".commits" };
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		char path[256];
		struct stat st;
		snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
		assert_int_equal(stat(path, &st), 0);
		if ((st.st_mode & 0777) != 0660)
			fail_msg("%s has mode %o", path, st.st_mode & 0777);
	}
}

static void test_versions_are_told(void **state)
{
	struct fixture *f = *state;
	int64_t store = 0;
	int64_t binary = 0;
	OK(db_versions(f->db, &store, &binary, err));
	assert_int_equal(store, binary);
	assert_true(binary > 1);
	OK(db_migrate(f->db, err));
}

static void test_integrity_finds_a_row_that_points_nowhere(void **state)
{
	struct fixture *f = *state;
	struct error why = { 0 };
	OK(db_integrity(f->db, err));
	fixture_sql(f, "INSERT INTO subscription (list_id, subscriber_id, state) VALUES (1, 99, 'active')");
	assert_int_equal(db_integrity(f->db, &why), -1);
	assert_int_equal(why.code, ERROR_CORRUPT);
}

/* What a migration makes before it begins. */
static void test_a_copy_is_whole_and_private(void **state)
{
	struct fixture *f = *state;
	struct fixture other = *f;
	struct stat st;
	fixture_join(f, 0, 100);
	snprintf(other.path, sizeof other.path, "%s/copy.db", f->folder);
	snprintf(other.url, sizeof other.url, "sqlite:%s", other.path);
	OK(f->db->driver->copy(f->db, other.path, err));
	OK(f->db->driver->copy(f->db, other.path, err)); /* one that an earlier try left is in nobody's way */
	assert_int_equal(stat(other.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(fixture_number(&other, "SELECT count(*) FROM subscription"), 100);
	struct error why = { 0 };
	assert_int_equal(f->db->driver->copy(f->db, "/nowhere/copy.db", &why), -1);
}

struct attempts {
	int count, fail_until;
	enum error_code code;
};

static int write_then_fail(struct db *db, void *arg, struct error *err)
{
	static const struct sql insert = { .name = "insert", .text = "INSERT INTO meta (key, value) VALUES ('test', 'x')" };
	struct attempts *attempts = arg;
	if (db_run(db, &insert, NULL, NULL, err) < 0)
		return -1;
	return ++attempts->count < attempts->fail_until ? error_set(err, attempts->code, "not yet") : 0;
}

static void test_a_body_that_fails_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct attempts attempts = { .fail_until = 2, .code = ERROR_CONFLICT };
	assert_int_equal(db_write(f->db, write_then_fail, &attempts, &err), -1);
	assert_int_equal(err.code, ERROR_CONFLICT);
	assert_int_equal(attempts.count, 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM meta WHERE key = 'test'"), 0);
}

static void test_a_body_runs_again_on_retry(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct attempts attempts = { .fail_until = 3, .code = ERROR_RETRY };
	assert_int_equal(db_write(f->db, write_then_fail, &attempts, &err), 0);
	assert_int_equal(attempts.count, 3);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM meta WHERE key = 'test'"), 1);
}

static void test_a_broken_statement_is_named(void **state)
{
	const struct {
		struct sql sql;
		const char *says;
	} cases[] = {
		{ { .name = "no table", .text = "SELECT x FROM nowhere" }, "no table: " },
		{ { .name = "cast", .text = "SELECT $1::text AS n", .in = ARGS(ARG(s, TEXT)), .row = COLUMN_NUMBER("n") },
		  "number them in the order" },
		{ { .name = "order", .text = "SELECT $2 AS n, $1", .in = ARGS(ARG(a, INT), ARG(b, INT)) }, "parameter 1 is named $2" },
		{ { .name = "in", .text = "SELECT $1", .in = ARGS(ARG(a, INT), ARG(b, INT)) }, "1 parameters, 2 fields" },
		{ { .name = "row", .text = "SELECT 1 AS m", .row = COLUMN_NUMBER("n") }, "column 0 is m, the field is n" },
		{ { .name = "rows", .text = "SELECT 1 AS n, 2 AS m", .row = COLUMN_NUMBER("n") }, "2 columns, 1 fields" },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct error err = { 0 };
		int64_t n[4];
		assert_int_equal(db_one(f->db, &cases[i].sql, &(struct arg){ .s = "" }, n, NULL, &err), -1);
		if (!strstr(err.text, cases[i].says) || !strstr(err.text, cases[i].sql.name))
			fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].says);
	}
}

static void test_text_that_is_no_utf8_is_refused(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	assert_int_equal(store_meta_set(f->db, "x", "\xff", &err), -1);
	assert_int_equal(err.code, ERROR_INPUT);
}

/* Prepared by the room's own function, which compares parameters and columns with the field tables. */
static void test_every_statement_agrees_with_its_fields(void **state)
{
	struct fixture *f = *state;
	size_t count = 0;
	for (const struct sql *const *const *table = store_statement_tables; *table; table++)
		for (const struct sql *const *sql = *table; *sql; sql++, count++) {
			struct error err = { 0 };
			if (db_prepare(f->db, *sql, &err) < 0)
				fail_msg("%s", err.text);
		}
	assert_true(count > 100);
}

/* A walk of the deliveries, or of one campaign's, is a million rows: whatever does it is a bug. Partial indexes may be walked:
 * they hold what waits. */
static bool walks(const struct sql *sql, const char *line)
{
	static const char *const whole[] = { "delivery", "d",       "subscriber", "s", "subscription", "p", "received",
		                             "r",        "attempt", "a",          "b", "consent" };
	char step[64];
	for (size_t i = 0; i < COUNT_OF(whole); i++) {
		snprintf(step, sizeof step, "SCAN %s", whole[i]);
		size_t size = strlen(step);
		if (strncmp(line, step, size) == 0 && (line[size] == '\0' || (line[size] == ' ' && strstr(line, "autoindex"))))
			return true;
	}
	/* These are for people who ask, and go through a campaign once. */
	bool may_walk_campaign = strcmp(sql->name, "campaign recount") == 0 || strcmp(sql->name, "missed") == 0 ||
	                         strcmp(sql->name, "campaign outdated") == 0 || strcmp(sql->name, "campaign over time") == 0;
	return strstr(line, "AUTOMATIC") || (strstr(line, "sqlite_autoindex_delivery_1 (campaign_id=?)") && !may_walk_campaign);
}

static void check_plan(sqlite3 *raw, const struct sql *sql)
{
	sqlite3_stmt *plan = NULL;
	char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql->text);
	assert_int_equal(sqlite3_prepare_v2(raw, text, -1, &plan, NULL), SQLITE_OK);
	while (sqlite3_step(plan) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(plan, 3);
		if (walks(sql, line))
			fail_msg("%s: %s", sql->name, line);
	}
	sqlite3_finalize(plan);
	sqlite3_free(text);
}

static void test_no_statement_walks_a_large_table(void **state)
{
	struct fixture *f = *state;
	sqlite3 *raw = NULL;
	assert_int_equal(sqlite3_open(f->path, &raw), SQLITE_OK);
	for (const struct sql *const *const *table = store_statement_tables; *table; table++)
		for (const struct sql *const *sql = *table; *sql; sql++)
			check_plan(raw, *sql);
	sqlite3_close(raw);
}

struct writer {
	struct db *db;
	const char *key;
	int done;
};

static void *write_often(void *arg)
{
	struct writer *writer = arg;
	for (int i = 0; i < 200; i++) {
		char value[16];
		struct error err = { 0 };
		snprintf(value, sizeof value, "%d", i);
		if (store_meta_set(writer->db, writer->key, value, &err) == 0)
			writer->done++;
	}
	return NULL;
}

static void test_two_threads_write_in_turn(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[2];
	struct writer writers[2] = { { .db = f->db, .key = "a" }, { .key = "b" } };
	int64_t before = fixture_number(f, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'commits'");
	OK(db_again(f->db, &writers[1].db, err));
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_often, &writers[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	db_close(&writers[1].db);
	assert_int_equal(writers[0].done + writers[1].done, 400);
	assert_int_equal(fixture_number(f, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'commits'"), before + 400);
}

static int stop_ourselves(struct db *db, void *arg, struct error *err)
{
	(void)db, (void)err;
	sigset_t pending;
	raise(SIGTERM);
	sigpending(&pending);
	*(bool *)arg = sigismember(&pending, SIGTERM) == 1;
	return 0;
}

static volatile sig_atomic_t caught;
static void catch (int signal)
{
	caught = signal;
}

static void test_a_signal_waits_for_the_commit(void **state)
{
	struct fixture *f = *state;
	bool waited = false;
	signal(SIGTERM, catch);
	OK(db_write(f->db, stop_ourselves, &waited, err));
	signal(SIGTERM, SIG_DFL);
	assert_true(waited);
	assert_int_equal(caught, SIGTERM);
}

static const struct sql COUNT_META = {
	.name = "count", .text = "SELECT count(*) AS n FROM meta", .row = COLUMN_NUMBER("n"), .row_bytes = 8
};

static int look_twice(struct db *db, void *arg, struct error *err)
{
	struct db *other = arg;
	int64_t first = 0;
	int64_t second = 0;
	if (db_one(db, &COUNT_META, NULL, &first, NULL, err) < 0 || store_meta_set(other, "fresh", "x", err) < 0 ||
	    db_one(db, &COUNT_META, NULL, &second, NULL, err) < 0)
		return -1;
	assert_int_equal(first, second);
	return 0;
}

static void test_a_read_is_one_snapshot(void **state)
{
	struct fixture *f = *state;
	struct db *other = NULL;
	OK(db_again(f->db, &other, err));
	OK(db_read(f->db, look_twice, other, err));
	db_close(&other);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM meta WHERE key = 'fresh'"), 1);
}

static int64_t wal_bytes(const struct fixture *f)
{
	struct stat st;
	char path[256];
	snprintf(path, sizeof path, "%s-wal", f->path);
	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* Even while somebody reads all the time, nobody waits for the checkpoint; when the reader is gone, the WAL shrinks. */
static void write_large(struct fixture *f, int n)
{
	static char large[1 << 20];
	for (int i = 0; i < n; i++) {
		/* other bytes each time, or SQLite writes nothing */
		memset(large, 'a' + i, sizeof large - 1);
		OK(store_meta_set(f->db, "large", large, err));
	}
}

static void test_the_wal_is_moved_by_whoever_writes(void **state)
{
	struct fixture *f = *state;
	sqlite3 *reader = NULL;
	assert_int_equal(sqlite3_open(f->path, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM meta", NULL, NULL, NULL), SQLITE_OK);
	write_large(f, 20);
	assert_true(wal_bytes(f) > 20 << 20);
	sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL);
	sqlite3_db_config(reader, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(reader);
	write_large(f, 6);
	assert_true(wal_bytes(f) < 16 << 20);
	OK(db_checkpoint(f->db, true, err));
}

static void test_a_full_disk_is_told_as_such(void **state)
{
	struct fixture *f = *state;
	struct error why = { 0 };
	static char large[1 << 20];
	memset(large, 'x', sizeof large - 1);
	static const struct sql limit = { .name = "limit", .text = "PRAGMA max_page_count = 1" };
	OK(db_run(f->db, &limit, NULL, NULL, err));
	assert_int_equal(store_meta_set(f->db, "large", large, &why), -1);
	assert_int_equal(why.code, ERROR_FULL);
	assert_non_null(strstr(why.text, "meta set"));
	fixture_reopen(f);
	OK(store_meta_set(f->db, "large", large, err));
}

#define DB(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		DB(test_a_missing_store_is_not_made_by_chance),
		DB(test_a_newer_schema_is_refused),
		DB(test_a_file_that_is_no_store_is_refused),
		DB(test_files_belong_to_user_and_group),
		DB(test_versions_are_told),
		DB(test_integrity_finds_a_row_that_points_nowhere),
		DB(test_a_copy_is_whole_and_private),
		DB(test_a_body_that_fails_leaves_nothing),
		DB(test_a_body_runs_again_on_retry),
		DB(test_a_broken_statement_is_named),
		DB(test_text_that_is_no_utf8_is_refused),
		DB(test_every_statement_agrees_with_its_fields),
		DB(test_no_statement_walks_a_large_table),
		DB(test_two_threads_write_in_turn),
		DB(test_a_signal_waits_for_the_commit),
		DB(test_a_read_is_one_snapshot),
		DB(test_the_wal_is_moved_by_whoever_writes),
		DB(test_a_full_disk_is_told_as_such),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
