/* steps - what each step of a message costs, in this process and without a network: readers join, an audience is prepared, an edition
 * compiled; messages are filled and signed; deliveries leased, and recorded as the recorder does it.
 *   steps [FOLDER [READERS [BATCH [brief]]]]
 * FOLDER (/tmp) takes the store, which is removed. A record is what BATCH (20) sessions say at once: an outcome and the next mark each,
 * one commit. "brief" leaves out RSA. Prints a table of processor time and elapsed time; tests/bench/callgrind counts the instructions of
 * the step_… functions. */
#include "base/sign.h"
#include "base/units.h"
#include "message/dkim.h"
#include "message/edition.h"
#include "store/campaign.h"
#include "store/delivery.h"
#include "store/list.h"
#include "store/post.h"
#include "store/subscriber.h"
#include "system/clock.h"
#include "system/keygen.h"
#include "template/template.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SIGNED = 2000, CHUNK = 1000, LEASE = 500, PROVIDERS = 7 };

static void must(int result, const struct error *err)
{
	if (result >= 0)
		return;
	fprintf(stderr, "steps: %s\n", err->text);
	exit(1);
}

/* Of their own, so that a count can begin and end there. */
#define STEP __attribute__((noinline))
void step_join(struct db *db, int64_t list, struct join *rows, size_t n);
bool step_prepare(struct db *db, int64_t campaign);
size_t step_lease(struct db *db, int64_t node, struct job *jobs);
void step_record(struct db *db, int64_t node, struct record *const *records, size_t n);
struct edition *step_compile(const struct edition_in *in);
void step_fill(const struct edition *edition, const struct job *job, struct buffer *out);
void step_sign(const struct dkim_signer *signer, struct bytes message, struct buffer *out);

static int64_t started_us, slowest_us, last_us, cpu_from_us;

/* Processor time of this thread: what a busy machine does not change. */
static int64_t cpu_us(void)
{
	struct timespec used;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return used.tv_sec * SECOND_US + used.tv_nsec / 1000;
}

static void begin(void)
{
	started_us = last_us = clock_now().mono_us;
	cpu_from_us = cpu_us();
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
	printf("%-9s %9" PRId64 " rows %7.2f s %9.0f rows/s, %5.2f us CPU a row, longest call %5.1f ms\n", what, n, seconds,
	       (double)n / seconds, (double)(cpu_us() - cpu_from_us) / (double)n, (double)slowest_us / 1000);
}

STEP void step_join(struct db *db, int64_t list, struct join *rows, size_t n)
{
	struct error err = { 0 };
	must(store_join(db, list, rows, n, 1, &err), &err);
}

static void join(struct db *db, int64_t list, int64_t readers)
{
	static struct join rows[CHUNK];
	static char emails[CHUNK][64];
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
				                 .provider = (int64_t)(number % PROVIDERS),
				                 .event = SUBSCRIPTION_ON_IMPORT,
				                 .how = "import",
				                 .text = "",
				                 .evidence = "" };
		}
		step_join(db, list, rows, (size_t)n);
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

STEP bool step_prepare(struct db *db, int64_t campaign)
{
	struct error err = { 0 };
	bool done = false;
	must(store_campaign_prepare(db, campaign, 2000, 1, &done, &err), &err);
	return done;
}

static void prepare(struct db *db, int64_t campaign, int64_t readers)
{
	begin();
	for (bool done = false; !done; lap())
		done = step_prepare(db, campaign);
	end("prepare", readers);
}

static int64_t lease_time_us, lease_slowest_us, lease_cpu_us, record_time_us, record_slowest_us, record_cpu_us;

STEP void step_record(struct db *db, int64_t node, struct record *const *records, size_t n)
{
	struct error err = { 0 };
	must(store_delivery_record(db, node, records, n, 2, &err), &err);
}

static void send_some(struct db *db, int64_t node, struct job *jobs, size_t n, size_t batch)
{
	struct record records[64];
	struct record *given[64];
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
		record_cpu_us -= cpu_us();
		step_record(db, node, given, k);
		record_cpu_us += cpu_us();
		int64_t took_us = clock_now().mono_us - from_us;
		record_time_us += took_us;
		record_slowest_us = took_us > record_slowest_us ? took_us : record_slowest_us;
	}
}

/* What is due, a part of each provider's. */
STEP size_t step_lease(struct db *db, int64_t node, struct job *jobs)
{
	struct due due[PROVIDERS];
	struct lease_pick picks[PROVIDERS];
	struct error err = { 0 };
	size_t n = 0;
	size_t leased = 0;
	must(store_delivery_due(db, due, PROVIDERS, &n, &err), &err);
	for (size_t i = 0; i < n; i++)
		picks[i] = (struct lease_pick){ due[i].campaign, due[i].provider, LEASE / n };
	struct lease lease = { .node = node, .until_us = HOUR_US, .now_us = 2, .pick = picks, .picks = n };
	if (n > 0)
		must(store_delivery_lease(db, &lease, jobs, LEASE, &leased, &err), &err);
	return leased;
}

static void send_all(struct db *db, int64_t node, size_t batch)
{
	static struct job jobs[LEASE];
	int64_t sent = 0;
	for (;;) {
		int64_t from_us = clock_now().mono_us;
		lease_cpu_us -= cpu_us();
		size_t n = step_lease(db, node, jobs);
		lease_cpu_us += cpu_us();
		int64_t took_us = clock_now().mono_us - from_us;
		lease_time_us += took_us;
		lease_slowest_us = took_us > lease_slowest_us ? took_us : lease_slowest_us;
		if (n == 0)
			break;
		send_some(db, node, jobs, n, batch);
		sent += (int64_t)n;
	}
	started_us = clock_now().mono_us - lease_time_us;
	cpu_from_us = cpu_us() - lease_cpu_us;
	slowest_us = lease_slowest_us;
	end("lease", sent);
	started_us = clock_now().mono_us - record_time_us;
	cpu_from_us = cpu_us() - record_cpu_us;
	slowest_us = record_slowest_us;
	end("record", sent);
}

STEP struct edition *step_compile(const struct edition_in *in)
{
	struct edition *edition = NULL;
	struct error err = { 0 };
	must(edition_compile(in, &edition, &err), &err);
	return edition;
}

STEP void step_fill(const struct edition *edition, const struct job *job, struct buffer *out)
{
	static const struct keyring keys = { .keys = { { .id = 1, .secret = "first key of thirty-two bytes..." } }, .count = 1 };
	struct error err = { 0 };
	must(edition_fill(edition, job, &keys, out, &err), &err);
}

STEP void step_sign(const struct dkim_signer *signer, struct bytes message, struct buffer *out)
{
	struct error err = { 0 };
	must(dkim_sign(signer, 1, DKIM_FULL, message, SECOND_US, out, &err), &err);
}

static struct bytes template(const char *name)
{
	struct bytes text = { 0 };
	struct error err = { 0 };
	must(template_builtin(name, &text) ? 0 : error_set(&err, ERROR_NOT_FOUND, "no template %s", name), &err);
	return text;
}

/* About 16 KB on the wire: prose in both parts. */
static void prose(struct buffer *html, struct buffer *text)
{
	static const char sentence[] = "The storks came back over the roofs of the old town, and nobody had expected them so early in a "
				       "year as wet as this one. ";
	for (int i = 0; i < 8; i++) {
		buffer_add_text(html, "<p>");
		for (int j = 0; j < 6; j++) {
			buffer_add_text(html, sentence);
			buffer_add_text(text, sentence);
		}
		buffer_add_text(html, "</p>\n");
		buffer_add_text(text, "\n\n");
	}
}

static struct edition *compile(void)
{
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
	prose(&html, &text);
	struct post post = { .identity = "x",
		             .title = "Storks over the café",
		             .html = buffer_text(&html),
		             .text = buffer_text(&text),
		             .url = "https://example.org/p/storks" };
	struct edition_in in = { .campaign = 1,
		                 .list = 1,
		                 .salt = BYTES_OF("0123456789abcdef"),
		                 .list_name = "news",
		                 .list_title = "Example News",
		                 .list_id = "news.example.org",
		                 .from_name = "Example News",
		                 .from_email = "news@example.org",
		                 .postal = "1 Main St",
		                 .language = "en",
		                 .public_url = "https://news.example.org",
		                 .return_path = "b+{token}@example.org",
		                 .subject = post.title,
		                 .preheader = "",
		                 .posts = &post,
		                 .post_count = 1,
		                 .html_template = template("mail/letter.html"),
		                 .text_template = template("mail/letter.txt"),
		                 .html_name = "mail/letter.html",
		                 .text_name = "mail/letter.txt" };
	begin();
	struct edition *edition = step_compile(&in);
	end("compile", 1);
	return edition;
}

static void fill_and_sign(enum sign_kind kind, int64_t n)
{
	CLEANUP(edition_free) struct edition *edition = compile();
	CLEANUP(sign_free) struct sign_key *key = NULL;
	CLEANUP(buffer_clear) struct buffer pem = BUFFER_INIT(64 << 10);
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer signature = BUFFER_INIT(1 << 20);
	struct error err = { 0 };
	struct job job = {
		.subscriber = 7, .list = 1, .campaign = 1, .first_us = SECOND_US, .email = "reader@example.org", .values = "{}"
	};
	if (keygen(kind, 2048, &pem, &err) < 0 || sign_read(buffer_bytes(&pem), &key, &err) < 0)
		must(-1, &err);
	struct dkim_signer signer = { key, "example.org", "s" };
	begin();
	for (int64_t i = 0; i < n; i++) {
		buffer_reset(&message);
		snprintf(job.name, sizeof job.name, "Réader Number %" PRId64, 1000000 + i);
		step_fill(edition, &job, &message);
	}
	end("fill", n);
	begin();
	for (int64_t i = 0; i < n; i++) {
		buffer_reset(&signature);
		step_sign(&signer, buffer_bytes(&message), &signature);
	}
	end(kind == SIGN_RSA ? "sign rsa" : "sign ed", n);
	printf("message of %zu bytes\n", message.size + signature.size);
}

static void remove_store(const char *folder)
{
	static const char *const files[] = { "", "-wal", "-shm", ".lock", ".gate", ".commits" };
	char path[600];
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof path, "%s/gazette.db%s", folder, files[i]);
		unlink(path);
	}
	rmdir(folder);
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
	snprintf(path, sizeof path, "%s/steps-XXXXXX", folder);
	if (!mkdtemp(path))
		must(error_set(&err, ERROR_INPUT, "%s: can not make a folder there", folder), &err);
	snprintf(url, sizeof url, "sqlite:%s/gazette.db", path);
	fill_and_sign(SIGN_ED25519, readers < SIGNED ? readers : SIGNED);
	if (argc <= 4)
		fill_and_sign(SIGN_RSA, readers < SIGNED ? readers : SIGNED);
	struct db *db = NULL;
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
	db_close(&db);
	remove_store(path);
	return counts.sent == readers ? 0 : 1;
}
