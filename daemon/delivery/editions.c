#include "daemon/delivery/parts.h"
#include "store/campaign.h"

static int find_room(struct editions *editions)
{
	for (size_t tries = 0; tries < EDITIONS; tries++) {
		size_t slot = editions->next++ % EDITIONS;
		if (atomic_load(&editions->users[slot]) == 0)
			return (int)slot;
	}
	return -1;
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
	for (size_t i = 0; i < EDITIONS && !found; i++)
		if (editions->cached[i].edition && editions->cached[i].id == id) {
			found = editions->cached[i].edition;
			*slot = i;
		}
	int room = found ? 0 : find_room(editions);
	if (!found && room < 0)
		error_set(err, ERROR_RETRY, "more than %d campaigns are sent at once", EDITIONS);
	else if (!found && load(editions, id, &found, err) == 0) {
		edition_free(&editions->cached[room].edition);
		editions->cached[room] = (struct cached_edition){ id, found };
		*slot = (size_t)room;
	}
	if (found)
		atomic_fetch_add(&editions->users[*slot], 1);
	pthread_mutex_unlock(&editions->mutex);
	return found;
}

void editions_release(struct editions *editions, size_t slot)
{
	atomic_fetch_sub(&editions->users[slot], 1);
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
