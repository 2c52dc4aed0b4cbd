/* The bodies of feed entries, in all the ways feeds wrap them: as text, escaped HTML, markup or base64. */
#include "base/text.h"
#include "content/feed.h"

static bool holds_elements(const xmlNode *node)
{
	for (const xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE)
			return true;
	return false;
}

/* Markup is written again as it stands; the HTML parser reads it behind us. */
static const char *markup_of(const xmlNode *node, struct arena *arena)
{
	xmlBuffer *dump = xmlBufferCreate();
	for (xmlNode *part = node->children; dump && part; part = part->next)
		xmlNodeDump(dump, node->doc, part, 0, 0);
	const char *text = dump ? arena_text(arena, (const char *)xmlBufferContent(dump)) : NULL;
	xmlBufferFree(dump);
	return text;
}

static int sextet(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

/* RFC 4648 section 4, white space and what is none of it passed over. */
static const char *from_base64(const char *text, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(FEED_BYTES);
	CLEANUP(buffer_clear) struct buffer mended = BUFFER_INIT(FEED_BYTES);
	uint32_t bits = 0;
	int count = 0;
	for (; *text && *text != '='; text++) {
		int value = sextet(*text);
		if (value < 0)
			continue;
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count >= 8) {
			count -= 8;
			buffer_add_char(&raw, (char)(bits >> count & 0xff));
		}
	}
	text_mend_utf8(buffer_bytes(&raw), &mended);
	return mended.failed ? NULL : arena_text(arena, buffer_text(&mended));
}

const char *feed_text_as_html(const char *text, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(FEED_BYTES);
	if (!text)
		return NULL;
	buffer_add_text(&out, "<p>");
	for (; *text; text++) {
		if (text[0] == '\n' && text[1] == '\n')
			buffer_add_text(&out, "</p><p>");
		else if (*text == '<' || *text == '&')
			buffer_add_text(&out, *text == '<' ? "&lt;" : "&amp;");
		else
			buffer_add_char(&out, *text);
	}
	buffer_add_text(&out, "</p>");
	return out.failed ? NULL : arena_text(arena, buffer_text(&out));
}

/* Escaped once too often: no tag at all, and what its references say is a body. */
static const char *unescape_twice(const char *text, struct arena *arena)
{
	static const char *const blocks[] = { "<p",  "<div",    "<h1",    "<h2",         "<h3",  "<ul",
		                              "<ol", "<figure", "<table", "<blockquote", "<img", "<a " };
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(FEED_BYTES);
	CLEANUP(html_doc_free) xmlDoc *doc = text && !strchr(text, '<') && strstr(text, "&lt;/") ? html_parse(bytes_text(text)) : NULL;
	if (!doc || !xmlDocGetRootElement(doc))
		return text;
	html_text(xmlDocGetRootElement(doc), &out);
	struct bytes said = text_trim(buffer_bytes(&out));
	for (size_t i = 0; i < COUNT_OF(blocks) && said.size > 0 && said.data[said.size - 1] == '>'; i++)
		if (text_starts_nocase(said, blocks[i]))
			return arena_copy(arena, said.data, said.size);
	return text;
}

const char *feed_body(const xmlNode *node, bool is_html, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(FEED_BYTES);
	if (!node)
		return NULL;
	if (holds_elements(node))
		return markup_of(node, arena);
	html_text(node, &raw);
	struct bytes trimmed = text_trim(buffer_bytes(&raw));
	const char *text = trimmed.size ? arena_copy(arena, trimmed.data, trimmed.size) : NULL;
	const char *type = html_attribute(node, "type", arena);
	const char *mode = html_attribute(node, "mode", arena);
	if (text && mode && strcmp(mode, "base64") == 0)
		text = from_base64(text, arena);
	bool escaped = mode && strcmp(mode, "escaped") == 0 && (!type || !strstr(type, "plain"));
	return is_html || escaped || (type && strstr(type, "html")) ? unescape_twice(text, arena) : feed_text_as_html(text, arena);
}
