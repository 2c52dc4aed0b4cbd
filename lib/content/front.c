#include "content/front.h"
#include "base/json.h"
#include "base/text.h"
#include "content/html.h"
#include "content/toml.h"
#include <yaml.h>

enum { FRONT_BYTES = 64 << 10, LEVELS = 8 };

/* The names that site builders use; of those for one thing the first in this table counts. */
static const struct {
	const char *key;
	size_t offset;
} keys[] = {
	{ "title", offsetof(struct content_front, title) },
	{ "subtitle", offsetof(struct content_front, subtitle) },
	{ "description", offsetof(struct content_front, subtitle) },
	{ "excerpt", offsetof(struct content_front, subtitle) },
	{ "summary", offsetof(struct content_front, subtitle) },
	{ "author", offsetof(struct content_front, author) },
	{ "authors", offsetof(struct content_front, author) },
	{ "date", offsetof(struct content_front, date) },
	{ "date_published", offsetof(struct content_front, date) },
	{ "publishDate", offsetof(struct content_front, date) },
	{ "lastmod", offsetof(struct content_front, updated) },
	{ "date_updated", offsetof(struct content_front, updated) },
	{ "updated", offsetof(struct content_front, updated) },
	{ "url", offsetof(struct content_front, url) },
	{ "permalink", offsetof(struct content_front, url) },
	{ "link", offsetof(struct content_front, url) },
	{ "canonical_url", offsetof(struct content_front, url) },
	{ "id", offsetof(struct content_front, id) },
	{ "guid", offsetof(struct content_front, id) },
	{ "slug", offsetof(struct content_front, slug) },
	{ "image", offsetof(struct content_front, image) },
	{ "feature_image", offsetof(struct content_front, image) },
	{ "cover", offsetof(struct content_front, image) },
	{ "images", offsetof(struct content_front, image) },
	{ "image_alt", offsetof(struct content_front, image_alt) },
	{ "lang", offsetof(struct content_front, language) },
	{ "language", offsetof(struct content_front, language) },
	{ "draft", offsetof(struct content_front, draft) },
	{ "published", offsetof(struct content_front, published) },
	{ "tags", offsetof(struct content_front, tags) },
	{ "tag", offsetof(struct content_front, tags) },
	{ "categories", offsetof(struct content_front, categories) },
	{ "category", offsetof(struct content_front, categories) },
	{ "attachments", offsetof(struct content_front, attachments) },
	{ "attachment", offsetof(struct content_front, attachments) },
};

struct reader {
	struct content_front *front;
	struct arena *arena;
	size_t from[COUNT_OF(keys)]; /* by the first key of its kind: 1 + the key whose value is held */
};

static size_t kind_of(size_t key)
{
	size_t i = 0;
	while (keys[i].offset != keys[key].offset)
		i++;
	return i;
}

/* Of several values the first counts; tags and categories are gathered. */
static void take_pair(struct reader *reader, const char *key, struct bytes value)
{
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const char **to = (const char **)(void *)((char *)reader->front + keys[i].offset);
		size_t *from = &reader->from[kind_of(i)];
		if (!text_equal_nocase(key, keys[i].key))
			continue;
		const char *line = html_line(value, reader->arena);
		bool is_list = to == &reader->front->tags || to == &reader->front->categories || to == &reader->front->attachments;
		if (line && is_list && *from == i + 1)
			*to = arena_format(reader->arena, "%s\n%s", *to, line);
		else if (line && (*from == 0 || i + 1 < *from))
			*to = line;
		else
			return;
		*from = i + 1;
	}
}

/* author: { name: ... }, cover: { image: ... }: the map's name says what it is. */
static void take_inner(struct reader *reader, const char *map, const char *key, struct bytes value)
{
	if (text_equal_nocase(map, "taxonomies"))
		take_pair(reader, key, value);
	else if (text_equal_nocase(key, "name") || text_equal_nocase(key, "image") || text_equal_nocase(key, "path"))
		take_pair(reader, map, value);
}

/* Where the reader is: the key of the top level, and the key within a map below it. */
struct yaml {
	struct reader *reader;
	int depth;
	bool is_map[LEVELS + 1]; /* by depth, from 1 */
	const char *key;         /* of the top level, while its value is read */
	const char *inner;       /* of a map below */
};

static void scalar(struct yaml *y, struct bytes text)
{
	if (y->depth == 1) {
		if (y->key)
			take_pair(y->reader, y->key, text);
		y->key = y->key ? NULL : arena_copy(y->reader->arena, text.data, text.size);
	} else if (y->depth >= 2 && y->key && !y->is_map[y->depth]) {
		take_pair(y->reader, y->key, text);
	} else if (y->depth >= 2 && y->key) {
		if (y->inner)
			take_inner(y->reader, y->key, y->inner, text);
		y->inner = y->inner ? NULL : arena_copy(y->reader->arena, text.data, text.size);
	}
}

/* "title: ~" and "title: null" say nothing, unless they are quoted. */
static bool is_null(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && (strcmp(text, "~") == 0 || text_equal_nocase(text, "null"));
}

static int yaml_event(struct yaml *y, const yaml_event_t *event, struct error *err)
{
	/* Marks count from 0, and the line of --- stands before. */
	size_t line = event->start_mark.line + 2;
	switch (event->type) {
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		if (++y->depth > LEVELS)
			return error_set(err, ERROR_INPUT, "front matter, line %zu: more than %d levels", line, LEVELS);
		y->is_map[y->depth] = event->type == YAML_MAPPING_START_EVENT;
		if (y->depth == 1 && !y->is_map[1])
			return error_set(err, ERROR_INPUT, "front matter, line %zu: a list, not keys with values", line);
		y->inner = NULL;
		break;
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		y->inner = NULL;
		if (--y->depth == 1)
			y->key = NULL;
		break;
	case YAML_ALIAS_EVENT: return error_set(err, ERROR_INPUT, "front matter, line %zu: aliases are not taken", line);
	case YAML_SCALAR_EVENT:
		if (y->depth == 0 && event->data.scalar.length > 0)
			return error_set(err, ERROR_INPUT, "front matter, line %zu: no key with a value", line);
		scalar(y,
		       is_null(event) ? BYTES_OF("") : (struct bytes){ (const char *)event->data.scalar.value, event->data.scalar.length });
		break;
	default: break;
	}
	return 0;
}

static int read_yaml(struct bytes text, struct reader *reader, struct error *err)
{
	struct yaml y = { .reader = reader };
	yaml_parser_t parser;
	bool done = false;
	int result = 0;
	if (!yaml_parser_initialize(&parser))
		return error_set(err, ERROR_MEMORY, "out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.size);
	while (!done && result == 0) {
		yaml_event_t event;
		if (!yaml_parser_parse(&parser, &event)) {
			result = error_set(err, ERROR_INPUT, "front matter, line %zu: %s", parser.problem_mark.line + 2,
			                   parser.problem ? parser.problem : "can not be read");
			break;
		}
		result = yaml_event(&y, &event, err);
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return result;
}

static void take_toml(void *reader, const char *table, const char *key, struct bytes value)
{
	if (table)
		take_inner(reader, table, key, value);
	else
		take_pair(reader, key, value);
}

static void take_json(struct reader *reader, const char *key, const json_t *value)
{
	const char *inner;
	json_t *of;
	if (json_is_boolean(value))
		take_pair(reader, key, bytes_text(json_is_true(value) ? "true" : "false"));
	else if (json_is_string(value))
		take_pair(reader, key, (struct bytes){ json_string_value(value), json_string_length(value) });
	json_object_foreach((json_t *)value, inner, of)
	{
		if (json_is_string(of))
			take_inner(reader, key, inner, (struct bytes){ json_string_value(of), json_string_length(of) });
	}
}

static int read_json(struct bytes *file, struct reader *reader, struct error *err)
{
	json_error_t where;
	const char *key;
	json_t *value;
	CLEANUP(json_free) json_t *root = json_loadb(file->data, file->size, JSON_DISABLE_EOF_CHECK | JSON_DECODE_INT_AS_REAL, &where);
	if (!root)
		return error_set(err, ERROR_INPUT, "front matter, line %d: %s", where.line, where.text);
	json_object_foreach(root, key, value)
	{
		bool is_list = json_is_array(value);
		for (size_t i = 0; i < (is_list ? json_array_size(value) : 1); i++)
			take_json(reader, key, is_list ? json_array_get(value, i) : value);
	}
	*file = (struct bytes){ file->data + where.position, file->size - (size_t)where.position };
	return 0;
}

/* The first line, with the characters that end it, is gone from *rest. */
static struct bytes take_line(struct bytes *rest)
{
	const char *lf = memchr(rest->data, '\n', rest->size);
	struct bytes line = { rest->data, lf ? (size_t)(lf - rest->data) + 1 : rest->size };
	*rest = (struct bytes){ rest->data + line.size, rest->size - line.size };
	return text_trim(line);
}

/* What stands before the line `mark` (or "..." for ---): *front; *rest is what stands behind it. */
static bool split_at(const char *mark, struct bytes *rest, struct bytes *front)
{
	struct bytes left = *rest;
	while (left.size > 0) {
		const char *begin = left.data;
		struct bytes line = take_line(&left);
		if (bytes_equal(line, bytes_text(mark)) || (mark[0] == '-' && bytes_equal(line, BYTES_OF("...")))) {
			*front = (struct bytes){ rest->data, (size_t)(begin - rest->data) };
			*rest = left;
			return true;
		}
	}
	return false;
}

/* Hexo leaves the first --- out: lines of "key: value" with a title among them, then ---. */
static bool is_unopened(struct bytes file)
{
	bool titled = false;
	for (int n = 0; file.size > 0; n++) {
		struct bytes line = take_line(&file);
		if (bytes_equal(line, BYTES_OF("---")))
			return titled && n > 1;
		if (line.size > 1 && line.data[0] == '-' && line.data[1] == ' ' && n > 0)
			continue;
		const char *colon = memchr(line.data, ':', line.size);
		size_t size = colon ? (size_t)(colon - line.data) : 0;
		if (size == 0 || memchr(line.data, ' ', size))
			return false;
		titled = titled || text_starts_nocase(line, "title:");
	}
	return false;
}

int front_take(struct bytes *file, struct content_front *front, struct arena *arena, struct error *err)
{
	struct reader reader = { .front = front, .arena = arena };
	struct bytes rest = *file;
	struct bytes head = { "", 0 };
	struct bytes first = take_line(&rest);
	bool toml = bytes_equal(first, BYTES_OF("+++"));
	if (first.size > 0 && first.data[0] == '{' && !text_starts_nocase(first, "{%") && !text_starts_nocase(first, "{{")) {
		front->format = "json";
		return read_json(file, &reader, err);
	}
	if (first.size > 3 && text_starts_nocase(first, "---") && !memchr("- \t\r", first.data[3], 4)) {
		front->format = "js";
		if (split_at("---", &rest, &head))
			*file = rest;
		return error_set(err, ERROR_INPUT, "front matter, line 1: \"%.*s\" is a program, and none is run",
		                 (int)(first.size < 40 ? first.size : 40), first.data);
	}
	if (!toml && !bytes_equal(first, BYTES_OF("---"))) {
		if (!is_unopened(*file))
			return 0;
		rest = *file;
	}
	front->format = toml ? "toml" : "yaml";
	if (!split_at(toml ? "+++" : "---", &rest, &head))
		return error_set(err, ERROR_INPUT, "front matter: the second %s is missing", toml ? "+++" : "---");
	if (head.size > FRONT_BYTES)
		return error_set(err, ERROR_INPUT, "the front matter is longer than 64 KB");
	*file = rest;
	return toml ? toml_read(head, take_toml, &reader, err) : read_yaml(head, &reader, err);
}
