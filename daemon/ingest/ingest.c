#include "daemon/ingest/ingest.h"
#include "ops/alerts.h"
#include "ops/posts.h"
#include "system/clock.h"
#include "system/http.h"
#include "system/log.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOOKERS = 4 };
/* Longer than a look takes: if this daemon dies meanwhile, the source is looked at again after so long. */
#define CLAIM_US (15 * MINUTE_US)

/* One slow server must not keep the others waiting: several look, each at a source of its own. */
struct looker {
	struct ingest *ingest;
	struct ops ops;
	struct http *http;
	pthread_t thread;
	bool runs;
};

struct ingest {
	struct daemon *daemon;
	pthread_mutex_t mutex; /* of who takes which source */
	struct looker looker[LOOKERS];
};

static bool is_over(const struct ingest *ingest)
{
	return atomic_load(&ingest->daemon->stopping) || atomic_load(&ingest->daemon->failed);
}

static void poll_one(struct looker *looker, struct source *source, struct arena *arena)
{
	struct taken taken;
	struct error err;
	const char *note = source->note;
	if (source_poll(&looker->ops, looker->http, source, &taken, arena, &err) < 0) {
		struct error why;
		log_error("source %" PRId64 " not stored text=\"%s\"", source->id, err.text);
		if (store_source_set_due(looker->ops.db, source->id, clock_now().wall_us + MINUTE_US, &why) < 0)
			daemon_sleep(looker->ingest->daemon, SECOND_US);
		return;
	}
	if (source->error)
		log_warn("source %" PRId64 " fails failures=%" PRId64 " text=\"%s\"", source->id, source->failures, source->error);
	/* Once, not at each look. */
	if (source->note && (!note || strcmp(note, source->note) != 0))
		log_warn("source %" PRId64 " left out text=\"%s\"", source->id, source->note);
	if (taken.added + taken.revised > 0)
		log_info("source %" PRId64 " new=%" PRId64 " revised=%" PRId64, source->id, taken.added, taken.revised);
	if (taken.alert[0]) {
		char object[UNITS_TEXT];
		snprintf(object, sizeof object, "source %" PRId64, source->id);
		if (alert_raise(&looker->ops, "drafts", object, taken.alert, &err) < 0)
			log_warn("alert not kept text=\"%s\"", err.text);
		log_warn("source %" PRId64 " drafts=%" PRId64 " reason=\"%s\"", source->id, taken.drafts_by_rule, taken.alert);
	}
}

/* The source that is due the longest, claimed. */
static bool take_due(struct looker *looker, struct source *out, struct arena *arena)
{
	struct error err;
	size_t n = 0;
	int64_t now_us = clock_now().wall_us;
	pthread_mutex_lock(&looker->ingest->mutex);
	bool fails = store_source_due(looker->ops.db, now_us, out, 1, &n, arena, &err) < 0 ||
	             (n > 0 && store_source_set_due(looker->ops.db, out->id, now_us + CLAIM_US, &err) < 0);
	pthread_mutex_unlock(&looker->ingest->mutex);
	if (fails)
		log_error("sources not read text=\"%s\"", err.text);
	return !fails && n > 0;
}

static void *run(void *arg)
{
	struct looker *looker = arg;
	pthread_setname_np(pthread_self(), "ingest");
	while (!is_over(looker->ingest)) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct source source;
		arena.max_bytes = 256 << 20;
		if (take_due(looker, &source, &arena))
			poll_one(looker, &source, &arena);
		else
			daemon_sleep(looker->ingest->daemon, SECOND_US);
	}
	return NULL;
}

static int start_one(struct ingest *ingest, struct looker *looker, struct error *err)
{
	looker->ingest = ingest;
	looker->http = http_new();
	if (!looker->http)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (ops_again(&looker->ops, &ingest->daemon->ops, err) < 0)
		return -1;
	looker->runs = pthread_create(&looker->thread, NULL, run, looker) == 0;
	return looker->runs ? 0 : error_set(err, ERROR_MEMORY, "no thread for the sources");
}

int ingest_start(struct daemon *daemon, struct ingest **out, struct error *err)
{
	struct ingest *ingest = calloc(1, sizeof *ingest);
	if (!ingest)
		return error_set(err, ERROR_MEMORY, "out of memory");
	ingest->daemon = daemon;
	pthread_mutex_init(&ingest->mutex, NULL);
	*out = ingest;
	for (size_t i = 0; i < LOOKERS; i++)
		if (start_one(ingest, &ingest->looker[i], err) < 0) {
			atomic_store(&daemon->stopping, true);
			ingest_stop(out);
			return -1;
		}
	return 0;
}

void ingest_stop(struct ingest **out)
{
	struct ingest *ingest = *out;
	if (!ingest)
		return;
	for (size_t i = 0; i < LOOKERS; i++)
		if (ingest->looker[i].http)
			http_cancel(ingest->looker[i].http);
	for (size_t i = 0; i < LOOKERS; i++) {
		struct looker *looker = &ingest->looker[i];
		if (looker->runs)
			pthread_join(looker->thread, NULL);
		ops_close(&looker->ops);
		http_free(&looker->http);
	}
	pthread_mutex_destroy(&ingest->mutex);
	free(ingest);
	*out = NULL;
}
