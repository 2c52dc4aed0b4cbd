#include "content/front.h"
#include "base/json.h"
#include "base/text.h"
#include "content/html.h"
#include <yaml.h>

enum { FRONT_BYTES = 64 << 10, LEVELS = 8 };

/* The names that site builders use. */
static const struct {
	const char *key;
	size_t offset;
} keys[] = {
	{ "title", offsetof(struct front, title) },
	{ "subtitle", offsetof(struct front, subtitle) },
	{ "description", offsetof(struct front, subtitle) },
	{ "excerpt", offsetof(struct front, subtitle) },
	{ "summary", offsetof(struct front, subtitle) },
	{ "author", offsetof(struct front, author) },
	{ "authors", offsetof(struct front, author) },
	{ "date", offsetof(struct front, date) },
	{ "date_published", offsetof(struct front, date) },
	{ "publishDate", offsetof(struct front, date) },
	{ "lastmod", offsetof(struct front, updated) },
	{ "date_updated", offsetof(struct front, updated) },
	{ "updated", offsetof(struct front, updated) },
	{ "url", offsetof(struct front, url) },
	{ "permalink", offsetof(struct front, url) },
	{ "link", offsetof(struct front, url) },
	{ "canonical_url", offsetof(struct front, url) },
	{ "id", offsetof(struct front, id) },
	{ "guid", offsetof(struct front, id) },
	{ "slug", offsetof(struct front, slug) },
	{ "image", offsetof(struct front, image) },
	{ "feature_image", offsetof(struct front, image) },
	{ "cover", offsetof(struct front, image) },
	{ "image_alt", offsetof(struct front, image_alt) },
	{ "lang", offsetof(struct front, language) },
	{ "language", offsetof(struct front, language) },
	{ "draft", offsetof(struct front, draft) },
	{ "published", offsetof(struct front, published) },
};

/* The first of several names or values counts. */
static void take_pair(struct front *front, const char *key, struct bytes value, struct arena *arena)
{
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const char **to = (const char **)(void *)((char *)front + keys[i].offset);
		if (text_equal_nocase(key, keys[i].key) && !*to)
			*to = html_line(value, arena);
	}
}

/* Where the reader is: the key of the top level, and the key within a map below it. */
struct yaml {
	struct front *front;
	struct arena *arena;
	int depth;
	bool is_map[LEVELS + 1]; /* by depth, from 1 */
	const char *key;         /* of the top level, while its value is read */
	const char *inner;       /* of a map below */
};

static void scalar(struct yaml *y, struct bytes text)
{
	if (y->depth == 1) {
		if (y->key)
			take_pair(y->front, y->key, text, y->arena);
		y->key = y->key ? NULL : arena_copy(y->arena, text.data, text.size);
	} else if (y->depth >= 2 && y->key && !y->is_map[y->depth]) {
		take_pair(y->front, y->key, text, y->arena);
	} else if (y->depth >= 2 && y->key) {
		/* author: { name: ... }, cover: { image: ... } */
		if (y->inner &&
		    (text_equal_nocase(y->inner, "name") || text_equal_nocase(y->inner, "image") || text_equal_nocase(y->inner, "path")))
			take_pair(y->front, y->key, text, y->arena);
		y->inner = y->inner ? NULL : arena_copy(y->arena, text.data, text.size);
	}
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
		scalar(y, (struct bytes){ (const char *)event->data.scalar.value, event->data.scalar.length });
		break;
	default: break;
	}
	return 0;
}

static int read_yaml(struct bytes text, struct front *front, struct arena *arena, struct error *err)
{
	struct yaml y = { .front = front, .arena = arena };
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

/* A TOML string at the start of `rest`, basic or literal, of one line or of several. Returns its length with the quotes, or 0. */
static size_t toml_string(struct bytes rest, struct buffer *out)
{
	char quote = rest.size > 0 ? rest.data[0] : '\0';
	if (quote != '"' && quote != '\'')
		return 0;
	bool is_long = rest.size >= 3 && rest.data[1] == quote && rest.data[2] == quote;
	size_t marks = is_long ? 3 : 1;
	for (size_t i = marks; i < rest.size; i++) {
		bool ends = rest.data[i] == quote &&
		            (!is_long || (i + 2 < rest.size && rest.data[i + 1] == quote && rest.data[i + 2] == quote));
		if (ends)
			return i + marks;
		if (rest.data[i] == '\n' && !is_long)
			return 0;
		if (rest.data[i] == '\\' && quote == '"' && i + 1 < rest.size) {
			char c = rest.data[++i];
			buffer_add_char(out, c == 'n' || c == 't' || c == '\n' ? ' ' : c);
		} else {
			buffer_add_char(out, rest.data[i]);
		}
	}
	return 0;
}

/* What a key is given: a string, the first string of a list, or a bare word (a date, true, a number). Returns the length read, 0 for a
 * string that does not end. */
static size_t toml_value(struct bytes rest, struct buffer *out)
{
	size_t skip = 0;
	bool list = rest.size > 0 && rest.data[0] == '[';
	while (skip < rest.size && list && strchr("[ \t\r\n", rest.data[skip]))
		skip++;
	struct bytes value = { rest.data + skip, rest.size - skip };
	if (value.size > 0 && (value.data[0] == '"' || value.data[0] == '\'')) {
		size_t n = toml_string(value, out);
		if (n == 0)
			return 0;
		const char *close = list ? memchr(value.data + n, ']', value.size - n) : NULL;
		return close ? (size_t)(close - rest.data) + 1 : skip + n;
	}
	size_t n = 0;
	while (n < value.size && !strchr(list ? "]" : "#\r\n", value.data[n]))
		n++;
	if (!list)
		buffer_add_bytes(out, text_trim((struct bytes){ value.data, n }));
	return skip + n + (list && n < value.size);
}

/* The subset of TOML that front matter is written in: keys with values, up to the first [table]. */
static int read_toml(struct bytes text, struct front *front, struct arena *arena, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer value = BUFFER_INIT(FRONT_BYTES);
	size_t line = 2;
	for (size_t at = 0; at < text.size;) {
		struct bytes rest = { text.data + at, text.size - at };
		const char *lf = memchr(rest.data, '\n', rest.size);
		struct bytes whole = { rest.data, lf ? (size_t)(lf - rest.data) : rest.size };
		size_t used = whole.size;
		struct bytes trimmed = text_trim(whole);
		if (trimmed.size > 0 && trimmed.data[0] == '[')
			return 0;
		if (trimmed.size > 0 && trimmed.data[0] != '#') {
			const char *equal = memchr(whole.data, '=', whole.size);
			if (!equal)
				return error_set(err, ERROR_INPUT, "front matter, line %zu: no \"key = value\"", line);
			struct bytes name = text_trim((struct bytes){ whole.data, (size_t)(equal - whole.data) });
			size_t from = (size_t)(equal + 1 - rest.data);
			while (from < rest.size && (rest.data[from] == ' ' || rest.data[from] == '\t'))
				from++;
			buffer_reset(&value);
			size_t n = toml_value((struct bytes){ rest.data + from, rest.size - from }, &value);
			const char *key = arena_copy(arena, name.data, name.size);
			if (n == 0 || !key)
				return error_set(err, ERROR_INPUT, "front matter, line %zu: the value of \"%.40s\" can not be read", line,
				                 key ? key : "");
			take_pair(front, key, buffer_bytes(&value), arena);
			lf = memchr(rest.data + from + n, '\n', rest.size - from - n);
			used = lf ? (size_t)(lf - rest.data) : rest.size;
		}
		for (size_t i = 0; i <= used && at + i < text.size; i++)
			line += rest.data[i] == '\n';
		at += used + 1;
	}
	return 0;
}

static int read_json(struct bytes *file, struct front *front, struct arena *arena, struct error *err)
{
	json_error_t where;
	const char *key;
	json_t *value;
	CLEANUP(json_free) json_t *root = json_loadb(file->data, file->size, JSON_DISABLE_EOF_CHECK | JSON_DECODE_INT_AS_REAL, &where);
	if (!root)
		return error_set(err, ERROR_INPUT, "front matter, line %d: %s", where.line, where.text);
	json_object_foreach(root, key, value)
	{
		const json_t *one = json_array_size(value) > 0 ? json_array_get(value, 0) : value;
		if (json_is_object(one))
			one = json_object_get(one, "name");
		if (json_is_boolean(one))
			take_pair(front, key, bytes_text(json_is_true(one) ? "true" : "false"), arena);
		else if (json_is_string(one))
			take_pair(front, key, (struct bytes){ json_string_value(one), json_string_length(one) }, arena);
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

int front_take(struct bytes *file, struct front *front, struct arena *arena, struct error *err)
{
	struct bytes rest = *file;
	struct bytes head = { "", 0 };
	struct bytes first = take_line(&rest);
	bool toml = bytes_equal(first, BYTES_OF("+++"));
	if (first.size > 0 && first.data[0] == '{' && !text_starts_nocase(first, "{%") && !text_starts_nocase(first, "{{"))
		return read_json(file, front, arena, err);
	if (first.size > 3 && text_starts_nocase(first, "---") && !memchr("- \t\r", first.data[3], 4))
		return error_set(err, ERROR_INPUT, "front matter, line 1: \"%.*s\" is a program, and none is run",
		                 (int)(first.size < 40 ? first.size : 40), first.data);
	if (!toml && !bytes_equal(first, BYTES_OF("---"))) {
		if (!is_unopened(*file))
			return 0;
		rest = *file;
	}
	if (!split_at(toml ? "+++" : "---", &rest, &head))
		return error_set(err, ERROR_INPUT, "front matter: the second %s is missing", toml ? "+++" : "---");
	if (head.size > FRONT_BYTES)
		return error_set(err, ERROR_INPUT, "the front matter is longer than 64 KB");
	*file = rest;
	return toml ? read_toml(head, front, arena, err) : read_yaml(head, front, arena, err);
}
