#include "ops/files.h"
#include "message/filetype.h"
#include "ops/beside.h"
#include "store/attachment.h"
#include "store/file.h"
#include "system/clock.h"
#include "system/file.h"
#include "system/http.h"
#include <stdio.h>

enum { ATTACHMENTS_BYTES = 10 << 20, PICTURE_BYTES = 1 << 20, PICTURES_BYTES = 5 << 20, TRIES = 2 * FILES_MAX };
/* For all pictures of an edition: a feed that names a thousand slow ones holds nobody up. */
#define PICTURES_US MINUTE_US

int file_attachment(const char *path, struct edition_file *out, struct arena *arena, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT(ATTACHMENTS_BYTES);
	const char *name = NULL;
	if (filetype_check_name(path, &name, err) < 0)
		return -1;
	if (file_read(path, &data, err) < 0)
		return error_wrap(err, "attachment");
	if (data.size == 0)
		return error_set(err, ERROR_INPUT, "%s: is empty", path);
	char *copy = arena_copy(arena, data.data, data.size);
	char *kept = arena_text(arena, name);
	if (!copy || !kept)
		return error_set(err, ERROR_INPUT, "%s: attachments are too large together: 10 MB is the most", path);
	*out = (struct edition_file){ .name = kept, .content = { copy, data.size }, .type = filetype_of(buffer_bytes(&data)).type };
	return 0;
}

int post_attach(struct ops *ops, int64_t post, const struct edition_file *files, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct attachment row = { .post_id = post, .name = files[i].name, .type = files[i].type, .content = files[i].content };
		if (store_attachment_set(ops->db, &row, err) < 0)
			return error_wrap(err, "attachment %s", files[i].name);
	}
	return 0;
}

int files_attached(struct ops *ops, const struct stored_post *const *posts, size_t count, struct edition_file *out, size_t *n,
                   struct arena *arena, struct error *err)
{
	size_t bytes = 0;
	*n = 0;
	for (size_t i = 0; i < count; i++) {
		struct attachment rows[FILES_MAX];
		size_t found = 0;
		if (store_attachments(ops->db, posts[i]->id, rows, FILES_MAX - *n, &found, arena, err) < 0)
			return -1;
		for (size_t k = 0; k < found; k++) {
			bytes += rows[k].content.size;
			out[(*n)++] = (struct edition_file){ .name = rows[k].name, .type = rows[k].type, .content = rows[k].content };
		}
	}
	if (bytes > ATTACHMENTS_BYTES)
		return error_set(err, ERROR_INPUT,
		                 "the attachments have %zu KB together: 10 MB is the most that mailbox providers take well", bytes >> 10);
	return 0;
}

/* One look at the pictures of some posts. */
struct fetching {
	struct ops *ops;
	struct http *http;
	struct edition_file *out;
	size_t *n;
	size_t bytes;
	int tries;
	int64_t until_us; /* monotonic */
	struct arena *arena;
};

static bool has_picture(const struct fetching *fetching, const char *url)
{
	for (size_t i = 0; i < *fetching->n; i++)
		if (strcmp(fetching->out[i].url, url) == 0)
			return true;
	return false;
}

/* Its name in the mail: the last part of the path, if there is one that a file can have. */
static char *picture_name(const struct fetching *fetching, const char *url, const char *type)
{
	size_t size = strcspn(url, "?#");
	size_t from = size;
	while (from > 0 && url[from - 1] != '/')
		from--;
	size_t good = strspn(url + from, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
	if (from < size && good >= size - from && size - from < 100)
		return arena_copy(fetching->arena, url + from, size - from);
	return arena_format(fetching->arena, "picture%zu.%s", *fetching->n + 1, strcmp(type, "image/jpeg") == 0 ? "jpg" : type + 6);
}

/* One more picture, if it is one and there is room. */
static void add(struct fetching *fetching, const char *url, struct bytes content)
{
	struct filetype type = filetype_of(content);
	if (!type.is_picture || content.size > PICTURE_BYTES || fetching->bytes + content.size > PICTURES_BYTES)
		return;
	char *copy = arena_copy(fetching->arena, content.data, content.size);
	char *name = picture_name(fetching, url, type.type);
	char *kept = arena_text(fetching->arena, url);
	if (!copy || !name || !kept)
		return;
	fetching->bytes += content.size;
	fetching->out[(*fetching->n)++] = (struct edition_file){
		.name = name, .type = type.type, .url = kept, .content = { copy, content.size }, .width = type.width, .height = type.height
	};
}

/* One that came from beside its post is in the store. */
static bool add_own(struct fetching *fetching, const char *url)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct stored_file file;
	struct error err;
	const char *key = beside_key(fetching->ops, url, &arena);
	if (!key || store_file_get(fetching->ops->db, key, &file, &arena, &err) <= 0)
		return false;
	add(fetching, url, file.content);
	return true;
}

static int fetch(void *arg, const char *url, struct error *err)
{
	struct fetching *fetching = arg;
	struct http_reply reply = { 0 };
	int64_t left_us = fetching->until_us - clock_now().mono_us;
	struct http_request request = { .url = url,
		                        .accept = "image/png,image/jpeg,image/gif;q=0.9",
		                        .max_bytes = PICTURE_BYTES,
		                        .timeout_us = left_us < 20 * SECOND_US ? left_us : 20 * SECOND_US,
		                        .allow_private = fetching->ops->config->source.allow_private };
	if (*fetching->n == FILES_MAX || !url || strncmp(url, "http", 4) != 0 || has_picture(fetching, url) || add_own(fetching, url) ||
	    left_us < SECOND_US || fetching->tries++ == TRIES)
		return 0;
	struct error why;
	(void)err; /* what can not be had stays a link */
	if (http_fetch(fetching->http, &request, &reply, &why) == 0 && reply.status == 200)
		add(fetching, url, buffer_bytes(&reply.body));
	http_reply_clear(&reply);
	return 0;
}

/* The address in an img tag, which content_sanitise() wrote: its escapes are taken back. */
static char *unescape(const char *text, size_t size, struct arena *arena)
{
	static const char *const escapes[][2] = { { "&amp;", "&" }, { "&quot;", "\"" }, { "&lt;", "<" }, { "&gt;", ">" } };
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(16 << 10);
	for (size_t i = 0; i < size;) {
		size_t e = 0;
		while (e < COUNT_OF(escapes) && strncmp(text + i, escapes[e][0], strlen(escapes[e][0])) != 0)
			e++;
		buffer_add_text(&out, e < COUNT_OF(escapes) ? escapes[e][1] : (char[]){ text[i], '\0' });
		i += e < COUNT_OF(escapes) ? strlen(escapes[e][0]) : 1;
	}
	return arena_text(arena, buffer_text(&out));
}

/* The address in each img tag. */
static int each_picture(const char *html, struct arena *arena, int (*take)(void *arg, const char *url, struct error *err), void *arg,
                        struct error *err)
{
	for (const char *tag = html ? strstr(html, "<img ") : NULL; tag; tag = strstr(tag + 1, "<img ")) {
		const char *end = strchr(tag, '>');
		const char *src = end ? memmem(tag, (size_t)(end - tag), "src=\"", 5) : NULL;
		const char *quote = src ? memchr(src + 5, '"', (size_t)(end - src) - 5) : NULL;
		if (quote && take(arg, unescape(src + 5, (size_t)(quote - src) - 5, arena), err) < 0)
			return -1;
	}
	return 0;
}

int files_pictures(struct ops *ops, const struct post *posts, size_t count, struct edition_file *out, size_t *n, struct arena *arena,
                   struct error *err)
{
	CLEANUP(http_free) struct http *http = http_new();
	struct fetching fetching = {
		.ops = ops, .http = http, .out = out, .n = n, .until_us = clock_now().mono_us + PICTURES_US, .arena = arena
	};
	*n = 0;
	if (!http)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < count; i++) {
		if (fetch(&fetching, posts[i].image, err) < 0 || each_picture(posts[i].html, arena, fetch, &fetching, err) < 0)
			return -1;
	}
	return 0;
}

struct measuring {
	struct ops *ops;
	struct edition_file *out;
	size_t *n;
	struct arena *arena;
};

static int measure(void *arg, const char *url, struct error *err)
{
	struct measuring *in = arg;
	struct stored_file file;
	const char *key = *in->n < SIZES_MAX ? beside_key(in->ops, url, in->arena) : NULL;
	int found = key ? store_file_size(in->ops->db, key, &file, err) : 0;
	const char *kept = found > 0 && file.width > 0 && file.height > 0 ? arena_text(in->arena, url) : NULL;
	if (kept)
		in->out[(*in->n)++] = (struct edition_file){ .url = kept, .width = (unsigned)file.width, .height = (unsigned)file.height };
	return found < 0 ? -1 : 0;
}

int files_sizes(struct ops *ops, const struct post *posts, size_t count, struct edition_file *out, size_t *n, struct arena *arena,
                struct error *err)
{
	struct measuring measuring = { ops, out, n, arena };
	*n = 0;
	for (size_t i = 0; i < count; i++)
		if (measure(&measuring, posts[i].image, err) < 0 || each_picture(posts[i].html, arena, measure, &measuring, err) < 0)
			return -1;
	return 0;
}
