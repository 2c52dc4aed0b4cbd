#include "ops/beside.h"
#include "base/digest.h"
#include "base/text.h"
#include "message/filetype.h"
#include "ops/files.h"
#include "store/file.h"
#include "system/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_BYTES = 64 << 10, KEY_BYTES = 16, PICTURE_BYTES = 4 << 20, PICTURES_BYTES = 20 << 20, ATTACHMENTS_BYTES = 10 << 20 };

struct found {
	int fd;
	int64_t bytes;
	struct filetype type; /* by its first bytes */
	const char *key;
};

static void found_close(struct found *found)
{
	file_close(&found->fd);
}

/* What it is called in the store: its first bytes, size and time tell it from all others, and a folder of large files is not read whole at
 * each look. */
static int find_key(struct found *found, struct bytes head, const struct stat *st, struct arena *arena, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(HEAD_BYTES + 256);
	uint8_t digest[DIGEST_BYTES];
	buffer_format(&text, "%lld %lld %ld\n", (long long)st->st_size, (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	buffer_add_bytes(&text, head);
	digest_sha256(buffer_bytes(&text), digest);
	buffer_reset(&text);
	digest_hex(digest, KEY_BYTES, &text);
	found->key = arena_text(arena, buffer_text(&text));
	return found->key ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

/* Opens it and looks at it. */
static int find(struct beside *beside, const char *name, int64_t most, struct found *found, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer head = BUFFER_INIT(HEAD_BYTES);
	struct stat st;
	if (!beside->folder)
		return error_set(err, ERROR_INPUT, "%.200s: words from standard input have no folder: name the file they stand in", name);
	if (file_open_within(beside->folder, name, &found->fd, err) < 0)
		return -1;
	if (fstat(found->fd, &st) < 0 || st.st_size == 0)
		return error_set(err, ERROR_INPUT, "%.200s: is empty", name);
	found->bytes = st.st_size;
	if (st.st_size > most)
		return error_set(err, ERROR_INPUT, "%.200s: is larger than %" PRId64 " MB", name, most >> 20);
	char *to = buffer_reserve(&head, HEAD_BYTES);
	ssize_t n = to ? pread(found->fd, to, HEAD_BYTES, 0) : -1;
	if (n <= 0)
		return error_set(err, to ? ERROR_INPUT : ERROR_MEMORY, "%.200s: can not be read", name);
	buffer_commit(&head, (size_t)n);
	/* A letter that is cut in half would make a long text none. */
	struct bytes look = buffer_bytes(&head);
	for (int i = 0; i < 4 && look.size == HEAD_BYTES - (size_t)i && (look.data[look.size - 1] & 0x80); i++)
		look.size--;
	found->type = filetype_of(look);
	return find_key(found, buffer_bytes(&head), &st, beside->arena, err);
}

/* Into the store, once. */
static int keep(struct beside *beside, const char *name, struct found *found, int64_t most, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT((size_t)most + 1);
	beside->keys = arena_format(beside->arena, "%s%s\n", beside->keys ? beside->keys : "", found->key);
	if (!beside->keys)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int known = beside->ops ? store_file_has(beside->ops->db, found->key, err) : 1;
	if (known != 0)
		return known < 0 ? -1 : 0;
	if (ops_room(beside->ops, err) < 0)
		return -1;
	if (file_read_rest(found->fd, name, &data, err) < 0)
		return -1;
	if ((int64_t)data.size != found->bytes)
		return error_set(err, ERROR_INPUT, "%.200s: is being written", name);
	struct stored_file file = { .key = found->key,
		                    .type = found->type.type,
		                    .width = found->type.width,
		                    .height = found->type.height,
		                    .content = buffer_bytes(&data) };
	return store_file_add(beside->ops->db, &file, err);
}

static void note(struct beside *beside, char *text)
{
	text_mend_cut(text);
	const char *notes = arena_format(beside->arena, "%s%s%s", beside->notes ? beside->notes : "", beside->notes ? "\n" : "", text);
	if (notes)
		beside->notes = notes;
}

/* "my%20picture.png?1" is a path in a URL. */
static const char *path_of(const char *src, struct arena *arena)
{
	char *path = arena_copy(arena, src, strcspn(src, "?#"));
	char *to = path;
	for (const char *from = path; from && *from; from++) {
		char hex[3] = { from[0] == '%' ? from[1] : '\0', from[0] == '%' && from[1] ? from[2] : '\0', '\0' };
		char *end = NULL;
		long code = strtol(hex, &end, 16);
		bool is_escape = end == hex + 2 && code >= 0x20;
		*to++ = is_escape ? (char)code : *from;
		from += is_escape ? 2 : 0;
	}
	if (path)
		*to = '\0';
	return path && text_is_utf8(bytes_text(path)) && !text_has_control(bytes_text(path)) ? path : NULL;
}

static int take_picture(struct beside *beside, const char *path, const char **url, struct error *err)
{
	CLEANUP(found_close) struct found found = { .fd = -1 };
	if (find(beside, path, PICTURE_BYTES, &found, err) < 0)
		return -1;
	if (!found.type.is_picture)
		return error_set(err, ERROR_INPUT, "%.200s: is no PNG, JPEG or GIF, and mail programs show nothing else", path);
	if (beside->count++ == BESIDE_MOST || (beside->bytes += (size_t)found.bytes) > PICTURES_BYTES)
		return error_set(err, ERROR_INPUT, "%.200s: the pictures are more than %d, or larger than %d MB together", path,
		                 BESIDE_MOST, PICTURES_BYTES >> 20);
	if (keep(beside, path, &found, PICTURE_BYTES, err) < 0)
		return -1;
	*url = arena_format(beside->arena, "%s/i/%s.%s", beside->ops ? beside->ops->config->daemon.public_url : "http://localhost",
	                    found.key, strcmp(found.type.type, "image/jpeg") == 0 ? "jpg" : found.type.type + 6);
	return *url ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

const char *beside_picture(void *arg, const char *src, const char *otherwise)
{
	struct beside *beside = arg;
	struct error err = { 0 };
	const char *url = NULL;
	char text[700];
	struct bytes trimmed = text_trim(bytes_text(src));
	const char *whole = arena_copy(beside->arena, trimmed.data, trimmed.size);
	const char *path = whole && whole[strcspn(whole, ":/?#")] != ':' && *whole != '/' ? path_of(whole, beside->arena) : NULL;
	if (path && take_picture(beside, path, &url, &err) == 0)
		return url;
	if (otherwise && (!path || err.code == ERROR_NOT_FOUND))
		return otherwise;
	if (!path)
		snprintf(text, sizeof text,
		         "picture %.60s is left out: name a file beside the post, as picture.png or images/picture.png, or an address on "
		         "the web",
		         src);
	else
		snprintf(text, sizeof text, "picture %.500s. It is left out%s", err.text,
		         err.code == ERROR_NOT_FOUND ? ": put the file beside the post, or give its address on the web" : "");
	note(beside, text);
	beside->lacks_pictures = true;
	return NULL;
}

void beside_link(void *arg, const char *href)
{
	char text[300];
	snprintf(text, sizeof text,
	         "link %.100s leads nowhere for a reader: give an address on the web, or url: or --base-url to begin from", href);
	note(arg, text);
}

/* Where a file says it; 0: in other words. */
static size_t line_of(struct bytes file, const char *name)
{
	const char *at = memmem(file.data, file.size, name, strlen(name));
	size_t line = at ? 1 : 0;
	for (const char *p = file.data; at && p < at; p++)
		line += *p == '\n';
	return line;
}

static int take_file(struct beside *beside, const char *path, struct post_file *out, int64_t *bytes, struct error *err)
{
	CLEANUP(found_close) struct found found = { .fd = -1 };
	if (filetype_check_name(path, &out->name, err) < 0 || find(beside, path, ATTACHMENTS_BYTES, &found, err) < 0)
		return -1;
	*bytes += found.bytes;
	if (*bytes > ATTACHMENTS_BYTES)
		return error_set(err, ERROR_INPUT, "%.200s: with the files before it more than %d MB, which mailbox providers refuse", path,
		                 ATTACHMENTS_BYTES >> 20);
	out->type = found.type.type;
	out->key = found.key;
	return keep(beside, path, &found, ATTACHMENTS_BYTES, err);
}

int beside_finish(struct beside *beside, struct bytes file, const struct content_front *front, struct post *post, struct error *err)
{
	struct bytes rest = bytes_text(front ? front->attachments : NULL);
	struct bytes line;
	int64_t bytes = 0;
	struct post_file *files = arena_alloc(beside->arena, FILES_MAX * sizeof *files);
	if (!files)
		return error_set(err, ERROR_MEMORY, "out of memory");
	post->file_count = 0;
	while (text_next_part(&rest, "\n", &line)) {
		struct error why;
		char *path = arena_copy(beside->arena, line.data, line.size);
		if (!path || post->file_count == FILES_MAX)
			return path ? error_set(err, ERROR_INPUT, "more than %d attachments", FILES_MAX)
			            : error_set(err, ERROR_MEMORY, "out of memory");
		if (take_file(beside, path, &files[post->file_count++], &bytes, &why) < 0)
			return error_set(err, why.code, "line %zu: attachment %s", line_of(file, path), why.text);
	}
	post->files = files;
	post->keys = beside->keys;
	post->note = beside->notes;
	post->lacks_pictures = beside->lacks_pictures;
	return 0;
}

const char *beside_key(const struct ops *ops, const char *url, struct arena *arena)
{
	size_t base = strlen(ops->config->daemon.public_url);
	if (!url || strncmp(url, ops->config->daemon.public_url, base) != 0 || strncmp(url + base, "/i/", 3) != 0)
		return NULL;
	return arena_copy(arena, url + base + 3, strcspn(url + base + 3, ".?#/"));
}
