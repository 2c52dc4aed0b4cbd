/* One post from an HTML page: what its metadata says, and the article's body without the page around it. */
#include "base/json.h"
#include "base/text.h"
#include "content/html.h"
#include <regex.h>
#include <strings.h>

struct page {
	xmlNode *root;
	struct arena *arena;
	const char *base_url;
};

struct wanted {
	const char *key, *value;
	struct arena *arena;
};

static bool meta_is(const xmlNode *node, const void *what)
{
	const struct wanted *wanted = what;
	const char *name = html_is(node, "meta") ? html_attribute(node, wanted->key, wanted->arena) : NULL;
	return name && strcasecmp(name, wanted->value) == 0;
}

static const char *meta(const struct page *page, const char *name)
{
	static const char *const keys[] = { "property", "name", "itemprop" };
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct wanted wanted = { keys[i], name, page->arena };
		xmlNode *node = html_find(page->root, meta_is, &wanted);
		const char *content = node ? html_attribute(node, "content", page->arena) : NULL;
		if (content && *content)
			return html_line(bytes_text(content), page->arena);
	}
	return NULL;
}

static const char *first_meta(const struct page *page, const char *a, const char *b, const char *c)
{
	const char *value = meta(page, a);
	if (!value && b)
		value = meta(page, b);
	return !value && c ? meta(page, c) : value;
}

static bool is_canonical(const xmlNode *node, const void *arena)
{
	const char *rel = html_is(node, "link") ? html_attribute(node, "rel", (struct arena *)arena) : NULL;
	return rel && strcasecmp(rel, "canonical") == 0;
}

static const char *element_text(xmlNode *node, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
	if (!node)
		return NULL;
	html_text(node, &text);
	return html_line(buffer_bytes(&text), arena);
}

/* Places an article's body is found in, best first. */
static bool body_match(const xmlNode *node, const void *what)
{
	const struct wanted *wanted = what;
	if (!*wanted->key)
		return html_is(node, wanted->value);
	const char *value = html_attribute(node, wanted->key, wanted->arena);
	struct bytes rest = bytes_text(value ? value : "");
	struct bytes word;
	while (text_next_part(&rest, " \t\n", &word))
		if (text_compare_nocase(word, bytes_text(wanted->value)) == 0)
			return true;
	return false;
}

static xmlNode *find_body(const struct page *page)
{
	static const struct {
		const char *key, *value;
	} places[] = { { "id", "content-blocks" }, { "class", "gh-content" }, { "class", "entry-content" }, { "class", "post-content" }, { "class", "beehiiv__body" },
		       { "itemprop", "articleBody" }, { "", "article" }, { "", "main" }, { "", "body" } };
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		struct wanted wanted = { places[i].key, places[i].value, page->arena };
		xmlNode *node = html_find(page->root, body_match, &wanted);
		if (node)
			return node;
	}
	return page->root;
}

static bool is_breadcrumb(const xmlNode *node, const void *arena)
{
	const char *class = html_attribute(node, "class", (struct arena *)arena);
	const char *label = html_attribute(node, "aria-label", (struct arena *)arena);
	return html_is(node, "nav") || (class && strcasestr(class, "breadcrumb")) || (label && strcasestr(label, "breadcrumb"));
}

static void remove_node(xmlNode *node)
{
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

static bool invites(const char *text)
{
	regex_t pattern;
	if (!text || strlen(text) > 300 || regcomp(&pattern, "(share|subscribe).{0,80}(newsletter|story|insights)", REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
		return false;
	bool found = regexec(&pattern, text, 0, NULL, 0) == 0;
	regfree(&pattern);
	return found;
}

static bool is_paragraph(const xmlNode *node, const void *unused)
{
	(void)unused;
	return html_is(node, "p");
}

/* What the mail says itself: the way here, the title again, the subtitle again, the invitation to subscribe. */
static void cut_frame(const struct page *page, xmlNode *body, const struct post *post)
{
	for (xmlNode *crumb; (crumb = html_find(body, is_breadcrumb, page->arena)) && crumb != body;)
		remove_node(crumb);
	xmlNode *heading = html_find_element(body, "h1");
	const char *text = element_text(heading, page->arena);
	if (heading && heading != body && text && post->title && strcmp(text, post->title) == 0)
		remove_node(heading);
	xmlNode *first = html_find(body, is_paragraph, NULL);
	text = element_text(first, page->arena);
	if (first && text && post->subtitle && strcmp(text, post->subtitle) == 0)
		remove_node(first);
	xmlNode *last = NULL;
	for (xmlNode *node = body->last; node && !last; node = node->prev)
		if (node->type == XML_ELEMENT_NODE)
			last = node;
	if (last && (html_is(last, "p") || html_is(last, "div") || html_is(last, "footer")) && invites(element_text(last, page->arena)))
		remove_node(last);
}

static const char *title_of(const struct page *page)
{
	const char *title = first_meta(page, "og:title", "twitter:title", "headline");
	if (!title)
		title = element_text(html_find_element(page->root, "h1"), page->arena);
	return title ? title : element_text(html_find_element(page->root, "title"), page->arena);
}

int content_page(struct bytes html, const char *content_type, const char *base_url, struct arena *arena, struct post *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(16 << 20);
	CLEANUP(buffer_clear) struct buffer body = BUFFER_INIT(16 << 20);
	html_to_utf8(html, content_type, &text);
	CLEANUP(html_doc_free) xmlDoc *doc = html_parse(buffer_bytes(&text));
	*out = (struct post){ 0 };
	if (!doc || !xmlDocGetRootElement(doc))
		return error_set(err, ERROR_INPUT, "no page: it is empty");
	struct page page = { xmlDocGetRootElement(doc), arena, base_url };
	xmlNode *canonical = html_find(page.root, is_canonical, arena);
	out->url = html_url(canonical ? html_attribute(canonical, "href", arena) : meta(&page, "og:url"), base_url, false, arena);
	if (!out->url)
		out->url = html_url(base_url, NULL, false, arena);
	out->title = title_of(&page);
	out->subtitle = first_meta(&page, "og:description", "description", "twitter:description");
	out->author = first_meta(&page, "author", "article:author", "parsely-author");
	out->image = html_url(meta(&page, "og:image"), base_url, false, arena);
	out->language = html_attribute(page.root, "lang", arena);
	const char *date = first_meta(&page, "article:published_time", "datePublished", "date");
	out->published_us = date ? html_date(bytes_text(date)) : 0;
	xmlNode *place = find_body(&page);
	cut_frame(&page, place, out);
	html_write_children(place, &body);
	if (!out->title)
		out->title = "";
	if (html_set_body(out, buffer_bytes(&body), out->url ? out->url : base_url, arena, err) < 0)
		return -1;
	out->identity = out->url ? out->url : arena_format(arena, "page:%s", out->title);
	return out->identity ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}
