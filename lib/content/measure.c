/* What the readable view measures: lengths, links, names of classes. */
#include "base/text.h"
#include "content/readable.h"
#include <strings.h>

xmlNode *readable_next(xmlNode *root, xmlNode *node, bool skip_children)
{
	if (!skip_children && node->type == XML_ELEMENT_NODE && node->children)
		return node->children;
	while (node && node != root && !node->next)
		node = node->parent;
	return node && node != root ? node->next : NULL;
}

void readable_remove(xmlNode *node)
{
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

/* What stands for a comma in Arabic, CJK, small and vertical forms, Medieval and Nko texts. */
static bool is_pause(uint32_t c)
{
	static const uint32_t pauses[] = { 0x060c, 0xfe50, 0xfe10, 0xfe11, 0x2e41, 0x2e34, 0x2e32, 0xff0c };
	for (size_t i = 0; i < COUNT_OF(pauses); i++)
		if (c == pauses[i])
			return true;
	return false;
}

static bool is_pause_at(const char *text)
{
	uint32_t c = 0;
	return text_decode(text, strnlen(text, 4), &c) && is_pause(c);
}

struct count {
	struct readable_size size;
	bool space; /* white space since the last word */
};

static void count_text(struct count *count, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p <= ' ' || (*p == 0xc2 && p[1] == 0xa0)) {
			p += *p == 0xc2;
			count->space = true;
			continue;
		}
		if ((*p & 0xc0) == 0x80)
			continue;
		count->size.chars += 1 + (count->space && count->size.chars > 0);
		count->space = false;
		count->size.commas += *p == ',';
		count->size.pauses += *p == ',' || (*p >= 0xd8 && is_pause_at((const char *)p));
	}
}

/* A link within the page leads nowhere else: it counts less. */
static size_t link_share(const xmlNode *link, size_t chars)
{
	xmlChar *href = xmlGetProp(link, (const xmlChar *)"href");
	bool inner = href && href[0] == '#';
	xmlFree(href);
	return inner ? chars * 3 / 10 : chars;
}

struct readable_size readable_size(const xmlNode *root)
{
	struct count count = { 0 };
	const xmlNode *link = NULL;
	size_t before = 0;
	for (xmlNode *node = (xmlNode *)root; node; node = readable_next((xmlNode *)root, node, false)) {
		bool left_link = link && node != link;
		for (const xmlNode *up = node; left_link && up && up != root->parent; up = up->parent)
			left_link = up != link;
		if (left_link) {
			count.size.linked_chars += link_share(link, count.size.chars - before);
			link = NULL;
		}
		if (!link && node != root && html_is(node, "a")) {
			link = node;
			before = count.size.chars;
		}
		if (node->type == XML_TEXT_NODE && node->content)
			count_text(&count, (const char *)node->content);
	}
	if (link)
		count.size.linked_chars += link_share(link, count.size.chars - before);
	return count.size;
}

double readable_link_density(const xmlNode *node)
{
	struct readable_size size = readable_size(node);
	return size.chars ? (double)size.linked_chars / (double)size.chars : 0.0;
}

static bool attribute_has(const xmlNode *node, const char *name, const char *const *words, size_t n)
{
	xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
	bool found = false;
	for (size_t i = 0; value && i < n && !found; i++)
		found = strcasestr((const char *)value, words[i]) != NULL;
	xmlFree(value);
	return found;
}

bool readable_class_has(const xmlNode *node, const char *const *words, size_t n)
{
	return attribute_has(node, "class", words, n) || attribute_has(node, "id", words, n);
}

int readable_weight(const xmlNode *node, unsigned flags)
{
	static const char *const good[] = { "article", "body", "content", "entry", "hentry", "main",
		                            "page",    "post", "text",    "blog",  "story",  "pagination" };
	static const char *const bad[] = { "-ad-",  "hidden",   "banner",  "combx",      "comment",  "com-",     "contact", "footer",
		                           "gdpr",  "masthead", "media",   "meta",       "outbrain", "promo",    "related", "scroll",
		                           "share", "shoutbox", "sidebar", "skyscraper", "sponsor",  "shopping", "tags",    "widget" };
	static const char *const names[] = { "class", "id" };
	int weight = 0;
	for (size_t i = 0; i < COUNT_OF(names) && (flags & READABLE_WEIGH); i++) {
		weight -= attribute_has(node, names[i], bad, COUNT_OF(bad)) ? 25 : 0;
		weight += attribute_has(node, names[i], good, COUNT_OF(good)) ? 25 : 0;
	}
	return weight;
}
