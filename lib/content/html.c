#include "content/html.h"
#include "base/text.h"
#include <libxml/HTMLtree.h>
#include <libxml/uri.h>
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
	return node && node->type == XML_ELEMENT_NODE && text_equal_nocase((const char *)node->name, name);
}

const char *html_attribute(const xmlNode *node, const char *name, struct arena *arena)
{
	xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
	const char *copy = value ? arena_text(arena, (const char *)value) : NULL;
	xmlFree(value);
	return copy;
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

/* What a site added for its own counting says nothing to a reader. Rewrites in place: the result is never longer. */
void html_drop_tracking(char *url)
{
	char *query = strchr(url, '?');
	if (!query)
		return;
	char *to = query;
	const char *from = query;
	while (*from == '?' || *from == '&') {
		size_t size = 1 + strcspn(from + 1, "&#");
		if (strncasecmp(from + 1, "utm_", 4) != 0) {
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
	for (size_t i = 0; i < href.size; i++) {
		unsigned char c = (unsigned char)href.data[i];
		if (c >= 0x80 || c == ' ')
			buffer_format(out, "%%%02X", c);
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

int html_set_body(struct post *post, struct bytes html, const char *base_url, struct arena *arena, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer clean = BUFFER_INIT(HTML_BODY_BYTES);
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(HTML_BODY_BYTES);
	if (content_sanitise(html, base_url, &clean, err) < 0 || content_plain_text(buffer_bytes(&clean), 0, &text, err) < 0)
		return -1;
	post->html = arena_text(arena, buffer_text(&clean));
	post->text = arena_text(arena, buffer_text(&text));
	return post->html && post->text ? 0 : error_set(err, ERROR_MEMORY, "the post is larger than memory allows");
}
