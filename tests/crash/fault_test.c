/* R4: every write, flush and allocation fails once, at its n-th call for all n, and once from its n-th call on. Whatever it was: an error
 * that says what, no half state, nothing leaked (the build with ASan sees to that), and the next try works. */
#include "base/embedded.h"
#include "tests/crash/vfs.h"
#include "tests/unit/store/fixture.h"
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READERS = 30, LEASED = 6, LIMIT = 200000 };

/* malloc and its kin, of our own code (by the linker's --wrap), of SQLite and of jansson. */
static int64_t starve_in;
static bool starve_on, has_starved;

static bool starve(void)
{
	if (starve_in == 0)
		return false;
	bool fails = starve_in == 1;
	if (!fails || !starve_on)
		starve_in--;
	has_starved = has_starved || fails;
	return fails;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

void *__wrap_malloc(size_t size)
{
	return starve() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return starve() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return starve() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return starve() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
	return starve() ? NULL : __real_strndup(text, size);
}

static sqlite3_mem_methods of_sqlite;

static void *sqlite_malloc(int size)
{
	return starve() ? NULL : of_sqlite.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size)
{
	return starve() ? NULL : of_sqlite.xRealloc(old, size);
}

static int take_over_memory(void **state)
{
	(void)state;
	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &of_sqlite);
	sqlite3_mem_methods methods = of_sqlite;
	methods.xMalloc = sqlite_malloc;
	methods.xRealloc = sqlite_realloc;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
	json_set_alloc_funcs(__wrap_malloc, free);
	vfs_install();
	return 0;
}

/* What a scenario stands on: made before the fault is armed. */
struct scene {
	struct fixture *f;
	struct job jobs[LEASED];
	size_t n;
	int64_t reader;
};

static int join(struct scene *scene, struct error *err)
{
	struct join rows[8];
	static const char *const emails[8] = { "a@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org", "f@x.org", "reader0@example.org",
		                               "g@x.org" };
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		rows[i] = (struct join){ .email = emails[i],
			                 .email_key = emails[i],
			                 .name = "New",
			                 .attributes = "{\"a\":1}",
			                 .is_update = true,
			                 .event = SUBSCRIPTION_ON_IMPORT,
			                 .how = "import",
			                 .text = "",
			                 .evidence = "" };
	return store_join(scene->f->db, scene->f->list, rows, COUNT_OF(rows), NOW_US, err);
}

static int prepare(struct scene *scene, struct error *err)
{
	bool done = false;
	return store_campaign_prepare(scene->f->db, scene->f->campaign, 1000, NOW_US, &done, err);
}

static int lease(struct scene *scene, struct error *err)
{
	struct due due[8];
	struct lease_pick picks[8];
	size_t count = 0;
	struct lease lease = { .node = scene->f->node, .until_us = NOW_US + MINUTE_US, .now_us = NOW_US, .pick = picks };
	if (store_delivery_due(scene->f->db, due, COUNT_OF(due), &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		picks[lease.picks++] = (struct lease_pick){ due[i].campaign, due[i].provider, LEASED };
	return store_delivery_lease(scene->f->db, &lease, scene->jobs, LEASED, &scene->n, err);
}

static struct record outcome_of(const struct job *job, enum outcome_kind kind, struct verdict verdict)
{
	return (struct record){ .outcome = { .delivery = job->delivery,
		                             .lease_token = job->lease_token,
		                             .kind = kind,
		                             .stage = STAGE_RCPT,
		                             .code = 550,
		                             .status = "5.1.1",
		                             .reply = "no such user",
		                             .relay = "relay",
		                             .at_us = NOW_US },
		                .verdict = verdict,
		                .campaign = job->campaign,
		                .provider = job->provider };
}

/* Two sessions in one commit: one was told yes and has a next message, one was told no. */
static int record(struct scene *scene, struct error *err)
{
	struct job next = scene->jobs[2];
	struct record yes = outcome_of(&scene->jobs[0], OUTCOME_ACCEPTED, (struct verdict){ .kind = VERDICT_SENT });
	struct record no = outcome_of(&scene->jobs[1], OUTCOME_REPLY,
	                              (struct verdict){ .kind = VERDICT_BOUNCE, .suppress = true, .reason = "no_such_user" });
	yes.next = &next;
	yes.frozen = "[]";
	return store_delivery_record(scene->f->db, scene->f->node, (struct record *[]){ &yes, &no }, 2, NOW_US, err);
}

static int release(struct scene *scene, struct error *err)
{
	return store_delivery_release(scene->f->db, scene->jobs, scene->n, err);
}

static int restart(struct scene *scene, struct error *err)
{
	int64_t node = 0;
	int64_t in_doubt = 0;
	return store_node_start(scene->f->db, "here", true, NOW_US, NOW_US, &node, &in_doubt, err);
}

static int leave(struct scene *scene, struct error *err)
{
	enum subscription_state was = SUBSCRIPTION_NONE;
	return store_leave(scene->f->db, scene->f->list, scene->reader, scene->f->campaign, "one-click", NOW_US, &was, err);
}

static int bounce(struct scene *scene, struct error *err)
{
	struct event event = { .kind = EVENT_BOUNCE,
		               .list_id = scene->f->list,
		               .campaign_id = scene->f->campaign,
		               .subscriber_id = scene->reader,
		               .class = "hard",
		               .status = "5.1.1",
		               .detail = "gone",
		               .evidence = BYTES_OF("a returned mail"),
		               .at_us = NOW_US };
	bool is_new = false;
	return store_event_apply(scene->f->db, &event, "no_such_user", &is_new, err);
}

static int shorten(struct scene *scene, struct error *err)
{
	return db_checkpoint(scene->f->db, true, err);
}

/* The whole way in: what is there is opened, and brought up from the first schema. */
static int migrate(struct scene *scene, struct error *err)
{
	db_close(&scene->f->db);
	scene->f->db = fixture_open(scene->f, err);
	return scene->f->db ? 0 : -1;
}

static void make_prepared(struct scene *scene)
{
	fixture_start(scene->f);
}

static void make_started(struct scene *scene)
{
	scene->f->campaign = fixture_draft(scene->f);
	OK(store_campaign_start(scene->f->db, scene->f->campaign, BYTES_OF("compiled"), "test", NOW_US, err));
}

static void make_leased(struct scene *scene)
{
	make_prepared(scene);
	OK(lease(scene, err));
	assert_int_equal(scene->n, LEASED);
}

static void make_marked(struct scene *scene)
{
	make_leased(scene);
	assert_true(fixture_mark(scene->f, &scene->jobs[0]) && fixture_mark(scene->f, &scene->jobs[1]));
}

static void make_old(struct scene *scene)
{
	struct fixture *f = scene->f;
	char path[140];
	db_close(&f->db);
	static const char *const ends[] = { "", "-wal", "-shm", ".commits" };
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		snprintf(path, sizeof path, "%s%s", f->path, ends[i]);
		unlink(path);
	}
	fixture_sql(f, "PRAGMA journal_mode=WAL");
	fixture_sql(f, schema_sqlite_files[0].data);
	fixture_sql(f, "INSERT INTO meta (key, value) VALUES ('schema', '1'), ('commits', '7')");
	f->campaign = 0;
}

static const struct scenario {
	const char *name;
	void (*make)(struct scene *);
	int (*act)(struct scene *, struct error *);
	bool is_quiet; /* makes no commit of its own, or several */
	bool opens;    /* finds the store closed */
} scenarios[] = {
	{ "import", make_prepared, join, false, false },     { "prepare", make_started, prepare, false, false },
	{ "lease", make_prepared, lease, false, false },     { "record", make_marked, record, false, false },
	{ "release", make_leased, release, false, false },   { "restart", make_marked, restart, true, false },
	{ "leave", make_prepared, leave, false, false },     { "bounce", make_prepared, bounce, false, false },
	{ "checkpoint", make_marked, shorten, true, false }, { "migrate", make_old, migrate, true, true },
};

static int64_t commits(const struct fixture *f)
{
	return fixture_number(f, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'commits'");
}

static void check_store(const struct scenario *scenario, struct scene *scene)
{
	struct fixture *f = scene->f;
	OK(db_integrity(f->db, err));
	assert_false(db_is_behind(f->db));
	if (f->campaign && scenario->make != make_started)
		fixture_check_counts(f, READERS);
}

/* The store as the scene was made, with no counter beside it: it was not put back, it is there. */
static void put_back(struct fixture *f, bool stays_closed)
{
	char path[140];
	fixture_put_back(f);
	snprintf(path, sizeof path, "%s.commits", f->path);
	unlink(path);
	if (!stays_closed)
		fixture_reopen(f);
}

/* One try with the fault armed. False when it was never met. */
static bool try_once(const struct scenario *scenario, struct scene *scene, int64_t n, int kind, bool forever, int expected[ERROR_CODES])
{
	struct fixture *f = scene->f;
	struct error fault = { 0 };
	put_back(f, scenario->opens);
	int64_t before = commits(f);
	if (kind == 0) {
		has_starved = false;
		starve_on = forever;
		starve_in = n;
	} else {
		vfs_fail(n, kind == 1 ? VFS_IO : VFS_FULL, forever);
	}
	int result = scenario->act(scene, &fault);
	starve_in = 0;
	bool met = kind == 0 ? has_starved : vfs_failed();
	vfs_fail(0, VFS_IO, false);
	if (result < 0) {
		if (!met || fault.code == ERROR_NONE || !fault.text[0])
			fail_msg("%s, call %" PRId64 ": %s \"%s\"", scenario->name, n, error_word(fault.code), fault.text);
		expected[fault.code]++;
		if (!scenario->is_quiet && commits(f) != before)
			fail_msg("%s, call %" PRId64 ": \"%s\", and yet something is written", scenario->name, n, fault.text);
	} else if (!scenario->is_quiet && commits(f) == before) {
		fail_msg("%s, call %" PRId64 ": said to be done, and nothing is written", scenario->name, n);
	}
	if (result < 0 && f->db && fault.code != ERROR_MEMORY)
		fixture_reopen(f); /* a flush that failed is never tried again in the same life */
	if (result < 0 && scenario->act(scene, &fault) < 0)
		fail_msg("%s, call %" PRId64 ": the next try: %s", scenario->name, n, fault.text);
	check_store(scenario, scene);
	return met;
}

/* Until a try meets no fault any more. Returns how many did. */
static int64_t run_scenario(const struct scenario *scenario, int kind, bool forever, int told[ERROR_CODES])
{
	/* There are thousands of allocations, and a migration is slow: some of them here, all of them in the long run. */
	static const int steps[3][2] = { { 97, 307 }, { 1, 5 }, { 3, 3 } };
	bool is_long = getenv("GAZETTE_LONG") && *getenv("GAZETTE_LONG");
	int64_t step = is_long ? 1 : (int64_t)steps[kind][forever] * (scenario->opens ? 17 : 1);
	int64_t met = 0;
	void *state = NULL;
	int64_t n = 1;
	fixture_setup(&state);
	struct scene scene = { .f = state };
	fixture_join(scene.f, 0, READERS);
	scene.reader = fixture_reader(scene.f, 3);
	scenario->make(&scene);
	fixture_backup(scene.f);
	for (; n < LIMIT && try_once(scenario, &scene, n, kind, forever, told); n += step)
		met++;
	char folder[80];
	snprintf(folder, sizeof folder, "%s/", scene.f->folder);
	fixture_teardown(&state);
	vfs_forget(folder);
	assert_true(met > 0 && n < LIMIT);
	return met;
}

static void run(int kind, bool forever)
{
	static const char *const kinds[] = { "allocation", "EIO", "ENOSPC" };
	static const enum error_code codes[] = { ERROR_MEMORY, ERROR_CORRUPT, ERROR_FULL };
	int64_t all = 0;
	for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
		int told[ERROR_CODES] = { 0 };
		all += run_scenario(&scenarios[i], kind, forever, told);
		for (int c = 0; c < ERROR_CODES; c++)
			if (told[c] > 0 && c != (int)codes[kind])
				fail_msg("%s: %s is told as %s", scenarios[i].name, kinds[kind], error_word((enum error_code)c));
	}
	print_message("# %s%s: %" PRId64 " calls failed in %zu places, each told or borne, 0 half done\n", kinds[kind],
	              forever ? " from there on" : "", all, COUNT_OF(scenarios));
}

static void test_R4_every_allocation_may_fail(void **state)
{
	(void)state;
	run(0, false);
	run(0, true);
}

static void test_R4_every_write_and_flush_may_fail(void **state)
{
	(void)state;
	run(1, false);
	run(1, true);
}

static void test_R5_the_disk_may_be_full_at_any_write(void **state)
{
	(void)state;
	run(2, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R4_every_allocation_may_fail),
		cmocka_unit_test(test_R4_every_write_and_flush_may_fail),
		cmocka_unit_test(test_R5_the_disk_may_be_full_at_any_write),
	};
	return cmocka_run_group_tests(tests, take_over_memory, NULL);
}
