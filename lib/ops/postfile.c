/* One post from one file or address. */
#include "base/text.h"
#include "ops/look.h"
#include "system/clock.h"
#include "system/file.h"

enum { FILE_BYTES = 10 << 20 };

int post_inspect(struct ops *ops, const char *what, const char *base_url, const char *content_type, struct arena *arena,
                 struct content_feed *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT(FILE_BYTES);
	CLEANUP(http_reply_clear) struct http_reply reply = { 0 };
	if (!is_web_address(what)) {
		const char *name = strrchr(what, '/');
		if (file_read(what, &data, err) < 0)
			return -1;
		return content_file(buffer_bytes(&data), name ? name + 1 : what, content_type, base_url, arena, out, err);
	}
	CLEANUP(http_free) struct http *http = http_new();
	if (!http)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (look_fetch(ops, http, what, NULL, NULL, &reply, err) < 0)
		return -1;
	if (reply.status < 200 || reply.status > 299)
		return error_set(err, reply.status == 404 || reply.status == 410 ? ERROR_NOT_FOUND : ERROR_NETWORK, "%.300s answered %d",
		                 what, reply.status);
	const char *base = base_url ? base_url : reply.final_url;
	return content_file(buffer_bytes(&reply.body), what, content_type ? content_type : reply.content_type, base, arena, out, err);
}

int post_add(struct ops *ops, const struct list *list, const char *what, const char *base_url, struct actor actor, int64_t *id,
             bool *revised, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_feed feed = { 0 };
	struct stored_post known;
	struct stored_post post;
	*revised = false;
	if (post_inspect(ops, what, base_url, NULL, &arena, &feed, err) < 0)
		return error_wrap(err, "%s", what);
	if (feed.count != 1)
		return error_set(err, ERROR_INPUT, "%s holds %zu posts: add a feed with gazette source add %s URL", what, feed.count,
		                 list->name);
	int64_t now_us = clock_now().wall_us;
	if (post_prepare(&feed.posts[0], list->id, now_us, &arena, &post, err) < 0)
		return -1;
	if (!post.post.title || !*post.post.title)
		return error_set(err, ERROR_INPUT, "%s has no title: begin it with \"# Title\", or title: in the front matter", what);
	if (post.post.published_us == 0)
		post.post.published_us = now_us;
	/* A page of the web is somebody's, a file is the editor's own. */
	post.post.is_ours = !strstr(what, "://");
	int found = store_post_find(ops->db, list->id, post.post.identity, &known, &arena, err);
	if (found < 0)
		return -1;
	if (found > 0) {
		bool same = strcmp(known.title_hash, post.title_hash) == 0 && strcmp(known.text_hash, post.text_hash) == 0;
		*id = known.id;
		if (same)
			return 0;
		post.id = known.id;
		post.state = known.state;
		post.version = known.version + 1;
		post.seen_us = known.seen_us;
		post.source_id = known.source_id;
		*revised = true;
	}
	if (store_post_take(ops->db, &post, 1, NULL, err) < 0)
		return -1;
	*id = post.id;
	return ops_audit(ops, actor, *revised ? "post edit" : "post add", list->name, what, err);
}
