/* An edited post after its mail has begun: the rest of the readers get it, and those who had the old text can be told. */
#include "base/diff.h"
#include "ops/compile.h"
#include "system/clock.h"
#include "system/random.h"
#include <stdio.h>
#include <stdlib.h>

enum { MOVE_CHUNK = 1000, SALT_BYTES = 16 };

/* What a campaign's words looked like in the edition in force, and look like now. */
static int texts(struct ops *ops, const struct loaded *loaded, struct buffer *before, struct buffer *after, struct error *err)
{
	CLEANUP(edition_free) struct edition *now = NULL;
	CLEANUP(edition_free) struct edition *old = NULL;
	if (campaign_edition(ops, &loaded->campaign, &old, err) < 0 || loaded_compile(ops, loaded, 0, false, &now, err) < 0)
		return -1;
	buffer_format(before, "Subject: %s\n\n", edition_subject(old));
	buffer_format(after, "Subject: %s\n\n", edition_subject(now));
	return edition_part(old, EDITION_TEXT, NULL, &ops->keys, before, err) < 0 ||
	                       edition_part(now, EDITION_TEXT, NULL, &ops->keys, after, err) < 0
	               ? -1
	               : 0;
}

/* The subject follows the post's title where it was taken from it. */
static int follow_title(struct ops *ops, struct loaded *loaded, struct error *err)
{
	struct stored_version old;
	int64_t version = 0;
	const struct stored_post *post = &loaded->post[0];
	if (loaded->count != 1)
		return 0;
	int found = store_edition_version(ops->db, loaded->campaign.edition_id, post->id, &version, err);
	if (found > 0 && version < post->version)
		found = store_post_version(ops->db, post->id, version, &old, &loaded->arena, err);
	else
		return found < 0 ? -1 : 0;
	if (found > 0 && strcmp(old.title, loaded->campaign.subject) == 0)
		loaded->campaign.subject = post->post.title;
	return found < 0 ? -1 : 0;
}

int campaign_changes(struct ops *ops, int64_t id, struct buffer *diff, struct error *err)
{
	CLEANUP(loaded_clear) struct loaded loaded = { .arena = ARENA_INIT };
	CLEANUP(buffer_clear) struct buffer before = BUFFER_INIT(16 << 20);
	CLEANUP(buffer_clear) struct buffer after = BUFFER_INIT(16 << 20);
	if (loaded_read(ops, id, &loaded, err) < 0)
		return -1;
	if (loaded.campaign.edition_id == 0)
		return error_set(err, ERROR_CONFLICT, "campaign %" PRId64 " has not started: it takes the post as it is then", id);
	if (follow_title(ops, &loaded, err) < 0 || texts(ops, &loaded, &before, &after, err) < 0)
		return -1;
	return diff_unified(buffer_text(&before), buffer_text(&after), "as it went out", "as it is now", diff, err);
}

int campaign_may_refresh(const struct campaign *campaign, struct error *err)
{
	switch ((enum campaign_state)campaign->state) {
	case CAMPAIGN_PAUSED: return 0;
	case CAMPAIGN_PREPARING:
	case CAMPAIGN_SENDING:
		return error_set(err, ERROR_CONFLICT, "campaign %" PRId64 " is %s: pause it first: gazette campaign pause %" PRId64,
		                 campaign->id, campaign_words[campaign->state], campaign->id);
	case CAMPAIGN_SENT:
	case CAMPAIGN_CANCELLED:
		return error_set(err, ERROR_CONFLICT,
		                 "campaign %" PRId64 " is %s: nobody waits for it. Those who got the old words are told by: gazette "
		                 "campaign correct %" PRId64,
		                 campaign->id, campaign_words[campaign->state], campaign->id);
	default:
		return error_set(err, ERROR_CONFLICT, "campaign %" PRId64 " has not started: it takes the post as it is then",
		                 campaign->id);
	}
}

int campaign_move(struct ops *ops, int64_t id, int64_t *readers, struct error *err)
{
	int64_t after = 0;
	int64_t moved = 0;
	int more = 1;
	*readers = 0;
	while (more > 0) {
		more = store_campaign_move(ops->db, id, MOVE_CHUNK, &after, &moved, err);
		*readers += moved;
	}
	return more;
}

int campaign_refresh(struct ops *ops, int64_t id, struct actor actor, struct findings *out, int64_t *readers, struct error *err)
{
	CLEANUP(loaded_clear) struct loaded loaded = { .arena = ARENA_INIT };
	CLEANUP(editions_new_free) struct editions_new *editions = NULL;
	CLEANUP(buffer_clear) struct buffer diff = BUFFER_INIT(16 << 20);
	struct edition_row rows[EDITIONS];
	int64_t had[EDITIONS];
	size_t n = 0;
	char object[UNITS_TEXT];
	*readers = 0;
	if (loaded_read(ops, id, &loaded, err) < 0)
		return -1;
	if (campaign_may_refresh(&loaded.campaign, err) < 0 || follow_title(ops, &loaded, err) < 0 ||
	    campaign_changes(ops, id, &diff, err) < 0 || store_campaign_editions(ops->db, id, rows, EDITIONS, &n, err) < 0)
		return -1;
	/* What an earlier refresh did not finish is finished in any case. */
	if (diff.size == 0)
		return campaign_move(ops, id, readers, err);
	for (size_t i = 0; i < n; i++)
		had[i] = rows[i].had;
	if (loaded_compile_all(ops, &loaded, had, n, &editions, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		editions->edition[i].replaces = rows[i].id;
	if (campaign_check(ops, id, NULL, out, err) < 0)
		return -1;
	const struct finding *fault = findings_fault(out);
	if (fault)
		return error_set(err, ERROR_INPUT, "%s: %s%s%s", fault->check, fault->text, *fault->mend ? ": " : "", fault->mend);
	if (store_campaign_refresh(ops->db, id, editions->edition, editions->count, loaded.campaign.subject, clock_now().wall_us, err) <
	            0 ||
	    campaign_move(ops, id, readers, err) < 0)
		return -1;
	snprintf(object, sizeof object, "campaign %" PRId64, id);
	return ops_audit(ops, actor, "campaign refresh", object, "", err);
}

int campaign_correct(struct ops *ops, int64_t id, const char *subject, struct actor actor, int64_t *correction, int64_t *readers,
                     struct error *err)
{
	CLEANUP(loaded_clear) struct loaded loaded = { .arena = ARENA_INIT };
	int64_t posts[CAMPAIGN_POSTS];
	size_t n = 0;
	uint8_t salt[SALT_BYTES];
	char object[UNITS_TEXT];
	if (loaded_read(ops, id, &loaded, err) < 0 || store_campaign_outdated(ops->db, id, readers, err) < 0)
		return -1;
	if (*readers == 0)
		return error_set(err, ERROR_CONFLICT,
		                 "nobody got a text of campaign %" PRId64 " that was changed since: gazette post edit changes one", id);
	struct campaign waiting;
	int found = store_campaign_correction(ops->db, id, &waiting, &loaded.arena, err);
	if (found < 0)
		return -1;
	if (found > 0)
		return error_set(err, ERROR_CONFLICT,
		                 "campaign %" PRId64 " already corrects it, and is a %s: gazette campaign send %" PRId64 ", or delete it",
		                 waiting.id, campaign_words[waiting.state], waiting.id);
	random_bytes(salt, sizeof salt);
	/* Of a digest only what was changed. */
	if (store_campaign_changed(ops->db, id, posts, &n, err) < 0)
		return -1;
	struct campaign campaign = { .list_id = loaded.list.id,
		                     .post_id = n == 1 ? posts[0] : 0,
		                     .state = CAMPAIGN_DRAFT,
		                     .subject = subject ? subject : arena_format(&loaded.arena, "Re: %s", loaded.campaign.subject),
		                     .preheader = loaded.campaign.preheader,
		                     .salt = { (const char *)salt, sizeof salt },
		                     .is_again = true,
		                     .schedule = "",
		                     .paused_by = "",
		                     .created_by = actor.name ? actor.name : "",
		                     .created_us = clock_now().wall_us,
		                     .kind = CAMPAIGN_CORRECTION,
		                     .cadences = CADENCE_ALL,
		                     .corrects_id = id,
		                     .approved_by = "" };
	if (!campaign.subject || campaign_check_line("subject", campaign.subject, err) < 0 ||
	    store_campaign_create_with(ops->db, &campaign, posts, n, correction, err) < 0)
		return -1;
	snprintf(object, sizeof object, "campaign %" PRId64, id);
	return ops_audit(ops, actor, "campaign correct", object, "", err);
}
