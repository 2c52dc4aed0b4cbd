/* store_bench - how fast the ledger is: joins, audience, leases, records, in a folder given or /tmp.
 *   store_bench [FOLDER [READERS [BATCH]]]
 * A record is what 20 sessions say at once: an outcome and the next mark each, one commit. */
#include "base/units.h"
#include "store/campaign.h"
#include "store/delivery.h"
#include "store/list.h"
#include "store/post.h"
#include "store/subscriber.h"
#include "system/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK = 1000, LEASE = 500 };

static void must(int result, const struct error *err)
{
	if (result >= 0)
		return;
	fprintf(stderr, "store_bench: %s\n", err->text);
	exit(1);
}

static int64_t started_us, slowest_us, last_us;

static void begin(void)
{
	started_us = last_us = clock_now().mono_us;
	slowest_us = 0;
}

static void lap(void)
{
	int64_t now_us = clock_now().mono_us;
	slowest_us = now_us - last_us > slowest_us ? now_us - last_us : slowest_us;
	last_us = now_us;
}

static void end(const char *what, int64_t n)
{
	double seconds = (double)(clock_now().mono_us - started_us) / (double)SECOND_US;
	printf("%-9s %9" PRId64 " rows %7.2f s %9.0f rows/s, longest call %5.1f ms\n", what, n, seconds, (double)n / seconds,
	       (double)slowest_us / 1000);
}

static void join(struct db *db, int64_t list, int64_t readers)
{
	static struct join rows[CHUNK];
	static char emails[CHUNK][64];
	struct error err = { 0 };
	begin();
	for (int64_t done = 0; done < readers; done += CHUNK) {
		int n = readers - done < CHUNK ? (int)(readers - done) : CHUNK;
		for (int i = 0; i < n; i++) {
			/* Scattered, as addresses are. */
			uint64_t number = (uint64_t)(done + i) * UINT64_C(0x9e3779b97f4a7c15);
			snprintf(emails[i], sizeof emails[i], "r%016" PRIx64 "@example.org", number);
			rows[i] = (struct join){ .email = emails[i],
				                 .email_key = emails[i],
				                 .name = "A Reader",
				                 .attributes = "{\"city\":\"Rome\"}",
				                 .provider = (int64_t)(number % 7),
				                 .event = SUBSCRIPTION_ON_IMPORT,
				                 .how = "import",
				                 .text = "",
				                 .evidence = "" };
		}
		must(store_join(db, list, rows, (size_t)n, 1, &err), &err);
		lap();
	}
	end("join", readers);
}

static int64_t start(struct db *db, int64_t list)
{
	struct error err = { 0 };
	int64_t id = 0;
	struct stored_post post = { .list_id = list,
		                    .state = POST_DRAFT,
		                    .version = 1,
		                    .seen_us = 1,
		                    .title_hash = "",
		                    .text_hash = "",
		                    .post = { .identity = "1", .title = "One", .html = "", .text = "" } };
	must(store_post_take(db, &post, 1, NULL, &err), &err);
	struct campaign campaign = { .list_id = list,
		                     .post_id = post.id,
		                     .state = CAMPAIGN_DRAFT,
		                     .subject = "One",
		                     .preheader = "",
		                     .salt = BYTES_OF("0123456789abcdef"),
		                     .schedule = "",
		                     .paused_by = "",
		                     .created_by = "",
		                     .created_us = 1 };
	must(store_campaign_create(db, &campaign, &id, &err), &err);
	must(store_campaign_start(db, id, BYTES_OF("compiled"), "bench", 1, &err), &err);
	return id;
}

static void prepare(struct db *db, int64_t campaign, int64_t readers)
{
	struct error err = { 0 };
	bool done = false;
	begin();
	while (!done) {
		must(store_campaign_prepare(db, campaign, 2000, 1, &done, &err), &err);
		lap();
	}
	end("prepare", readers);
}

static int64_t lease_time_us, lease_slowest_us, record_time_us, record_slowest_us;

static void send_some(struct db *db, int64_t node, struct job *jobs, size_t n, size_t batch)
{
	struct record records[64];
	struct record *given[64];
	struct error err = { 0 };
	for (size_t i = 0; i < n + batch; i += batch) {
		size_t k = 0;
		for (size_t j = i; j < i + batch && j < n + batch; j++) {
			records[k] = (struct record){ .next = j < n ? &jobs[j] : NULL, .frozen = "[]", .campaign = jobs[0].campaign };
			if (j >= batch && j - batch < n) {
				records[k].outcome = (struct outcome){ .delivery = jobs[j - batch].delivery,
					                               .lease_token = jobs[j - batch].lease_token,
					                               .kind = OUTCOME_ACCEPTED };
				records[k].verdict = (struct verdict){ .kind = VERDICT_SENT, .counts_attempt = true };
			}
			given[k] = &records[k];
			k++;
		}
		int64_t from_us = clock_now().mono_us;
		must(store_delivery_record(db, node, given, k, 2, &err), &err);
		int64_t took_us = clock_now().mono_us - from_us;
		record_time_us += took_us;
		record_slowest_us = took_us > record_slowest_us ? took_us : record_slowest_us;
	}
}

static void send_all(struct db *db, int64_t node, size_t batch)
{
	static struct job jobs[LEASE];
	struct error err = { 0 };
	int64_t sent = 0;
	for (;;) {
		struct lease lease = { .node = node, .until_us = HOUR_US, .now_us = 2 };
		size_t n = 0;
		int64_t from_us = clock_now().mono_us;
		must(store_delivery_lease(db, &lease, jobs, LEASE, &n, &err), &err);
		int64_t took_us = clock_now().mono_us - from_us;
		lease_time_us += took_us;
		lease_slowest_us = took_us > lease_slowest_us ? took_us : lease_slowest_us;
		if (n == 0)
			break;
		send_some(db, node, jobs, n, batch);
		sent += (int64_t)n;
	}
	started_us = clock_now().mono_us - lease_time_us;
	slowest_us = lease_slowest_us;
	end("lease", sent);
	started_us = clock_now().mono_us - record_time_us;
	slowest_us = record_slowest_us;
	end("record", sent);
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : "/tmp";
	int64_t readers = 100000;
	int64_t batch = 20;
	struct error err = { 0 };
	if ((argc > 2 && units_integer(argv[2], 1, 100000000, &readers, &err) < 0) ||
	    (argc > 3 && units_integer(argv[3], 1, 64, &batch, &err) < 0))
		must(-1, &err);
	char path[512];
	char url[600];
	snprintf(path, sizeof path, "%s/store-bench-XXXXXX", folder);
	if (!mkdtemp(path))
		must(error_set(&err, ERROR_INPUT, "%s: can not make a folder there", folder), &err);
	snprintf(url, sizeof url, "sqlite:%s/gazette.db", path);
	CLEANUP(db_close) struct db *db = NULL;
	must(db_open(&(struct db_options){ .url = url, .may_create = true, .may_migrate = true }, &db, &err), &err);
	int64_t list = 0;
	int64_t node = 0;
	int64_t in_doubt = 0;
	struct list news = { .name = "news",
		             .title = "",
		             .description = "",
		             .list_id = "n",
		             .from_name = "",
		             .from_email = "",
		             .postal = "",
		             .language = "en",
		             .timezone = "UTC",
		             .template = "default",
		             .testers = "",
		             .rate = "",
		             .relay = "",
		             .created_us = 1 };
	must(store_list_create(db, &news, &list, &err), &err);
	must(store_node_start(db, "bench", true, 0, 1, &node, &in_doubt, &err), &err);
	join(db, list, readers);
	int64_t campaign = start(db, list);
	prepare(db, campaign, readers);
	send_all(db, node, (size_t)batch);
	struct campaign_counts counts = { 0 };
	must(store_campaign_counts(db, campaign, &counts, &err), &err);
	printf("sent %" PRId64 "; the store is in %s, remove it\n", counts.sent, path);
	return counts.sent == readers ? 0 : 1;
}
