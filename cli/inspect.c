/* What a file or URL holds, with the keys that other programs compare by. */
#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/groups.h"
#include "ops/posts.h"
#include "system/file.h"
#include <libgen.h>
#include <stdio.h>

enum { URLS_MAX = 10, LINE_BYTES = 64 << 10, CASES_BYTES = 64 << 20 };

struct inspected {
	const char *what; /* path or URL */
	const char *file, *base_url, *content_type;
};

static json_t *time_json(int64_t us)
{
	char text[UNITS_TEXT];
	return us ? json_string(units_write_time(us, text)) : json_null();
}

static json_t *hash_json(struct bytes text)
{
	CLEANUP(buffer_clear) struct buffer hex = BUFFER_INIT(64);
	uint8_t digest[DIGEST_SHA1_BYTES];
	digest_sha1(text, digest);
	digest_hex(digest, sizeof digest, &hex);
	return json_string(buffer_text(&hex));
}

/* Names that stand one a line. */
static json_t *names_json(const char *names)
{
	json_t *list = json_array();
	struct bytes rest = bytes_text(names);
	struct bytes name;
	while (text_next_part(&rest, "\n", &name))
		json_array_append_new(list, json_stringn(name.data, name.size));
	return list;
}

static void add_words(json_t *entry, const struct post *post)
{
	CLEANUP(buffer_clear) struct buffer words = BUFFER_INIT(SIZE_MAX / 2);
	json_t *urls = json_array();
	bool has_body = post->html && *post->html;
	content_words(bytes_text(post->html), &words);
	size_t chars = 0;
	for (size_t i = 0; i < words.size; i++)
		chars += ((unsigned char)words.data[i] & 0xc0) != 0x80;
	json_object_set_new(entry, "content_text_sha1", has_body ? hash_json(buffer_bytes(&words)) : json_null());
	json_object_set_new(entry, "content_text_chars", json_integer((json_int_t)chars));
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	const char *url[URLS_MAX];
	size_t n = content_urls(bytes_text(post->html), url, URLS_MAX, &arena);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(urls, json_string(url[i]));
	json_object_set_new(entry, "content_urls", urls);
	json_object_set_new(entry, "html", json_string(post->html));
}

static json_t *entry_json(const struct post *post)
{
	bool has_body = post->html && *post->html;
	bool has_id = !text_starts(post->identity, "hash:");
	json_t *entry = json_pack("{s:s?,s:s,s:s?,s:o,s:o,s:s?,s:s?,s:b,s:s?,s:s?,s:s?,s:o}", "id", has_id ? post->identity : NULL,
	                          "title_text", post->title, "link", post->url, "published_iso8601_utc", time_json(post->published_us),
	                          "updated_iso8601_utc", time_json(post->updated_us), "author", post->author, "subtitle", post->subtitle,
	                          "has_content", has_body && !post->is_summary, "body_from",
	                          !has_body          ? NULL
	                          : post->is_summary ? "summary"
	                                             : "content",
	                          "image", post->image, "language", post->language, "categories", names_json(post->categories));
	add_words(entry, post);
	return entry;
}

static void print_feed(const struct inspected *in, const struct content_feed *feed)
{
	json_t *entries = json_array();
	for (size_t i = 0; i < feed->count; i++)
		json_array_append_new(entries, entry_json(&feed->posts[i]));
	cli_json(json_pack("{s:s,s:s?,s:{s:s?,s:s?,s:s?},s:I,s:o,s:I,s:s?}", "file", in->file, "kind", feed->kind, "feed", "title_text",
	                   feed->title, "link", feed->url, "language", feed->language, "n_entries", (json_int_t)feed->count, "entries",
	                   entries, "dropped", (json_int_t)feed->dropped, "why_dropped", feed->why_dropped));
}

/* A corpus of pages keeps each in a folder of its own, whose name is the case's. */
static void print_page(const struct inspected *in, const struct content_head *head, const struct post *post)
{
	json_t *feeds = json_array();
	char path[4096];
	snprintf(path, sizeof path, "%s", in->what);
	for (size_t i = 0; i < head->feed_count; i++)
		json_array_append_new(feeds, json_string(head->feeds[i]));
	cli_json(json_pack("{s:s,s:s,s:s,s:I,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:s?,s:o,s:s?,s:s,s:s?,s:o}", "file",
	                   in->file, "case", basename(dirname(path)), "kind", "page", "n_entries", (json_int_t)0, "title", head->title,
	                   "subtitle", post->subtitle, "byline", head->byline, "excerpt", head->excerpt, "siteName", head->site, "lang",
	                   head->language, "dir", head->direction, "publishedTime", head->published, "modifiedTime", head->modified,
	                   "image", head->image, "canonical", head->canonical, "feeds", feeds, "html", post->html, "title_text",
	                   post->title, "author", post->author, "published_iso8601_utc", time_json(post->published_us)));
}

static void print_markdown(const struct inspected *in, const struct content_front *front, const struct post *post, const char *error)
{
	bool is_program = front->format && strcmp(front->format, "js") == 0;
	cli_json(json_pack("{s:s,s:s,s:I,s:s?,s:s?,s:s?,s:o,s:o,s:s?,s:o,s:s?,s:s?,s:o,s:o,s:s?,s:s?,s:o,s:s?}", "file", in->file, "kind",
	                   "markdown", "n_entries", (json_int_t)0, "front_matter", front->format, "error", error, "title", front->title,
	                   "date_iso8601_utc", time_json(front->published_us), "updated_iso8601_utc", time_json(front->updated_us), "slug",
	                   front->slug, "draft", is_program ? json_null() : json_boolean(front->is_draft), "author", front->author,
	                   "description", front->subtitle, "tags", names_json(front->tags), "categories", names_json(front->categories),
	                   "image", front->image, "lang", front->language, "body_sha1", hash_json(front->body), "html",
	                   error ? NULL : post->html));
}

/* A refused file has a row too: who compares many files sees which it was. */
static int print_refused(struct cli *cli, const struct inspected *in, const struct content_feed *feed, struct error *err)
{
	int status = error_exit(err->code);
	if (!cli->json) {
		error_name(err, in->what);
		return cli_fail(cli, err, NULL);
	}
	if (feed->front)
		print_markdown(in, feed->front, feed->posts, err->text);
	else
		cli_json(json_pack("{s:s,s:s,s:I,s:[]}", "file", in->file, "error", err->text, "n_entries", (json_int_t)0, "entries"));
	return status;
}

static int inspect_one(struct cli *cli, const struct inspected *in)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_feed feed = { 0 };
	struct error err;
	arena.max_bytes = 1 << 30;
	const struct post_look look = { .what = in->what, .base_url = in->base_url, .content_type = in->content_type };
	int result = post_inspect(NULL, &look, &arena, &feed, &err);
	bool is_draft = result < 0 && err.code == ERROR_CONFLICT && feed.front && feed.front->is_draft;
	if (result < 0 && !is_draft)
		return print_refused(cli, in, &feed, &err);
	for (size_t i = 0; i < feed.count && !cli->json; i++) {
		cli_row(cli, post_fields, &feed.posts[i]);
		cli_note(cli, feed.posts[i].note);
	}
	if (cli->json && feed.head)
		print_page(in, feed.head, feed.posts);
	else if (cli->json && feed.front)
		print_markdown(in, feed.front, feed.posts, NULL);
	else if (cli->json)
		print_feed(in, &feed);
	return 0;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && !strstr(path, "://") ? slash + 1 : path;
}

/* One line of --cases: {"file":…,"base_url":…,"content_type":…}. */
static int inspect_case(struct cli *cli, struct bytes line, const char *folder, struct error *err)
{
	char path[4096];
	CLEANUP(json_free) json_t *row = json_read(line, err);
	const char *file = json_text(row, "file");
	if (row && !file)
		error_set(err, ERROR_INPUT, "\"file\" is missing");
	if (!file)
		return -1;
	snprintf(path, sizeof path, "%s/%s", folder ? folder : ".", file);
	struct inspected in = { path, file_name(file), json_text(row, "base_url"), json_text(row, "content_type") };
	return inspect_one(cli, &in);
}

static int inspect_cases(struct cli *cli, const char *path)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(CASES_BYTES);
	struct error err;
	struct bytes line;
	int status = 0;
	if (file_read(path, &text, &err) < 0)
		return cli_fail(cli, &err, NULL);
	struct bytes rest = buffer_bytes(&text);
	for (int number = 1; text_next_part(&rest, "\n", &line); number++) {
		int one = inspect_case(cli, line, cli_option(cli, "dir"), &err);
		if (one < 0) {
			error_wrap(&err, "%s, line %d", path, number);
			return cli_fail(cli, &err, "Each line is a JSON object with file, base_url and content_type.");
		}
		status = one ? one : status;
	}
	return status;
}

int post_inspect_command(struct cli *cli)
{
	const char *cases = cli_option(cli, "cases");
	if (!cases && cli->arguments == 0)
		return cli_usage(cli, "name a file or a URL, or --cases CASES.jsonl");
	int status = cases ? inspect_cases(cli, cases) : 0;
	for (int i = 0; i < cli->arguments; i++) {
		struct inspected in = { cli->argument[i], file_name(cli->argument[i]), cli_option(cli, "base-url"),
			                cli_option(cli, "content-type") };
		int one = inspect_one(cli, &in);
		status = one ? one : status;
	}
	return status;
}
