/* The readable view, before and behind the search: what is no text at all, and what of an article is none of its text. */
#include "base/text.h"
#include "content/embed.h"
#include "content/leftovers.h"
#include "content/readable.h"
#include <stdlib.h>
#include <strings.h>

enum { LEVELS_MAX = 300, NODES_MAX = 200000, SHARE_CHARS = 500 };

static bool is_one_of(const xmlNode *node, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (html_is(node, names[i]))
			return true;
	return false;
}

static size_t count_of(const xmlNode *root, const char *const *names, size_t n)
{
	size_t found = 0;
	for (xmlNode *at = readable_next((xmlNode *)root, (xmlNode *)root, false); at; at = readable_next((xmlNode *)root, at, false))
		found += is_one_of(at, names, n);
	return found;
}

static size_t count_one(const xmlNode *root, const char *name)
{
	return count_of(root, &name, 1);
}

/* How much of the text stands in elements of these names; one within another counts twice. */
static double density_of(const xmlNode *root, const char *const *names, size_t n)
{
	size_t all = readable_size(root).chars;
	size_t within = 0;
	for (xmlNode *at = readable_next((xmlNode *)root, (xmlNode *)root, false); at && all;
	     at = readable_next((xmlNode *)root, at, false))
		within += is_one_of(at, names, n) ? readable_size(at).chars : 0;
	return all ? (double)within / (double)all : 0.0;
}

static bool is_blank_text(const xmlNode *node)
{
	return node->type == XML_COMMENT_NODE || (node->type == XML_TEXT_NODE && readable_size(node).chars == 0);
}

static xmlNode *skip_blank(xmlNode *node)
{
	while (node && is_blank_text(node))
		node = node->next;
	return node;
}

static bool is_inline(const xmlNode *node)
{
	static const char *const blocks[] = { "p",  "div", "ul", "ol", "dl", "table", "blockquote", "pre",     "h1",     "h2",   "h3", "h4",
		                              "h5", "h6",  "hr", "li", "tr", "td",    "section",    "article", "figure", "form", "br" };
	return node->type == XML_TEXT_NODE || (node->type == XML_ELEMENT_NODE && !is_one_of(node, blocks, COUNT_OF(blocks)));
}

/* <br><br> and what follows it, up to the next block, is a paragraph. */
static void breaks_to_paragraph(xmlNode *br)
{
	bool chain = false;
	for (xmlNode *next; (next = skip_blank(br->next)) && html_is(next, "br"); chain = true)
		readable_remove(next);
	if (!chain)
		return;
	xmlNodeSetName(br, (const xmlChar *)"p");
	for (xmlNode *next = br->next; next; next = br->next) {
		xmlNode *after = html_is(next, "br") ? skip_blank(next->next) : NULL;
		if ((after && html_is(after, "br")) || (!html_is(next, "br") && !is_inline(next) && next->type != XML_COMMENT_NODE))
			break;
		xmlUnlinkNode(next);
		xmlAddChild(br, next);
	}
	/* A paragraph can not stand in one. */
	if (html_is(br->parent, "p"))
		xmlNodeSetName(br->parent, (const xmlChar *)"div");
}

int readable_prepare(xmlNode *body, struct error *err)
{
	static const char *const dropped[] = { "script", "style", "noscript", "template", "link", "meta", "head" };
	size_t nodes = 0;
	for (xmlNode *node = body, *next; node; node = next) {
		size_t level = 0;
		bool goes = node != body &&
		            (is_one_of(node, dropped, COUNT_OF(dropped)) || node->type == XML_PI_NODE || leftovers_is_box(node));
		next = readable_next(body, node, goes);
		for (const xmlNode *up = node; up && level <= LEVELS_MAX; up = up->parent)
			level++;
		if (level > LEVELS_MAX || ++nodes > NODES_MAX)
			return error_set(err, ERROR_INPUT, "the page is nested or split too finely to find its text");
		if (goes)
			readable_remove(node);
	}
	for (xmlNode *node = body, *next; node; node = next) {
		embed_of_amp(node);
		if (html_is(node, "br"))
			breaks_to_paragraph(node);
		else if (html_is(node, "font"))
			xmlNodeSetName(node, (const xmlChar *)"span");
		next = readable_next(body, node, false);
	}
	return 0;
}

static bool attribute_has_video(const xmlNode *node)
{
	static const char *const hosts[] = { "youtube.com/",     "youtube-nocookie.com/", "player.vimeo.com/", "dailymotion.com/",
		                             "v.qq.com/",        "bilibili.com/",         "archive.org/",      "upload.wikimedia.org/",
		                             "player.twitch.tv/" };
	for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
		const char *value = attribute->children ? (const char *)attribute->children->content : NULL;
		const char *slashes = value ? strstr(value, "//") : NULL;
		const char *host = slashes ? slashes + (text_starts(slashes + 2, "www.") ? 6 : 2) : NULL;
		for (size_t i = 0; host && i < COUNT_OF(hosts); i++)
			if (text_starts_nocase(bytes_text(host), hosts[i]))
				return true;
	}
	return false;
}

/* Every element of that name goes; players of known houses stay, the sanitiser makes links of them. */
static void drop_all(xmlNode *article, const char *name)
{
	static const char *const players[] = { "object", "embed", "iframe" };
	for (xmlNode *node = article, *next; node; node = next) {
		bool goes = node != article && html_is(node, name) &&
		            !(is_one_of(node, players, COUNT_OF(players)) && attribute_has_video(node));
		next = readable_next(article, node, goes);
		if (goes)
			readable_remove(node);
	}
}

static long number(const xmlNode *node, const char *name, long otherwise)
{
	xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
	long n = value ? strtol((const char *)value, NULL, 10) : otherwise;
	xmlFree(value);
	return n > 0 ? n : otherwise;
}

/* Rows and columns that are data, not a frame for a page. */
static bool is_data_table(xmlNode *table)
{
	static const char *const signs[] = { "col", "colgroup", "tfoot", "thead", "th" };
	xmlChar *role = xmlGetProp(table, (const xmlChar *)"role");
	bool frame = role && strcasecmp((const char *)role, "presentation") == 0;
	xmlFree(role);
	if (frame)
		return false;
	xmlNode *caption = html_find_element(table, "caption");
	if (xmlHasProp(table, (const xmlChar *)"summary") || (caption && caption->children) || count_of(table, signs, COUNT_OF(signs)))
		return true;
	if (count_one(table, "table"))
		return false;
	long rows = 0;
	long columns = 0;
	long in_row = 0;
	for (xmlNode *at = table; at; at = readable_next(table, at, false)) {
		if (html_is(at, "tr")) {
			rows += number(at, "rowspan", 1);
			in_row = 0;
		}
		if (html_is(at, "td"))
			in_row += number(at, "colspan", 1);
		columns = in_row > columns ? in_row : columns;
	}
	if (rows <= 1 || columns <= 1)
		return false;
	return rows >= 10 || columns > 4 || rows * columns > 10;
}

static bool is_within_kept(const xmlNode *node, const xmlNode *article)
{
	for (xmlNode *up = node->parent; up && up != article->parent; up = up->parent)
		if (html_is(up, "code") || (html_is(up, "table") && is_data_table(up)))
			return true;
	return false;
}

static bool holds_data_table(const xmlNode *node)
{
	for (xmlNode *at = readable_next((xmlNode *)node, (xmlNode *)node, false); at; at = readable_next((xmlNode *)node, at, false))
		if (html_is(at, "table") && is_data_table(at))
			return true;
	return false;
}

static bool is_list(const xmlNode *node, size_t chars)
{
	static const char *const lists[] = { "ul", "ol" };
	if (is_one_of(node, lists, COUNT_OF(lists)))
		return true;
	return chars > 0 && density_of(node, lists, COUNT_OF(lists)) > 0.9;
}

/* "Advertisement", "Loading…" and nothing else. */
static bool is_stand_in(const xmlNode *node, size_t chars)
{
	static const char *const words[] = { "ad",       "advertising", "advertisement", "pub",      "publicité",  "werb",
		                             "werbung",  "广告",        "реклама",       "Реклама",  "anuncio",    "loading",
		                             "loading…", "loading...",  "正在加载",      "Загрузка", "chargement", "cargando" };
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(4096);
	if (chars == 0 || chars > 20)
		return false;
	html_text(node, &text);
	struct bytes trimmed = text_trim(buffer_bytes(&text));
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (text_compare_nocase(trimmed, bytes_text(words[i])) == 0)
			return true;
	return false;
}

static bool is_in_figure(const xmlNode *node)
{
	for (const xmlNode *up = node->parent; up; up = up->parent)
		if (html_is(up, "figure"))
			return true;
	return false;
}

/* Players in it; -1: one of them is worth the box. */
static int player_count(const xmlNode *node)
{
	static const char *const players[] = { "object", "embed", "iframe" };
	int n = 0;
	for (xmlNode *at = readable_next((xmlNode *)node, (xmlNode *)node, false); at; at = readable_next((xmlNode *)node, at, false)) {
		if (!is_one_of(at, players, COUNT_OF(players)))
			continue;
		if (attribute_has_video(at))
			return -1;
		n++;
	}
	return n;
}

/* More pictures, fields, items or links than a text would have. */
static bool is_overloaded(const xmlNode *node, struct readable_size size, int weight, bool list, int players)
{
	static const char *const headings[] = { "h1", "h2", "h3", "h4", "h5", "h6" };
	static const char *const texts[] = { "span", "li", "td", "blockquote", "dl", "div", "img", "ol", "p", "pre", "table", "ul" };
	size_t p = count_one(node, "p");
	size_t img = count_one(node, "img");
	size_t li = count_one(node, "li");
	bool figure = is_in_figure(node);
	double links = size.chars ? (double)size.linked_chars / (double)size.chars : 0.0;
	return (!figure && img > 1 && (double)p / (double)img < 0.5) || (!list && li > p + 100) || count_one(node, "input") > p / 3 ||
	       (!list && !figure && size.chars < 25 && (img == 0 || img > 2) && links > 0 &&
	        density_of(node, headings, COUNT_OF(headings)) < 0.9) ||
	       (!list && weight < 25 && links > 0.2) || (weight >= 25 && links > 0.5) || (players == 1 && size.chars < 75) || players > 1 ||
	       (img == 0 && density_of(node, texts, COUNT_OF(texts)) <= 0.0);
}

/* A list in which each item is a picture. */
static bool is_gallery(const xmlNode *node)
{
	for (const xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE && xmlChildElementCount((xmlNode *)child) > 1)
			return false;
	return count_one(node, "img") == count_one(node, "li");
}

/* Pictures that stand in figures each, and lead nowhere: they are what the article shows. */
static bool is_figures(const xmlNode *node, struct readable_size size)
{
	size_t img = count_one(node, "img");
	return img > 1 && count_one(node, "figure") >= img && size.linked_chars * 4 <= size.chars;
}

static bool is_fishy(const xmlNode *node, const xmlNode *article, unsigned flags)
{
	struct readable_size size = readable_size(node);
	bool list = is_list(node, size.chars);
	if (is_figures(node, size) || is_within_kept(node, article) || (html_is(node, "table") && is_data_table((xmlNode *)node)) ||
	    holds_data_table(node))
		return false;
	int weight = readable_weight(node, flags);
	if (weight < 0)
		return true;
	if (size.commas >= 10)
		return false;
	int players = player_count(node);
	if (players < 0)
		return false;
	if (is_stand_in(node, size.chars))
		return true;
	return is_overloaded(node, size, weight, list, players) && !(list && is_gallery(node));
}

static xmlNode *last_within(xmlNode *node)
{
	while (node->type == XML_ELEMENT_NODE && node->last)
		node = node->last;
	return node;
}

/* From the end, so that the inner boxes are judged before the outer ones. */
static void drop_fishy(xmlNode *article, const char *name, unsigned flags)
{
	for (xmlNode *node = last_within(article), *before; node != article; node = before) {
		before = node->prev ? last_within(node->prev) : node->parent;
		if (html_is(node, name) && is_fishy(node, article, flags)) {
			readable_remove(node);
		}
	}
}

static bool is_share_word(const char *at, const char *from)
{
	size_t n = text_starts_nocase(bytes_text(at), "sharedaddy") ? 10 : 5;
	bool starts = at == from || strchr("_- \t\n", at[-1]);
	return starts && (!at[n] || strchr("_- \t\n", at[n]));
}

static bool is_share_box(const xmlNode *node)
{
	static const char *const names[] = { "class", "id" };
	bool found = false;
	for (size_t i = 0; i < COUNT_OF(names) && !found; i++) {
		xmlChar *value = xmlGetProp(node, (const xmlChar *)names[i]);
		for (const char *at = (const char *)value; at && (at = strcasestr(at, "share")) && !found; at++)
			found = is_share_word(at, (const char *)value);
		xmlFree(value);
	}
	return found && readable_size(node).chars < SHARE_CHARS;
}

static void drop_share_boxes(xmlNode *article)
{
	for (xmlNode *node = article, *next; node; node = next) {
		bool goes = node != article && node->parent != article && node->type == XML_ELEMENT_NODE && is_share_box(node);
		next = readable_next(article, node, goes);
		if (goes)
			readable_remove(node);
	}
}

static void drop_stand_ins(xmlNode *article)
{
	for (xmlNode *node = article, *next; node; node = next) {
		bool goes = node != article && (html_is(node, "p") || html_is(node, "div")) && is_stand_in(node, readable_size(node).chars);
		next = readable_next(article, node, goes);
		if (goes)
			readable_remove(node);
	}
}

static void drop_bad_headings(xmlNode *article, unsigned flags)
{
	for (xmlNode *node = article, *next; node; node = next) {
		bool goes = (html_is(node, "h1") || html_is(node, "h2")) && readable_weight(node, flags) < 0;
		next = readable_next(article, node, goes);
		if (goes)
			readable_remove(node);
	}
}

void readable_clean(xmlNode *article, unsigned flags)
{
	static const char *const first[] = { "object", "embed", "footer", "link", "aside" };
	static const char *const second[] = { "iframe", "input", "textarea", "select", "button" };
	static const char *const forms[] = { "form", "fieldset" };
	static const char *const boxes[] = { "table", "ul", "div" };
	for (size_t i = 0; i < COUNT_OF(forms) && (flags & READABLE_CLEAN); i++)
		drop_fishy(article, forms[i], flags);
	drop_stand_ins(article);
	for (size_t i = 0; i < COUNT_OF(first); i++)
		drop_all(article, first[i]);
	drop_share_boxes(article);
	for (size_t i = 0; i < COUNT_OF(second); i++)
		drop_all(article, second[i]);
	drop_bad_headings(article, flags);
	for (size_t i = 0; i < COUNT_OF(boxes) && (flags & READABLE_CLEAN); i++)
		drop_fishy(article, boxes[i], flags);
}
