#include "content/linked.h"
#include "base/json.h"
#include "base/text.h"

enum { SCRIPT_BYTES = 1 << 20, DEPTH_MAX = 6 };

/* A string, the first of a list, or an object's `inner`. */
static const char *text_at(const json_t *value, const char *inner, struct arena *arena)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		if (json_is_string(value))
			return html_line((struct bytes){ json_string_value(value), json_string_length(value) }, arena);
		value = json_is_array(value) ? json_array_get(value, 0) : json_object_get(value, inner);
	}
	return NULL;
}

/* An object with a headline, at the top, in a list or in @graph. */
static const json_t *find_article(const json_t *value, int depth)
{
	if (depth > DEPTH_MAX)
		return NULL;
	if (json_is_string(json_object_get(value, "headline")))
		return value;
	if (json_is_object(value))
		return find_article(json_object_get(value, "@graph"), depth + 1);
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *found = find_article(json_array_get(value, i), depth + 1);
		if (found)
			return found;
	}
	return NULL;
}

static bool is_script(const xmlNode *node, const void *arena)
{
	const char *type = html_is(node, "script") ? html_attribute(node, "type", (struct arena *)arena) : NULL;
	/* Taken out of sight once it was read, so that the search finds the next. */
	return type && text_starts_nocase(bytes_text(type), "application/ld+json") &&
	       !xmlHasProp((xmlNode *)node, (const xmlChar *)"data-read");
}

static void take(const json_t *article, struct linked *out, struct arena *arena)
{
	out->headline = text_at(json_object_get(article, "headline"), "name", arena);
	out->description = text_at(json_object_get(article, "description"), "name", arena);
	out->author = text_at(json_object_get(article, "author"), "name", arena);
	out->published = text_at(json_object_get(article, "datePublished"), "name", arena);
	out->modified = text_at(json_object_get(article, "dateModified"), "name", arena);
	out->image = text_at(json_object_get(article, "image"), "url", arena);
}

void linked_read(xmlNode *root, struct linked *out, struct arena *arena)
{
	*out = (struct linked){ 0 };
	for (xmlNode *script; !out->headline && (script = html_find(root, is_script, arena));) {
		CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(SCRIPT_BYTES);
		html_text(script, &text);
		CLEANUP(json_free) json_t *value = text.size ? json_loadb(text.data, text.size, JSON_DECODE_INT_AS_REAL, NULL) : NULL;
		const json_t *article = find_article(value, 0);
		if (article)
			take(article, out, arena);
		xmlNewProp(script, (const xmlChar *)"data-read", (const xmlChar *)"");
	}
}
