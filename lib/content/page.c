/* One post from an HTML page: what its metadata says, and the article's body without the page around it. */
#include "base/text.h"
#include "content/linked.h"
#include <strings.h>

struct page {
	xmlNode *root;
	struct arena *arena;
	const char *base_url;
	struct linked linked;
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
	} places[] = { { "id", "content-blocks" },
		       { "class", "gh-content" },
		       { "class", "entry-content" },
		       { "class", "post-content" },
		       { "class", "beehiiv__body" },
		       { "itemprop", "articleBody" },
		       { "", "article" },
		       { "", "main" },
		       { "", "body" } };
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

/* "Share this story or subscribe to our newsletter for more insights." */
static bool invites(const char *text)
{
	static const char *const verbs[] = { "share", "subscribe" };
	static const char *const things[] = { "newsletter", "story", "insights" };
	if (!text || strlen(text) > 300)
		return false;
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		for (const char *at = strcasestr(text, verbs[i]); at; at = strcasestr(at + 1, verbs[i]))
			for (size_t j = 0; j < COUNT_OF(things); j++) {
				const char *thing = strcasestr(at, things[j]);
				if (thing && thing - at < 90)
					return true;
			}
	return false;
}

static bool is_paragraph(const xmlNode *node, const void *unused)
{
	(void)unused;
	return html_is(node, "p");
}

/* The last paragraph that says something, however deep it stands. */
static xmlNode *last_paragraph(xmlNode *body, struct arena *arena)
{
	for (xmlNode *node = body->last; node; node = node->prev) {
		if (node->type != XML_ELEMENT_NODE || !element_text(node, arena))
			continue;
		if (html_is(node, "p") || !html_find_element(node, "p"))
			return node;
		return last_paragraph(node, arena);
	}
	return NULL;
}

/* A list before the text whose last item is the title: the way here. */
static bool is_trail(xmlNode *list, const char *title, struct arena *arena)
{
	xmlNode *last = list ? list->last : NULL;
	while (last && last->type != XML_ELEMENT_NODE)
		last = last->prev;
	const char *text = element_text(last, arena);
	return text && title && strcmp(text, title) == 0;
}

static void cut_if(xmlNode *node, const xmlNode *body, const char *says, struct arena *arena)
{
	const char *text = node && node != body ? element_text(node, arena) : NULL;
	if (text && says && strcmp(text, says) == 0)
		remove_node(node);
}

/* What the mail says itself: the way here, the title again, the subtitle again, the invitation to subscribe. */
static void cut_frame(const struct page *page, xmlNode *body, const struct post *post)
{
	for (xmlNode *crumb; (crumb = html_find(body, is_breadcrumb, page->arena)) && crumb != body;)
		remove_node(crumb);
	static const char *const lists[] = { "ol", "ul" };
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		xmlNode *list = html_find_element(body, lists[i]);
		if (list && is_trail(list, post->title, page->arena))
			remove_node(list);
	}
	cut_if(html_find_element(body, "h1"), body, post->title, page->arena);
	cut_if(html_find_element(body, "h2"), body, post->subtitle, page->arena);
	cut_if(html_find(body, is_paragraph, NULL), body, post->subtitle, page->arena);
	xmlNode *last = last_paragraph(body, page->arena);
	if (last && last != body && invites(element_text(last, page->arena)))
		remove_node(last);
}

/* "Title - Site" and "Title | Site" without the site. */
static const char *without_site(const char *title, const char *site, struct arena *arena)
{
	size_t size = title ? strlen(title) : 0;
	size_t tail = site ? strlen(site) : 0;
	if (tail == 0 || size <= tail + 3 || strcmp(title + size - tail, site) != 0)
		return title;
	size_t n = size - tail;
	while (n > 0 && strchr(" -|:", title[n - 1]))
		n--;
	return n > 0 && n < size - tail ? html_line((struct bytes){ title, n }, arena) : title;
}

static const char *title_of(const struct page *page)
{
	const char *title = page->linked.headline ? page->linked.headline : first_meta(page, "og:title", "twitter:title", "headline");
	if (!title)
		title = element_text(html_find_element(page->root, "h1"), page->arena);
	if (!title)
		title = element_text(html_find_element(page->root, "title"), page->arena);
	title = without_site(title, meta(page, "og:site_name"), page->arena);
	return title ? title : "";
}

static const char *or_else(const char *value, const char *other)
{
	return value ? value : other;
}

static void read_head(struct page *page, struct post *out)
{
	struct arena *arena = page->arena;
	const char *base = page->base_url;
	linked_read(page->root, &page->linked, arena);
	xmlNode *canonical = html_find(page->root, is_canonical, arena);
	out->url = html_url(canonical ? html_attribute(canonical, "href", arena) : meta(page, "og:url"), base, false, arena);
	if (!out->url)
		out->url = html_url(base, NULL, false, arena);
	out->title = title_of(page);
	out->subtitle = or_else(page->linked.description, first_meta(page, "og:description", "description", "twitter:description"));
	out->author = or_else(page->linked.author, first_meta(page, "author", "parsely-author", "article:author"));
	if (out->author && strstr(out->author, "://"))
		out->author = NULL;
	out->image = html_url(or_else(meta(page, "og:image"), page->linked.image), base, false, arena);
	out->image_alt = meta(page, "og:image:alt");
	out->language = html_attribute(page->root, "lang", arena);
	const char *date = or_else(page->linked.published, first_meta(page, "article:published_time", "datePublished", "date"));
	const char *changed = or_else(page->linked.modified, first_meta(page, "article:modified_time", "dateModified", NULL));
	out->published_us = date ? html_date(bytes_text(date)) : 0;
	out->updated_us = changed ? html_date(bytes_text(changed)) : 0;
}

int content_page(struct bytes html, const char *content_type, const char *base_url, struct arena *arena, struct post *out,
                 struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(2 * HTML_BODY_BYTES);
	CLEANUP(buffer_clear) struct buffer body = BUFFER_INIT(2 * HTML_BODY_BYTES);
	*out = (struct post){ 0 };
	html_to_utf8(html, content_type, &text);
	if (text.failed || text.size > HTML_BODY_BYTES)
		return error_set(err, ERROR_INPUT, "the page is longer than %d MB", HTML_BODY_BYTES >> 20);
	CLEANUP(html_doc_free) xmlDoc *doc = html_parse(buffer_bytes(&text));
	if (!doc || !xmlDocGetRootElement(doc))
		return error_set(err, ERROR_INPUT, "no page: it is empty");
	struct page page = { .root = xmlDocGetRootElement(doc), .arena = arena, .base_url = base_url };
	read_head(&page, out);
	xmlNode *place = find_body(&page);
	cut_frame(&page, place, out);
	html_write_children(place, &body);
	if (buffer_check(&body, err) < 0 || html_set_body(out, buffer_bytes(&body), out->url ? out->url : base_url, arena, err) < 0)
		return error_wrap(err, "the page");
	out->identity = out->url ? out->url : arena_format(arena, "page:%s", out->title);
	return out->identity ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}
