/* Posts of one look at a source, by the rules that keep a misbehaving feed from mailing anybody. */
#include "base/digest.h"
#include "base/text.h"
#include "ops/alert.h"
#include "ops/campaigns.h"
#include "ops/posts.h"
#include "policy/filter.h"
#include "system/clock.h"
#include <stdlib.h>

enum { POSTS_A_LOOK = 500 };

struct look {
	struct ops *ops;
	struct source *source;
	struct taken *out;
	struct arena *arena;
	struct stored_post *posts; /* to be written */
	size_t count;
	size_t fresh; /* new ones among them */
	int64_t now_us;
};

static const char *hash_text(const char *text, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer line = BUFFER_INIT(64 << 20);
	CLEANUP(buffer_clear) struct buffer hex = BUFFER_INIT(128);
	uint8_t digest[DIGEST_BYTES];
	text_squeeze(bytes_text(text ? text : ""), &line);
	/* Nothing is like nothing else: posts without a text are no twins. */
	if (buffer_bytes(&line).size == 0)
		return "";
	digest_sha256(buffer_bytes(&line), digest);
	digest_hex(digest, sizeof digest, &hex);
	return arena_text(arena, buffer_text(&hex));
}

int post_prepare(const struct post *post, int64_t list, int64_t now_us, struct arena *arena, struct stored_post *out, struct error *err)
{
	/* Another picture under the same name is another post, though its words are the same. */
	const char *text = post->keys && post->text ? arena_format(arena, "%s\n%s", post->text, post->keys) : post->text;
	*out = (struct stored_post){ .list_id = list,
		                     .state = POST_DRAFT,
		                     .version = 1,
		                     .seen_us = now_us,
		                     .title_hash = hash_text(post->title, arena),
		                     .text_hash = hash_text(text, arena),
		                     .post = *post };
	if (!out->title_hash || !out->text_hash || (post->text && !text))
		return error_set(err, ERROR_MEMORY, "out of memory");
	return 0;
}

const char *post_said(const struct post *post, struct arena *arena)
{
	const char *title = hash_text(post->title, arena);
	const char *text = hash_text(post->text, arena);
	return title && text ? arena_format(arena, "%s %s", title, text) : NULL;
}

const char *post_source_hash(const struct stored_post *post, struct arena *arena)
{
	return post->source_hash ? post->source_hash : arena_format(arena, "%s %s", post->title_hash, post->text_hash);
}

/* Does the source say what it said before? Where a person changed the words here, theirs are other words. */
static bool is_same(const struct look *look, const struct stored_post *fresh, const struct stored_post *known)
{
	const char *said = post_source_hash(known, look->arena);
	const char *says = post_source_hash(fresh, look->arena);
	return said && says && strcmp(said, says) == 0;
}

/* Feeds repeat an item, and pages change after a mail went out: neither is a new post. */
static int take_known(struct look *look, struct stored_post *fresh, const struct stored_post *known)
{
	if (is_same(look, fresh, known)) {
		look->out->same++;
		return 0;
	}
	fresh->id = known->id;
	fresh->state = known->state;
	fresh->hold_until_us = known->hold_until_us;
	fresh->version = known->version + 1;
	fresh->alert = known->alert;
	fresh->seen_us = known->seen_us;
	fresh->source_id = known->source_id;
	look->out->revised++;
	return 1;
}

static bool in_this_look(const struct look *look, const char *identity)
{
	for (size_t i = 0; i < look->count; i++)
		if (strcmp(look->posts[i].post.identity, identity) == 0)
			return true;
	return false;
}

/* The same article under two ids in one look, as in feeds that are put together from several. */
static bool has_twin_here(const struct look *look, const struct stored_post *post)
{
	for (size_t i = 0; i < look->count; i++) {
		const struct stored_post *other = &look->posts[i];
		if ((*post->text_hash && strcmp(post->text_hash, other->text_hash) == 0) ||
		    (*post->title_hash && strcmp(post->title_hash, other->title_hash) == 0))
			return true;
	}
	return false;
}

static void by_rule(struct look *look, struct stored_post *post, const char *why)
{
	post->state = POST_DRAFT;
	post->alert = why;
	post->in_digest = false;
	look->out->drafts_by_rule++;
	snprintf(look->out->alert, sizeof look->out->alert, "%s", why);
}

/* What a new post becomes, before the rule of the flood, which needs them all. */
static int place_new(struct look *look, struct stored_post *post, struct error *err)
{
	const struct source *source = look->source;
	int64_t twin = 0;
	int64_t max_age_us = source->max_age_us ? source->max_age_us : look->ops->config->source.max_age_us;
	post->source_id = source->id;
	post->post.is_ours = strcmp(source->kind, "folder") == 0 || strcmp(source->kind, "mail") == 0;
	if (source->is_seen && !filter_wants(source->only_posts, source->except_posts, post->post.categories, post->post.author)) {
		post->state = POST_SKIPPED;
		post->alert = "left out by the source's filter";
		look->out->left_out++;
		return 0;
	}
	post->state = source->policy == SOURCE_DRAFT ? POST_DRAFT : POST_HELD;
	post->in_digest = source->policy == SOURCE_DIGEST;
	post->hold_until_us = source->policy == SOURCE_DRAFT ? 0 : look->now_us + (source->policy == SOURCE_HOLD ? source->hold_us : 0);
	if (post->post.published_us == 0)
		post->post.published_us = look->now_us;
	int found = store_post_twin(look->ops->db, source->list_id, post->title_hash, post->text_hash, &twin, err);
	if (found < 0)
		return -1;
	if (!source->is_seen) {
		/* A first look: what is there is not news, except for what --latest asked for, which waits for a person. */
		bool wanted = (int64_t)look->fresh < source->latest;
		post->state = wanted ? POST_DRAFT : POST_SEEN;
		look->out->seen += !wanted;
	} else if (found > 0) {
		char why[128];
		snprintf(why, sizeof why, "has the title or text of post %" PRId64 " under another id", twin);
		const char *kept = arena_text(look->arena, why);
		by_rule(look, post, kept ? kept : "known under another id");
	} else if (has_twin_here(look, post)) {
		by_rule(look, post, "has the title or text of another new post under another id");
	} else if (post->post.published_us < look->now_us - max_age_us) {
		by_rule(look, post, "older than max_age");
	} else if (post->post.lacks_pictures) {
		/* A picture is missing: whether the post goes without it, a person says. */
		const char *why = arena_copy(look->arena, post->post.note, strcspn(post->post.note, "\n"));
		by_rule(look, post, why ? why : "a picture is missing");
	}
	look->fresh++;
	return 0;
}

static int take_one(struct look *look, const struct post *in, struct error *err)
{
	struct stored_post known;
	struct stored_post *post = &look->posts[look->count];
	if (!in->identity || !*in->identity || in_this_look(look, in->identity))
		return 0;
	if (post_prepare(in, look->source->list_id, look->now_us, look->arena, post, err) < 0)
		return -1;
	int found = store_post_find(look->ops->db, look->source->list_id, in->identity, &known, look->arena, err);
	if (found < 0)
		return -1;
	post->source_hash = in->said;
	/* The page of a post that was whole could not be had: the feed's few words do not take its place. */
	if (found > 0 && in->is_summary && known.source_hash) {
		look->out->same++;
		return 0;
	}
	if (found > 0 && take_known(look, post, &known) == 0)
		return 0;
	if (found == 0 && place_new(look, post, err) < 0)
		return -1;
	look->count++;
	return 0;
}

/* More new posts at once than a publication writes: a moved archive, a changed id. They wait for a person. */
static void check_flood(struct look *look)
{
	int64_t fresh = 0;
	for (size_t i = 0; i < look->count; i++)
		fresh += look->posts[i].id == 0 && look->posts[i].state != POST_SKIPPED;
	int64_t flood = look->source->flood ? look->source->flood : look->ops->config->source.flood;
	if (!look->source->is_seen || fresh <= flood)
		return;
	for (size_t i = 0; i < look->count; i++)
		if (look->posts[i].id == 0 && look->posts[i].state == POST_HELD)
			by_rule(look, &look->posts[i], "too many new posts in one look");
}

int post_take(struct ops *ops, struct source *source, const struct post *posts, size_t n, struct taken *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	arena.max_bytes = 256 << 20;
	if (n > POSTS_A_LOOK)
		n = POSTS_A_LOOK;
	*out = (struct taken){ 0 };
	if (ops_room(ops, err) < 0)
		return -1;
	struct look look = { .ops = ops, .source = source, .out = out, .arena = &arena, .now_us = clock_now().wall_us };
	look.posts = arena_alloc(&arena, (n + 1) * sizeof *look.posts);
	if (!look.posts)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (take_one(&look, &posts[i], err) < 0)
			return -1;
	check_flood(&look);
	bool *is_new = arena_alloc(&arena, look.count + 1);
	if (!is_new)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < look.count; i++)
		is_new[i] = look.posts[i].id == 0;
	for (size_t i = 0; i < look.count; i++)
		source->taken += is_new[i] && (look.posts[i].state == POST_DRAFT || look.posts[i].state == POST_HELD);
	source->is_seen = true;
	if (store_post_take(ops->db, look.posts, look.count, source, err) < 0)
		return -1;
	for (size_t i = 0; i < look.count; i++) {
		if (!is_new[i] || look.posts[i].state == POST_SEEN || look.posts[i].state == POST_SKIPPED)
			continue;
		out->added++;
		if (out->count < COUNT_OF(out->ids))
			out->ids[out->count++] = look.posts[i].id;
	}
	return 0;
}

int post_release_held(struct ops *ops, int64_t *started, struct error *err)
{
	enum { AT_ONCE = 16 };
	static const struct actor actor = { ACTOR_SYSTEM, "gazetted" };
	int64_t ids[AT_ONCE];
	size_t n = 0;
	*started = 0;
	if (store_post_due(ops->db, clock_now().wall_us, ids, AT_ONCE, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct stored_post post;
		struct list list;
		int64_t campaign = 0;
		if (store_post_get(ops->db, ids[i], &post, &arena, err) <= 0 ||
		    store_list_get(ops->db, post.list_id, &list, &arena, err) <= 0)
			return -1;
		struct campaign_in in = { .list = list.name, .post = ids[i] };
		struct error why = { 0 };
		int made = campaign_create(ops, &in, actor, &campaign, &why);
		int64_t at_us = 0;
		int began = made < 0 ? -1 : campaign_send_soon(ops, campaign, actor, &at_us, &why);
		/* What can not start waits for a person as a draft, and does not stop the others. */
		if (store_post_set_state(ops->db, ids[i], began < 0 ? POST_DRAFT : POST_USED, err) < 0)
			return -1;
		*started += began == 0;
	}
	return 0;
}
