#include "daemon/delivery/parts.h"
#include "store/campaign.h"
#include <assert.h>
#include <stdlib.h>

/* Beside those that the sessions have in their hands. */
enum { SPARE = 16 };

int editions_init(struct editions *editions, size_t sessions, struct error *err)
{
	editions->cached = calloc(sessions + SPARE, sizeof *editions->cached);
	if (!editions->cached)
		return error_set(err, ERROR_MEMORY, "out of memory");
	editions->count = sessions + SPARE;
	return 0;
}

void editions_clear(struct editions *editions)
{
	for (size_t i = 0; i < editions->count; i++)
		edition_free(&editions->cached[i].edition);
	free(editions->cached);
	editions->cached = NULL;
	editions->count = 0;
}

/* The one that nobody has and that was asked for longest ago. There is one: a session has no more than one. */
static size_t find_room(const struct editions *editions)
{
	size_t oldest = editions->count;
	for (size_t i = 0; i < editions->count; i++)
		if (atomic_load(&editions->cached[i].users) == 0 &&
		    (oldest == editions->count || editions->cached[i].asked < editions->cached[oldest].asked))
			oldest = i;
	assert(oldest < editions->count);
	return oldest;
}

static int load(struct editions *editions, int64_t id, struct edition **out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct bytes stored;
	arena.max_bytes = 256 << 20;
	int found = store_edition_get(editions->ops.db, id, &stored, &arena, err);
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, ERROR_CORRUPT, "edition %" PRId64 " is missing", id);
	return edition_read(stored, out, err);
}

struct edition *editions_get(struct editions *editions, int64_t id, size_t *slot, struct error *err)
{
	struct edition *found = NULL;
	pthread_mutex_lock(&editions->mutex);
	for (size_t i = 0; i < editions->count && !found; i++)
		if (editions->cached[i].edition && editions->cached[i].id == id) {
			found = editions->cached[i].edition;
			*slot = i;
		}
	if (!found && load(editions, id, &found, err) == 0) {
		*slot = find_room(editions);
		edition_free(&editions->cached[*slot].edition);
		editions->cached[*slot].id = id;
		editions->cached[*slot].edition = found;
	}
	if (found) {
		editions->cached[*slot].asked = ++editions->asked;
		atomic_fetch_add(&editions->cached[*slot].users, 1);
	}
	pthread_mutex_unlock(&editions->mutex);
	return found;
}

void editions_release(struct editions *editions, size_t slot)
{
	atomic_fetch_sub(&editions->cached[slot].users, 1);
}

int editions_notice(struct editions *editions, int64_t notice, struct buffer *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct bytes message;
	pthread_mutex_lock(&editions->mutex);
	int found = store_notice_message(editions->ops.db, notice, &message, &arena, err);
	pthread_mutex_unlock(&editions->mutex);
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, ERROR_CORRUPT, "notice %" PRId64 " is missing", notice);
	buffer_add_bytes(out, message);
	return buffer_check(out, err);
}
