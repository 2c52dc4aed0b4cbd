/* A person changes a post here: its words, its fields, whether it goes out at all. */
#include "base/text.h"
#include "ops/files.h"
#include "ops/posts.h"
#include "store/attachment.h"
#include "system/clock.h"
#include <stdio.h>

static int audit(struct ops *ops, struct actor actor, const char *verb, int64_t id, struct error *err)
{
	char object[UNITS_TEXT];
	snprintf(object, sizeof object, "post %" PRId64, id);
	return ops_audit(ops, actor, verb, object, "", err);
}

int post_find(struct ops *ops, int64_t id, struct stored_post *out, struct arena *arena, struct error *err)
{
	int found = store_post_get(ops->db, id, out, arena, err);
	return found == 0  ? error_set(err, ERROR_NOT_FOUND, "there is no post %" PRId64 ": gazette post ls shows them", id)
	       : found < 0 ? -1
	                   : 0;
}

static int check_fields(const struct post *post, struct error *err)
{
	const struct {
		const char *name, *text;
		bool is_url;
	} fields[] = { { "title", post->title, false }, { "subtitle", post->subtitle, false }, { "author", post->author, false },
		       { "url", post->url, true },      { "image", post->image, true },        { "image_alt", post->image_alt, false } };
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		struct bytes text = bytes_text(fields[i].text);
		if (text.size > 0 && (!text_is_utf8(text) || text_has_control(text)))
			return error_set(err, ERROR_INPUT, "%s: must be one line of UTF-8 text", fields[i].name);
		if (fields[i].is_url && text.size > 0 && !text_starts_nocase(text, "http://") && !text_starts_nocase(text, "https://"))
			return error_set(err, ERROR_INPUT, "%s: must begin with http:// or https://", fields[i].name);
	}
	return post->title && *post->title ? 0 : error_set(err, ERROR_INPUT, "title: a post can not be without one");
}

/* Whether the files that its own file names are those that it had. */
static int has_files(struct ops *ops, int64_t id, const struct post *words, bool *same, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct attachment rows[FILES_MAX];
	size_t n = 0;
	size_t had = 0;
	if (store_attachments(ops->db, id, rows, FILES_MAX, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n && *same; i++) {
		if (!rows[i].file_key)
			continue;
		*same = had < words->file_count && strcmp(rows[i].name, words->files[had].name) == 0 &&
		        strcmp(rows[i].file_key, words->files[had].key) == 0;
		had++;
	}
	*same = *same && had == words->file_count;
	return 0;
}

int post_is_same(struct ops *ops, const struct stored_post *known, const struct post *words, bool *same, struct error *err)
{
	const struct post *old = &known->post;
	const char *const pairs[][2] = { { old->title, words->title },       { old->html, words->html },
		                         { old->subtitle, words->subtitle }, { old->author, words->author },
		                         { old->url, words->url },           { old->language, words->language },
		                         { old->image, words->image },       { old->image_alt, words->image_alt } };
	*same = true;
	for (size_t i = 0; i < COUNT_OF(pairs); i++)
		*same = *same && bytes_equal(bytes_text(pairs[i][0]), bytes_text(pairs[i][1]));
	return words->files && *same ? has_files(ops, known->id, words, same, err) : 0;
}

int post_revise(struct ops *ops, int64_t id, const struct post *words, struct actor actor, bool *changed, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(buffer_clear) struct buffer clean = BUFFER_INIT(10 << 20);
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(10 << 20);
	struct stored_post known;
	struct stored_post post;
	struct post next = *words;
	int64_t now_us = clock_now().wall_us;
	*changed = false;
	if (post_find(ops, id, &known, &arena, err) < 0 || check_fields(words, err) < 0 ||
	    content_sanitise(bytes_text(words->html), words->url, 0, &clean, err) < 0)
		return -1;
	next.html = buffer_text(&clean);
	bool same = false;
	if (post_is_same(ops, &known, &next, &same, err) < 0 || same)
		return same ? 0 : -1;
	if (content_plain_text(bytes_text(next.html), &(struct content_plain){ 0 }, &text, err) < 0)
		return -1;
	next.text = buffer_text(&text);
	next.identity = known.post.identity;
	next.updated_us = now_us;
	if (post_prepare(&next, known.list_id, now_us, &arena, &post, err) < 0)
		return -1;
	/* What the source said last is kept: only when it says something else is that news. */
	post.source_hash = known.source_id > 0 ? post_source_hash(&known, &arena) : NULL;
	post.id = id;
	post.version = known.version + 1;
	post.seen_us = known.seen_us;
	if (store_post_take(ops->db, &post, 1, NULL, err) < 0)
		return -1;
	*changed = true;
	return audit(ops, actor, "post edit", id, err);
}

int post_skip(struct ops *ops, int64_t id, bool skip, struct actor actor, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct stored_post post;
	if (post_find(ops, id, &post, &arena, err) < 0)
		return -1;
	if (post.state == POST_USED)
		return error_set(err, ERROR_CONFLICT, "post %" PRId64 " is in a campaign: take that back first", id);
	if (!skip && post.state != POST_SKIPPED && post.state != POST_SEEN)
		return 0;
	if (skip && post.state == POST_SKIPPED)
		return 0;
	enum post_state state = skip ? POST_SKIPPED : post.in_digest ? POST_HELD : POST_DRAFT;
	if (store_post_set_state(ops->db, id, state, err) < 0)
		return -1;
	return audit(ops, actor, skip ? "post skip" : "post unskip", id, err) < 0 ? -1 : 1;
}
