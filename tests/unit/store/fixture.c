#include "fixture.h"
#include "system/file.h"
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct db *fixture_open(const struct fixture *f, struct error *err)
{
	struct db *db = NULL;
	struct db_options options = { .url = f->url, .may_create = true, .may_migrate = true };
	return db_open(&options, &db, err) == 0 ? db : NULL;
}

void fixture_reopen(struct fixture *f)
{
	struct error err = { 0 };
	db_close(&f->db);
	f->db = fixture_open(f, &err);
	if (!f->db)
		fail_msg("open: %s", err.text);
}

static void make_list(struct fixture *f)
{
	struct list list = { .name = "news",
		             .title = "News",
		             .description = "",
		             .list_id = "news.example.org",
		             .from_name = "The News",
		             .from_email = "news@example.org",
		             .owner_email = "owner@example.org",
		             .postal = "1 Road",
		             .language = "en",
		             .timezone = "UTC",
		             .template = "default",
		             .is_public = true,
		             .testers = "",
		             .rate = "",
		             .relay = "",
		             .created_us = NOW_US };
	OK(store_list_create(f->db, &list, &f->list, err));
}

static void make_post(struct fixture *f)
{
	struct stored_post post = { .list_id = f->list,
		                    .state = POST_DRAFT,
		                    .version = 1,
		                    .seen_us = NOW_US,
		                    .title_hash = "t1",
		                    .text_hash = "x1",
		                    .post = { .identity = "urn:1", .title = "One", .html = "<p>One</p>", .text = "One" } };
	OK(store_post_take(f->db, &post, 1, NULL, err));
	f->post = post.id;
}

int fixture_setup(void **state)
{
	int64_t in_doubt = 0;
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	snprintf(f->folder, sizeof f->folder, "%s/gazette-store-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof f->path, "%s/gazette.db", f->folder);
	snprintf(f->url, sizeof f->url, "sqlite:%s", f->path);
	fixture_reopen(f);
	make_list(f);
	make_post(f);
	OK(store_node_start(f->db, "here", true, NOW_US, NOW_US, &f->node, &in_doubt, err));
	*state = f;
	return 0;
}

static void remove_all(const struct fixture *f)
{
	char command[128];
	snprintf(command, sizeof command, "rm -r '%s'", f->folder);
	if (system(command) != 0)
		print_message("could not remove %s\n", f->folder);
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	db_close(&f->db);
	remove_all(f);
	free(f);
	return 0;
}

void fixture_join(struct fixture *f, int first, int n)
{
	enum { MOST = 2000 };
	static struct join rows[MOST];
	static char emails[MOST][64];
	assert_true(n <= MOST);
	for (int i = 0; i < n; i++) {
		snprintf(emails[i], sizeof emails[i], "reader%d@example.org", first + i);
		rows[i] = (struct join){ .email = emails[i],
			                 .email_key = emails[i],
			                 .name = "Reader",
			                 .attributes = "{\"city\":\"Rome\"}",
			                 .provider = (first + i) % 2,
			                 .event = SUBSCRIPTION_ON_IMPORT,
			                 .how = "import",
			                 .text = "",
			                 .evidence = "" };
	}
	OK(store_join(f->db, f->list, rows, (size_t)n, NOW_US, err));
	for (int i = 0; i < n; i++)
		assert_int_equal(rows[i].result, JOIN_NEW);
}

int64_t fixture_reader(struct fixture *f, int number)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct subscriber subscriber = { 0 };
	char email[64];
	snprintf(email, sizeof email, "reader%d@example.org", number);
	OK(store_subscriber_find(f->db, email, &subscriber, &arena, err));
	assert_true(subscriber.id > 0);
	return subscriber.id;
}

int64_t fixture_draft(struct fixture *f)
{
	int64_t id = 0;
	struct campaign campaign = { .list_id = f->list,
		                     .post_id = f->post,
		                     .state = CAMPAIGN_DRAFT,
		                     .subject = "One",
		                     .preheader = "",
		                     .salt = BYTES_OF("0123456789abcdef"),
		                     .schedule = "",
		                     .paused_by = "",
		                     .created_by = "test",
		                     .created_us = NOW_US };
	OK(store_campaign_create(f->db, &campaign, &id, err));
	return id;
}

void fixture_start(struct fixture *f)
{
	bool done = false;
	f->campaign = fixture_draft(f);
	OK(store_campaign_start(f->db, f->campaign, BYTES_OF("compiled"), "test", NOW_US, err));
	while (!done)
		OK(store_campaign_prepare(f->db, f->campaign, 1000, NOW_US, &done, err));
}

size_t fixture_lease(struct fixture *f, struct job *jobs, size_t max, int64_t now_us)
{
	size_t n = 0;
	struct due due[64];
	struct lease_pick picks[64];
	size_t count = 0;
	struct lease lease = { .node = f->node, .until_us = now_us + MINUTE_US, .now_us = now_us, .pick = picks };
	OK(store_delivery_due(f->db, due, COUNT_OF(due), &count, err));
	for (size_t i = 0; i < count; i++)
		if (due[i].due_us <= now_us)
			picks[lease.picks++] = (struct lease_pick){ due[i].campaign, due[i].provider, max };
	OK(store_delivery_lease(f->db, &lease, jobs, max, &n, err));
	return n;
}

bool fixture_mark(struct fixture *f, struct job *job)
{
	CLEANUP(buffer_clear) struct buffer frozen = BUFFER_INIT(64 << 10);
	struct record record = { .next = job };
	if (!job->is_notice)
		OK(store_job_freeze(job, &frozen, err));
	record.frozen = buffer_text(&frozen);
	OK(store_delivery_record(f->db, f->node, (struct record *[]){ &record }, 1, NOW_US + 1, err));
	return !record.next_refused;
}

bool fixture_say(struct fixture *f, const struct job *job, enum outcome_kind kind, struct verdict verdict)
{
	struct record record = { .outcome = { .delivery = job->delivery,
		                              .lease_token = job->lease_token,
		                              .is_notice = job->is_notice,
		                              .kind = kind,
		                              .stage = STAGE_DATA_END,
		                              .code = kind == OUTCOME_ACCEPTED ? 250 : 451,
		                              .reply = "what the server said",
		                              .relay = "relay",
		                              .at_us = NOW_US + 2 },
		                 .verdict = verdict,
		                 .campaign = job->campaign,
		                 .provider = job->provider };
	OK(store_delivery_record(f->db, f->node, (struct record *[]){ &record }, 1, NOW_US + 2, err));
	return !record.outcome_fenced;
}

void fixture_sql(const struct fixture *f, const char *text)
{
	sqlite3 *raw = NULL;
	assert_int_equal(sqlite3_open(f->path, &raw), SQLITE_OK);
	sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (sqlite3_exec(raw, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(raw));
	sqlite3_close(raw);
}

int64_t fixture_number(const struct fixture *f, const char *query)
{
	sqlite3 *raw = NULL;
	sqlite3_stmt *statement = NULL;
	assert_int_equal(sqlite3_open(f->path, &raw), SQLITE_OK);
	sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (sqlite3_prepare_v2(raw, query, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", query, sqlite3_errmsg(raw));
	int64_t number = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
	sqlite3_finalize(statement);
	sqlite3_close(raw);
	return number;
}

struct campaign_counts fixture_counts(struct fixture *f)
{
	struct campaign_counts counts = { 0 };
	OK(store_campaign_counts(f->db, f->campaign, &counts, err));
	return counts;
}

void fixture_check_counts(struct fixture *f, int64_t audience)
{
	struct campaign_counts recount = { 0 };
	struct campaign_counts counts = fixture_counts(f);
	OK(store_campaign_recount(f->db, f->campaign, &recount, err));
	int64_t sum = 0;
	for (const struct field *field = campaign_count_fields; field->name; field++) {
		int64_t a = *(int64_t *)((char *)&counts + field->offset);
		int64_t b = *(int64_t *)((char *)&recount + field->offset);
		if (strcmp(field->name, "unsubscribes") == 0 || strcmp(field->name, "provider") == 0)
			continue;
		if (a != b)
			fail_msg("%s: counted %" PRId64 ", are %" PRId64, field->name, a, b);
		if (strcmp(field->name, "returned") != 0 && strcmp(field->name, "complaints") != 0)
			sum += a;
	}
	assert_int_equal(sum, audience);
}

static void copy(const struct fixture *f, const char *from, const char *to)
{
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT(64 << 20);
	static const char *const parts[] = { "", "-wal" };
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		char a[256];
		char b[256];
		snprintf(a, sizeof a, "%s%s%s", f->path, from, parts[i]);
		snprintf(b, sizeof b, "%s%s%s", f->path, to, parts[i]);
		buffer_reset(&data);
		OK(file_read(a, &data, err));
		OK(file_write(b, buffer_bytes(&data), 0600, err));
	}
	char shm[256];
	snprintf(shm, sizeof shm, "%s%s-shm", f->path, to);
	unlink(shm);
}

void fixture_backup(struct fixture *f)
{
	db_close(&f->db);
	copy(f, "", ".backup");
	fixture_reopen(f);
}

void fixture_put_back(struct fixture *f)
{
	db_close(&f->db);
	copy(f, ".backup", "");
}

void fixture_restore(struct fixture *f)
{
	fixture_put_back(f);
	fixture_reopen(f);
}
