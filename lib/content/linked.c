#include "content/linked.h"
#include "base/json.h"
#include "base/text.h"

enum { SCRIPT_BYTES = 1 << 20, DEPTH_MAX = 6, AUTHORS_MAX = 20 };

/* Entities in JSON-LD are a common mistake: its strings are no HTML. */
static const char *line_of(const json_t *text, struct arena *arena)
{
	const char *raw = json_string_value(text);
	return raw ? html_unescaped_line((struct bytes){ raw, json_string_length(text) }, arena) : NULL;
}

/* A string, the first of a list, or an object's `inner`. */
static const char *text_at(const json_t *value, const char *inner, struct arena *arena)
{
	for (int depth = 0; depth < DEPTH_MAX && value; depth++) {
		if (json_is_string(value))
			return line_of(value, arena);
		value = json_is_array(value) ? json_array_get(value, 0) : json_object_get(value, inner);
	}
	return NULL;
}

/* Article, NewsArticle, BlogPosting, Report and what ends like them. */
static bool is_article_type(const json_t *type)
{
	static const char *const ends[] = { "Article", "Posting", "Report", "APIReference", "Review" };
	for (size_t i = 0; i < json_array_size(type); i++)
		if (is_article_type(json_array_get(type, i)))
			return true;
	const char *name = json_string_value(type);
	for (size_t i = 0; name && i < COUNT_OF(ends); i++)
		if (text_ends(name, ends[i]))
			return true;
	return false;
}

/* At the top, in a list or in @graph; or the main entity of a page. */
static const json_t *find_article(const json_t *value, int depth)
{
	static const char *const within[] = { "@graph", "mainEntity", "mainEntityOfPage" };
	if (depth > DEPTH_MAX)
		return NULL;
	const json_t *type = json_object_get(value, "@type");
	if (is_article_type(type) || (!type && json_object_get(value, "headline")))
		return value;
	const json_t *found = NULL;
	for (size_t i = 0; i < COUNT_OF(within) && json_is_object(value) && !found; i++)
		found = find_article(json_object_get(value, within[i]), depth + 1);
	for (size_t i = 0; i < json_array_size(value) && !found; i++)
		found = find_article(json_array_get(value, i), depth + 1);
	return found;
}

static bool is_script(const xmlNode *node, const void *arena)
{
	const char *type = html_is(node, "script") ? html_attribute(node, "type", (struct arena *)arena) : NULL;
	/* Taken out of sight once it was read, so that the search finds the next. */
	return type && text_starts_nocase(bytes_text(type), "application/ld+json") &&
	       !xmlHasProp((xmlNode *)node, (const xmlChar *)"data-read");
}

/* All names, as the page's readers would see them. */
static const char *authors_of(const json_t *author, struct arena *arena)
{
	const char *all = NULL;
	if (!json_is_array(author))
		return text_at(author, "name", arena);
	for (size_t i = 0; i < json_array_size(author) && i < AUTHORS_MAX; i++) {
		const char *name = text_at(json_array_get(author, i), "name", arena);
		if (name)
			all = all ? arena_format(arena, "%s, %s", all, name) : name;
	}
	return all;
}

/* The node that has this @id and says something. */
static const json_t *find_id(const json_t *value, const char *id, int depth)
{
	const char *own = json_text(value, "@id");
	const json_t *of = NULL;
	const json_t *found = own && strcmp(own, id) == 0 && json_object_size(value) > 1 ? value : NULL;
	const char *key;
	for (size_t i = 0; i < json_array_size(value) && !found && depth < DEPTH_MAX; i++)
		found = find_id(json_array_get(value, i), id, depth + 1);
	json_object_foreach((json_t *)value, key, of)
	{
		if (!found && depth < DEPTH_MAX)
			found = find_id(of, id, depth + 1);
	}
	return found;
}

/* {"@id": "…"} stands for that node. */
static const json_t *followed(const json_t *root, const json_t *value)
{
	const json_t *one = json_is_array(value) ? json_array_get(value, 0) : value;
	const char *id = json_object_size(one) == 1 ? json_text(one, "@id") : NULL;
	const json_t *node = id ? find_id(root, id, 0) : NULL;
	return node ? node : value;
}

static void take_named(const json_t *root, const json_t *article, struct linked *out, struct arena *arena)
{
	out->named_author = authors_of(followed(root, json_object_get(article, "author")), arena);
	out->named_site = text_at(followed(root, json_object_get(article, "publisher")), "name", arena);
	out->named_image = text_at(followed(root, json_object_get(article, "image")), "url", arena);
}

static void take(const json_t *article, struct linked *out, struct arena *arena)
{
	out->headline = text_at(json_object_get(article, "headline"), "name", arena);
	out->name = text_at(json_object_get(article, "name"), "name", arena);
	out->description = text_at(json_object_get(article, "description"), "name", arena);
	out->author = authors_of(json_object_get(article, "author"), arena);
	out->published = text_at(json_object_get(article, "datePublished"), "name", arena);
	out->modified = text_at(json_object_get(article, "dateModified"), "name", arena);
	out->image = text_at(json_object_get(article, "image"), "url", arena);
	out->site = text_at(json_object_get(article, "publisher"), "name", arena);
}

/* Some wrap it into CDATA or comment marks, for browsers of old. */
static struct bytes without_marks(struct bytes text)
{
	static const char *const marks[] = { "<![CDATA[", "<!--", "]]>", "-->", "/*", "*/", "//" };
	bool again = true;
	while (again) {
		again = false;
		text = text_trim(text);
		for (size_t i = 0; i < COUNT_OF(marks); i++) {
			size_t n = strlen(marks[i]);
			if (text.size >= n && memcmp(text.data, marks[i], n) == 0) {
				text = (struct bytes){ text.data + n, text.size - n };
				again = true;
			} else if (text.size >= n && memcmp(text.data + text.size - n, marks[i], n) == 0) {
				text.size -= n;
				again = true;
			}
		}
	}
	return text;
}

void linked_read(xmlNode *root, struct linked *out, struct arena *arena)
{
	*out = (struct linked){ 0 };
	bool found = false;
	for (xmlNode *script; !found && (script = html_find(root, is_script, arena));) {
		CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(SCRIPT_BYTES);
		html_text(script, &text);
		struct bytes json = without_marks(buffer_bytes(&text));
		CLEANUP(json_free) json_t *value = json.size ? json_loadb(json.data, json.size, JSON_DECODE_INT_AS_REAL, NULL) : NULL;
		const json_t *article = find_article(value, 0);
		found = article != NULL;
		if (article) {
			take(article, out, arena);
			take_named(value, article, out, arena);
		}
		xmlNewProp(script, (const xmlChar *)"data-read", (const xmlChar *)"");
	}
}

static int64_t date_in(const json_t *value, int depth)
{
	static const char *const keys[] = { "datePublished", "uploadDate", "dateCreated" };
	int64_t us = 0;
	const char *key;
	json_t *of;
	for (size_t i = 0; i < COUNT_OF(keys) && us == 0; i++) {
		const char *text = json_text(value, keys[i]);
		us = text ? html_date(bytes_text(text)) : 0;
	}
	for (size_t i = 0; i < json_array_size(value) && us == 0 && depth < DEPTH_MAX; i++)
		us = date_in(json_array_get(value, i), depth + 1);
	json_object_foreach((json_t *)value, key, of)
	{
		/* Comments and what else hangs at it have dates of their own. */
		if (us == 0 && depth < DEPTH_MAX && strcmp(key, "comment") != 0 && strcmp(key, "review") != 0)
			us = date_in(of, depth + 1);
	}
	return us;
}

struct dates {
	struct arena *arena;
	int64_t us;
};

static bool is_dated_script(const xmlNode *node, const void *what)
{
	struct dates *dates = (struct dates *)what;
	const char *type = html_is(node, "script") ? html_attribute(node, "type", dates->arena) : NULL;
	if (!type || !text_starts_nocase(bytes_text(type), "application/ld+json"))
		return false;
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(SCRIPT_BYTES);
	html_text(node, &text);
	struct bytes json = without_marks(buffer_bytes(&text));
	CLEANUP(json_free) json_t *value = json.size ? json_loadb(json.data, json.size, JSON_DECODE_INT_AS_REAL, NULL) : NULL;
	dates->us = value ? date_in(value, 0) : 0;
	return dates->us != 0;
}

int64_t linked_date(xmlNode *root, struct arena *arena)
{
	struct dates dates = { arena, 0 };
	html_find(root, is_dated_script, &dates);
	return dates.us;
}
