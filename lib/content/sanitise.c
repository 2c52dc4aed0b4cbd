#include "base/text.h"
#include "content/html.h"
#include <stdio.h>
#include <strings.h>

enum { DEPTH_MAX = 100 };

/* What a mail may show. Everything else keeps its children, except for what is dropped whole. */
static const char *const allowed[] = { "a",  "abbr", "b",   "blockquote", "br",  "caption", "cite", "code", "col", "colgroup", "dd", "del", "dl",  "dt",    "em",
	                               "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q",
	                               "s",  "samp", "small", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var" };
static const char *const dropped[] = { "script", "style", "iframe", "object", "embed", "applet", "form", "input", "button", "select", "textarea", "video", "audio", "svg",
	                               "math", "template", "noscript", "head", "title", "meta", "link", "base", "nav", "canvas", "map", "frame", "frameset", "param",
	                               "noembed", "noframes", "plaintext", "xmp", "dialog", "option" };
/* Of all elements unless named. */
static const struct {
	const char *element, *name;
} attributes[] = { { "a", "title" },   { "img", "alt" },   { "img", "width" },   { "img", "height" }, { "img", "title" }, { "td", "colspan" }, { "td", "rowspan" },
	           { "th", "colspan" }, { "th", "rowspan" }, { "th", "scope" },    { "ol", "start" },   { NULL, "dir" },    { NULL, "lang" } };
/* By class or text, what platforms put into a body for their own pages. */
static const char *const leftovers[] = { "subscription-widget", "button-wrapper", "image-link-expand", "kg-signup-card", "sharedaddy", "beehiiv__footer", "mcnPreviewText", "share-buttons" };

static bool in(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(name, list[i]) == 0)
			return true;
	return false;
}

static bool is_leftover(const xmlNode *node, struct arena *arena)
{
	const char *class = html_attribute(node, "class", arena);
	for (size_t i = 0; class && i < COUNT_OF(leftovers); i++)
		if (strcasestr(class, leftovers[i]))
			return true;
	return xmlHasProp(node, (const xmlChar *)"hidden") != NULL;
}

static bool attribute_allowed(const xmlNode *node, const xmlAttr *attribute)
{
	for (size_t i = 0; i < COUNT_OF(attributes); i++)
		if ((!attributes[i].element || html_is(node, attributes[i].element)) && strcasecmp((const char *)attribute->name, attributes[i].name) == 0)
			return true;
	return false;
}

static void set(xmlNode *node, const char *name, const char *value)
{
	xmlUnsetProp(node, (const xmlChar *)name);
	if (value)
		xmlNewProp(node, (const xmlChar *)name, (const xmlChar *)value);
}

static bool is_number(const char *text)
{
	return text && *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 6;
}

/* False: the element goes, with what is in it. */
static bool clean_element(xmlNode *node, const char *base_url, struct arena *arena)
{
	const char *url = NULL;
	if (html_is(node, "a"))
		url = html_url(html_attribute(node, "href", arena), base_url, true, arena);
	if (html_is(node, "img")) {
		const char *src = html_attribute(node, "src", arena);
		const char *lazy = html_attribute(node, "data-src", arena);
		url = html_url(lazy && (!src || text_starts(src, "data:")) ? lazy : src, base_url, false, arena);
		const char *width = html_attribute(node, "width", arena);
		const char *height = html_attribute(node, "height", arena);
		if (!url || (width && strcmp(width, "1") == 0) || (height && strcmp(height, "1") == 0))
			return false;
	}
	for (xmlAttr *attribute = node->properties; attribute;) {
		xmlAttr *next = attribute->next;
		if (!attribute_allowed(node, attribute))
			xmlRemoveProp(attribute);
		attribute = next;
	}
	static const char *const numbers[] = { "width", "height", "colspan", "rowspan", "start" };
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		if (xmlHasProp(node, (const xmlChar *)numbers[i]) && !is_number(html_attribute(node, numbers[i], arena)))
			set(node, numbers[i], NULL);
	if (html_is(node, "a"))
		set(node, "href", url);
	if (html_is(node, "img")) {
		set(node, "src", url);
		if (!xmlHasProp(node, (const xmlChar *)"alt"))
			set(node, "alt", "");
	}
	return true;
}

/* Puts a node's children in its place. */
static xmlNode *unwrap(xmlNode *node)
{
	xmlNode *next = node->children ? node->children : node->next;
	while (node->children) {
		xmlNode *child = node->children;
		xmlUnlinkNode(child);
		xmlAddPrevSibling(node, child);
	}
	xmlUnlinkNode(node);
	xmlFreeNode(node);
	return next;
}

static xmlNode *drop(xmlNode *node)
{
	xmlNode *next = node->next;
	xmlUnlinkNode(node);
	xmlFreeNode(node);
	return next;
}

static bool is_block_wrapper(const xmlNode *node)
{
	static const char *const blocks[] = { "div", "section", "article", "main", "header", "footer", "aside", "figure", "center", "address" };
	for (size_t i = 0; i < COUNT_OF(blocks); i++)
		if (html_is(node, blocks[i]))
			return true;
	return false;
}

/* A wrapper whose content is text and inline elements only is a paragraph that its page wrote otherwise. */
static bool holds_only_inline(const xmlNode *node)
{
	static const char *const inline_names[] = { "a", "abbr", "b", "br", "cite", "code", "em", "i", "img", "small", "span", "strong", "sub", "sup", "u", "s", "mark", "q" };
	bool any = false;
	for (const xmlNode *child = node->children; child; child = child->next) {
		if (child->type == XML_ELEMENT_NODE && !in((const char *)child->name, inline_names, COUNT_OF(inline_names)))
			return false;
		any = any || child->type == XML_ELEMENT_NODE || (child->type == XML_TEXT_NODE && !xmlIsBlankNode(child));
	}
	return any;
}

static void clean_children(xmlNode *parent, const char *base_url, int depth, struct arena *arena)
{
	for (xmlNode *node = parent->children; node;) {
		if (node->type == XML_TEXT_NODE) {
			node = node->next;
			continue;
		}
		if (node->type != XML_ELEMENT_NODE || depth > DEPTH_MAX || in((const char *)node->name, dropped, COUNT_OF(dropped)) || is_leftover(node, arena)) {
			/* CDATA of a recovering parser is text that no mail should show as markup. */
			node = drop(node);
			continue;
		}
		if (is_block_wrapper(node) && holds_only_inline(node) && !html_is(parent, "p") && !html_is(parent, "li") && !html_is(parent, "td"))
			xmlNodeSetName(node, (const xmlChar *)"p");
		if (!in((const char *)node->name, allowed, COUNT_OF(allowed))) {
			node = unwrap(node);
			continue;
		}
		if (!clean_element(node, base_url, arena)) {
			node = drop(node);
			continue;
		}
		clean_children(node, base_url, depth + 1, arena);
		node = node->next;
	}
}

int content_sanitise(struct bytes html, const char *base_url, struct buffer *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(html_doc_free) xmlDoc *doc = html_parse(html);
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	xmlNode *body = root ? html_find_element(root, "body") : NULL;
	if (!body)
		body = root;
	if (!body)
		return 0;
	clean_children(body, base_url, 0, &arena);
	html_write_children(body, out);
	return buffer_check(out, err);
}
