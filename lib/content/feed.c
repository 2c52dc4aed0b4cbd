/* RSS 2.0 and Atom, as the world writes them: mended first, then read by libxml2 without DTD, entities or network. */
#include "base/text.h"
#include "base/units.h"
#include "content/feed.h"
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <stdio.h>

static const char *find_word(struct bytes text, const char *word)
{
	return memmem(text.data, text.size, word, strlen(word));
}

/* Where the root element begins, under whatever prefix: what stands before it (warnings of PHP, blank lines, a DOCTYPE) is not the feed's.
 */
const char *feed_root(struct bytes text)
{
	static const char *const roots[] = { "rss", "feed", "RDF", "entry" };
	struct bytes rest = text;
	bool any_ends = true; /* looked for once in vain, the end of a comment is looked for no more */
	for (const char *at; rest.size > 0 && (at = memchr(rest.data, '<', rest.size));) {
		rest = (struct bytes){ at + 1, rest.size - (size_t)(at + 1 - rest.data) };
		bool begins = any_ends && text_starts_nocase(rest, "!--");
		const char *end = begins ? find_word(rest, "-->") : NULL;
		any_ends = any_ends && (!begins || end);
		if (end)
			rest = (struct bytes){ end, rest.size - (size_t)(end - rest.data) };
		size_t n = 0;
		while (n < rest.size && n < 40 && !strchr(" \t\r\n></&\"'", rest.data[n]))
			n++;
		const char *colon = memchr(rest.data, ':', n);
		struct bytes name =
			colon ? (struct bytes){ colon + 1, n - (size_t)(colon + 1 - rest.data) } : (struct bytes){ rest.data, n };
		for (size_t i = 0; i < COUNT_OF(roots) && n < rest.size && rest.data[n] != '/'; i++)
			if (text_compare_nocase(name, bytes_text(roots[i])) == 0)
				return at;
	}
	return NULL;
}

/* By local name, and by namespace where another's element of that name would be mistaken for it. */
static bool is(const xmlNode *node, const char *prefix, const char *name)
{
	if (!node || node->type != XML_ELEMENT_NODE)
		return false;
	const char *whole = (const char *)node->name;
	const char *local = strchr(whole, ':') ? strchr(whole, ':') + 1 : whole;
	if (!text_equal_nocase(local, name))
		return false;
	/* In recover mode an unbound prefix stays in the name. */
	const char *href = node->ns && node->ns->href ? (const char *)node->ns->href : "";
	const char *has = local != whole                                                                   ? whole
	                  : strstr(href, "purl.org/dc")                                                    ? "dc:"
	                  : strstr(href, "purl.org/rss/1.0/modules/content")                               ? "content:"
	                  : strstr(href, "search.yahoo.com/mrss")                                          ? "media:"
	                  : strstr(href, "itunes")                                                         ? "itunes:"
	                  : strstr(href, "1999/xhtml")                                                     ? "xhtml:"
	                  : strstr(href, "rss/1.0/modules/syndication")                                    ? "sy:"
	                  : node->ns && node->ns->prefix && !strstr(href, "Atom") && !strstr(href, "atom") ? (const char *)node->ns->prefix
	                                                                                                   : "";
	return *prefix ? text_starts(has, prefix) : !*has || text_starts(has, "atom");
}

static const xmlNode *child(const xmlNode *parent, const char *prefix, const char *name)
{
	for (const xmlNode *node = parent->children; node; node = node->next)
		if (is(node, prefix, name))
			return node;
	return NULL;
}

static const char *raw_text(const xmlNode *node, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(FEED_BYTES);
	if (!node)
		return NULL;
	html_text(node, &text);
	struct bytes trimmed = text_trim(buffer_bytes(&text));
	return trimmed.size ? arena_copy(arena, trimmed.data, trimmed.size) : NULL;
}

static const char *title_text(const xmlNode *node, struct arena *arena)
{
	const char *text = raw_text(node, arena);
	const char *type = text ? html_attribute(node, "type", arena) : NULL;
	bool plain = type && (strcmp(type, "text") == 0 || strcmp(type, "xhtml") == 0);
	return text && plain ? html_line(bytes_text(text), arena) : feed_title(text, arena);
}

static size_t title_bytes(const xmlNode *node, struct arena *arena)
{
	const char *text = node ? raw_text(node, arena) : NULL;
	return text ? strlen(text) : 0;
}

static const char *url_of(const struct feed *feed, const xmlNode *node, const char *href)
{
	xmlChar *base = xmlNodeGetBase(node->doc, node);
	const char *own = base && strstr((const char *)base, "://") ? (const char *)base : feed->base_url;
	const char *url = html_url(href, own, false, feed->arena);
	xmlFree(base);
	return url;
}

/* xml:base where somebody said one; NULL: nobody did. */
static const char *said_base(const struct feed *feed, const xmlNode *node)
{
	xmlChar *base = node ? xmlNodeGetBase(node->doc, node) : NULL;
	const char *url = base && feed->base_url && strcmp((const char *)base, feed->base_url) != 0 ? (const char *)base : NULL;
	const char *copy = url && strstr(url, "://") ? arena_text(feed->arena, url) : NULL;
	xmlFree(base);
	return copy;
}

/* Atom's link: alternate, or without rel; the page before the same in other formats (RFC 4287 section 4.2.7). */
static const char *atom_link(const struct feed *feed, const xmlNode *parent)
{
	static const char registry[] = "http://www.iana.org/assignments/relation/";
	const char *other = NULL;
	for (const xmlNode *node = parent->children; node; node = node->next) {
		if (!is(node, "", "link"))
			continue;
		const char *rel = html_attribute(node, "rel", feed->arena);
		const char *type = html_attribute(node, "type", feed->arena);
		const char *href = html_attribute(node, "href", feed->arena);
		if (rel && text_starts(rel, registry))
			rel += strlen(registry);
		if (!href)
			href = raw_text(node, feed->arena);
		if (!href || (rel && strcmp(rel, "alternate") != 0))
			continue;
		if (!type || strstr(type, "html"))
			return url_of(feed, node, href);
		other = other ? other : url_of(feed, node, href);
	}
	return other;
}

static const char *rss_link(const struct feed *feed, const xmlNode *item)
{
	const xmlNode *link = child(item, "", "link");
	const char *text = raw_text(link, feed->arena);
	if (text && url_of(feed, link, text))
		return url_of(feed, link, text);
	const char *atom = atom_link(feed, item);
	if (atom)
		return atom;
	const xmlNode *guid = child(item, "", "guid");
	const char *permanent = guid ? html_attribute(guid, "isPermaLink", feed->arena) : NULL;
	return guid && (!permanent || !text_equal_nocase(permanent, "false"))
	               ? html_url(raw_text(guid, feed->arena), NULL, false, feed->arena)
	               : NULL;
}

static bool is_picture(const struct feed *feed, const xmlNode *node, const char *url)
{
	static const char *const suffixes[] = { ".jpg", ".jpeg", ".png", ".gif", ".webp" };
	const char *type = html_attribute(node, "type", feed->arena);
	const char *medium = html_attribute(node, "medium", feed->arena);
	if (type || medium)
		return (type && text_starts(type, "image/")) || (medium && strcmp(medium, "image") == 0);
	struct bytes path = { url, url ? strcspn(url, "?#") : 0 };
	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		size_t n = strlen(suffixes[i]);
		if (path.size > n && text_compare_nocase((struct bytes){ path.data + path.size - n, n }, bytes_text(suffixes[i])) == 0)
			return true;
	}
	return false;
}

enum picture_kind { PICTURE_NONE, PICTURE_ITUNES, PICTURE_ENCLOSURE, PICTURE_THUMBNAIL, PICTURE_MEDIA };

static enum picture_kind picture_kind(const struct feed *feed, const xmlNode *node, const char **url)
{
	bool link = is(node, "", "link");
	bool itunes = is(node, "itunes:", "image");
	*url = html_attribute(node, link || itunes ? "href" : "url", feed->arena);
	if (!*url && is(node, "", "image")) {
		*url = raw_text(child(node, "", "url"), feed->arena);
		return *url ? PICTURE_ITUNES : PICTURE_NONE;
	}
	if (!*url)
		return PICTURE_NONE;
	if (is(node, "media:", "content") && is_picture(feed, node, *url))
		return PICTURE_MEDIA;
	if (is(node, "media:", "thumbnail"))
		return PICTURE_THUMBNAIL;
	const char *rel = link ? html_attribute(node, "rel", feed->arena) : NULL;
	if ((is(node, "", "enclosure") || (rel && strcmp(rel, "enclosure") == 0)) && is_picture(feed, node, *url))
		return PICTURE_ENCLOSURE;
	return itunes ? PICTURE_ITUNES : PICTURE_NONE;
}

/* The post's picture: the first of the best kind. */
static void find_image(const struct feed *feed, const xmlNode *parent, enum picture_kind *best, const char **found)
{
	for (const xmlNode *node = parent->children; node; node = node->next) {
		const char *url = NULL;
		if (node->type != XML_ELEMENT_NODE)
			continue;
		enum picture_kind kind = picture_kind(feed, node, &url);
		if (kind > *best && url_of(feed, node, url)) {
			*best = kind;
			*found = url_of(feed, node, url);
		}
		if (is(node, "media:", "group") || is(node, "media:", "content"))
			find_image(feed, node, best, found);
	}
}

static const char *image_of(const struct feed *feed, const xmlNode *item)
{
	enum picture_kind best = PICTURE_NONE;
	const char *found = NULL;
	find_image(feed, item, &best, &found);
	return found;
}

/* The first of these that is there and says something. */
struct named {
	const char *prefix, *name;
};

static const char *first_text(const xmlNode *parent, const struct named *names, size_t n, struct arena *arena)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = raw_text(child(parent, names[i].prefix, names[i].name), arena);
		if (text)
			return text;
	}
	return NULL;
}

static int64_t first_date(const xmlNode *parent, const struct named *names, size_t n, struct arena *arena)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = raw_text(child(parent, names[i].prefix, names[i].name), arena);
		int64_t us = text ? html_date(bytes_text(text)) : 0;
		if (us)
			return us;
	}
	return 0;
}

/* A person of Atom (name, else address), also within RSS. */
static const char *person(const xmlNode *author, struct arena *arena)
{
	static const struct named names[] = { { "", "name" }, { "", "email" } };
	const char *name = author ? first_text(author, names, COUNT_OF(names), arena) : NULL;
	return name ? feed_author(name, arena) : NULL;
}

/* The entry's, else that of the feed it was taken from, else that of the feed it stands in (RFC 4287 section 4.2.1). */
static const char *atom_author(const xmlNode *entry, struct arena *arena)
{
	const xmlNode *source = child(entry, "", "source");
	const char *name = person(child(entry, "", "author"), arena);
	if (!name && source)
		name = person(child(source, "", "author"), arena);
	return !name && entry->parent && entry->parent->type == XML_ELEMENT_NODE ? person(child(entry->parent, "", "author"), arena) : name;
}

static const char *rss_author(const xmlNode *item, struct arena *arena)
{
	static const struct named names[] = { { "", "author" }, { "dc:", "creator" }, { "itunes:", "author" } };
	const char *name = person(child(item, "", "author"), arena);
	return name ? name : feed_author(first_text(item, names, COUNT_OF(names), arena), arena);
}

/* category's text in RSS, its label or term in Atom, dc:subject in RSS 1.0. */
static const char *categories_of(const xmlNode *item, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer names = BUFFER_INIT(16 << 10);
	for (const xmlNode *node = item->children; node; node = node->next) {
		if (!is(node, "", "category") && !is(node, "dc:", "subject"))
			continue;
		const char *name = raw_text(node, arena);
		name = name ? name : html_attribute(node, "label", arena);
		name = name ? name : html_attribute(node, "term", arena);
		const char *line = name ? html_unescaped_line(bytes_text(name), arena) : NULL;
		if (line)
			buffer_format(&names, "%s%s", names.size ? "\n" : "", line);
	}
	return names.size && !names.failed ? arena_text(arena, names.data) : NULL;
}

static const xmlNode *first_of(const xmlNode *parent, const struct named *names, size_t n)
{
	const xmlNode *found = NULL;
	for (size_t i = 0; i < n && !found; i++)
		found = child(parent, names[i].prefix, names[i].name);
	return found;
}

/* The format's own element, else what its neighbours would call a description. */
static const xmlNode *summary_of(const xmlNode *entry, const char *own)
{
	const struct named names[] = { { "", own }, { "dc:", "description" }, { "itunes:", "summary" }, { "media:", "description" } };
	const xmlNode *group = child(entry, "media:", "group");
	const xmlNode *found = first_of(entry, names, COUNT_OF(names));
	return found || !group ? found : child(group, "media:", "description");
}

static int rss_item(struct feed *feed, const xmlNode *item, struct post *post, struct error *err)
{
	static const struct named dates[] = { { "", "pubDate" },    { "dc:", "date" }, { "", "published" },  { "dc:", "issued" },
		                              { "dc:", "created" }, { "", "updated" }, { "dc:", "modified" } };
	static const struct named changes[] = { { "", "updated" }, { "dc:", "modified" } };
	static const struct named titles[] = { { "", "title" }, { "dc:", "title" }, { "itunes:", "title" } };
	struct arena *arena = feed->arena;
	const xmlNode *title = first_of(item, titles, COUNT_OF(titles));
	static const struct named bodies[] = { { "content:", "encoded" }, { "xhtml:", "body" }, { "xhtml:", "div" }, { "", "content" } };
	const xmlNode *body = first_of(item, bodies, COUNT_OF(bodies));
	const xmlNode *summary = summary_of(item, "description");
	const char *id = raw_text(child(item, "", "guid"), arena);
	post->title = title_text(title, arena);
	post->updated_us = first_date(item, changes, COUNT_OF(changes), arena);
	post->url = rss_link(feed, item);
	post->author = rss_author(item, arena);
	post->published_us = first_date(item, dates, COUNT_OF(dates), arena);
	post->image = image_of(feed, item);
	post->categories = categories_of(item, arena);
	struct feed_entry entry = { .id = id ? id : html_attribute(item, "about", arena),
		                    .body = feed_body(body, body && !is(body, "", "content"), arena),
		                    .title_bytes = title_bytes(title, arena),
		                    .summary = feed_body(summary, !is(summary, "media:", "description"), arena),
		                    .base = said_base(feed, body ? body : summary) };
	return feed_finish(feed, post, &entry, err);
}

static int atom_entry(struct feed *feed, const xmlNode *entry, struct post *post, struct error *err)
{
	/* Atom 0.3 said issued and modified. */
	static const struct named dates[] = { { "", "published" }, { "", "issued" },  { "", "updated" },
		                              { "", "modified" },  { "", "created" }, { "dc:", "date" } };
	static const struct named changes[] = { { "", "updated" }, { "", "modified" } };
	struct arena *arena = feed->arena;
	const xmlNode *content = child(entry, "", "content");
	const xmlNode *summary = summary_of(entry, "summary");
	post->title = title_text(child(entry, "", "title"), arena);
	post->url = atom_link(feed, entry);
	post->author = atom_author(entry, arena);
	post->published_us = first_date(entry, dates, COUNT_OF(dates), arena);
	post->updated_us = first_date(entry, changes, COUNT_OF(changes), arena);
	post->image = image_of(feed, entry);
	post->categories = categories_of(entry, arena);
	const char *id = raw_text(child(entry, "", "id"), arena);
	if (!post->url)
		post->url = html_url(id, NULL, false, arena);
	struct feed_entry said = { .id = id,
		                   .body = feed_body(content, false, arena),
		                   .title_bytes = title_bytes(child(entry, "", "title"), arena),
		                   .summary = feed_body(summary, false, arena),
		                   .base = said_base(feed, content ? content : summary) };
	return feed_finish(feed, post, &said, err);
}

/* An item that can not be taken is left out; the others are read. */
static int take_items(struct feed *feed, const xmlNode *parent, const char *name,
                      int (*read)(struct feed *, const xmlNode *, struct post *, struct error *), struct error *err)
{
	for (const xmlNode *node = parent->children; node; node = node->next)
		if (is(node, "", name)) {
			struct post *post = feed_next(feed);
			if (post && feed_keep(feed, read(feed, node, post, err), err) < 0)
				return -1;
		}
	return 0;
}

static const char *kind_of(const xmlNode *root, struct arena *arena)
{
	const char *href = root->ns && root->ns->href ? (const char *)root->ns->href : "";
	if (is(root, "", "feed") || is(root, "", "entry"))
		return strcmp(href, "http://www.w3.org/2005/Atom") == 0 ? "atom10" : strstr(href, "purl.org/atom/ns") ? "atom03" : "atom";
	if (is(root, "", "RDF") || text_equal_nocase((const char *)root->name, "RDF"))
		return xmlSearchNsByHref(root->doc, (xmlNode *)root, (const xmlChar *)"http://my.netscape.com/rdf/simple/0.9/") ? "rss090"
		                                                                                                                : "rss10";
	const char *version = html_attribute(root, "version", arena);
	static const char *const kinds[][2] = { { "0.90", "rss090" }, { "0.91", "rss091u" }, { "0.92", "rss092" },
		                                { "0.93", "rss093" }, { "0.94", "rss094" },  { "2", "rss20" } };
	for (size_t i = 0; version && i < COUNT_OF(kinds); i++)
		if (text_starts(version, kinds[i][0]))
			return kinds[i][1];
	return "rss";
}

static int64_t number_of(const xmlNode *node, int64_t otherwise, struct arena *arena)
{
	const char *text = raw_text(node, arena);
	int64_t n = 0;
	return text && units_integer(text, 1, 1000000, &n, NULL) == 0 ? n : otherwise;
}

/* RSS's ttl in minutes, or the syndication module's period over frequency. */
static int64_t ttl_of(const xmlNode *channel, struct arena *arena)
{
	static const struct {
		const char *word;
		int64_t us;
	} periods[] = {
		{ "hourly", HOUR_US }, { "daily", DAY_US }, { "weekly", 7 * DAY_US }, { "monthly", 30 * DAY_US }, { "yearly", 365 * DAY_US }
	};
	int64_t minutes = number_of(child(channel, "", "ttl"), 0, arena);
	const char *period = raw_text(child(channel, "sy:", "updatePeriod"), arena);
	for (size_t i = 0; minutes == 0 && period && i < COUNT_OF(periods); i++)
		if (text_equal_nocase(period, periods[i].word))
			return periods[i].us / number_of(child(channel, "sy:", "updateFrequency"), 1, arena);
	return minutes * MINUTE_US;
}

static const char *language_of(const struct feed *feed, const xmlNode *channel)
{
	static const struct named names[] = { { "", "language" }, { "dc:", "language" } };
	xmlChar *lang = xmlNodeGetLang(channel);
	const char *said = first_text(channel, names, COUNT_OF(names), feed->arena);
	const char *language = said ? said : lang ? html_line(bytes_text((const char *)lang), feed->arena) : NULL;
	xmlFree(lang);
	return language;
}

static int read_tree(struct feed *feed, const xmlNode *root, struct error *err)
{
	const xmlNode *inner = child(root, "", "channel");
	/* RSS 2.0 has its items in the channel, RSS 1.0 beside it. */
	bool is_atom = is(root, "", "feed");
	const xmlNode *channel = is_atom ? root : inner;
	feed->out->kind = kind_of(root, feed->arena);
	if (feed_room(feed, xmlChildElementCount((xmlNode *)root) + (inner ? xmlChildElementCount((xmlNode *)inner) : 0), err) < 0)
		return -1;
	if (is(root, "", "entry"))
		return feed_keep(feed, atom_entry(feed, root, feed_next(feed), err), err);
	if (channel) {
		feed->out->title = title_text(child(channel, "", "title"), feed->arena);
		feed->out->url = is_atom ? atom_link(feed, channel) : rss_link(feed, channel);
		feed->out->language = language_of(feed, channel);
		feed->out->ttl_us = ttl_of(channel, feed->arena);
	}
	if (is_atom)
		return take_items(feed, root, "entry", atom_entry, err);
	if (channel && take_items(feed, channel, "item", rss_item, err) < 0)
		return -1;
	return take_items(feed, root, "item", rss_item, err);
}

static void xml_free(xmlDoc **doc)
{
	if (*doc)
		xmlFreeDoc(*doc);
}

/* The first fault is told: the others follow from it. */
struct fault {
	struct arena *arena;
	const char *text;
	int line; /* where the root stands, from 0 */
};

static void on_fault(void *context, xmlError *error)
{
	xmlParserCtxt *parser = context;
	struct fault *fault = parser->_private;
	/* A prefix that is bound nowhere is read all the same. */
	if (fault->text || !error->message || error->level == XML_ERR_WARNING || error->domain == XML_FROM_NAMESPACE)
		return;
	size_t n = strcspn(error->message, "\r\n");
	char *text = arena_format(fault->arena, "line %d: %.*s", fault->line + error->line, (int)(n < 200 ? n : 200), error->message);
	if (text)
		text_mend_cut(text);
	fault->text = text;
}

static xmlDoc *parse(struct bytes text, const char *base_url, struct fault *fault)
{
	xmlParserCtxt *parser = xmlNewParserCtxt();
	if (!parser)
		return NULL;
	parser->_private = fault;
	parser->sax->initialized = XML_SAX2_MAGIC;
	parser->sax->serror = on_fault;
	xmlDoc *doc = xmlCtxtReadMemory(parser, text.data, (int)text.size, base_url, "UTF-8",
	                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_RECOVER);
	xmlFreeParserCtxt(parser);
	return doc;
}

static const char *what_it_is(struct bytes text)
{
	struct bytes head = text_trim(text);
	if (head.size == 0)
		return "the answer is empty";
	if (find_word((struct bytes){ head.data, head.size < 2000 ? head.size : 2000 }, "<html") ||
	    text_starts_nocase(head, "<!doctype html"))
		return "it is a web page: name the feed itself";
	return "neither RSS, Atom nor JSON Feed begins in it";
}

int content_feed(struct bytes body, const char *content_type, const char *base_url, struct arena *arena, struct content_feed *out,
                 struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(FEED_BYTES);
	CLEANUP(buffer_clear) struct buffer mended = BUFFER_INIT(2 * FEED_BYTES);
	struct feed feed = { .arena = arena, .base_url = base_url, .out = out };
	*out = (struct content_feed){ 0 };
	html_to_utf8(body, content_type, &text);
	out->unknown_charset = html_unknown_charset(body, content_type, arena);
	if (text_starts_nocase(text_trim(buffer_bytes(&text)), "{"))
		return feed_json(&feed, text_trim(buffer_bytes(&text)), err);
	const char *root = feed_root(buffer_bytes(&text));
	if (!root)
		return error_set(err, ERROR_INPUT, "no feed: %s", what_it_is(buffer_bytes(&text)));
	feed_mend((struct bytes){ root, text.size - (size_t)(root - text.data) }, &mended);
	if (buffer_check(&mended, err) < 0)
		return error_wrap(err, "the feed");
	struct fault fault = { .arena = arena };
	struct bytes before = { text.data, (size_t)(root - text.data) };
	for (size_t i = 0; i < before.size; i++)
		fault.line += before.data[i] == '\n';
	CLEANUP(xml_free) xmlDoc *doc = parse(buffer_bytes(&mended), base_url, &fault);
	out->broken = find_word(before, "<!ENTITY") ? "it declares entities of its own, which are not expanded" : fault.text;
	const xmlNode *top = doc ? xmlDocGetRootElement(doc) : NULL;
	if (!top)
		return error_set(err, ERROR_INPUT, "no feed: it is XML that can not be read");
	return read_tree(&feed, top, err);
}
