/* The list's own digest, and the posts that wait for it. */
#include "ops/digests.h"
#include "ops/posts.h"
#include <stdio.h>

enum { SOURCES = 1000 };

int digest_check_own(struct ops *ops, const struct list *list, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct digest digests[DIGEST_CADENCES];
	size_t n = 0;
	if (store_digest_of(ops->db, list->id, digests, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (digests[i].cadence == DIGEST_EACH)
			return 0;
	return error_set(err, ERROR_NOT_FOUND, "list %s has no digest: give it one with gazette list set %s --digest \"weekly mon 07:00\"",
	                 list->name, list->name);
}

int digest_wait(struct ops *ops, int64_t post, bool waits, struct actor actor, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct stored_post known;
	struct list list;
	char object[UNITS_TEXT];
	if (post_find(ops, post, &known, &arena, err) < 0 || store_list_get(ops->db, known.list_id, &list, &arena, err) <= 0 ||
	    (waits && digest_check_own(ops, &list, err) < 0))
		return -1;
	bool is_waiting = known.state == POST_HELD && known.in_digest;
	if (is_waiting == waits)
		return 0;
	int changed = store_digest_wait(ops->db, post, waits, err);
	if (changed == 0)
		return error_set(err, ERROR_CONFLICT, "post %" PRId64 " is in a campaign: take that back first", post);
	snprintf(object, sizeof object, "post %" PRId64, post);
	return changed < 0 || ops_audit(ops, actor, waits ? "digest wait" : "digest leave", object, list.name, err) < 0 ? -1 : 1;
}

/* Its posts would wait for ever. */
static int check_sources(struct ops *ops, const struct list *list, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	size_t n = 0;
	struct source *sources = arena_alloc(&arena, SOURCES * sizeof *sources);
	if (!sources)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (store_source_all(ops->db, list->id, sources, SOURCES, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (sources[i].policy == SOURCE_DIGEST)
			return error_set(err, ERROR_CONFLICT,
			                 "source %" PRId64 " puts its posts into the digest: gazette source set %" PRId64
			                 " --policy draft, then again",
			                 sources[i].id, sources[i].id);
	return 0;
}

int digest_drop(struct ops *ops, const struct list *list, struct actor actor, int64_t *drafts, struct error *err)
{
	*drafts = 0;
	if (check_sources(ops, list, err) < 0 || store_digest_drop(ops->db, list->id, drafts, err) < 0)
		return -1;
	return ops_audit(ops, actor, "digest drop", list->name, "", err);
}
