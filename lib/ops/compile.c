#include "ops/compile.h"
#include <stdlib.h>

void loaded_clear(struct loaded *loaded)
{
	arena_clear(&loaded->arena);
}

int loaded_read(struct ops *ops, int64_t id, struct loaded *out, struct error *err)
{
	int64_t posts[CAMPAIGN_POSTS];
	out->arena.max_bytes = 256 << 20;
	int found = store_campaign_get(ops->db, id, &out->campaign, &out->arena, err);
	if (found == 0)
		return error_set(err, ERROR_NOT_FOUND, "there is no campaign %" PRId64 ": gazette campaign ls shows them", id);
	if (found < 0 || store_campaign_posts(ops->db, id, posts, &out->count, err) < 0)
		return -1;
	found = store_list_get(ops->db, out->campaign.list_id, &out->list, &out->arena, err);
	for (size_t i = 0; found > 0 && i < out->count; i++)
		found = store_post_get(ops->db, posts[i], &out->post[i], &out->arena, err);
	if (found == 0 || out->count == 0)
		return error_set(err, ERROR_CORRUPT, "campaign %" PRId64 " has lost its list or post", id);
	return found < 0 ? -1 : 0;
}

/* A correction answers the mail it corrects: that one's salt gives each reader's Message-ID. */
static int answered(struct ops *ops, const struct loaded *loaded, struct arena *arena, struct edition_of *of, struct error *err)
{
	CLEANUP(edition_free) struct edition *first = NULL;
	struct campaign before;
	struct bytes stored;
	if (loaded->campaign.corrects_id == 0)
		return 0;
	int found = store_campaign_get(ops->db, loaded->campaign.corrects_id, &before, arena, err);
	if (found > 0)
		found = store_edition_get(ops->db, before.edition_id, &stored, arena, err);
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, ERROR_CORRUPT, "the campaign that is corrected has lost its edition");
	if (edition_read(stored, &first, err) < 0)
		return -1;
	of->answers_salt = before.salt;
	of->answers_host = arena_text(arena, edition_host(first));
	return of->answers_host ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

int loaded_compile(struct ops *ops, const struct loaded *loaded, int64_t had, bool is_test, struct edition **out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	const struct stored_post *posts[CAMPAIGN_POSTS];
	struct edition_of of = { .campaign = &loaded->campaign, .list = &loaded->list, .posts = posts, .is_test = is_test };
	for (size_t i = 0; i < loaded->count; i++)
		if (!(had >> i & 1))
			posts[of.count++] = &loaded->post[i];
	return answered(ops, loaded, &arena, &of, err) < 0 ? -1 : edition_make(ops, &of, out, err);
}

void editions_new_free(struct editions_new **editions)
{
	for (size_t i = 0; *editions && i < EDITIONS; i++)
		buffer_clear(&(*editions)->compiled[i]);
	free(*editions);
	*editions = NULL;
}

static int compile_one(struct ops *ops, const struct loaded *loaded, int64_t had, struct editions_new *out, struct error *err)
{
	CLEANUP(edition_free) struct edition *edition = NULL;
	size_t at = out->count;
	struct edition_new *one = &out->edition[at];
	out->compiled[at] = BUFFER_INIT(64 << 20);
	if (loaded_compile(ops, loaded, had, false, &edition, err) < 0 || edition_write(edition, &out->compiled[at], err) < 0)
		return -1;
	*one = (struct edition_new){
		.compiled = buffer_bytes(&out->compiled[at]), .had = had, .posts = out->posts[at], .versions = out->versions[at]
	};
	for (size_t i = 0; i < loaded->count; i++)
		if (!(had >> i & 1)) {
			out->posts[at][one->count] = loaded->post[i].id;
			out->versions[at][one->count++] = loaded->post[i].version;
		}
	out->count++;
	return 0;
}

int loaded_compile_all(struct ops *ops, const struct loaded *loaded, const int64_t *had, size_t n, struct editions_new **out,
                       struct error *err)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < n && i < EDITIONS; i++)
		if (compile_one(ops, loaded, had[i], *out, err) < 0)
			return -1;
	return 0;
}
