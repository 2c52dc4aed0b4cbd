/* JSON Feed 1 and 1.1 (jsonfeed.org/version/1.1). */
#include "base/json.h"
#include "base/text.h"
#include "content/feed.h"
#include <math.h>

/* An id may be a number: 42 and 42.0 are one. */
static const char *id_of(const json_t *item, struct arena *arena)
{
	const json_t *id = json_object_get(item, "id");
	double real = json_real_value(id);
	if (json_is_integer(id))
		return arena_format(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
	if (json_is_real(id))
		return fabs(real) < 1e15 && real == floor(real) ? arena_format(arena, "%.0f", real) : arena_format(arena, "%.15g", real);
	return json_string_length(id) > 0 ? arena_text(arena, json_string_value(id)) : NULL;
}

static const char *author_of(const json_t *item, struct arena *arena)
{
	const json_t *list = json_object_get(item, "authors");
	const json_t *author = json_array_size(list) > 0 ? json_array_get(list, 0) : json_object_get(item, "author");
	const char *name = json_text(author, "name");
	return name ? html_line(bytes_text(name), arena) : NULL;
}

/* An attachment that is a picture, where no other is named. */
static const char *attached_picture(const struct feed *feed, const json_t *item)
{
	const json_t *list = json_object_get(item, "attachments");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *type = json_text(json_array_get(list, i), "mime_type");
		if (type && text_starts(type, "image/"))
			return html_url(json_text(json_array_get(list, i), "url"), feed->base_url, false, feed->arena);
	}
	return NULL;
}

static const char *url_at(const struct feed *feed, const json_t *object, const char *key)
{
	return html_url(json_text(object, key), feed->base_url, false, feed->arena);
}

static int64_t date_at(const json_t *object, const char *key)
{
	const char *text = json_text(object, key);
	return text ? html_date(bytes_text(text)) : 0;
}

static const char *tags_of(const json_t *item, struct arena *arena)
{
	const json_t *tags = json_object_get(item, "tags");
	const char *names = NULL;
	for (size_t i = 0; i < json_array_size(tags) && i < 100; i++) {
		const char *tag = json_string_value(json_array_get(tags, i));
		const char *line = tag ? html_line(bytes_text(tag), arena) : NULL;
		if (line)
			names = names ? arena_format(arena, "%s\n%s", names, line) : line;
	}
	return names;
}

static int read_item(struct feed *feed, const json_t *item, struct post *post, struct error *err)
{
	struct arena *arena = feed->arena;
	const char *title = json_text(item, "title");
	const char *html = json_text(item, "content_html");
	struct feed_entry entry = { .id = id_of(item, arena),
		                    .title_bytes = title ? strlen(title) : 0,
		                    .body = html && *html ? html : feed_text_as_html(json_text(item, "content_text"), arena),
		                    .summary = feed_text_as_html(json_text(item, "summary"), arena) };
	post->title = title ? html_line(bytes_text(title), arena) : NULL;
	post->url = url_at(feed, item, "url");
	if (!post->url)
		post->url = url_at(feed, item, "external_url");
	post->categories = tags_of(item, arena);
	post->image = url_at(feed, item, "image");
	if (!post->image)
		post->image = url_at(feed, item, "banner_image");
	if (!post->image)
		post->image = attached_picture(feed, item);
	post->author = author_of(item, arena);
	/* "If not provided in an item, the same author as the top-level is to be used." */
	if (!post->author)
		post->author = author_of(feed->json, arena);
	const char *language = json_text(item, "language");
	post->language = language ? html_line(bytes_text(language), arena) : NULL;
	post->updated_us = date_at(item, "date_modified");
	post->published_us = date_at(item, "date_published");
	if (!post->published_us)
		post->published_us = post->updated_us;
	return feed_finish(feed, post, &entry, err);
}

int feed_json(struct feed *feed, struct bytes text, struct error *err)
{
	json_error_t where;
	/* Foreign JSON: numbers of any size are taken, keys may be twice. */
	CLEANUP(json_free) json_t *root = json_loadb(text.data, text.size, JSON_DECODE_INT_AS_REAL, &where);
	const json_t *items = json_object_get(root, "items");
	const char *version = json_text(root, "version");
	if (!root)
		return error_set(err, ERROR_INPUT, "no feed: broken JSON, line %d column %d: %s", where.line, where.column, where.text);
	if (!version || !strstr(version, "jsonfeed.org") || !json_is_array(items))
		return error_set(err, ERROR_INPUT, "no feed: it is JSON, but no JSON Feed");
	const char *title = json_text(root, "title");
	feed->out->title = title ? html_line(bytes_text(title), feed->arena) : NULL;
	feed->out->url = url_at(feed, root, "home_page_url");
	feed->out->language = json_text(root, "language") ? html_line(bytes_text(json_text(root, "language")), feed->arena) : NULL;
	feed->json = root;
	feed->out->kind = text_ends(version, "/1.1") ? "json11" : "json1";
	if (feed_room(feed, json_array_size(items), err) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(items); i++) {
		struct post *post = json_is_object(json_array_get(items, i)) ? feed_next(feed) : NULL;
		if (post && feed_keep(feed, read_item(feed, json_array_get(items, i), post, err), err) < 0)
			return -1;
	}
	return 0;
}
