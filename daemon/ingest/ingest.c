#include "daemon/ingest/ingest.h"
#include "ops/posts.h"
#include "system/clock.h"
#include "system/http.h"
#include "system/log.h"
#include <pthread.h>
#include <stdlib.h>

enum { AT_ONCE = 16 };

struct ingest {
	struct daemon *daemon;
	struct ops ops;
	struct http *http;
	pthread_t thread;
};

static void poll_one(struct ingest *ingest, struct source *source, struct arena *arena)
{
	struct taken taken;
	struct error err;
	if (source_poll(&ingest->ops, ingest->http, source, &taken, arena, &err) < 0) {
		log_error("source %" PRId64 " not stored text=\"%s\"", source->id, err.text);
		daemon_sleep(ingest->daemon, SECOND_US);
		return;
	}
	if (source->error)
		log_warn("source %" PRId64 " fails failures=%" PRId64 " text=\"%s\"", source->id, source->failures, source->error);
	if (taken.added + taken.revised > 0)
		log_info("source %" PRId64 " new=%" PRId64 " revised=%" PRId64, source->id, taken.added, taken.revised);
	if (taken.alert[0])
		log_warn("source %" PRId64 " drafts=%" PRId64 " reason=\"%s\"", source->id, taken.drafts_by_rule, taken.alert);
}

static void *run(void *arg)
{
	struct ingest *ingest = arg;
	pthread_setname_np(pthread_self(), "ingest");
	while (!atomic_load(&ingest->daemon->stopping) && !atomic_load(&ingest->daemon->failed)) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct source sources[AT_ONCE];
		struct error err;
		size_t n = 0;
		arena.max_bytes = 256 << 20;
		if (store_source_due(ingest->ops.db, clock_now().wall_us, sources, AT_ONCE, &n, &arena, &err) < 0)
			log_error("sources not read text=\"%s\"", err.text);
		for (size_t i = 0; i < n && !atomic_load(&ingest->daemon->stopping); i++)
			poll_one(ingest, &sources[i], &arena);
		daemon_sleep(ingest->daemon, n ? 0 : SECOND_US);
	}
	return NULL;
}

int ingest_start(struct daemon *daemon, struct ingest **out, struct error *err)
{
	struct ingest *ingest = calloc(1, sizeof *ingest);
	if (!ingest)
		return error_set(err, ERROR_MEMORY, "out of memory");
	ingest->daemon = daemon;
	ingest->http = http_new();
	if (!ingest->http || ops_again(&ingest->ops, &daemon->ops, err) < 0) {
		http_free(&ingest->http);
		free(ingest);
		return -1;
	}
	if (pthread_create(&ingest->thread, NULL, run, ingest) != 0) {
		ops_close(&ingest->ops);
		http_free(&ingest->http);
		free(ingest);
		return error_set(err, ERROR_MEMORY, "no thread for the sources");
	}
	*out = ingest;
	return 0;
}

void ingest_stop(struct ingest **out)
{
	struct ingest *ingest = *out;
	if (!ingest)
		return;
	http_cancel(ingest->http);
	pthread_join(ingest->thread, NULL);
	ops_close(&ingest->ops);
	http_free(&ingest->http);
	free(ingest);
	*out = NULL;
}
