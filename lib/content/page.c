/* One post from an HTML page: what its metadata says, and the article's body without the page around it. */
#include "base/text.h"
#include "content/byline.h"
#include "content/dated.h"
#include "content/head.h"
#include "content/lead.h"
#include "content/readable.h"
#include <strings.h>

enum { LEAST_CHARS = 500, LEAST_PLACE_CHARS = 250 };

struct page {
	struct bytes html;
	xmlDoc *doc; /* the page as read for its head; the first try takes it */
	const struct content_from *from;
	struct content_head *head;
	int64_t dated_us; /* where the head has no date that can be read */
	struct arena *arena;
};

static bool has_class(const xmlNode *node, const char *key, const char *name)
{
	xmlChar *value = xmlGetProp(node, (const xmlChar *)key);
	struct bytes rest = bytes_text((const char *)value);
	struct bytes word;
	bool found = false;
	while (!found && text_next_part(&rest, " \t\n", &word))
		found = text_compare_nocase(word, bytes_text(name)) == 0;
	xmlFree(value);
	return found;
}

struct place {
	const char *key; /* attribute; NULL: the element's name */
	const char *value;
};

static bool is_place(const xmlNode *node, const void *place)
{
	const struct place *wanted = place;
	return wanted->key ? has_class(node, wanted->key, wanted->value) : html_is(node, wanted->value);
}

/* The first of these that stands once on the page (twice it is a list of posts) and has so much text. */
static xmlNode *find_place(xmlNode *body, const struct place *places, size_t n, size_t least_chars)
{
	for (size_t i = 0; i < n; i++) {
		xmlNode *node = html_find(body, is_place, &places[i]);
		bool twice = false;
		for (xmlNode *next = node ? readable_next(body, node, true) : NULL; next && !twice; next = readable_next(body, next, false))
			twice = next->type == XML_ELEMENT_NODE && is_place(next, &places[i]);
		if (node && !twice && readable_size(node).chars >= least_chars)
			return node;
	}
	return NULL;
}

/* Where platforms put a post's text and nothing else (CONTENT section 5). Names that many themes share are left to the search: what
 * stands in them is not always text only. */
static xmlNode *known_place(xmlNode *body)
{
	static const struct place places[] = { { "id", "content-blocks" }, { "class", "beehiiv__body" }, { "class", "gh-content" } };
	return find_place(body, places, COUNT_OF(places), LEAST_PLACE_CHARS);
}

/* A text too short to stand out is where the page says its text is. */
static xmlNode *likely_place(xmlNode *body)
{
	static const struct place places[] = { { "itemprop", "articleBody" },
		                               { "class", "entry-content" },
		                               { "class", "post-content" },
		                               { NULL, "article" },
		                               { NULL, "main" } };
	xmlNode *place = find_place(body, places, COUNT_OF(places), 1);
	return place && readable_size(place).chars < LEAST_CHARS ? place : NULL;
}

static bool is_breadcrumb(const xmlNode *node, const void *arena)
{
	const char *class = html_attribute(node, "class", (struct arena *)arena);
	const char *label = html_attribute(node, "aria-label", (struct arena *)arena);
	return html_is(node, "nav") || (class && strcasestr(class, "breadcrumb")) || (label && strcasestr(label, "breadcrumb"));
}

static bool is_paragraph(const xmlNode *node, const void *unused)
{
	(void)unused;
	return html_is(node, "p");
}

/* A list before the text whose last item is the title: the way here. */
static bool is_trail(xmlNode *list, const char *title, struct arena *arena)
{
	xmlNode *last = list ? list->last : NULL;
	while (last && last->type != XML_ELEMENT_NODE)
		last = last->prev;
	const char *text = head_element_line(last, arena);
	return text && title && strcmp(text, title) == 0;
}

static void cut_if(xmlNode *node, const xmlNode *body, const char *says, struct arena *arena)
{
	const char *text = node && node != body ? head_element_line(node, arena) : NULL;
	if (text && says && strcmp(text, says) == 0)
		readable_remove(node);
}

/* What the mail says itself: the way here, the title again, the subtitle again. */
static void cut_frame(const struct page *page, xmlNode *body)
{
	for (xmlNode *crumb; (crumb = html_find(body, is_breadcrumb, page->arena)) && crumb != body;)
		readable_remove(crumb);
	static const char *const lists[] = { "ol", "ul" };
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		xmlNode *list = html_find_element(body, lists[i]);
		if (list && is_trail(list, page->head->title, page->arena))
			readable_remove(list);
	}
	cut_if(html_find_element(body, "h1"), body, page->head->title, page->arena);
	cut_if(html_find_element(body, "h1"), body, head_without_site(page->head->title, page->head->site, page->arena), page->arena);
	cut_if(html_find_element(body, "h2"), body, page->head->excerpt, page->arena);
	cut_if(html_find(body, is_paragraph, NULL), body, page->head->excerpt, page->arena);
}

static void node_free(xmlNode **node)
{
	if (*node) {
		xmlUnlinkNode(*node);
		xmlFreeNode(*node);
	}
}

enum place_kind { PLACE_SEARCHED, PLACE_LIKELY };

/* One try at the page: the article's HTML in *out, and how much text it has. */
static int try_page(struct page *page, enum place_kind kind, unsigned flags, struct buffer *out, size_t *chars, struct error *err)
{
	CLEANUP(html_doc_free) xmlDoc *doc = page->doc ? page->doc : html_parse(page->html);
	page->doc = NULL;
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	xmlNode *body = root ? html_find_element(root, "body") : NULL;
	struct content_head *head = page->head;
	*chars = 0;
	buffer_reset(out);
	if (!body || readable_prepare(body, err) < 0)
		return body ? -1 : 0;
	xmlNode *known = kind == PLACE_LIKELY ? likely_place(body) : known_place(body);
	const char *byline = head->byline;
	CLEANUP(node_free) xmlNode *article = NULL;
	if (known) {
		readable_find_byline(body, flags, &byline, page->arena);
		if (!head->direction)
			head->direction = readable_direction(known, page->arena);
		readable_clean(known, flags);
		article = known;
	} else if (kind == PLACE_SEARCHED) {
		article = readable_article(body, head->title, flags, &byline, &head->direction, page->arena);
	}
	if (!article)
		return 0;
	cut_frame(page, article);
	*chars = readable_size(article).chars;
	html_write_children(article, out);
	if (*chars > 0 && !head->byline)
		head->byline = byline;
	return buffer_check(out, err);
}

/* Stricter rules first; where they leave hardly any text, the place the page names, then milder rules. The longest text of all tries
 * counts. */
static int extract(struct page *page, struct buffer *out, struct error *err)
{
	static const struct {
		enum place_kind kind;
		unsigned flags;
		size_t enough; /* characters, to try no other */
	} tries[] = { { PLACE_SEARCHED, READABLE_ALL, LEAST_CHARS },
		      { PLACE_LIKELY, READABLE_ALL, 1 },
		      { PLACE_SEARCHED, READABLE_ALL & ~READABLE_STRIP, LEAST_CHARS },
		      { PLACE_SEARCHED, READABLE_CLEAN, LEAST_CHARS },
		      { PLACE_SEARCHED, 0, LEAST_CHARS } };
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(2 * HTML_BODY_BYTES);
	size_t best = 0;
	bool done = false;
	for (size_t i = 0; i < COUNT_OF(tries) && !done; i++) {
		size_t chars = 0;
		if (try_page(page, tries[i].kind, tries[i].flags, &text, &chars, err) < 0)
			return error_wrap(err, "the page");
		done = chars >= tries[i].enough;
		if (chars <= best && !(done && chars > 0))
			continue;
		best = chars;
		struct buffer swap = *out;
		*out = text;
		text = swap;
	}
	return 0;
}

static void set_post(const struct page *page, struct post *out)
{
	const struct content_head *head = page->head;
	out->url = head->canonical ? head->canonical : html_url(page->from->base_url, NULL, false, page->arena);
	const char *title = head->heading ? head->heading : head_without_site(head->title, head->site, page->arena);
	out->title = title ? title : "";
	out->subtitle = head->excerpt;
	out->author = byline_names(head->byline ? head->byline : head->author, page->arena);
	out->image = head->image;
	out->image_alt = head->image_alt;
	out->language = head->language;
	out->published_us = head->published ? html_date(bytes_text(head->published)) : 0;
	if (!out->published_us)
		out->published_us = page->dated_us;
	out->updated_us = head->modified ? html_date(bytes_text(head->modified)) : 0;
}

static const char *first_paragraph(const char *html, struct arena *arena)
{
	CLEANUP(html_doc_free) xmlDoc *doc = html_parse(bytes_text(html));
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	return root ? head_element_line(html_find_element(root, "p"), arena) : NULL;
}

static int read_head(struct page *page, const char **base, struct error *err)
{
	page->doc = html_parse(page->html);
	xmlNode *root = page->doc ? xmlDocGetRootElement(page->doc) : NULL;
	if (!root)
		return error_set(err, ERROR_INPUT, "no page: it is empty");
	head_read(root, page->from->base_url, page->head, page->arena);
	if (!page->head->published || !html_date(bytes_text(page->head->published)))
		page->dated_us = dated_find(root, page->head->canonical ? page->head->canonical : page->from->base_url, page->arena);
	*base = head_base(root, page->from->base_url, page->arena);
	return 0;
}

int content_page(struct bytes html, const struct content_from *from, struct arena *arena, struct post *out, struct content_head *head,
                 struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(2 * HTML_BODY_BYTES);
	CLEANUP(buffer_clear) struct buffer body = BUFFER_INIT(2 * HTML_BODY_BYTES);
	struct content_head own = { 0 };
	struct page page = { .from = from, .head = head ? head : &own, .arena = arena };
	const char *base = NULL;
	*out = (struct post){ 0 };
	html_to_utf8(html, from->content_type, &text);
	if (text.failed || text.size > HTML_BODY_BYTES)
		return error_set(err, ERROR_INPUT, "the page is longer than %d MB", HTML_BODY_BYTES >> 20);
	page.html = buffer_bytes(&text);
	int result = read_head(&page, &base, err) < 0 ? -1 : extract(&page, &body, err);
	html_doc_free(&page.doc);
	if (result < 0)
		return -1;
	set_post(&page, out);
	const struct html_how how = { .base_url = base, .flags = CONTENT_CUT_LEFTOVERS, .beside = from->beside };
	if (html_set_body(out, buffer_bytes(&body), &how, arena, err) < 0)
		return error_wrap(err, "the page");
	lead_settle(out, arena);
	if (!page.head->excerpt)
		page.head->excerpt = first_paragraph(out->html, arena);
	out->identity = out->url ? out->url : arena_format(arena, "page:%s", out->title);
	return out->identity ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}
