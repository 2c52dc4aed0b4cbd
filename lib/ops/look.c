#include "ops/look.h"
#include "base/text.h"
#include "content/next.h"
#include "system/file.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FEED_BYTES = 10 << 20, FILE_BYTES = 10 << 20, FOLDER_FILES = 500, NOTE_BYTES = 4000 };

bool is_web_address(const char *what)
{
	return text_starts_nocase(bytes_text(what), "http://") || text_starts_nocase(bytes_text(what), "https://");
}

int look_fetch(struct ops *ops, struct http *http, const char *url, const char *etag, const char *last_modified, struct http_reply *reply,
               struct error *err)
{
	struct http_request request = { .url = url,
		                        .etag = etag,
		                        .last_modified = last_modified,
		                        .accept = "application/rss+xml, application/atom+xml, application/feed+json, "
		                                  "application/xml;q=0.9, text/html;q=0.8, */*;q=0.5",
		                        .max_bytes = FEED_BYTES,
		                        .timeout_us = MINUTE_US,
		                        .allow_private = ops && ops->config->source.allow_private };
	return http_fetch(http, &request, reply, err);
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

/* A folder being read: its posts, and what was left out. */
struct folder {
	struct ops *ops;
	bool keeps;
	const char *path;
	struct arena *arena;
	struct content_feed *out;
	struct buffer notes;
};

static void add_note(struct folder *folder, const char *name, const char *text)
{
	if (folder->notes.size + strlen(name) + strlen(text) + 3 < NOTE_BYTES)
		buffer_format(&folder->notes, "%s%s%s%s", folder->notes.size ? "\n" : "", name, *name ? ": " : "", text);
}

/* One file: its posts go behind those already there. A file being written now is left for the next look. */
static int read_file_posts(struct folder *folder, const char *name, struct error *err)
{
	struct arena *arena = folder->arena;
	struct content_feed *out = folder->out;
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT(FILE_BYTES);
	CLEANUP(file_close) int fd = -1;
	char path[4096];
	struct stat st;
	snprintf(path, sizeof path, "%s/%s", folder->path, name);
	if (lstat(path, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) || st.st_size == 0)
		return 0;
	/* Who may write into the folder must not have the machine's other files mailed: no link, nor one that takes a file's place just
	 * now. */
	if (file_open_within(folder->path, name, &fd, err) < 0)
		return -1;
	struct content_feed one = { 0 };
	struct read_file in = { .path = path, .keeps = folder->keeps };
	if (file_read_rest(fd, path, &data, err) < 0)
		return -1;
	in.data = buffer_bytes(&data);
	if (post_read_file(folder->ops, &in, arena, &one, err) < 0)
		return error_wrap(err, "%s", path);
	if (post_check_title(&one, path, err) < 0)
		return -1;
	/* A file that names itself nowhere is known by its name: mended, it is the same post. */
	if (one.count == 1 && (text_starts(one.posts[0].identity, "hash:") || text_starts(one.posts[0].identity, "page:"))) {
		snprintf(path, sizeof path, "file:%s", name);
		one.posts[0].identity = arena_text(arena, path);
		if (!one.posts[0].identity)
			return error_set(err, ERROR_MEMORY, "out of memory");
	}
	for (size_t i = 0; i < one.count && out->count < FOLDER_FILES; i++) {
		if (one.posts[i].note)
			add_note(folder, name, one.posts[i].note);
		out->posts[out->count++] = one.posts[i];
	}
	return 0;
}

static void folder_clear(struct folder *folder)
{
	buffer_clear(&folder->notes);
}

static int read_folder(struct ops *ops, const struct look_in *in, struct arena *arena, struct looked *out, struct error *err)
{
	CLEANUP(folder_clear)
	struct folder folder = { ops, in->keeps, in->source->url, arena, &out->feed, BUFFER_INIT(NOTE_BYTES) };
	const char **names = arena_alloc(arena, FOLDER_FILES * sizeof *names);
	size_t n = 0;
	out->feed = (struct content_feed){ .posts = arena_alloc(arena, FOLDER_FILES * sizeof *out->feed.posts) };
	if (!names || !out->feed.posts)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (folder_names(folder.path, arena, names, &n, err) < 0)
		return -1;
	/* One bad file must not keep the others back: it is named, and is the failure of a look that gave nothing else. */
	struct error first = { 0 };
	for (size_t i = 0; i < n; i++) {
		struct error why = { 0 };
		if (read_file_posts(&folder, names[i], &why) == 0 || why.code == ERROR_CONFLICT)
			continue;
		add_note(&folder, "", why.text);
		first = first.code ? first : why;
	}
	if (n == FOLDER_FILES)
		add_note(&folder, "", "a folder is read up to its 500th file");
	if (first.code && out->feed.count == 0) {
		*err = first;
		return -1;
	}
	/* Names of files are bytes. */
	if (folder.notes.size > 0)
		text_mend_cut(folder.notes.data);
	out->note = folder.notes.size ? arena_text(arena, buffer_text(&folder.notes)) : NULL;
	return 0;
}

/* What a reply says about the next one. */
static void keep_headers(const struct http_reply *reply, struct arena *arena, struct looked *out)
{
	out->etag = arena_text(arena, reply->etag);
	out->last_modified = arena_text(arena, reply->last_modified);
	out->cache_control = arena_text(arena, reply->cache_control);
	out->retry_after = arena_text(arena, reply->retry_after);
}

static int check_status(const char *url, const struct http_reply *reply, struct looked *out, struct error *err)
{
	out->is_gone = reply->status == 410;
	if (reply->status == 304 || (reply->status >= 200 && reply->status < 300))
		return 0;
	return error_set(err, reply->status == 404 || reply->status == 410 ? ERROR_NOT_FOUND : ERROR_NETWORK, "%.300s answered %d", url,
	                 reply->status);
}

/* A page that is asked for on the way: what can not be had is a reply without a status, and content decides. */
static void fetch_more(struct ops *ops, struct http *http, const char *url, struct http_reply *reply)
{
	struct error why;
	http_reply_clear(reply);
	if (look_fetch(ops, http, url, NULL, NULL, reply, &why) < 0)
		reply->status = 0;
}

static struct content_reply as_reply(const struct http_reply *reply, const char *url)
{
	return (struct content_reply){ .body = buffer_bytes(&reply->body),
		                       .content_type = reply->content_type,
		                       .url = reply->final_url && *reply->final_url ? reply->final_url : url,
		                       .status = reply->status };
}

/* What of a feed could not be read, or not for sure. */
static const char *note_of(const struct content_feed *feed, struct arena *arena)
{
	const char *note = feed->broken ? arena_format(arena, "read as far as it means something: %s", feed->broken) : NULL;
	if (feed->dropped > 0)
		note = arena_format(arena, "%s%s%zu of %zu items left out; %s", note ? note : "", note ? "\n" : "", feed->dropped,
		                    feed->dropped + feed->count, feed->why_dropped);
	if (feed->unknown_charset)
		note = arena_format(arena, "%s%sthe encoding \"%s\" is not known, so it was guessed: look whether the letters are right",
		                    note ? note : "", note ? "\n" : "", feed->unknown_charset);
	return note;
}

static int look_at_web(struct ops *ops, struct http *http, const struct look_in *in, struct arena *arena, struct looked *out,
                       struct error *err)
{
	CLEANUP(http_reply_clear) struct http_reply reply = { 0 };
	const struct source *source = in->source;
	const char *url = source->feed_url ? source->feed_url : source->url;
	if (look_fetch(ops, http, url, source->etag, source->last_modified, &reply, err) < 0)
		return -1;
	out->moved_to = arena_text(arena, reply.moved_to);
	keep_headers(&reply, arena, out);
	if (check_status(url, &reply, out, err) < 0)
		return -1;
	out->is_unchanged = reply.status == 304;
	if (out->is_unchanged)
		return 0;
	const char *first = arena_text(arena, as_reply(&reply, url).url);
	if (!first)
		return error_set(err, ERROR_MEMORY, "out of memory");
	struct content_look look = { .arena = arena,
		                     .wants = in->wants,
		                     .arg = in->arg,
		                     .only_feed = source->feed_url || (source->is_seen && strcmp(source->kind, "feed") == 0) };
	struct content_step step = { .turn = CONTENT_FETCH };
	for (;;) {
		struct content_reply given = as_reply(&reply, url);
		if (content_next(&look, &given, &step, err) < 0)
			return error_wrap(err, "%.300s", source->url);
		if (step.turn == CONTENT_DONE)
			break;
		url = step.url;
		fetch_more(ops, http, url, &reply);
	}
	out->found_at = step.found_at;
	out->feed = step.feed;
	out->note = note_of(&out->feed, arena);
	if (out->feed.kind && strcmp(out->feed.kind, "markdown") == 0)
		return error_set(err, ERROR_INPUT, "%.300s is no feed and no page but a text: gazette post add takes it as one post",
		                 source->url);
	/* What was found elsewhere is asked for by its own address next time, which has its own tags. */
	out->behind_page = out->found_at && strcmp(out->found_at, first) != 0;
	if (!out->found_at || out->behind_page)
		out->etag = out->last_modified = NULL;
	return 0;
}

int source_look(struct ops *ops, struct http *http, const struct look_in *in, struct arena *arena, struct looked *out, struct error *err)
{
	*out = (struct looked){ 0 };
	if (strcmp(in->source->kind, "mail") == 0)
		return 0;
	return strcmp(in->source->kind, "folder") == 0 ? read_folder(ops, in, arena, out, err)
	                                               : look_at_web(ops, http, in, arena, out, err);
}
