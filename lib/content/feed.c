/* RSS 2.0 and Atom, as the world writes them: mended first, then read by libxml2 without DTD, entities or network. */
#include "base/digest.h"
#include "base/text.h"
#include "content/html.h"
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <stdio.h>

enum { FEED_BYTES = 16 << 20, POSTS_MAX = 2000 };

struct feed {
	struct arena *arena;
	const char *base_url;
	struct content_feed *out;
};

static const char *find_word(struct bytes text, const char *word)
{
	return memmem(text.data, text.size, word, strlen(word));
}

/* Where the root element begins: what stands before it (warnings of PHP, blank lines, a DOCTYPE) is not the feed's. */
static const char *find_root(struct bytes text)
{
	static const char *const roots[] = { "<rss", "<feed", "<rdf:RDF", "<RDF", "<atom:feed", "<entry" };
	const char *first = NULL;
	for (size_t i = 0; i < COUNT_OF(roots); i++) {
		const char *at = find_word(text, roots[i]);
		char next = at && at + strlen(roots[i]) < text.data + text.size ? at[strlen(roots[i])] : '\0';
		if (at && strchr(" \t\r\n>", next) && next && (!first || at < first))
			first = at;
	}
	return first;
}

/* A reference outside CDATA: the five of XML and numbers stay, HTML's become characters, a bare & is escaped. */
static size_t mend_reference(struct bytes rest, struct buffer *out)
{
	size_t n = 1;
	char name[16];
	while (n < rest.size && n < 14 && ((rest.data[n] >= 'a' && rest.data[n] <= 'z') || (rest.data[n] >= 'A' && rest.data[n] <= 'Z') ||
	                                   (rest.data[n] >= '0' && rest.data[n] <= '9') || (n == 1 && rest.data[n] == '#')))
		n++;
	if (n < 2 || n >= rest.size || rest.data[n] != ';') {
		buffer_add_text(out, "&amp;");
		return 1;
	}
	memcpy(name, rest.data + 1, n - 1);
	name[n - 1] = '\0';
	static const char *const xml[] = { "amp", "lt", "gt", "quot", "apos" };
	bool keeps = name[0] == '#';
	for (size_t i = 0; i < COUNT_OF(xml); i++)
		keeps = keeps || strcmp(name, xml[i]) == 0;
	const htmlEntityDesc *entity = keeps ? NULL : htmlEntityLookup((const xmlChar *)name);
	if (entity)
		text_encode(out, entity->value);
	else if (keeps)
		buffer_add(out, rest.data, n + 1);
	else
		buffer_add_text(out, "&amp;");
	return entity || keeps ? n + 1 : 1;
}

static void mend(struct bytes text, struct buffer *out)
{
	for (size_t i = 0; i < text.size;) {
		struct bytes rest = { text.data + i, text.size - i };
		if (rest.size > 9 && memcmp(rest.data, "<![CDATA[", 9) == 0) {
			const char *end = find_word(rest, "]]>");
			size_t n = end ? (size_t)(end - rest.data) + 3 : rest.size;
			for (size_t j = 0; j < n; j++)
				buffer_add_char(out, (unsigned char)rest.data[j] < 0x20 && !strchr("\t\r\n", rest.data[j]) ? ' ' : rest.data[j]);
			if (!end)
				buffer_add_text(out, "]]>");
			i += n;
			continue;
		}
		unsigned char c = (unsigned char)rest.data[0];
		if (c == '&') {
			i += mend_reference(rest, out);
			continue;
		}
		buffer_add_char(out, c < 0x20 && c != '\t' && c != '\r' && c != '\n' ? ' ' : (char)c);
		i++;
	}
}

/* By local name, and by namespace where another's element of that name would be mistaken for it. */
static bool is(const xmlNode *node, const char *prefix, const char *name)
{
	if (node->type != XML_ELEMENT_NODE)
		return false;
	const char *whole = (const char *)node->name;
	const char *local = strchr(whole, ':') ? strchr(whole, ':') + 1 : whole;
	if (!text_equal_nocase(local, name))
		return false;
	/* In recover mode an unbound prefix stays in the name. */
	const char *href = node->ns && node->ns->href ? (const char *)node->ns->href : "";
	const char *has = local != whole                        ? whole
	                  : strstr(href, "purl.org/dc")          ? "dc:"
	                  : strstr(href, "purl.org/rss/1.0/modules/content") ? "content:"
	                  : strstr(href, "search.yahoo.com/mrss") ? "media:"
	                  : strstr(href, "itunes")               ? "itunes:"
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

/* A title may be text, text that is escaped HTML, or XHTML: shown as one line of text. */
static const char *title_text(const xmlNode *node, struct arena *arena)
{
	const char *text = raw_text(node, arena);
	if (!text)
		return NULL;
	const char *type = html_attribute(node, "type", arena);
	bool plain = type && strcmp(type, "text") == 0;
	if (plain || (!strchr(text, '<') && !strchr(text, '&')))
		return html_line(bytes_text(text), arena);
	CLEANUP(html_doc_free) xmlDoc *doc = html_parse(bytes_text(text));
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
	if (!doc || !xmlDocGetRootElement(doc))
		return html_line(bytes_text(text), arena);
	html_text(xmlDocGetRootElement(doc), &out);
	return html_line(buffer_bytes(&out), arena);
}

static const char *url_of(const struct feed *feed, const xmlNode *node, const char *href)
{
	xmlChar *base = xmlNodeGetBase(node->doc, node);
	const char *own = base && strstr((const char *)base, "://") ? (const char *)base : feed->base_url;
	const char *url = html_url(href, own, false, feed->arena);
	xmlFree(base);
	return url;
}

/* Atom's link: alternate, or without rel. */
static const char *atom_link(const struct feed *feed, const xmlNode *parent)
{
	for (const xmlNode *node = parent->children; node; node = node->next) {
		if (!is(node, "", "link"))
			continue;
		const char *rel = html_attribute(node, "rel", feed->arena);
		const char *href = html_attribute(node, "href", feed->arena);
		if (href && (!rel || strcmp(rel, "alternate") == 0))
			return url_of(feed, node, href);
	}
	return NULL;
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
	return guid && (!permanent || !text_equal_nocase(permanent, "false")) ? html_url(raw_text(guid, feed->arena), NULL, false, feed->arena) : NULL;
}

static const char *image_of(const struct feed *feed, const xmlNode *item)
{
	for (const xmlNode *node = item->children; node; node = node->next) {
		const char *type = html_attribute(node, "type", feed->arena);
		const char *medium = html_attribute(node, "medium", feed->arena);
		bool image = (type && text_starts(type, "image/")) || (medium && strcmp(medium, "image") == 0);
		if ((is(node, "", "enclosure") && image) || (is(node, "media:", "content") && image) || is(node, "media:", "thumbnail"))
			return url_of(feed, node, html_attribute(node, "url", feed->arena));
		if (is(node, "", "link") && image && html_attribute(node, "href", feed->arena))
			return url_of(feed, node, html_attribute(node, "href", feed->arena));
	}
	return NULL;
}

/* RFC 4287 section 4.2.6.1: compared byte for byte, never resolved. Without one the link; without a link what it says. */
static const char *identity_of(const struct feed *feed, const char *id, const struct post *post, const char *body)
{
	if (id || post->url)
		return id ? id : post->url;
	uint8_t digest[DIGEST_BYTES];
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(FEED_BYTES);
	buffer_add_text(&text, post->title ? post->title : "");
	buffer_add_char(&text, '\n');
	buffer_add_text(&text, body ? body : "");
	digest_sha256(buffer_bytes(&text), digest);
	buffer_reset(&text);
	buffer_add_text(&text, "hash:");
	digest_hex(digest, 16, &text);
	return arena_text(feed->arena, buffer_text(&text));
}

/* The first words of the body, where there is no title. */
static const char *first_words(const struct post *post, struct arena *arena)
{
	size_t n = 0;
	const char *text = post->text ? post->text : "";
	while (text[n] && text[n] != '\n' && n < 70)
		n++;
	if (n == 70)
		while (n > 0 && text[n] != ' ')
			n--;
	return n ? html_line((struct bytes){ text, n }, arena) : NULL;
}

static int finish(struct feed *feed, struct post *post, const char *id, const char *body, const char *summary, struct error *err)
{
	const char *base = post->url ? post->url : feed->base_url;
	if (html_set_body(post, bytes_text(body ? body : summary ? summary : ""), base, feed->arena, err) < 0)
		return -1;
	/* A summary beside a body is what the site says below its title. */
	if (body && summary && !post->subtitle && strlen(summary) < 2000) {
		CLEANUP(html_doc_free) xmlDoc *doc = html_parse(bytes_text(summary));
		CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(64 << 10);
		if (doc && xmlDocGetRootElement(doc))
			html_text(xmlDocGetRootElement(doc), &text);
		const char *line = html_line(buffer_bytes(&text), feed->arena);
		post->subtitle = line && strlen(line) < 400 ? line : NULL;
	}
	if (!post->title)
		post->title = first_words(post, feed->arena);
	if (!post->title)
		post->title = "";
	post->identity = identity_of(feed, id, post, body ? body : summary);
	return post->identity ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

static int rss_item(struct feed *feed, const xmlNode *item, struct post *post, struct error *err)
{
	struct arena *arena = feed->arena;
	const xmlNode *title = child(item, "", "title");
	const xmlNode *author = child(item, "dc:", "creator") ? child(item, "dc:", "creator") : child(item, "", "author");
	const char *date = raw_text(child(item, "", "pubDate"), arena);
	if (!date)
		date = raw_text(child(item, "dc:", "date"), arena);
	post->title = title_text(title ? title : child(item, "dc:", "title"), arena);
	post->url = rss_link(feed, item);
	post->author = author ? html_line(bytes_text(raw_text(author, arena)), arena) : NULL;
	post->published_us = date ? html_date(bytes_text(date)) : 0;
	post->image = image_of(feed, item);
	const char *about = html_attribute(item, "about", arena);
	const char *id = raw_text(child(item, "", "guid"), arena);
	return finish(feed, post, id ? id : about, raw_text(child(item, "content:", "encoded"), arena), raw_text(child(item, "", "description"), arena), err);
}

/* Atom content: text, html (escaped) or xhtml (markup). */
static const char *atom_body(const struct feed *feed, const xmlNode *node)
{
	if (!node)
		return NULL;
	const char *type = html_attribute(node, "type", feed->arena);
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(FEED_BYTES);
	if (type && strcmp(type, "xhtml") == 0) {
		xmlBuffer *dump = xmlBufferCreate();
		for (xmlNode *part = node->children; dump && part; part = part->next)
			xmlNodeDump(dump, node->doc, part, 0, 0);
		const char *text = dump ? arena_text(feed->arena, (const char *)xmlBufferContent(dump)) : NULL;
		xmlBufferFree(dump);
		return text;
	}
	const char *text = raw_text(node, feed->arena);
	if (!text || (type && strstr(type, "html")))
		return text;
	buffer_add_text(&out, "<p>");
	for (const char *p = text; *p; p++) {
		if (*p == '<')
			buffer_add_text(&out, "&lt;");
		else if (*p == '&')
			buffer_add_text(&out, "&amp;");
		else
			buffer_add_char(&out, *p);
	}
	buffer_add_text(&out, "</p>");
	return arena_text(feed->arena, buffer_text(&out));
}

static int atom_entry(struct feed *feed, const xmlNode *entry, struct post *post, struct error *err)
{
	struct arena *arena = feed->arena;
	const xmlNode *author = child(entry, "", "author");
	const xmlNode *name = author ? child(author, "", "name") : NULL;
	const char *published = raw_text(child(entry, "", "published"), arena);
	const char *updated = raw_text(child(entry, "", "updated"), arena);
	post->title = title_text(child(entry, "", "title"), arena);
	post->url = atom_link(feed, entry);
	post->author = name ? title_text(name, arena) : NULL;
	post->updated_us = updated ? html_date(bytes_text(updated)) : 0;
	post->published_us = published ? html_date(bytes_text(published)) : post->updated_us;
	post->image = image_of(feed, entry);
	return finish(feed, post, raw_text(child(entry, "", "id"), arena), atom_body(feed, child(entry, "", "content")), atom_body(feed, child(entry, "", "summary")),
	              err);
}

static int take_items(struct feed *feed, const xmlNode *parent, const char *name, int (*read)(struct feed *, const xmlNode *, struct post *, struct error *),
                      struct error *err)
{
	for (const xmlNode *node = parent->children; node; node = node->next)
		if (is(node, "", name) && feed->out->count < POSTS_MAX && read(feed, node, &feed->out->posts[feed->out->count++], err) < 0)
			return -1;
	return 0;
}

static int read_tree(struct feed *feed, const xmlNode *root, struct error *err)
{
	feed->out->posts = arena_alloc(feed->arena, POSTS_MAX * sizeof *feed->out->posts);
	if (!feed->out->posts)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (is(root, "", "entry"))
		return atom_entry(feed, root, &feed->out->posts[feed->out->count++], err);
	if (is(root, "", "feed")) {
		feed->out->title = title_text(child(root, "", "title"), feed->arena);
		feed->out->url = atom_link(feed, root);
		return take_items(feed, root, "entry", atom_entry, err);
	}
	/* RSS 2.0 has its items in the channel, RSS 1.0 beside it. */
	const xmlNode *channel = child(root, "", "channel");
	if (channel) {
		feed->out->title = title_text(child(channel, "", "title"), feed->arena);
		feed->out->url = rss_link(feed, channel);
		if (take_items(feed, channel, "item", rss_item, err) < 0)
			return -1;
	}
	return take_items(feed, root, "item", rss_item, err);
}

static void xml_free(xmlDoc **doc)
{
	if (*doc)
		xmlFreeDoc(*doc);
}

static const char *what_it_is(struct bytes text)
{
	struct bytes head = text_trim(text);
	if (head.size == 0)
		return "the answer is empty";
	if (find_word((struct bytes){ head.data, head.size < 2000 ? head.size : 2000 }, "<html") || text_starts_nocase(head, "<!doctype html"))
		return "it is a web page: name the feed itself";
	if (head.data[0] == '{' || head.data[0] == '[')
		return "it is JSON: this version reads RSS and Atom";
	return "neither RSS nor Atom begins in it";
}

int content_feed(struct bytes body, const char *content_type, const char *base_url, struct arena *arena, struct content_feed *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(FEED_BYTES);
	CLEANUP(buffer_clear) struct buffer mended = BUFFER_INIT(2 * FEED_BYTES);
	struct feed feed = { .arena = arena, .base_url = base_url, .out = out };
	*out = (struct content_feed){ 0 };
	html_to_utf8(body, content_type, &text);
	const char *root = text.size ? find_root(buffer_bytes(&text)) : NULL;
	if (!root)
		return error_set(err, ERROR_INPUT, "no feed: %s", what_it_is(buffer_bytes(&text)));
	mend((struct bytes){ root, text.size - (size_t)(root - text.data) }, &mended);
	if (buffer_check(&mended, err) < 0)
		return error_wrap(err, "the feed");
	CLEANUP(xml_free) xmlDoc *doc =
	        xmlReadMemory(mended.data, (int)mended.size, NULL, "UTF-8", XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_RECOVER);
	const xmlNode *top = doc ? xmlDocGetRootElement(doc) : NULL;
	if (!top)
		return error_set(err, ERROR_INPUT, "no feed: it is XML that can not be read");
	return read_tree(&feed, top, err);
}
