/* bare - what Gazette is held against: a program that keeps promises 2 to 4 of the ledger (SQLite, synchronous=FULL, one recorder with
 * group commits, pipelined sessions) and does nothing else. One campaign, no retries, no pacing, no pages.
 *   bare PORT READERS SESSIONS MESSAGE_FILE FOLDER [KEY.pem]
 * The message is sent to each reader with the marker "%%NAME%%" replaced; with a key each is signed (rsa-sha256, body hash included).
 * Prints messages per second. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { LEASE = 500, SESSIONS_MOST = 256, REPLY = 8192 };

static const char *marker = "%%NAME%%";
static char *message;
static size_t message_bytes, name_at[64], names;
static EVP_PKEY *key;
static int port;
static int64_t readers;
static _Atomic int64_t sent;

struct job {
	int64_t id;
	bool any;
};

/* Jobs: a window of leased ids, filled by the feeder. */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t filled, drained;
	int64_t ids[LEASE * 2];
	size_t at, count;
	bool ended;
} queue = { .mutex = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER, .drained = PTHREAD_COND_INITIALIZER };

struct turn {
	int64_t done, next; /* 0: none */
	bool is_done;
	pthread_cond_t wake;
};

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct turn *turns[SESSIONS_MOST];
	size_t count;
	bool ended;
} record = { .mutex = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER };

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static sqlite3 *open_store(const char *folder)
{
	char path[4096];
	sqlite3 *db;
	snprintf(path, sizeof path, "%s/bare.db", folder);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		die("store");
	sqlite3_busy_timeout(db, 10000);
	sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL, NULL);
	return db;
}

static void step(sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);
	if (result != SQLITE_DONE && result != SQLITE_ROW) {
		fprintf(stderr, "store: %d\n", result);
		exit(1);
	}
	sqlite3_reset(statement);
}

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
		exit(1);
	}
}

static void fill_store(sqlite3 *db)
{
	sqlite3_stmt *insert;
	run(db, "CREATE TABLE delivery (id INTEGER PRIMARY KEY, state TEXT NOT NULL, token INTEGER, at INTEGER)");
	run(db, "CREATE INDEX due ON delivery (id) WHERE state = 'queued'");
	run(db, "BEGIN");
	sqlite3_prepare_v2(db, "INSERT INTO delivery VALUES (?, 'queued', NULL, NULL)", -1, &insert, NULL);
	for (int64_t i = 1; i <= readers; i++) {
		sqlite3_bind_int64(insert, 1, i);
		step(insert);
	}
	sqlite3_finalize(insert);
	run(db, "COMMIT");
}

/* One writer: outcomes of whoever waits, and the next lease when the window runs low. */
static void *recorder(void *folder)
{
	sqlite3 *db = open_store(folder);
	sqlite3_stmt *done;
	sqlite3_stmt *mark;
	sqlite3_stmt *lease;
	sqlite3_prepare_v2(db, "UPDATE delivery SET state = 'sent', at = ? WHERE id = ? AND token = 1", -1, &done, NULL);
	sqlite3_prepare_v2(db, "UPDATE delivery SET state = 'inflight' WHERE id = ? AND token = 1 AND state = 'leased'", -1, &mark, NULL);
	sqlite3_prepare_v2(db,
	                   "UPDATE delivery SET state = 'leased', token = 1 WHERE id IN (SELECT id FROM delivery WHERE state = 'queued' "
	                   "ORDER BY id LIMIT ?) RETURNING id",
	                   -1, &lease, NULL);
	bool more = true;
	for (;;) {
		struct turn *turns[SESSIONS_MOST];
		pthread_mutex_lock(&queue.mutex);
		bool low = more && queue.count < LEASE;
		pthread_mutex_unlock(&queue.mutex);
		pthread_mutex_lock(&record.mutex);
		while (record.count == 0 && !record.ended && !low)
			pthread_cond_wait(&record.filled, &record.mutex);
		size_t n = record.count;
		memcpy(turns, record.turns, n * sizeof turns[0]);
		record.count = 0;
		bool ended = record.ended;
		pthread_mutex_unlock(&record.mutex);
		if (n == 0 && ended)
			break;
		int64_t ids[LEASE];
		size_t leased = 0;
		run(db, "BEGIN IMMEDIATE");
		for (size_t i = 0; i < n; i++) {
			if (turns[i]->done) {
				sqlite3_bind_int64(done, 1, time(NULL));
				sqlite3_bind_int64(done, 2, turns[i]->done);
				step(done);
			}
			if (turns[i]->next) {
				sqlite3_bind_int64(mark, 1, turns[i]->next);
				step(mark);
				if (sqlite3_changes(db) != 1)
					die("mark");
			}
		}
		if (low) {
			sqlite3_bind_int64(lease, 1, LEASE);
			while (sqlite3_step(lease) == SQLITE_ROW)
				ids[leased++] = sqlite3_column_int64(lease, 0);
			sqlite3_reset(lease);
			more = leased == LEASE;
		}
		run(db, "COMMIT");
		if (low) {
			pthread_mutex_lock(&queue.mutex);
			for (size_t i = 0; i < leased; i++)
				queue.ids[(queue.at + queue.count++) % (LEASE * 2)] = ids[i];
			queue.ended = !more;
			pthread_cond_broadcast(&queue.filled);
			pthread_mutex_unlock(&queue.mutex);
		}
		pthread_mutex_lock(&record.mutex);
		for (size_t i = 0; i < n; i++) {
			turns[i]->is_done = true;
			pthread_cond_signal(&turns[i]->wake);
		}
		pthread_mutex_unlock(&record.mutex);
	}
	sqlite3_finalize(done);
	sqlite3_finalize(mark);
	sqlite3_finalize(lease);
	sqlite3_close(db);
	return NULL;
}

static void take_turn(int64_t done, int64_t next)
{
	struct turn turn = { .done = done, .next = next };
	pthread_cond_init(&turn.wake, NULL);
	pthread_mutex_lock(&record.mutex);
	record.turns[record.count++] = &turn;
	pthread_cond_signal(&record.filled);
	while (!turn.is_done)
		pthread_cond_wait(&turn.wake, &record.mutex);
	pthread_mutex_unlock(&record.mutex);
	pthread_cond_destroy(&turn.wake);
}

static int64_t next_job(void)
{
	int64_t id = 0;
	pthread_mutex_lock(&queue.mutex);
	while (queue.count == 0 && !queue.ended) {
		pthread_cond_signal(&record.filled);
		struct timespec soon;
		clock_gettime(CLOCK_REALTIME, &soon);
		soon.tv_nsec += 1000000;
		soon.tv_sec += soon.tv_nsec / 1000000000;
		soon.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&queue.filled, &queue.mutex, &soon);
	}
	if (queue.count > 0) {
		id = queue.ids[queue.at];
		queue.at = (queue.at + 1) % (LEASE * 2);
		queue.count--;
	}
	pthread_mutex_unlock(&queue.mutex);
	return id;
}

struct session {
	int fd;
	char in[REPLY];
	size_t have;
	char *out;
	size_t bytes;
	EVP_MD_CTX *hash, *sign;
};

static void put(struct session *s, const void *data, size_t n)
{
	memcpy(s->out + s->bytes, data, n);
	s->bytes += n;
}

static void flush(struct session *s)
{
	for (size_t at = 0; at < s->bytes;) {
		ssize_t n = send(s->fd, s->out + at, s->bytes - at, MSG_NOSIGNAL);
		if (n <= 0)
			die("send");
		at += (size_t)n;
	}
	s->bytes = 0;
}

/* One reply, its last line taken from the buffer. */
static int reply(struct session *s)
{
	for (;;) {
		char *end = memmem(s->in, s->have, "\r\n", 2);
		if (end) {
			int code = atoi(s->in);
			bool last = s->in[3] != '-';
			size_t used = (size_t)(end - s->in) + 2;
			memmove(s->in, s->in + used, s->have - used);
			s->have -= used;
			if (last)
				return code;
			continue;
		}
		ssize_t n = recv(s->fd, s->in + s->have, sizeof s->in - s->have, 0);
		if (n <= 0)
			die("recv");
		s->have += (size_t)n;
	}
}

static void expect(struct session *s, int code)
{
	int got = reply(s);
	if (got != code) {
		fprintf(stderr, "reply %d, not %d\n", got, code);
		exit(1);
	}
}

static void put_envelope(struct session *s, int64_t id)
{
	char text[256];
	int n = snprintf(text, sizeof text, "MAIL FROM:<b+%lld@example.org>\r\nRCPT TO:<r%lld@example.org>\r\nDATA\r\n", (long long)id,
	                 (long long)id);
	put(s, text, (size_t)n);
}

/* The signature covers the header block and the hash of the body: the work of a DKIM signer, without its text. */
static void put_signature(struct session *s, const char *body, size_t n)
{
	unsigned char digest[32];
	unsigned char signature[512];
	char text[1200];
	size_t length = sizeof signature;
	const char *head_end = memmem(body, n, "\r\n\r\n", 4);
	size_t head = head_end ? (size_t)(head_end - body) + 4 : 0;
	EVP_DigestInit_ex(s->hash, EVP_sha256(), NULL);
	EVP_DigestUpdate(s->hash, body + head, n - head);
	EVP_DigestFinal_ex(s->hash, digest, NULL);
	EVP_DigestSignInit(s->sign, NULL, EVP_sha256(), NULL, key);
	EVP_DigestSignUpdate(s->sign, body, head);
	EVP_DigestSignUpdate(s->sign, digest, sizeof digest);
	if (EVP_DigestSignFinal(s->sign, signature, &length) != 1)
		die("sign");
	int at = snprintf(text, sizeof text, "DKIM-Signature: v=1; b=");
	at += EVP_EncodeBlock((unsigned char *)text + at, signature, (int)length);
	at += snprintf(text + at, sizeof text - (size_t)at, "\r\n");
	put(s, text, (size_t)at);
}

static size_t make_message(char *out, int64_t id)
{
	char name[32];
	size_t at = 0;
	size_t from = 0;
	size_t n = (size_t)snprintf(name, sizeof name, "Reader %lld", (long long)id);
	for (size_t i = 0; i < names; i++) {
		memcpy(out + at, message + from, name_at[i] - from);
		at += name_at[i] - from;
		memcpy(out + at, name, n);
		at += n;
		from = name_at[i] + strlen(marker);
	}
	memcpy(out + at, message + from, message_bytes - from);
	return at + message_bytes - from;
}

static void *session(void *unused)
{
	(void)unused;
	struct session s = { .fd = socket(AF_INET, SOCK_STREAM, 0) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1;
	char *letter[2] = { malloc(message_bytes + 8192), malloc(message_bytes + 8192) };
	size_t bytes[2];
	s.out = malloc(message_bytes + 16384);
	s.hash = EVP_MD_CTX_new();
	s.sign = EVP_MD_CTX_new();
	setsockopt(s.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(s.fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("connect");
	expect(&s, 220);
	put(&s, "EHLO bare\r\n", 11);
	flush(&s);
	expect(&s, 250);
	int64_t id = next_job();
	int at = 0;
	if (id) {
		bytes[at] = make_message(letter[at], id);
		put_envelope(&s, id);
		flush(&s);
		expect(&s, 250);
		expect(&s, 250);
		expect(&s, 354);
		take_turn(0, id);
	}
	while (id) {
		int64_t next = next_job();
		if (key)
			put_signature(&s, letter[at], bytes[at]);
		put(&s, letter[at], bytes[at]);
		put(&s, ".\r\n", 3);
		if (next)
			put_envelope(&s, next);
		flush(&s);
		at = 1 - at;
		if (next)
			bytes[at] = make_message(letter[at], next);
		expect(&s, 250);
		sent++;
		take_turn(id, next);
		if (next) {
			expect(&s, 250);
			expect(&s, 250);
			expect(&s, 354);
		}
		id = next;
	}
	put(&s, "QUIT\r\n", 6);
	flush(&s);
	close(s.fd);
	EVP_MD_CTX_free(s.hash);
	EVP_MD_CTX_free(s.sign);
	free(s.out);
	free(letter[0]);
	free(letter[1]);
	return NULL;
}

static void read_message(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		die(path);
	fseek(file, 0, SEEK_END);
	message_bytes = (size_t)ftell(file);
	rewind(file);
	message = malloc(message_bytes + 1);
	if (fread(message, 1, message_bytes, file) != message_bytes)
		die(path);
	message[message_bytes] = '\0';
	fclose(file);
	for (char *p = message; (p = strstr(p, marker)) && names < 64; p += strlen(marker))
		name_at[names++] = (size_t)(p - message);
}

int main(int argc, char **argv)
{
	pthread_t threads[SESSIONS_MOST];
	pthread_t writer;
	struct timespec begin;
	struct timespec end;
	if (argc < 6) {
		fprintf(stderr, "usage: bare PORT READERS SESSIONS MESSAGE_FILE FOLDER [KEY.pem]\n");
		return 64;
	}
	port = atoi(argv[1]);
	readers = atoll(argv[2]);
	int sessions = atoi(argv[3]);
	read_message(argv[4]);
	if (argc > 6) {
		FILE *file = fopen(argv[6], "r");
		key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
		if (!key)
			die(argv[6]);
		fclose(file);
	}
	sqlite3 *db = open_store(argv[5]);
	fill_store(db);
	sqlite3_close(db);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	pthread_create(&writer, NULL, recorder, argv[5]);
	for (int i = 0; i < sessions; i++)
		pthread_create(&threads[i], NULL, session, NULL);
	for (int i = 0; i < sessions; i++)
		pthread_join(threads[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	pthread_mutex_lock(&record.mutex);
	record.ended = true;
	pthread_cond_signal(&record.filled);
	pthread_mutex_unlock(&record.mutex);
	pthread_join(writer, NULL);
	double seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	printf("%.0f messages/s (%lld in %.2f s)\n", (double)sent / seconds, (long long)sent, seconds);
	EVP_PKEY_free(key);
	free(message);
	return sent == readers ? 0 : 1;
}
