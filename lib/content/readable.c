#include "content/readable.h"
#include "base/text.h"
#include "content/head.h"
#include <strings.h>

enum { CANDIDATES = 5, ANCESTORS = 5, LEAST_TEXT = 25, BYLINE_CHARS = 100 };

/* What an element got so far; hangs at node->_private, and lives in the arena. */
struct score {
	double points;
	bool listed;
};

struct search {
	xmlNode *body;
	const char *title;
	unsigned flags;
	const char **byline;
	struct arena *arena;
	xmlNode **paragraphs; /* to be scored */
	size_t count;
	xmlNode **candidates;
	size_t candidate_count;
};

static bool is_one_of(const xmlNode *node, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (html_is(node, names[i]))
			return true;
	return false;
}

static bool has_ancestor(const xmlNode *node, const char *name)
{
	for (const xmlNode *up = node->parent; up; up = up->parent)
		if (html_is(up, name))
			return true;
	return false;
}

static bool is_blank(const xmlNode *node)
{
	return (node->type == XML_TEXT_NODE && readable_size(node).chars == 0) || node->type == XML_COMMENT_NODE || html_is(node, "br");
}

static bool is_phrase(const xmlNode *node, int depth)
{
	static const char *const phrases[] = { "abbr",     "audio",  "b",        "bdo",      "br",     "button", "cite",
		                               "code",     "data",   "datalist", "dfn",      "em",     "embed",  "i",
		                               "img",      "input",  "kbd",      "label",    "mark",   "math",   "meter",
		                               "noscript", "object", "output",   "progress", "q",      "ruby",   "samp",
		                               "script",   "select", "small",    "span",     "strong", "sub",    "sup",
		                               "textarea", "time",   "var",      "wbr",      "font",   "svg" };
	static const char *const wraps[] = { "a", "del", "ins" };
	if (node->type == XML_TEXT_NODE || is_one_of(node, phrases, COUNT_OF(phrases)))
		return true;
	bool all = depth < 20 && is_one_of(node, wraps, COUNT_OF(wraps));
	for (const xmlNode *child = node->children; child && all; child = child->next)
		all = is_phrase(child, depth + 1);
	return all;
}

static bool holds_block(const xmlNode *node)
{
	static const char *const blocks[] = { "blockquote", "dl", "div", "img", "ol", "p", "pre", "table", "ul" };
	for (xmlNode *at = readable_next((xmlNode *)node, (xmlNode *)node, false); at; at = readable_next((xmlNode *)node, at, false))
		if (is_one_of(at, blocks, COUNT_OF(blocks)))
			return true;
	return false;
}

static size_t element_count(const xmlNode *node)
{
	return (size_t)xmlChildElementCount((xmlNode *)node);
}

/* The only element below, if it is of that name and no text stands beside it. */
static xmlNode *single_child(xmlNode *node, const char *name)
{
	xmlNode *only = element_count(node) == 1 ? xmlFirstElementChild(node) : NULL;
	for (xmlNode *child = node->children; child && only; child = child->next)
		if (child->type == XML_TEXT_NODE && !is_blank(child))
			only = NULL;
	return html_is(only, name) ? only : NULL;
}

static bool is_empty_box(const xmlNode *node)
{
	static const char *const boxes[] = { "div", "section", "header", "h1", "h2", "h3", "h4", "h5", "h6" };
	if (!is_one_of(node, boxes, COUNT_OF(boxes)) || readable_size(node).chars > 0)
		return false;
	for (const xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE && !html_is(child, "br") && !html_is(child, "hr"))
			return false;
	return true;
}

static bool attribute_is(const xmlNode *node, const char *name, const char *value)
{
	xmlChar *has = xmlGetProp(node, (const xmlChar *)name);
	bool equal = has && strcasecmp((const char *)has, value) == 0;
	xmlFree(has);
	return equal;
}

static bool is_hidden(const xmlNode *node)
{
	static const char *const kept[] = { "fallback-image" };
	xmlChar *style = xmlGetProp(node, (const xmlChar *)"style");
	bool hidden = false;
	for (const char *at = style ? strcasestr((const char *)style, "display") : NULL; at && !hidden; at = strcasestr(at, "display")) {
		at += strlen("display");
		const char *value = at + strspn(at, " \t\n");
		value += *value == ':' ? 1 + strspn(value + 1, " \t\n") : 0;
		hidden = strncasecmp(value, "none", 4) == 0;
	}
	const char *visibility = style ? strcasestr((const char *)style, "visibility") : NULL;
	hidden = hidden || (visibility && strncasecmp(visibility + 10 + strspn(visibility + 10, " \t\n:"), "hidden", 6) == 0);
	xmlFree(style);
	return hidden || xmlHasProp((xmlNode *)node, (const xmlChar *)"hidden") ||
	       (attribute_is(node, "aria-hidden", "true") && !readable_class_has(node, kept, COUNT_OF(kept))) ||
	       (attribute_is(node, "aria-modal", "true") && attribute_is(node, "role", "dialog"));
}

/* Named like what stands round a text, not like a text. */
static bool is_unlikely(const xmlNode *node)
{
	static const char *const unlikely[] = { "-ad-",      "ai2html",      "banner",    "breadcrumbs", "combx",      "comment",
		                                "community", "cover-wrap",   "disqus",    "extra",       "footer",     "gdpr",
		                                "header",    "legends",      "responses", "menu",        "related",    "remark",
		                                "replies",   "rss",          "shoutbox",  "sidebar",     "skyscraper", "social",
		                                "sponsor",   "supplemental", "ad-break",  "agegate",     "pagination", "pager",
		                                "popup",     "yom-remote" };
	static const char *const maybe[] = { "and", "article", "body", "column", "content", "main", "mathjax", "shadow" };
	static const char *const roles[] = { "menu", "menubar", "complementary", "navigation", "alert", "alertdialog", "dialog" };
	for (size_t i = 0; i < COUNT_OF(roles); i++)
		if (attribute_is(node, "role", roles[i]))
			return true;
	return readable_class_has(node, unlikely, COUNT_OF(unlikely)) && !readable_class_has(node, maybe, COUNT_OF(maybe)) &&
	       !html_is(node, "body") && !html_is(node, "a") && !has_ancestor(node, "table") && !has_ancestor(node, "code");
}

static bool is_name(const xmlNode *node, const void *unused)
{
	xmlChar *property = xmlGetProp(node, (const xmlChar *)"itemprop");
	bool found = property && strstr((const char *)property, "name");
	(void)unused;
	xmlFree(property);
	return found;
}

/* A name, not a text: measured with all its blanks, since a box of several lines is more than a name. */
static bool is_short(const xmlNode *node)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(64 << 10);
	size_t chars = 0;
	html_text(node, &text);
	struct bytes trimmed = text_trim(buffer_bytes(&text));
	for (size_t i = 0; i < trimmed.size; i++)
		chars += ((unsigned char)trimmed.data[i] & 0xc0) != 0x80;
	return !text.failed && chars > 0 && chars < BYLINE_CHARS;
}

/* The line that says who wrote it: taken, and out of the text. */
static bool take_byline(struct search *s, xmlNode *node)
{
	static const char *const classes[] = { "byline", "author", "dateline", "writtenby", "p-author" };
	xmlChar *property = xmlGetProp(node, (const xmlChar *)"itemprop");
	bool says = attribute_is(node, "rel", "author") || (property && strstr((const char *)property, "author")) ||
	            readable_class_has(node, classes, COUNT_OF(classes));
	xmlFree(property);
	if (!says || *s->byline || !is_short(node))
		return false;
	xmlNode *name = html_find(node, is_name, NULL);
	*s->byline = head_element_line(name ? name : node, s->arena);
	return *s->byline != NULL;
}

void readable_find_byline(xmlNode *body, unsigned flags, const char **byline, struct arena *arena)
{
	struct search s = { .body = body, .flags = flags, .byline = byline, .arena = arena };
	for (xmlNode *node = body; node && !*byline;) {
		bool skip = node != body && node->type == XML_ELEMENT_NODE &&
		            (is_hidden(node) || take_byline(&s, node) || ((flags & READABLE_STRIP) && is_unlikely(node)));
		node = readable_next(body, node, skip);
	}
}

static bool repeats_title(const struct search *s, const xmlNode *node)
{
	if (!s->title || (!html_is(node, "h1") && !html_is(node, "h2")))
		return false;
	const char *line = head_element_line(node, s->arena);
	return line && head_likeness(s->title, line) > 0.75;
}

/* Text that stands in a box beside blocks gets paragraphs of its own, so that it is scored. */
static void wrap_phrases(xmlNode *box)
{
	xmlNode *p = NULL;
	for (xmlNode *child = box->children, *next; child; child = next) {
		next = child->next;
		if (child->type != XML_COMMENT_NODE && is_phrase(child, 0)) {
			if (!p && !is_blank(child)) {
				p = xmlNewNode(NULL, (const xmlChar *)"p");
				if (!p)
					return;
				xmlAddPrevSibling(child, p);
			}
			if (p) {
				xmlUnlinkNode(child);
				/* Unlike xmlAddChild() this never merges text, which would free the child. */
				child->parent = p;
				child->prev = p->last;
				if (p->last)
					p->last->next = child;
				else
					p->children = child;
				p->last = child;
			}
		} else if (child->type != XML_COMMENT_NODE) {
			p = NULL;
		}
	}
}

static void rename_node(xmlNode *node, const char *name)
{
	xmlNodeSetName(node, (const xmlChar *)name);
}

/* A box that is a paragraph in all but name becomes one. Returns the node to go on from. */
static xmlNode *box_to_paragraph(xmlNode *box, bool *is_paragraph)
{
	wrap_phrases(box);
	xmlNode *only = single_child(box, "p");
	*is_paragraph = true;
	if (only && readable_link_density(box) < 0.25) {
		xmlUnlinkNode(only);
		xmlReplaceNode(box, only);
		xmlFreeNode(box);
		return only;
	}
	*is_paragraph = !holds_block(box);
	if (*is_paragraph)
		rename_node(box, "p");
	return box;
}

/* First walk: what can be no part of a text goes; what may be a paragraph is noted. */
static void gather(struct search *s)
{
	static const char *const scored[] = { "section", "h2", "h3", "h4", "h5", "h6", "p", "td", "pre" };
	bool title_seen = false;
	for (xmlNode *node = s->body, *next; node; node = next) {
		next = readable_next(s->body, node, false);
		if (node->type != XML_ELEMENT_NODE)
			continue;
		bool goes = node != s->body && (is_hidden(node) || take_byline(s, node));
		if (!goes && node != s->body && !title_seen)
			goes = title_seen = repeats_title(s, node);
		goes = goes || (node != s->body && (((s->flags & READABLE_STRIP) && is_unlikely(node)) || is_empty_box(node)));
		if (goes) {
			next = readable_next(s->body, node, true);
			readable_remove(node);
			continue;
		}
		bool is_paragraph = is_one_of(node, scored, COUNT_OF(scored));
		if (html_is(node, "div")) {
			node = box_to_paragraph(node, &is_paragraph);
			next = readable_next(s->body, node, false);
		}
		if (is_paragraph)
			s->paragraphs[s->count++] = node;
	}
}

static struct score *score_of(struct search *s, xmlNode *node)
{
	static const struct {
		const char *name;
		int points;
	} starts[] = { { "div", 5 }, { "pre", 3 }, { "td", 3 },  { "blockquote", 3 }, { "address", -3 }, { "ol", -3 }, { "ul", -3 },
		       { "dl", -3 }, { "dd", -3 }, { "dt", -3 }, { "li", -3 },        { "form", -3 },    { "h1", -5 }, { "h2", -5 },
		       { "h3", -5 }, { "h4", -5 }, { "h5", -5 }, { "h6", -5 },        { "th", -5 } };
	if (node->_private)
		return node->_private;
	struct score *score = arena_alloc(s->arena, sizeof *score);
	if (!score)
		return NULL;
	score->points = readable_weight(node, s->flags);
	for (size_t i = 0; i < COUNT_OF(starts); i++)
		if (html_is(node, starts[i].name))
			score->points += starts[i].points;
	node->_private = score;
	return score;
}

/* A paragraph speaks for its parent, half for the one above, less for those further up. */
static void score_paragraph(struct search *s, xmlNode *node)
{
	struct readable_size size = readable_size(node);
	if (!node->parent || size.chars < LEAST_TEXT)
		return;
	size_t hundreds = size.chars / 100;
	double points = 2.0 + (double)size.pauses + (double)(hundreds < 3 ? hundreds : 3);
	xmlNode *up = node->parent;
	for (int level = 0; level < ANCESTORS && up && up->type == XML_ELEMENT_NODE; level++, up = up->parent) {
		if (!up->parent || up->parent->type != XML_ELEMENT_NODE)
			continue;
		struct score *score = score_of(s, up);
		if (!score)
			return;
		score->points += points / (level == 0 ? 1 : level == 1 ? 2 : level * 3);
		if (!score->listed)
			s->candidates[s->candidate_count++] = up;
		score->listed = true;
	}
}

static double points(const xmlNode *node)
{
	return node->_private ? ((const struct score *)node->_private)->points : 0.0;
}

static size_t best_candidates(struct search *s, xmlNode *top[CANDIDATES])
{
	size_t n = 0;
	for (size_t i = 0; i < s->candidate_count; i++) {
		xmlNode *node = s->candidates[i];
		((struct score *)node->_private)->points *= 1.0 - readable_link_density(node);
		size_t at = n < CANDIDATES ? n++ : CANDIDATES;
		for (; at > 0 && points(top[at - 1]) < points(node); at--)
			if (at < CANDIDATES)
				top[at] = top[at - 1];
		if (at < CANDIDATES)
			top[at] = node;
	}
	return n;
}

static bool is_body(const xmlNode *node)
{
	return html_is(node, "body") || html_is(node, "html");
}

static bool is_above(const xmlNode *up, const xmlNode *node)
{
	while (node && node != up)
		node = node->parent;
	return node == up;
}

/* Several that are nearly as good and share a parent: the parent holds the text. */
static xmlNode *common_parent(xmlNode *best, xmlNode *const top[], size_t n)
{
	size_t rivals = 0;
	for (size_t i = 1; i < n; i++)
		rivals += points(top[i]) >= points(best) * 0.75;
	for (xmlNode *up = best->parent; rivals >= 3 && up && !is_body(up); up = up->parent) {
		size_t held = 0;
		for (size_t i = 1; i < n; i++)
			held += points(top[i]) >= points(best) * 0.75 && up != top[i] && is_above(up, top[i]);
		if (held >= 3)
			return up;
	}
	return best;
}

/* Further up, as long as the score does not fall much: text may be spread over several boxes. */
static xmlNode *climb(xmlNode *best)
{
	double last = points(best);
	double least = last / 3;
	for (xmlNode *up = best->parent; up && !is_body(up); up = up->parent) {
		if (!up->_private)
			continue;
		if (points(up) < least)
			break;
		if (points(up) > last) {
			best = up;
			break;
		}
		last = points(up);
	}
	while (best->parent && !is_body(best->parent) && best->parent->type == XML_ELEMENT_NODE && element_count(best->parent) == 1)
		best = best->parent;
	return best;
}

/* A paragraph beside the text that reads like one. */
static bool is_sentence(const xmlNode *node)
{
	struct readable_size size = readable_size(node);
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(4096);
	if (!html_is(node, "p"))
		return false;
	if (size.chars > 80)
		return (double)size.linked_chars < 0.25 * (double)size.chars;
	html_text(node, &text);
	struct bytes trimmed = text_trim(buffer_bytes(&text));
	return size.chars > 0 && size.linked_chars == 0 &&
	       (memmem(trimmed.data, trimmed.size, ". ", 2) || trimmed.data[trimmed.size - 1] == '.');
}

static bool same_class(const xmlNode *a, const xmlNode *b)
{
	xmlChar *one = xmlGetProp(a, (const xmlChar *)"class");
	bool equal = one && *one && attribute_is(b, "class", (const char *)one);
	xmlFree(one);
	return equal;
}

static bool is_picture(const xmlNode *node, const void *unused)
{
	(void)unused;
	return html_is(node, "img");
}

static bool is_kept(const xmlNode *node, const xmlNode *best, double least)
{
	double bonus = same_class(node, best) ? points(best) * 0.2 : 0;
	return node == best || (node->_private && points(node) + bonus >= least) || is_sentence(node);
}

/* A picture with hardly a word: with text of the article on both sides it belongs to it. */
static bool is_picture_alone(xmlNode *node)
{
	struct readable_size size = readable_size(node);
	return size.chars <= 200 && size.linked_chars * 3 <= size.chars && html_find(node, is_picture, NULL);
}

/* Chosen before anything is moved, which is nobody's neighbour any more. chosen[i] is of the i-th element. */
static void choose_siblings(const xmlNode *best, double least, bool *chosen)
{
	size_t n = 0;
	size_t last = 0;
	for (xmlNode *node = best->parent->children; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		chosen[n] = is_kept(node, best, least);
		last = chosen[n] ? n : last;
		n++;
	}
	bool before = false;
	size_t i = 0;
	for (xmlNode *node = best->parent->children; node && i < last; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		before = before || chosen[i];
		chosen[i] = chosen[i] || (before && is_picture_alone(node));
		i++;
	}
}

/* The best, and what stands beside it and belongs to it. */
static xmlNode *join_siblings(xmlNode *best, struct arena *arena)
{
	static const char *const kept[] = { "div", "article", "section", "p", "ol", "ul" };
	xmlNode *article = xmlNewDocNode(best->doc, NULL, (const xmlChar *)"div", NULL);
	double least = points(best) * 0.2 > 10 ? points(best) * 0.2 : 10;
	bool *chosen = arena_alloc(arena, element_count(best->parent) + 1);
	size_t i = 0;
	if (chosen)
		choose_siblings(best, least, chosen);
	for (xmlNode *node = best->parent->children, *next; node && article && chosen; node = next) {
		next = node->next;
		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (!chosen[i++])
			continue;
		if (!is_one_of(node, kept, COUNT_OF(kept)))
			rename_node(node, "div");
		xmlUnlinkNode(node);
		xmlAddChild(article, node);
	}
	return article;
}

/* Nothing stood out: all of it. */
static xmlNode *whole_body(xmlNode *body)
{
	xmlNode *article = xmlNewDocNode(body->doc, NULL, (const xmlChar *)"div", NULL);
	for (xmlNode *node = body->children, *next; node && article; node = next) {
		next = node->next;
		xmlUnlinkNode(node);
		xmlAddChild(article, node);
	}
	return article;
}

const char *readable_direction(const xmlNode *node, struct arena *arena)
{
	for (; node && node->type == XML_ELEMENT_NODE; node = node->parent) {
		const char *dir = html_attribute(node, "dir", arena);
		if (dir && (text_equal_nocase(dir, "rtl") || text_equal_nocase(dir, "ltr")))
			return dir;
	}
	return NULL;
}

static size_t node_count(xmlNode *root)
{
	size_t n = 0;
	for (xmlNode *node = root; node; node = readable_next(root, node, false))
		n++;
	return n;
}

xmlNode *readable_article(xmlNode *body, const char *title, unsigned flags, const char **byline, const char **direction,
                          struct arena *arena)
{
	struct search s = { .body = body, .title = title, .flags = flags, .byline = byline, .arena = arena };
	xmlNode *top[CANDIDATES] = { NULL };
	/* Each node makes at most one paragraph more, and each element is a candidate once. */
	size_t nodes = 2 * node_count(body);
	s.paragraphs = arena_alloc(arena, nodes * sizeof(xmlNode *));
	s.candidates = arena_alloc(arena, nodes * sizeof(xmlNode *));
	if (!s.paragraphs || !s.candidates)
		return NULL;
	gather(&s);
	for (size_t i = 0; i < s.count; i++)
		score_paragraph(&s, s.paragraphs[i]);
	size_t n = best_candidates(&s, top);
	bool none = n == 0 || is_body(top[0]);
	xmlNode *best = none ? body : climb(common_parent(top[0], top, n));
	if (direction && !*direction)
		*direction = readable_direction(best, arena);
	xmlNode *article = none || !best->parent ? whole_body(body) : join_siblings(best, arena);
	if (article)
		readable_clean(article, flags);
	return article;
}
