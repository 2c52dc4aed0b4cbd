/* One post from one file or address. */
#include "base/text.h"
#include "ops/beside.h"
#include "ops/digests.h"
#include "ops/look.h"
#include "system/clock.h"
#include "system/file.h"

enum { FILE_BYTES = 10 << 20 };

int post_check_title(const struct content_feed *feed, const char *path, struct error *err)
{
	if (feed->count != 1 || *feed->posts[0].title)
		return 0;
	return error_set(err, ERROR_INPUT, "%s has no title: %s", path,
	                 feed->head ? "give it a <title> or an <h1>" : "begin it with \"# Title\", or title: in the front matter");
}

int post_read_file(struct ops *ops, const struct read_file *in, struct arena *arena, struct content_feed *out, struct error *err)
{
	const char *slash = strrchr(in->path, '/');
	bool is_stdin = strcmp(in->path, "-") == 0;
	struct beside beside = { .ops = in->keeps ? ops : NULL, .arena = arena };
	beside.folder = is_stdin ? NULL : slash ? arena_copy(arena, in->path, (size_t)(slash - in->path) + 1) : ".";
	if (!is_stdin && !beside.folder)
		return error_set(err, ERROR_MEMORY, "out of memory");
	const struct content_beside hook = { beside_picture, beside_link, &beside };
	const struct content_from from = {
		.name = slash ? slash + 1 : in->path, .content_type = in->content_type, .base_url = in->base_url, .beside = &hook
	};
	if (content_file(in->data, &from, arena, out, err) < 0)
		return -1;
	if (!out->front && !out->head)
		return 0;
	return beside_finish(&beside, in->data, out->front, &out->posts[0], err);
}

int post_inspect(struct ops *ops, const struct post_look *look, struct arena *arena, struct content_feed *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT(FILE_BYTES);
	CLEANUP(http_reply_clear) struct http_reply reply = { 0 };
	const char *what = look->what;
	if (!is_web_address(what)) {
		struct read_file in = {
			.path = what, .base_url = look->base_url, .content_type = look->content_type, .keeps = look->keeps
		};
		if (file_read(what, &data, err) < 0)
			return -1;
		in.data = buffer_bytes(&data);
		return post_read_file(ops, &in, arena, out, err);
	}
	CLEANUP(http_free) struct http *http = http_new();
	if (!http)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (look_fetch(ops, http, what, NULL, NULL, &reply, err) < 0)
		return -1;
	if (reply.status < 200 || reply.status > 299)
		return error_set(err, reply.status == 404 || reply.status == 410 ? ERROR_NOT_FOUND : ERROR_NETWORK, "%.300s answered %d",
		                 what, reply.status);
	const struct content_from from = { .name = what,
		                           .content_type = look->content_type ? look->content_type : reply.content_type,
		                           .base_url = look->base_url ? look->base_url : reply.final_url };
	return content_file(buffer_bytes(&reply.body), &from, arena, out, err);
}

/* A known post keeps its place in the world, and gets new words. */
static void succeed(struct stored_post *post, const struct stored_post *known)
{
	post->id = known->id;
	post->state = known->state;
	post->version = known->version + 1;
	post->seen_us = known->seen_us;
	post->source_id = known->source_id;
}

static int read_one(struct ops *ops, const struct list *list, const struct post_in *in, struct arena *arena, struct stored_post *post,
                    struct error *err)
{
	const struct post_look look = { .what = in->what, .base_url = in->base_url, .keeps = true };
	struct content_feed feed = { 0 };
	int64_t now_us = clock_now().wall_us;
	if (post_inspect(ops, &look, arena, &feed, err) < 0)
		return error_name(err, in->what);
	if (feed.count != 1)
		return error_set(err, ERROR_INPUT, "%s holds %zu posts: add a feed with gazette source add %s URL", in->what, feed.count,
		                 list->name);
	if (post_check_title(&feed, in->what, err) < 0 || post_prepare(&feed.posts[0], list->id, now_us, arena, post, err) < 0)
		return -1;
	if (post->post.published_us == 0)
		post->post.published_us = now_us;
	/* A page of the web is somebody's, a file is the editor's own. */
	post->post.is_ours = !strstr(in->what, "://");
	return 0;
}

/* A new one goes where it is to wait at once, a known one from where it is. */
static int keep_one(struct ops *ops, struct stored_post *post, const struct post_in *in, struct actor actor, struct post_added *out,
                    struct arena *arena, struct error *err)
{
	struct stored_post known;
	int found = store_post_find(ops->db, post->list_id, post->post.identity, &known, arena, err);
	if (found < 0 || (found > 0 && in->for_digest && digest_wait(ops, known.id, true, actor, err) < 0) ||
	    (found > 0 && post_is_same(ops, &known, &post->post, &out->same, err) < 0))
		return -1;
	out->revised = found > 0 && !out->same;
	if (found > 0)
		succeed(post, &known);
	else if (in->for_digest) {
		post->state = POST_HELD;
		post->in_digest = true;
	}
	if (!out->same && store_post_take(ops->db, post, 1, NULL, err) < 0)
		return -1;
	out->id = post->id;
	return 0;
}

int post_add(struct ops *ops, const struct list *list, const struct post_in *in, struct actor actor, struct post_added *out,
             struct arena *arena, struct error *err)
{
	struct stored_post post = { .id = 0 };
	*out = (struct post_added){ 0 };
	if ((in->for_digest && digest_check_own(ops, list, err) < 0) || read_one(ops, list, in, arena, &post, err) < 0 ||
	    keep_one(ops, &post, in, actor, out, arena, err) < 0)
		return -1;
	out->note = post.post.note;
	if (out->same)
		return 0;
	return ops_audit(ops, actor, out->revised ? "post edit" : "post add", list->name, in->what, err);
}
