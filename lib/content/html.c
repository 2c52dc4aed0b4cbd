#include "content/html.h"
#include "base/text.h"
#include "content/guess.h"
#include <libxml/HTMLtree.h>
#include <libxml/uri.h>
#include <stdlib.h>
#include <strings.h>

/* Without HUGE the parser drops all that comes after the 256th level, and says nothing; sizes are capped here, and our own walks
 * do not recurse without a limit. */
enum { DEEP = XML_PARSE_HUGE };

xmlDoc *html_parse(struct bytes html)
{
	if (text_trim(html).size == 0 || html.size > HTML_BODY_BYTES)
		return NULL;
	htmlParserCtxt *context = htmlNewParserCtxt();
	if (!context)
		return NULL;
	xmlDoc *doc = htmlCtxtReadMemory(context, html.data, (int)html.size, NULL, "UTF-8",
	                                 HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
	                                         HTML_PARSE_NODEFDTD | DEEP);
	htmlFreeParserCtxt(context);
	return doc;
}

void html_doc_free(xmlDoc **doc)
{
	if (*doc)
		xmlFreeDoc(*doc);
	*doc = NULL;
}

bool html_is(const xmlNode *node, const char *name)
{
	return node && node->type == XML_ELEMENT_NODE && (node->name[0] | 0x20) == (name[0] | 0x20) &&
	       text_equal_nocase((const char *)node->name, name);
}

const char *html_attribute(const xmlNode *node, const char *name, struct arena *arena)
{
	xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
	const char *copy = value ? arena_text(arena, (const char *)value) : NULL;
	xmlFree(value);
	return copy;
}

const char *html_peek(const xmlNode *node, const char *name)
{
	const xmlAttr *attribute = node->type == XML_ELEMENT_NODE ? xmlHasProp((xmlNode *)node, (const xmlChar *)name) : NULL;
	return attribute && attribute->children ? (const char *)attribute->children->content : NULL;
}

void html_text(const xmlNode *node, struct buffer *out)
{
	xmlChar *text = xmlNodeGetContent(node);
	if (text)
		buffer_add_text(out, (const char *)text);
	xmlFree(text);
}

xmlNode *html_find(xmlNode *root, bool (*match)(const xmlNode *, const void *), const void *what)
{
	for (xmlNode *node = root; node;) {
		if (node->type == XML_ELEMENT_NODE && match(node, what))
			return node;
		if (node->children && node->type == XML_ELEMENT_NODE) {
			node = node->children;
			continue;
		}
		while (node && node != root && !node->next)
			node = node->parent;
		node = node && node != root ? node->next : NULL;
	}
	return NULL;
}

static bool has_name(const xmlNode *node, const void *name)
{
	return html_is(node, name);
}

xmlNode *html_find_element(xmlNode *root, const char *name)
{
	return html_find(root, has_name, name);
}

static int write_chunk(void *buffer, const char *data, int size)
{
	buffer_add(buffer, data, (size_t)size);
	return size;
}

static void html_write(xmlNode *node, struct buffer *out)
{
	xmlOutputBuffer *to = xmlOutputBufferCreateIO(write_chunk, NULL, out, NULL);
	if (!to)
		return;
	htmlNodeDumpFormatOutput(to, node->doc, node, "UTF-8", 0);
	xmlOutputBufferClose(to);
}

void html_write_children(xmlNode *node, struct buffer *out)
{
	for (xmlNode *child = node->children; child; child = child->next)
		html_write(child, out);
}

/* Parameters that only count where a reader came from. */
static bool is_tracking(struct bytes name)
{
	static const char *const names[] = { "fbclid",
		                             "gclid",
		                             "gclsrc",
		                             "dclid",
		                             "gbraid",
		                             "wbraid",
		                             "msclkid",
		                             "yclid",
		                             "twclid",
		                             "ttclid",
		                             "igshid",
		                             "igsh",
		                             "mc_cid",
		                             "mc_eid",
		                             "mkt_tok",
		                             "li_fat_id",
		                             "_hsenc",
		                             "_hsmi",
		                             "__hstc",
		                             "__hsfp",
		                             "__hssc",
		                             "hsctatracking",
		                             "vero_id",
		                             "vero_conv",
		                             "wickedid",
		                             "oly_anon_id",
		                             "oly_enc_id",
		                             "rb_clickid",
		                             "s_cid",
		                             "ml_subscriber",
		                             "ml_subscriber_hash",
		                             "_openstat",
		                             "epik",
		                             "srsltid" };
	bool known = text_starts_nocase(name, "utm_") || text_starts_nocase(name, "pk_") || text_starts_nocase(name, "mtm_") ||
	             text_starts_nocase(name, "matomo_");
	for (size_t i = 0; i < COUNT_OF(names) && !known; i++)
		known = text_compare_nocase(name, bytes_text(names[i])) == 0;
	return known;
}

/* Rewrites in place: the result is never longer. */
void html_drop_tracking(char *url)
{
	char *query = strchr(url, '?');
	if (!query || memchr(url, '#', (size_t)(query - url)))
		return;
	char *to = query;
	const char *from = query;
	while (*from == '?' || *from == '&') {
		size_t size = 1 + strcspn(from + 1, "&#");
		size_t name = strcspn(from + 1, "=&#");
		if (!is_tracking((struct bytes){ from + 1, name })) {
			memmove(to, from, size);
			*to = to == query ? '?' : '&';
			to += size;
		}
		from += size;
	}
	memmove(to, from, strlen(from) + 1);
}

/* Line breaks and tabs inside a URL are dropped, as browsers do: "java\nscript:" must not get by. Other languages' letters are
 * percent-encoded (RFC 3987 section 3.1), so that what follows may be strict. */
static void normal_url(struct bytes href, struct buffer *out)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < href.size; i++) {
		unsigned char c = (unsigned char)href.data[i];
		if (c >= 0x80 || c == ' ')
			buffer_add(out, (const char[]){ '%', hex[c >> 4], hex[c & 15] }, 3);
		else if (c > ' ' && c != 0x7f && c != '"' && c != '<' && c != '>')
			buffer_add_char(out, (char)c);
	}
}

static bool is_web(const char *url)
{
	return text_starts_nocase(bytes_text(url), "https://") || text_starts_nocase(bytes_text(url), "http://");
}

const char *html_url(const char *href, const char *base_url, bool mailto, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer url = BUFFER_INIT(8192);
	CLEANUP(buffer_clear) struct buffer base = BUFFER_INIT(8192);
	if (!href)
		return NULL;
	normal_url(text_trim(bytes_text(href)), &url);
	normal_url(bytes_text(base_url), &base);
	if (url.failed || url.size == 0 || base.failed)
		return NULL;
	if (is_web(url.data) || (mailto && text_starts_nocase(buffer_bytes(&url), "mailto:")))
		return arena_text(arena, url.data);
	if (base.size == 0)
		return NULL;
	xmlChar *absolute = xmlBuildURI((const xmlChar *)url.data, (const xmlChar *)base.data);
	const char *result = absolute && is_web((const char *)absolute) ? arena_text(arena, (const char *)absolute) : NULL;
	xmlFree(absolute);
	return result;
}

const char *html_line(struct bytes text, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer line = BUFFER_INIT(64 << 10);
	CLEANUP(buffer_clear) struct buffer mended = BUFFER_INIT(64 << 10);
	text_mend_utf8(text, &mended);
	text_squeeze(buffer_bytes(&mended), &line);
	size_t n = 0;
	for (size_t i = 0; i < line.size; i++)
		if ((unsigned char)line.data[i] >= 0x20 && line.data[i] != 0x7f)
			line.data[n++] = line.data[i];
	return line.failed || n == 0 ? NULL : arena_copy(arena, line.data, n);
}

/* The reference at the start of `rest`, its length; 0 if it is none. */
static size_t reference(struct bytes rest, uint32_t *code)
{
	char name[16];
	size_t n = 1;
	while (n < rest.size && n < sizeof name && rest.data[n] != ';')
		n++;
	if (n < 2 || n >= rest.size || n == sizeof name)
		return 0;
	memcpy(name, rest.data + 1, n - 1);
	name[n - 1] = '\0';
	bool hex = name[0] == '#' && (name[1] == 'x' || name[1] == 'X');
	char *end = NULL;
	if (name[0] == '#') {
		unsigned long number = strtoul(name + (hex ? 2 : 1), &end, hex ? 16 : 10);
		*code = number > 0x10ffff ? 0 : (uint32_t)number;
		*code = guess_windows(*code);
		if (*code == 0 || (*code >= 0xd800 && *code < 0xe000))
			*code = 0xfffd;
		return end > name + (hex ? 2 : 1) && !*end ? n + 1 : 0;
	}
	const htmlEntityDesc *entity = htmlEntityLookup((const xmlChar *)name);
	*code = strcmp(name, "apos") == 0 ? '\'' : entity ? entity->value : 0;
	return *code ? n + 1 : 0;
}

const char *html_unescaped_line(struct bytes text, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
	for (size_t i = 0; i < text.size;) {
		uint32_t code = 0;
		size_t n = text.data[i] == '&' ? reference((struct bytes){ text.data + i, text.size - i }, &code) : 0;
		if (n)
			text_encode(&out, code);
		else
			buffer_add_char(&out, text.data[i]);
		i += n ? n : 1;
	}
	return html_line(buffer_bytes(&out), arena);
}

bool html_is_path(const char *src)
{
	size_t n = strcspn(src, ":/?#");
	return n > 0 && src[n] != ':';
}

const char *html_picture(const char *src, const struct html_how *how, struct arena *arena)
{
	const char *url = html_url(src, how->base_url, false, arena);
	if (!src || !how->beside || (url && !html_is_path(src)))
		return url;
	return html_url(how->beside->picture(how->beside->arg, src, url), NULL, false, arena);
}

/* Blanks of all languages that have more than one byte are left: it is for comparing what one reader wrote. */
void content_words(struct bytes html, struct buffer *out)
{
	CLEANUP(html_doc_free) xmlDoc *doc = html_parse(html);
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(HTML_BODY_BYTES);
	CLEANUP(buffer_clear) struct buffer line = BUFFER_INIT(HTML_BODY_BYTES);
	if (!doc || !xmlDocGetRootElement(doc))
		return;
	html_text(xmlDocGetRootElement(doc), &text);
	text_squeeze(buffer_bytes(&text), &line);
	for (size_t i = 0; i < line.size; i++)
		if (line.data[i] != ' ')
			buffer_add_char(out, line.data[i]);
}

struct urls {
	const char **out;
	size_t count, max;
	struct arena *arena;
};

static bool gather_url(const xmlNode *node, const void *what)
{
	struct urls *urls = (struct urls *)what;
	const char *name = html_is(node, "a") ? "href" : html_is(node, "img") ? "src" : NULL;
	const char *url = name ? html_attribute(node, name, urls->arena) : NULL;
	if (url && is_web(url))
		urls->out[urls->count++] = url;
	return urls->count == urls->max;
}

size_t content_urls(struct bytes html, const char **out, size_t max, struct arena *arena)
{
	CLEANUP(html_doc_free) xmlDoc *doc = html_parse(html);
	struct urls urls = { .out = out, .max = max, .arena = arena };
	if (doc && xmlDocGetRootElement(doc) && max > 0)
		html_find(xmlDocGetRootElement(doc), gather_url, &urls);
	return urls.count;
}
