#include "ops/digests.h"
#include "ops/editions.h"
#include "base/text.h"
#include "ops/campaigns.h"
#include "ops/compile.h"
#include "policy/rhythm.h"
#include "store/post.h"
#include "system/clock.h"
#include "system/random.h"
#include "system/zone_file.h"
#include <stdio.h>

enum { AT_ONCE = 64, SALT_BYTES = 16, PROVIDERS = 64 };
static const struct actor self = { ACTOR_SYSTEM, "gazetted" };

int digest_prepare(struct ops *ops, int64_t list, int64_t now_us, struct error *err)
{
	if (store_digest_set(ops->db, list, DIGEST_DAILY, "daily 07:00", now_us, err) < 0)
		return -1;
	return store_digest_set(ops->db, list, DIGEST_WEEKLY, "weekly mon 07:00", now_us, err);
}

int digest_set(struct ops *ops, const struct list *list, enum digest_cadence cadence, const char *rhythm, struct actor actor,
               struct error *err)
{
	struct rhythm rule;
	char written[UNITS_TEXT];
	if (rhythm_read(rhythm, &rule, err) < 0)
		return -1;
	/* Who chose a mail a day must not get one a week. */
	if (cadence != DIGEST_EACH && (int)rule.period != (int)cadence - (int)DIGEST_DAILY)
		return error_set(err, ERROR_INPUT, "\"%s\" is not %s: that is what these readers chose", rhythm,
		                 digest_cadence_words[cadence]);
	if (store_digest_set(ops->db, list->id, cadence, rhythm_write(&rule, written), clock_now().wall_us, err) < 0)
		return -1;
	return ops_audit(ops, actor, "digest set", list->name, written, err);
}

/* When it goes out next, by the clocks of its list. */
static int next_time(const struct digest *digest, const struct list *list, int64_t after_us, int64_t *out_us, struct error *err)
{
	CLEANUP(zone_free) struct zone *zone = NULL;
	struct rhythm rhythm;
	if (zone_load(list->timezone, &zone, err) < 0 || rhythm_read(digest->rhythm, &rhythm, err) < 0)
		return error_wrap(err, "digest of list %s", list->name);
	*out_us = rhythm_next(&rhythm, zone, after_us);
	return 0;
}

int digest_view(struct ops *ops, const struct list *list, struct digest_view out[DIGEST_CADENCES], size_t *n, struct arena *arena,
                struct error *err)
{
	struct digest digests[DIGEST_CADENCES];
	int64_t now_us = clock_now().wall_us;
	if (store_digest_of(ops->db, list->id, digests, n, arena, err) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++) {
		out[i] = (struct digest_view){ .digest = digests[i] };
		if (digests[i].next_us == 0 && next_time(&digests[i], list, now_us, &out[i].digest.next_us, err) < 0)
			return -1;
		if (store_digest_posts(ops->db, &digests[i], now_us, out[i].posts, &out[i].count, err) < 0 ||
		    store_digest_skipped(ops->db, &digests[i], now_us, out[i].skipped, &out[i].skipped_count, err) < 0)
			return -1;
	}
	return 0;
}

/* The digest of a cadence as it stands, or NOT_FOUND. */
static int find_view(struct ops *ops, const struct list *list, enum digest_cadence cadence, struct digest_view *out, struct arena *arena,
                     struct error *err)
{
	struct digest_view views[DIGEST_CADENCES];
	size_t n = 0;
	if (digest_view(ops, list, views, &n, arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (views[i].digest.cadence == (int)cadence) {
			*out = views[i];
			return 0;
		}
	return error_set(err, ERROR_NOT_FOUND, "list %s has no such digest: gazette list set %s --digest \"weekly mon 07:00\"", list->name,
	                 list->name);
}

static bool holds(const int64_t *posts, size_t n, int64_t post)
{
	for (size_t i = 0; i < n; i++)
		if (posts[i] == post)
			return true;
	return false;
}

static int audit_posts(struct ops *ops, struct actor actor, const char *verb, const struct list *list, enum digest_cadence cadence,
                       const int64_t *posts, size_t n, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer detail = BUFFER_INIT(4096);
	buffer_add_text(&detail, digest_cadence_words[cadence]);
	for (size_t i = 0; i < n; i++)
		buffer_format(&detail, " %" PRId64, posts[i]);
	return ops_audit(ops, actor, verb, list->name, buffer_text(&detail), err);
}

int digest_skip_posts(struct ops *ops, const struct list *list, enum digest_cadence cadence, const int64_t *posts, size_t n, bool skip,
                      struct actor actor, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct digest_view view = { .count = 0 };
	if (find_view(ops, list, cadence, &view, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!holds(view.posts, view.count, posts[i]) && !holds(view.skipped, view.skipped_count, posts[i]))
			return error_set(err, ERROR_NOT_FOUND, "post %" PRId64 " is not in the next %s digest", posts[i],
			                 digest_cadence_words[cadence]);
	for (size_t i = 0; i < n; i++)
		if (store_digest_skip(ops->db, view.digest.id, posts[i], skip, err) < 0)
			return -1;
	return audit_posts(ops, actor, skip ? "digest skip" : "digest unskip", list, cadence, posts, n, err);
}

int digest_order(struct ops *ops, const struct list *list, enum digest_cadence cadence, const int64_t *posts, size_t n, struct actor actor,
                 struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct digest_view view = { .count = 0 };
	if (cadence == DIGEST_EACH)
		return store_digest_order(ops->db, list->id, posts, n, err) < 0
		               ? -1
		               : audit_posts(ops, actor, "digest order", list, cadence, posts, n, err);
	if (find_view(ops, list, cadence, &view, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!holds(view.posts, view.count, posts[i]))
			return error_set(err, ERROR_NOT_FOUND, "post %" PRId64 " is not in the next %s digest", posts[i],
			                 digest_cadence_words[cadence]);
	if (store_digest_place(ops->db, view.digest.id, posts, n, err) < 0)
		return -1;
	return audit_posts(ops, actor, "digest order", list, cadence, posts, n, err);
}

int digest_skip(struct ops *ops, const struct list *list, enum digest_cadence cadence, struct actor actor, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct digest_view view = { .count = 0 };
	int64_t next_us = 0;
	if (find_view(ops, list, cadence, &view, &arena, err) < 0 ||
	    next_time(&view.digest, list, view.digest.next_us, &next_us, err) < 0 ||
	    store_digest_set_next(ops->db, view.digest.id, next_us, view.digest.last_us, err) < 0)
		return -1;
	return ops_audit(ops, actor, "digest skip", list->name, digest_cadence_words[cadence], err);
}

/* Whom a digest is for: who wanted at least that many mails gets the list's own too. */
static int64_t cadences_of(const struct digest *digest, const struct rhythm *rhythm)
{
	if (digest->cadence != DIGEST_EACH)
		return INT64_C(1) << digest->cadence;
	return rhythm->period == RHYTHM_DAILY ? CADENCE_EACH | CADENCE_DAILY : CADENCE_ALL;
}

static int count_readers(struct ops *ops, int64_t list, int64_t cadences, int64_t *readers, struct error *err)
{
	struct campaign_counts by[PROVIDERS];
	struct campaign nobody = { .list_id = list, .cadences = cadences };
	size_t n = 0;
	*readers = 0;
	if (store_campaign_audience(ops->db, &nobody, by, PROVIDERS, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		*readers += by[i].queued;
	return 0;
}

static int name_it(struct ops *ops, const struct list *list, const int64_t *ids, size_t n, struct arena *arena, const char **subject,
                   const char **preheader, struct error *err)
{
	struct stored_post rows[CAMPAIGN_POSTS];
	const struct stored_post *posts[CAMPAIGN_POSTS];
	for (size_t i = 0; i < n; i++) {
		posts[i] = &rows[i];
		if (store_post_get(ops->db, ids[i], &rows[i], arena, err) <= 0)
			return -1;
	}
	return edition_name_digest(list, posts, n, arena, subject, preheader) ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

static int make(struct ops *ops, const struct digest *digest, const struct list *list, const int64_t *posts, size_t n, int64_t cadences,
                int64_t next_us, int64_t now_us, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	const char *subject = NULL;
	const char *preheader = NULL;
	uint8_t salt[SALT_BYTES];
	int64_t id = 0;
	int64_t at_us = 0;
	arena.max_bytes = 256 << 20;
	if (name_it(ops, list, posts, n, &arena, &subject, &preheader, err) < 0 || campaign_check_line("subject", subject, err) < 0 ||
	    campaign_check_line("preheader", preheader, err) < 0)
		return -1;
	random_bytes(salt, sizeof salt);
	struct campaign campaign = { .list_id = list->id,
		                     .state = CAMPAIGN_DRAFT,
		                     .subject = subject,
		                     .preheader = preheader,
		                     .salt = { (const char *)salt, sizeof salt },
		                     .schedule = "",
		                     .paused_by = "",
		                     .created_by = self.name,
		                     .created_us = now_us,
		                     .kind = CAMPAIGN_DIGEST,
		                     .cadences = cadences };
	if (store_digest_make(ops->db, digest, &campaign, posts, n, next_us, now_us, &id, err) < 0)
		return -1;
	return campaign_send_soon(ops, id, self, &at_us, err);
}

/* 1 a campaign was made, 0 there was nothing to do but look again next time. */
static int run_one(struct ops *ops, const struct digest *digest, int64_t now_us, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	struct rhythm rhythm;
	int64_t posts[CAMPAIGN_POSTS];
	int64_t next_us = 0;
	int64_t readers = 0;
	size_t n = 0;
	if (store_list_get(ops->db, digest->list_id, &list, &arena, err) <= 0 || next_time(digest, &list, now_us, &next_us, err) < 0 ||
	    rhythm_read(digest->rhythm, &rhythm, err) < 0)
		return -1;
	if (digest->next_us == 0)
		return store_digest_set_next(ops->db, digest->id, next_us, digest->last_us, err);
	int64_t cadences = cadences_of(digest, &rhythm);
	if (store_digest_posts(ops->db, digest, now_us, posts, &n, err) < 0 ||
	    (n > 0 && count_readers(ops, list.id, cadences, &readers, err) < 0))
		return -1;
	/* What waits for the list's own digest waits on until there is a reader; what others got is over. */
	if (readers == 0)
		return store_digest_set_next(ops->db, digest->id, next_us, now_us, err);
	return make(ops, digest, &list, posts, n, cadences, next_us, now_us, err) < 0 ? -1 : 1;
}

int digest_run(struct ops *ops, int64_t *made, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct digest due[AT_ONCE];
	size_t n = 0;
	int64_t now_us = clock_now().wall_us;
	*made = 0;
	if (store_digest_due(ops->db, now_us, due, AT_ONCE, &n, &arena, err) < 0)
		return -1;
	/* One that fails must not keep the others back. */
	bool fails = false;
	for (size_t i = 0; i < n; i++) {
		struct error why = { 0 };
		int result = run_one(ops, &due[i], now_us, &why);
		*made += result > 0;
		if (result < 0 && !fails)
			*err = why;
		fails |= result < 0;
	}
	return fails ? -1 : 0;
}
