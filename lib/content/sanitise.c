/* The tree is read from the parser and written anew: what comes out holds only names and values from the tables below, quoted and
 * escaped here, so nothing depends on how another parser sees a comment, a CDATA section or a raw-text element. */
#include "base/text.h"
#include "content/html.h"
#include <strings.h>

enum { DEPTH_MAX = 100, PASSES = 4 };

enum place {
	PLACE_NONE,   /* not allowed: its content takes its place */
	PLACE_INLINE, /* within a paragraph */
	PLACE_BLOCK,  /* ends a paragraph that is open */
	PLACE_VOID,   /* inline, has no content */
	PLACE_PART,   /* of a list or a table: only within its own */
	PLACE_DROP,   /* goes with all that is in it */
};

/* What a mail may show (RULES A16). `within`: what a part must stand in. */
static const struct element {
	const char *name;
	enum place place;
	const char *within;
} elements[] = {
	{ "a", PLACE_INLINE, NULL },          { "abbr", PLACE_INLINE, NULL },       { "b", PLACE_INLINE, NULL },
	{ "cite", PLACE_INLINE, NULL },       { "code", PLACE_INLINE, NULL },       { "del", PLACE_INLINE, NULL },
	{ "em", PLACE_INLINE, NULL },         { "i", PLACE_INLINE, NULL },          { "ins", PLACE_INLINE, NULL },
	{ "kbd", PLACE_INLINE, NULL },        { "mark", PLACE_INLINE, NULL },       { "q", PLACE_INLINE, NULL },
	{ "s", PLACE_INLINE, NULL },          { "samp", PLACE_INLINE, NULL },       { "small", PLACE_INLINE, NULL },
	{ "strong", PLACE_INLINE, NULL },     { "sub", PLACE_INLINE, NULL },        { "sup", PLACE_INLINE, NULL },
	{ "u", PLACE_INLINE, NULL },          { "var", PLACE_INLINE, NULL },        { "br", PLACE_VOID, NULL },
	{ "img", PLACE_VOID, NULL },          { "hr", PLACE_BLOCK, NULL },          { "p", PLACE_BLOCK, NULL },
	{ "h1", PLACE_BLOCK, NULL },          { "h2", PLACE_BLOCK, NULL },          { "h3", PLACE_BLOCK, NULL },
	{ "h4", PLACE_BLOCK, NULL },          { "h5", PLACE_BLOCK, NULL },          { "h6", PLACE_BLOCK, NULL },
	{ "blockquote", PLACE_BLOCK, NULL },  { "pre", PLACE_BLOCK, NULL },         { "ul", PLACE_BLOCK, NULL },
	{ "ol", PLACE_BLOCK, NULL },          { "dl", PLACE_BLOCK, NULL },          { "table", PLACE_BLOCK, NULL },
	{ "li", PLACE_PART, "ul ol" },        { "dt", PLACE_PART, "dl" },           { "dd", PLACE_PART, "dl" },
	{ "caption", PLACE_PART, "table" },   { "thead", PLACE_PART, "table" },     { "tbody", PLACE_PART, "table" },
	{ "tfoot", PLACE_PART, "table" },     { "tr", PLACE_PART, "table thead tbody tfoot" }, { "td", PLACE_PART, "tr" },
	{ "th", PLACE_PART, "tr" },           { "script", PLACE_DROP, NULL },       { "style", PLACE_DROP, NULL },
	{ "iframe", PLACE_DROP, NULL },       { "object", PLACE_DROP, NULL },       { "embed", PLACE_DROP, NULL },
	{ "applet", PLACE_DROP, NULL },       { "form", PLACE_DROP, NULL },         { "input", PLACE_DROP, NULL },
	{ "button", PLACE_DROP, NULL },       { "select", PLACE_DROP, NULL },       { "option", PLACE_DROP, NULL },
	{ "textarea", PLACE_DROP, NULL },     { "video", PLACE_DROP, NULL },        { "audio", PLACE_DROP, NULL },
	{ "svg", PLACE_DROP, NULL },          { "math", PLACE_DROP, NULL },         { "template", PLACE_DROP, NULL },
	{ "noscript", PLACE_DROP, NULL },     { "noembed", PLACE_DROP, NULL },      { "noframes", PLACE_DROP, NULL },
	{ "head", PLACE_DROP, NULL },         { "title", PLACE_DROP, NULL },        { "meta", PLACE_DROP, NULL },
	{ "link", PLACE_DROP, NULL },         { "base", PLACE_DROP, NULL },         { "nav", PLACE_DROP, NULL },
	{ "canvas", PLACE_DROP, NULL },       { "map", PLACE_DROP, NULL },          { "frame", PLACE_DROP, NULL },
	{ "frameset", PLACE_DROP, NULL },     { "param", PLACE_DROP, NULL },        { "plaintext", PLACE_DROP, NULL },
	{ "xmp", PLACE_DROP, NULL },          { "dialog", PLACE_DROP, NULL },
};

static const struct {
	const char *element, *name; /* element NULL: of all */
	bool number;
} attributes[] = { { "a", "title", false },   { "img", "title", false },  { "img", "width", true },  { "img", "height", true },
	           { "td", "colspan", true }, { "td", "rowspan", true },  { "th", "colspan", true }, { "th", "rowspan", true },
	           { "ol", "start", true },   { "abbr", "title", false }, { NULL, "lang", false } };

/* What platforms put into a body for their own pages, by class (CONTENT section 1). */
static const char *const leftovers[] = { "subscription-widget", "button-wrapper", "kg-signup-card", "sharedaddy",
	                                 "beehiiv__footer",     "mcnPreviewText", "share-buttons" };

struct writer {
	struct buffer *out;
	const char *base_url;
	struct arena arena;
	const struct element *open[DEPTH_MAX]; /* written and not yet closed */
	const xmlNode *nodes[DEPTH_MAX];       /* whose start tag each was */
	int depth;
};

static const struct element *find_element(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(elements); i++)
		if (strcasecmp(name, elements[i].name) == 0)
			return &elements[i];
	return NULL;
}

static bool is_leftover(const xmlNode *node, struct arena *arena)
{
	const char *class = html_attribute(node, "class", arena);
	for (size_t i = 0; class && i < COUNT_OF(leftovers); i++)
		if (strcasestr(class, leftovers[i]))
			return true;
	return xmlHasProp((xmlNode *)node, (const xmlChar *)"hidden") != NULL;
}

static void escape(struct buffer *out, const char *text)
{
	for (; *text; text++) {
		const char *instead = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : *text == '"' ? "&quot;" : NULL;
		if (instead)
			buffer_add_text(out, instead);
		else if ((unsigned char)*text >= 0x20 || *text == '\n' || *text == '\t')
			buffer_add_char(out, *text);
		else
			buffer_add_char(out, ' ');
	}
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 6;
}

static void write_attribute(struct buffer *out, const char *name, const char *value)
{
	if (!value)
		return;
	buffer_format(out, " %s=\"", name);
	escape(out, value);
	buffer_add_char(out, '"');
}

static const char *url_of(struct writer *w, const xmlNode *node, const char *name)
{
	char *url = (char *)html_url(html_attribute(node, name, &w->arena), w->base_url, html_is(node, "a"), &w->arena);
	if (url)
		html_drop_tracking(url);
	return url;
}

/* The picture's address: pages that load late keep it in data-src. NULL: no picture, or one that only counts. */
static const char *picture(struct writer *w, const xmlNode *node)
{
	const char *width = html_attribute(node, "width", &w->arena);
	const char *height = html_attribute(node, "height", &w->arena);
	if ((width && atol_small(width) <= 1) || (height && atol_small(height) <= 1))
		return NULL;
	const char *src = url_of(w, node, "src");
	return src ? src : url_of(w, node, "data-src");
}
