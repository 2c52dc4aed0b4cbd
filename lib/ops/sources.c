/* Sources are looked at: feeds over HTTP, folders on disk. */
#include "base/text.h"
#include "ops/lists.h"
#include "ops/posts.h"
#include "system/clock.h"
#include "system/file.h"
#include "system/http.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FEED_BYTES = 10 << 20, FILE_BYTES = 10 << 20, FOLDER_FILES = 500 };
#define FAILING_MOST_US (6 * HOUR_US)

static bool is_url(const char *what)
{
	return text_starts_nocase(bytes_text(what), "http://") || text_starts_nocase(bytes_text(what), "https://");
}

static int fetch(struct ops *ops, struct http *http, const char *url, const char *etag, const char *last_modified, struct http_reply *reply,
                 struct error *err)
{
	struct http_request request = {
		.url = url,
		.etag = etag,
		.last_modified = last_modified,
		.accept = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/html;q=0.8, */*;q=0.5",
		.max_bytes = FEED_BYTES,
		.timeout_us = MINUTE_US,
		.allow_private = ops && ops->config->source.allow_private
	};
	if (http_fetch(http, &request, reply, err) < 0)
		return -1;
	if (reply->status == 304 || (reply->status >= 200 && reply->status < 300))
		return 0;
	return error_set(err, reply->status == 404 || reply->status == 410 ? ERROR_NOT_FOUND : ERROR_NETWORK, "%s answered %d", url,
	                 reply->status);
}

static int read_url(struct ops *ops, struct http *http, struct source *source, struct arena *arena, struct content_feed *out,
                    bool *unchanged, struct error *err)
{
	CLEANUP(http_reply_clear) struct http_reply reply = { 0 };
	if (fetch(ops, http, source->url, source->etag, source->last_modified, &reply, err) < 0)
		return -1;
	*unchanged = reply.status == 304;
	if (*unchanged)
		return 0;
	const char *base = reply.final_url && *reply.final_url ? reply.final_url : source->url;
	if (content_feed(buffer_bytes(&reply.body), reply.content_type, base, arena, out, err) < 0)
		return error_wrap(err, "%s", source->url);
	source->etag = arena_text(arena, reply.etag);
	source->last_modified = arena_text(arena, reply.last_modified);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_post_file(const char *name)
{
	static const char *const ends[] = { ".md", ".markdown", ".html", ".htm", ".xml", ".rss", ".atom" };
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		if (name[0] != '.' && text_ends(name, ends[i]))
			return true;
	return false;
}

static void folder_close(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

/* The names of the posts in a folder, sorted, so that two looks take them in the same order. */
static int folder_names(const char *path, struct arena *arena, const char **names, size_t *n, struct error *err)
{
	CLEANUP(folder_close) DIR *folder = opendir(path);
	if (!folder)
		return error_errno(err, ERROR_NOT_FOUND, errno, "folder %s", path);
	*n = 0;
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		if (is_post_file(entry->d_name) && *n < FOLDER_FILES)
			if (!(names[(*n)++] = arena_text(arena, entry->d_name)))
				return error_set(err, ERROR_MEMORY, "out of memory");
	qsort(names, *n, sizeof *names, by_name);
	return 0;
}

/* One file: its posts go behind those already in *out. A file being written now is left for the next look. */
static int read_file_posts(const char *folder, const char *name, struct arena *arena, struct content_feed *out, size_t room,
                           struct error *err)
{
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT(FILE_BYTES);
	char path[4096];
	struct stat st;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	struct content_feed one = { 0 };
	if (file_read(path, &data, err) < 0 || content_file(buffer_bytes(&data), name, NULL, NULL, arena, &one, err) < 0)
		return error_wrap(err, "%s", path);
	/* A file that names itself nowhere is known by its name: mended, it is the same post. */
	if (one.count == 1 && (text_starts(one.posts[0].identity, "hash:") || text_starts(one.posts[0].identity, "page:"))) {
		snprintf(path, sizeof path, "file:%s", name);
		one.posts[0].identity = arena_text(arena, path);
		if (!one.posts[0].identity)
			return error_set(err, ERROR_MEMORY, "out of memory");
	}
	for (size_t i = 0; i < one.count && out->count < room; i++)
		out->posts[out->count++] = one.posts[i];
	return 0;
}

static int read_folder(const char *path, struct arena *arena, struct content_feed *out, struct error *err)
{
	const char **names = arena_alloc(arena, FOLDER_FILES * sizeof *names);
	size_t n = 0;
	*out = (struct content_feed){ .posts = arena_alloc(arena, FOLDER_FILES * sizeof *out->posts) };
	if (!names || !out->posts)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (folder_names(path, arena, names, &n, err) < 0)
		return -1;
	/* One bad file must not keep the others back; it is named when nothing else was wrong. */
	struct error first = { 0 };
	for (size_t i = 0; i < n; i++) {
		struct error why = { 0 };
		if (read_file_posts(path, names[i], arena, out, FOLDER_FILES, &why) < 0 && !first.code)
			first = why;
	}
	if (first.code && out->count == 0) {
		*err = first;
		return -1;
	}
	return 0;
}

static int look(struct ops *ops, struct http *http, struct source *source, struct arena *arena, struct content_feed *out, bool *unchanged,
                struct error *err)
{
	*unchanged = false;
	return strcmp(source->kind, "folder") == 0 ? read_folder(source->url, arena, out, err)
	                                           : read_url(ops, http, source, arena, out, unchanged, err);
}

/* Twice as long after each failure, up to six hours. */
static int64_t failing_wait(const struct ops *ops, int64_t failures)
{
	int64_t wait_us = ops->config->source.interval_us;
	for (int64_t i = 1; i < failures && wait_us < FAILING_MOST_US; i++)
		wait_us *= 2;
	return wait_us < FAILING_MOST_US ? wait_us : FAILING_MOST_US;
}

int source_poll(struct ops *ops, struct http *http, struct source *source, struct taken *out, struct arena *arena, struct error *err)
{
	struct content_feed feed = { 0 };
	struct error why = { 0 };
	bool unchanged = false;
	int64_t now_us = clock_now().wall_us;
	*out = (struct taken){ 0 };
	source->checked_us = now_us;
	if (look(ops, http, source, arena, &feed, &unchanged, &why) < 0) {
		source->failures++;
		source->state = source->state == SOURCE_PAUSED ? SOURCE_PAUSED : SOURCE_FAILING;
		source->error = arena_text(arena, why.text);
		source->due_us = now_us + failing_wait(ops, source->failures);
		return store_source_checked(ops->db, source, err);
	}
	source->failures = 0;
	source->error = NULL;
	source->state = source->state == SOURCE_PAUSED ? SOURCE_PAUSED : SOURCE_ACTIVE;
	source->due_us =
		now_us + (strcmp(source->kind, "folder") == 0 ? ops->config->source.folder_interval_us : ops->config->source.interval_us);
	if (unchanged)
		return store_source_checked(ops->db, source, err);
	if (feed.title && *feed.title)
		source->title = feed.title;
	return post_take(ops, source, feed.posts, feed.count, out, err);
}

int source_policy_read(const char *text, struct source *source, struct error *err)
{
	if (!text || strcmp(text, "draft") == 0)
		source->policy = SOURCE_DRAFT;
	else if (strcmp(text, "send") == 0)
		source->policy = SOURCE_SEND;
	else if (text_starts(text, "hold=") && units_duration(text + 5, &source->hold_us, err) == 0)
		source->policy = SOURCE_HOLD;
	else if (strcmp(text, "digest") == 0)
		source->policy = SOURCE_DIGEST;
	else
		return error_set(err, ERROR_INPUT, "policy \"%.64s\": write draft, send, hold=30m or digest", text);
	return 0;
}

static int place(const char *what, struct source *source, struct arena *arena, struct error *err)
{
	source->kind = is_url(what) ? "feed" : "folder";
	if (is_url(what)) {
		source->url = what;
		return 0;
	}
	char *real = realpath(what, NULL);
	if (!real)
		return error_errno(err, ERROR_NOT_FOUND, errno, "%s is no http(s) URL and no folder", what);
	source->url = arena_text(arena, real);
	struct stat st;
	bool is_folder = stat(real, &st) == 0 && S_ISDIR(st.st_mode);
	free(real);
	return is_folder ? 0 : error_set(err, ERROR_INPUT, "%s is a file: name its folder, or gazette post add it", what);
}

int source_add(struct ops *ops, const struct source_in *in, struct actor actor, int64_t *id, struct taken *first, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(http_free) struct http *http = http_new();
	struct list list;
	struct source source = {
		.title = "", .latest = in->latest, .only_posts = "", .except_posts = "", .paced_by = "", .created_us = clock_now().wall_us
	};
	if (!http)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (list_find(ops, in->list, &list, &arena, err) < 0 ||
	    source_policy_read(in->policy ? in->policy : list.policy, &source, err) < 0 || place(in->what, &source, &arena, err) < 0)
		return -1;
	source.list_id = list.id;
	/* The first look comes before the row: what is no feed is refused here and now, with nothing half done. */
	struct content_feed feed = { 0 };
	bool unchanged = false;
	if (look(ops, http, &source, &arena, &feed, &unchanged, err) < 0)
		return -1;
	source.title = feed.title ? feed.title : "";
	if (store_source_add(ops->db, &source, id, err) < 0)
		return -1;
	source.id = *id;
	source.checked_us = clock_now().wall_us;
	source.due_us = source.checked_us + ops->config->source.interval_us;
	if (strcmp(source.kind, "folder") == 0)
		source.due_us = source.checked_us + ops->config->source.folder_interval_us;
	if (post_take(ops, &source, feed.posts, feed.count, first, err) < 0)
		return -1;
	return ops_audit(ops, actor, "source add", in->list, in->what, err);
}

int source_try(struct ops *ops, const char *what, struct arena *arena, struct content_feed *out, struct error *err)
{
	CLEANUP(http_free) struct http *http = http_new();
	struct source source = { .title = "" };
	bool unchanged = false;
	if (!http)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (place(what, &source, arena, err) < 0)
		return -1;
	return look(ops, http, &source, arena, out, &unchanged, err);
}

int post_inspect(struct ops *ops, const char *what, const char *base_url, const char *content_type, struct arena *arena,
                 struct content_feed *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT(FILE_BYTES);
	CLEANUP(http_reply_clear) struct http_reply reply = { 0 };
	if (!is_url(what)) {
		const char *name = strrchr(what, '/');
		if (file_read(what, &data, err) < 0)
			return -1;
		return content_file(buffer_bytes(&data), name ? name + 1 : what, content_type, base_url, arena, out, err);
	}
	CLEANUP(http_free) struct http *http = http_new();
	if (!http)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (fetch(ops, http, what, NULL, NULL, &reply, err) < 0)
		return -1;
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
