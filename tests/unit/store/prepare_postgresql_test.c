/* The same words for another engine: every statement of the store is prepared on a throwaway PostgreSQL, and the tables and
 * columns of both schemas are compared. Skipped (77) where there is no server to start. */
#include "fixture.h"
#include "base/embedded.h"
#include "system/file.h"
#include <libpq-fe.h>
#include <pwd.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIN "/usr/lib/postgresql/15/bin"
enum { SKIP = 77 };

struct server {
	char folder[64];
	PGconn *connection;
	bool runs;
};
static struct server server;

/* PostgreSQL refuses to run as root. */
static int run(const char *command)
{
	char line[1024];
	snprintf(line, sizeof line, "%s %s >%s/log.%s 2>&1",
	         geteuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --clear-groups" : "env", command, server.folder,
	         strstr(command, "initdb") ? "init" : "ctl");
	int status = system(line);
	return status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int leave_out(const char *why)
{
	char command[128];
	print_message("skipped: %s\n", why);
	snprintf(command, sizeof command, "rm -rf '%s'", server.folder);
	if (*server.folder && system(command) != 0)
		print_message("%s stays\n", server.folder);
	exit(SKIP);
}

static int start(void **state)
{
	char command[512];
	char where[128];
	(void)state;
	const struct passwd *user = getpwnam("postgres");
	if (access(BIN "/initdb", X_OK) < 0)
		return leave_out("there is no PostgreSQL 15 here (apt install postgresql-15)");
	if (geteuid() == 0 && !user)
		return leave_out("there is no user postgres to run the server as");
	snprintf(server.folder, sizeof server.folder, "/tmp/gazette-pg-XXXXXX");
	assert_non_null(mkdtemp(server.folder));
	if (geteuid() == 0)
		assert_int_equal(chown(server.folder, user->pw_uid, user->pw_gid), 0);
	snprintf(command, sizeof command, BIN "/initdb -D %s/data -U postgres --auth=trust --no-sync -E UTF8 --locale=C", server.folder);
	if (run(command) != 0)
		return leave_out("initdb failed");
	snprintf(command, sizeof command, BIN "/pg_ctl -D %s/data -w -t 30 -o \"-c listen_addresses= -c fsync=off -k %s\" start",
	         server.folder, server.folder);
	if (run(command) != 0)
		return leave_out("the server did not start");
	server.runs = true;
	snprintf(where, sizeof where, "host=%s user=postgres dbname=postgres", server.folder);
	server.connection = PQconnectdb(where);
	if (PQstatus(server.connection) != CONNECTION_OK)
		fail_msg("%s", PQerrorMessage(server.connection));
	return 0;
}

static int stop(void **state)
{
	char command[256];
	(void)state;
	PQfinish(server.connection);
	if (server.runs) {
		snprintf(command, sizeof command, BIN "/pg_ctl -D %s/data -m immediate stop", server.folder);
		run(command);
	}
	snprintf(command, sizeof command, "rm -rf '%s'", server.folder);
	return system(command) == 0 ? 0 : -1;
}

static void test_1_the_schema_loads(void **state)
{
	(void)state;
	for (const struct embedded_file *file = schema_postgresql_files; file->name; file++) {
		PGresult *result = PQexec(server.connection, file->data);
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			fail_msg("%s: %s", file->name, PQerrorMessage(server.connection));
		PQclear(result);
	}
}

static int count_fields(const struct field *fields)
{
	int n = 0;
	while (fields && fields[n].name)
		n++;
	return n;
}

/* "" or what is wrong. */
static void describe(const struct sql *sql, char *wrong, size_t size)
{
	PGresult *result = PQdescribePrepared(server.connection, "");
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		snprintf(wrong, size, "%s", PQerrorMessage(server.connection));
	else if (PQnparams(result) != count_fields(sql->in))
		snprintf(wrong, size, "%d parameters, %d fields", PQnparams(result), count_fields(sql->in));
	else if (sql->row && PQnfields(result) != count_fields(sql->row))
		snprintf(wrong, size, "%d columns, %d fields", PQnfields(result), count_fields(sql->row));
	else if (sql->row)
		for (int i = 0; i < PQnfields(result) && !*wrong; i++) {
			enum { INT8 = 20, TEXT = 25, BYTEA = 17 };
			enum field_kind kind = sql->row[i].kind;
			Oid want = kind == FIELD_TEXT || kind == FIELD_WORD ? TEXT : kind == FIELD_BYTES ? BYTEA : INT8;
			/* A literal number is an int4 there; the driver reads any integer. */
			bool fits = PQftype(result, i) == want || (want == INT8 && PQftype(result, i) == 23);
			if (strcmp(PQfname(result, i), sql->row[i].name) != 0 || !fits)
				snprintf(wrong, size, "column %d is %s of type %u, the field is %s", i, PQfname(result, i),
				         PQftype(result, i), sql->row[i].name);
		}
	PQclear(result);
}

static void test_2_every_statement_is_understood(void **state)
{
	int failed = 0;
	int count = 0;
	(void)state;
	for (const struct sql *const *const *table = store_statement_tables; *table; table++)
		for (const struct sql *const *sql = *table; *sql; sql++, count++) {
			char wrong[512] = "";
			PGresult *result =
				PQprepare(server.connection, "", (*sql)->postgresql ? (*sql)->postgresql : (*sql)->text, 0, NULL);
			if (PQresultStatus(result) != PGRES_COMMAND_OK)
				snprintf(wrong, sizeof wrong, "%s", PQerrorMessage(server.connection));
			else
				describe(*sql, wrong, sizeof wrong);
			PQclear(result);
			if (*wrong) {
				print_error("%s: %s\n", (*sql)->name, wrong);
				failed++;
			}
		}
	assert_int_equal(failed, 0);
	assert_true(count > 100);
}

/* "table column type null;" sorted, with the types by what they hold. */
static void columns_here(sqlite3 *db, struct buffer *out)
{
	sqlite3_stmt *statement = NULL;
	assert_int_equal(
		sqlite3_prepare_v2(
			db,
			"SELECT m.name || ' ' || c.name || ' ' || CASE c.type WHEN 'INTEGER' THEN 'bigint' WHEN 'TEXT' THEN 'text' WHEN "
			"'BLOB' THEN 'bytea' ELSE c.type END || CASE WHEN c.\"notnull\" OR c.pk THEN ' not null' ELSE '' END FROM "
			"sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER "
			"BY m.name, c.name",
			-1, &statement, NULL),
		SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW)
		buffer_format(out, "%s\n", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
}

static void columns_there(struct buffer *out)
{
	PGresult *result = PQexec(server.connection,
	                          "SELECT table_name || ' ' || column_name || ' ' || data_type || CASE is_nullable WHEN 'NO' THEN ' not "
	                          "null' ELSE '' END FROM information_schema.columns WHERE table_schema = 'public' ORDER BY "
	                          "table_name COLLATE \"C\", column_name COLLATE \"C\"");
	assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
	for (int i = 0; i < PQntuples(result); i++)
		buffer_format(out, "%s\n", PQgetvalue(result, i, 0));
	PQclear(result);
}

static void test_3_both_schemas_have_the_same_tables_and_columns(void **state)
{
	CLEANUP(buffer_clear) struct buffer here = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer there = BUFFER_INIT(1 << 20);
	sqlite3 *db = NULL;
	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	for (const struct embedded_file *file = schema_sqlite_files; file->name; file++)
		assert_int_equal(sqlite3_exec(db, file->data, NULL, NULL, NULL), SQLITE_OK);
	columns_here(db, &here);
	columns_there(&there);
	sqlite3_close(db);
	assert_true(here.size > 4000);
	assert_string_equal(buffer_text(&here), buffer_text(&there));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_1_the_schema_loads),
		cmocka_unit_test(test_2_every_statement_is_understood),
		cmocka_unit_test(test_3_both_schemas_have_the_same_tables_and_columns),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
