/* The tree is read from the parser and written anew: what comes out holds only names and values from the tables below, quoted and
 * escaped here, so nothing depends on how another parser sees a comment, a CDATA section or a raw-text element. */
#include "base/text.h"
#include "content/embed.h"
#include "content/guess.h"
#include "content/leftovers.h"
#include <stdlib.h>
#include <strings.h>

enum { OPEN_MAX = 100, DEPTH_MAX = 1000, PASSES = 4 };

enum place {
	PLACE_NONE,   /* not allowed: its content takes its place */
	PLACE_INLINE, /* within a paragraph */
	PLACE_BLOCK,  /* ends a paragraph that is open */
	PLACE_VOID,   /* inline, has no content */
	PLACE_PART,   /* of a list or a table: only within its own */
	PLACE_DROP,   /* goes with all that is in it */
};

/* What a mail may show (RULES A16). `within`: what a part must stand in. */
static const struct element {
	const char *name;
	enum place place;
	const char *within;
} elements[] = {
	{ "a", PLACE_INLINE, NULL },         { "abbr", PLACE_INLINE, NULL },
	{ "b", PLACE_INLINE, NULL },         { "cite", PLACE_INLINE, NULL },
	{ "code", PLACE_INLINE, NULL },      { "del", PLACE_INLINE, NULL },
	{ "em", PLACE_INLINE, NULL },        { "i", PLACE_INLINE, NULL },
	{ "ins", PLACE_INLINE, NULL },       { "kbd", PLACE_INLINE, NULL },
	{ "mark", PLACE_INLINE, NULL },      { "q", PLACE_INLINE, NULL },
	{ "s", PLACE_INLINE, NULL },         { "samp", PLACE_INLINE, NULL },
	{ "small", PLACE_INLINE, NULL },     { "strong", PLACE_INLINE, NULL },
	{ "sub", PLACE_INLINE, NULL },       { "sup", PLACE_INLINE, NULL },
	{ "u", PLACE_INLINE, NULL },         { "var", PLACE_INLINE, NULL },
	{ "br", PLACE_VOID, NULL },          { "img", PLACE_VOID, NULL },
	{ "hr", PLACE_BLOCK, NULL },         { "p", PLACE_BLOCK, NULL },
	{ "h1", PLACE_BLOCK, NULL },         { "h2", PLACE_BLOCK, NULL },
	{ "h3", PLACE_BLOCK, NULL },         { "h4", PLACE_BLOCK, NULL },
	{ "h5", PLACE_BLOCK, NULL },         { "h6", PLACE_BLOCK, NULL },
	{ "blockquote", PLACE_BLOCK, NULL }, { "pre", PLACE_BLOCK, NULL },
	{ "ul", PLACE_BLOCK, NULL },         { "ol", PLACE_BLOCK, NULL },
	{ "dl", PLACE_BLOCK, NULL },         { "table", PLACE_BLOCK, NULL },
	{ "figure", PLACE_BLOCK, NULL },     { "figcaption", PLACE_BLOCK, NULL },
	{ "li", PLACE_PART, "ul ol" },       { "dt", PLACE_PART, "dl" },
	{ "dd", PLACE_PART, "dl" },          { "caption", PLACE_PART, "table" },
	{ "thead", PLACE_PART, "table" },    { "tbody", PLACE_PART, "table" },
	{ "tfoot", PLACE_PART, "table" },    { "tr", PLACE_PART, "table thead tbody tfoot" },
	{ "td", PLACE_PART, "tr" },          { "th", PLACE_PART, "tr" },
	{ "script", PLACE_DROP, NULL },      { "style", PLACE_DROP, NULL },
	{ "iframe", PLACE_DROP, NULL },      { "object", PLACE_DROP, NULL },
	{ "embed", PLACE_DROP, NULL },       { "applet", PLACE_DROP, NULL },
	{ "form", PLACE_DROP, NULL },        { "input", PLACE_DROP, NULL },
	{ "button", PLACE_DROP, NULL },      { "select", PLACE_DROP, NULL },
	{ "option", PLACE_DROP, NULL },      { "textarea", PLACE_DROP, NULL },
	{ "video", PLACE_DROP, NULL },       { "audio", PLACE_DROP, NULL },
	{ "svg", PLACE_DROP, NULL },         { "math", PLACE_DROP, NULL },
	{ "template", PLACE_DROP, NULL },    { "noscript", PLACE_DROP, NULL },
	{ "noembed", PLACE_DROP, NULL },     { "noframes", PLACE_DROP, NULL },
	{ "head", PLACE_DROP, NULL },        { "title", PLACE_DROP, NULL },
	{ "meta", PLACE_DROP, NULL },        { "link", PLACE_DROP, NULL },
	{ "base", PLACE_DROP, NULL },        { "nav", PLACE_DROP, NULL },
	{ "canvas", PLACE_DROP, NULL },      { "map", PLACE_DROP, NULL },
	{ "frame", PLACE_DROP, NULL },       { "frameset", PLACE_DROP, NULL },
	{ "param", PLACE_DROP, NULL },       { "plaintext", PLACE_DROP, NULL },
	{ "xmp", PLACE_DROP, NULL },         { "dialog", PLACE_DROP, NULL },
};

enum value { VALUE_TEXT, VALUE_NUMBER, VALUE_WORD, VALUE_SIDE };

static const struct {
	const char *element, *name; /* element NULL: of all */
	enum value value;
} attributes[] = { { "a", "title", VALUE_TEXT },      { "img", "title", VALUE_TEXT },    { "abbr", "title", VALUE_TEXT },
	           { "img", "width", VALUE_NUMBER },  { "img", "height", VALUE_NUMBER }, { "td", "colspan", VALUE_NUMBER },
	           { "td", "rowspan", VALUE_NUMBER }, { "th", "colspan", VALUE_NUMBER }, { "th", "rowspan", VALUE_NUMBER },
	           { "td", "align", VALUE_SIDE },     { "th", "align", VALUE_SIDE },     { "ol", "start", VALUE_NUMBER },
	           { NULL, "lang", VALUE_WORD },      { NULL, "dir", VALUE_WORD } };

/* An element begun. Its start tag is written with the first content, so that what is empty leaves no trace. */
struct open {
	const struct element *element;
	const xmlNode *node; /* NULL: a paragraph round text that stood in none */
	bool written;
};

struct writer {
	struct buffer *out;
	const char *base_url;
	unsigned flags;
	const struct content_beside *beside;
	struct arena arena;
	struct open open[OPEN_MAX];
	int count;
};

static const struct element *find_element(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(elements); i++)
		if ((name[0] | 0x20) == elements[i].name[0] && strcasecmp(name, elements[i].name) == 0)
			return &elements[i];
	return NULL;
}

static bool is_text_block(const struct element *element)
{
	return element->place == PLACE_BLOCK && (strcmp(element->name, "p") == 0 || strcmp(element->name, "figcaption") == 0 ||
	                                         (element->name[0] == 'h' && element->name[1] != 'r'));
}

static bool is_leftover(const xmlNode *node)
{
	return node->properties && (leftovers_is_box(node) || xmlHasProp((xmlNode *)node, (const xmlChar *)"hidden"));
}

static const char *entity_of(char c)
{
	return c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : " ";
}

static bool is_plain(char c)
{
	unsigned char u = (unsigned char)c;
	return (u >= 0x20 && c != '<' && c != '>' && c != '&' && c != '"') || c == '\n' || c == '\t';
}

/* In runs: most of a text needs nothing. A control character is a blank. */
static void escape(struct buffer *out, const char *text)
{
	while (*text) {
		size_t n = 0;
		while (is_plain(text[n]))
			n++;
		buffer_add(out, text, n);
		text += n;
		if (*text)
			buffer_add_text(out, entity_of(*text++));
	}
}

static bool is_value(const char *text, enum value value)
{
	static const char *const sets[] = {
		[VALUE_NUMBER] = "0123456789", [VALUE_WORD] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	};
	return value == VALUE_TEXT ||
	       (*text && strlen(text) < (value == VALUE_NUMBER ? 6 : 36) && strspn(text, sets[value]) == strlen(text));
}

/* "</script" and "-->" mean nothing in a quoted value, but to readers that undo the quotes; a blank in them takes that away. */
static void write_value(struct buffer *out, const char *value)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(HTML_BODY_BYTES);
	for (const char *p = value; *p; p++) {
		if (*p == '>' && p > value && strchr("-!]", p[-1]))
			buffer_add_char(&text, ' ');
		buffer_add_char(&text, *p);
		if (*p == '<' && p[1] == '/')
			buffer_add_char(&text, ' ');
	}
	escape(out, buffer_text(&text));
}

static void write_attribute(struct buffer *out, const char *name, const char *value)
{
	if (!value)
		return;
	buffer_format(out, " %s=\"", name);
	write_value(out, value);
	buffer_add_char(out, '"');
}

static const char *clean_url(struct writer *w, const xmlNode *node, const char *name)
{
	char *url = (char *)html_url(html_attribute(node, name, &w->arena), w->base_url, html_is(node, "a"), &w->arena);
	if (url && (w->flags & CONTENT_DROP_TRACKING))
		html_drop_tracking(url);
	return url;
}

/* A picture of one pixel only counts who looks. */
static bool is_pixel(const xmlNode *node, const char *side, struct arena *arena)
{
	const char *value = html_attribute(node, side, arena);
	char *end = NULL;
	return value && strtol(value, &end, 10) <= 1 && end != value;
}

/* The picture's address, as embed_replace() settled it. */
static const char *picture_url(struct writer *w, const xmlNode *node)
{
	if (is_pixel(node, "width", &w->arena) || is_pixel(node, "height", &w->arena))
		return NULL;
	return clean_url(w, node, "src");
}

/* Where a cell's text stands: by its attribute, or by its style, as some write it. NULL: where its line begins. */
static const char *side_of(struct writer *w, const xmlNode *cell)
{
	static const char *const sides[] = { "left", "right", "center" };
	const char *said = html_attribute(cell, "align", &w->arena);
	const char *style = said ? NULL : html_attribute(cell, "style", &w->arena);
	style = style ? strcasestr(style, "text-align") : NULL;
	if (style && style[strlen("text-align") + strspn(style + strlen("text-align"), " \t")] == ':')
		said = strchr(style, ':') + 1;
	struct bytes word = text_trim((struct bytes){ said ? said : "", said ? strcspn(said, ";!") : 0 });
	for (size_t i = 0; i < COUNT_OF(sides); i++)
		if (text_compare_nocase(word, bytes_text(sides[i])) == 0)
			return sides[i];
	return NULL;
}

static void write_attributes(struct writer *w, const xmlNode *node)
{
	for (size_t i = 0; i < COUNT_OF(attributes) && node->properties; i++) {
		if (attributes[i].element && !html_is(node, attributes[i].element))
			continue;
		bool is_side = attributes[i].value == VALUE_SIDE;
		const char *value = is_side ? side_of(w, node) : html_attribute(node, attributes[i].name, &w->arena);
		if (value && (is_side || is_value(value, attributes[i].value)))
			write_attribute(w->out, attributes[i].name, value);
	}
}

static void write_link(struct writer *w, const xmlNode *node)
{
	const char *url = clean_url(w, node, "href");
	const char *href = url || !w->beside ? NULL : html_attribute(node, "href", &w->arena);
	if (href && *href && *href != '#')
		w->beside->link(w->beside->arg, href);
	write_attribute(w->out, "href", url);
}

static void write_start(struct writer *w, struct open *open)
{
	open->written = true;
	buffer_format(w->out, "<%s", open->element->name);
	if (open->node && html_is(open->node, "a"))
		write_link(w, open->node);
	/* A wrapper that became a paragraph has nothing else to say. */
	if (open->node)
		write_attributes(w, open->node);
	buffer_add_char(w->out, '>');
}

static bool push(struct writer *w, const struct element *element, const xmlNode *node)
{
	if (w->count == OPEN_MAX)
		return false;
	w->open[w->count++] = (struct open){ element, node, false };
	return true;
}

/* The innermost element that is not inline, or NULL. */
static const struct open *block_of(const struct writer *w)
{
	for (int i = w->count - 1; i >= 0; i--)
		if (w->open[i].element->place != PLACE_INLINE)
			return &w->open[i];
	return NULL;
}

static bool holds_text(const struct element *element)
{
	static const char *const frames[] = { "thead", "tbody", "tfoot", "tr" };
	for (size_t i = 0; i < COUNT_OF(frames); i++)
		if (strcmp(element->name, frames[i]) == 0)
			return false;
	return is_text_block(element) || element->place == PLACE_PART || strcmp(element->name, "pre") == 0;
}

/* A line break where white space means nothing. */
static void end_block(struct writer *w)
{
	const struct open *around = block_of(w);
	if (!around || !holds_text(around->element))
		buffer_add_char(w->out, '\n');
}

static void pop(struct writer *w)
{
	const struct open open = w->open[--w->count];
	if (!open.written)
		return;
	buffer_format(w->out, "</%s>", open.element->name);
	if (open.element->place != PLACE_INLINE)
		end_block(w);
}

/* Writes what was begun. Text outside of every block gets a paragraph of its own. */
static void begin_content(struct writer *w)
{
	if (w->count == 0 || w->open[0].element->place == PLACE_INLINE) {
		if (w->count == OPEN_MAX)
			return;
		memmove(w->open + 1, w->open, (size_t)w->count * sizeof w->open[0]);
		w->open[0] = (struct open){ find_element("p"), NULL, false };
		w->count++;
	}
	for (int i = 0; i < w->count; i++)
		if (!w->open[i].written)
			write_start(w, &w->open[i]);
}

static bool is_inside(const struct writer *w, const char *name)
{
	for (int i = 0; i < w->count; i++)
		if (strcmp(w->open[i].element->name, name) == 0)
			return true;
	return false;
}

static void write_text(struct writer *w, const char *text)
{
	const struct open *block = block_of(w);
	/* White space between blocks means nothing. */
	bool at_start = !block || !block->written || !holds_text(block->element);
	if (at_start && !is_inside(w, "pre"))
		text += strspn(text, " \t\r\n");
	if (!*text)
		return;
	begin_content(w);
	escape(w->out, text);
}

static void write_void(struct writer *w, const xmlNode *node)
{
	const struct open *block = block_of(w);
	if (html_is(node, "br")) {
		if (block && block->written)
			buffer_add_text(w->out, "<br>");
		return;
	}
	const char *url = picture_url(w, node);
	if (!url)
		return;
	const char *alt = html_attribute(node, "alt", &w->arena);
	begin_content(w);
	buffer_add_text(w->out, "<img");
	write_attribute(w->out, "src", url);
	write_attribute(w->out, "alt", alt ? alt : "");
	write_attributes(w, node);
	buffer_add_char(w->out, '>');
}

/* A wrapper of text and inline elements only is a paragraph that its page wrote otherwise. */
static bool holds_only_inline(const xmlNode *node)
{
	bool any = false;
	for (const xmlNode *child = node->children; child; child = child->next) {
		const struct element *element = child->type == XML_ELEMENT_NODE ? find_element((const char *)child->name) : NULL;
		bool inline_child = element ? element->place != PLACE_BLOCK && element->place != PLACE_PART
		                            : html_is(child, "span") || html_is(child, "font");
		if (child->type == XML_ELEMENT_NODE && !inline_child)
			return false;
		any = any || child->type == XML_ELEMENT_NODE || (child->type == XML_TEXT_NODE && !xmlIsBlankNode(child));
	}
	return any;
}

static bool is_wrapper(const xmlNode *node)
{
	static const char *const names[] = { "div", "section", "article", "main", "header", "footer", "aside", "center", "address" };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (html_is(node, names[i]))
			return true;
	return false;
}

static void children(struct writer *w, const xmlNode *node, int depth);

static void inline_element(struct writer *w, const struct element *element, const xmlNode *node, int depth)
{
	if (!push(w, element, node)) {
		children(w, node, depth);
		return;
	}
	children(w, node, depth);
	/* A block may have ended and begun it again meanwhile: it is on the stack once, or, where the stack was full, not at all. */
	int at = w->count;
	while (at > 0 && w->open[at - 1].node != node)
		at--;
	while (at > 0 && w->count >= at)
		pop(w);
}

/* A block ends the paragraph and the inline elements it stands in; those begin again within it, and behind it. */
static void block_element(struct writer *w, const struct element *element, const xmlNode *node, int depth)
{
	const xmlNode *kept[OPEN_MAX];
	int n = 0;
	for (; w->count > 0 && w->open[w->count - 1].element->place == PLACE_INLINE; pop(w))
		kept[n++] = w->open[w->count - 1].node;
	if (w->count > 0 && is_text_block(w->open[w->count - 1].element))
		pop(w);
	int level = w->count;
	if (strcmp(element->name, "hr") == 0) {
		for (int i = 0; i < w->count; i++)
			if (!w->open[i].written)
				write_start(w, &w->open[i]);
		buffer_add_text(w->out, "<hr>");
		end_block(w);
	} else if (push(w, element, node)) {
		/* A link round a figure is a link round its picture. */
		bool takes_inline = is_text_block(element) || strcmp(element->name, "figure") == 0;
		for (int i = n; takes_inline && i > 0; i--)
			push(w, find_element((const char *)kept[i - 1]->name), kept[i - 1]);
		children(w, node, depth);
		while (w->count > level)
			pop(w);
	} else {
		children(w, node, depth);
	}
	for (int i = n; i > 0; i--)
		push(w, find_element((const char *)kept[i - 1]->name), kept[i - 1]);
}

static bool fits(const struct writer *w, const struct element *element)
{
	struct bytes rest = bytes_text(element->within);
	struct bytes word;
	while (w->count > 0 && text_next_part(&rest, " ", &word))
		if (bytes_equal(word, bytes_text(w->open[w->count - 1].element->name)))
			return true;
	return false;
}

static void part_element(struct writer *w, const struct element *element, const xmlNode *node, int depth)
{
	int level = w->count;
	if (!push(w, element, node)) {
		children(w, node, depth);
		return;
	}
	/* An empty cell keeps the columns in line. */
	if (element->name[0] == 't' && (element->name[1] == 'd' || strcmp(element->name, "th") == 0))
		begin_content(w);
	children(w, node, depth);
	while (w->count > level)
		pop(w);
}

static void write_element(struct writer *w, const xmlNode *node, int depth)
{
	const struct element *element = find_element((const char *)node->name);
	enum place place = element ? element->place : PLACE_NONE;
	const struct open *block = block_of(w);
	bool in_heading = block && is_text_block(block->element) && strcmp(block->element->name, "p") != 0;
	if (place == PLACE_DROP || is_leftover(node))
		return;
	if (place == PLACE_PART && !fits(w, element))
		place = PLACE_NONE;
	if (place == PLACE_BLOCK && strcmp(element->name, "figcaption") == 0 && !is_inside(w, "figure"))
		element = find_element("p");
	if (place == PLACE_NONE && !in_heading && is_wrapper(node) && holds_only_inline(node)) {
		element = find_element("p");
		place = PLACE_BLOCK;
	}
	/* A paragraph within a heading is the heading's text, and anything within preformatted text is its text. */
	if (place == PLACE_BLOCK && ((in_heading && strcmp(element->name, "p") == 0) || is_inside(w, "pre")))
		place = PLACE_NONE;
	if (place == PLACE_INLINE)
		inline_element(w, element, node, depth);
	else if (place == PLACE_VOID)
		write_void(w, node);
	else if (place == PLACE_BLOCK)
		block_element(w, element, node, depth);
	else if (place == PLACE_PART)
		part_element(w, element, node, depth);
	else
		children(w, node, depth);
}

static void children(struct writer *w, const xmlNode *node, int depth)
{
	for (const xmlNode *child = node->children; child && depth < DEPTH_MAX && !w->out->failed; child = child->next) {
		if (child->type == XML_TEXT_NODE && child->content)
			write_text(w, (const char *)child->content);
		else if (child->type == XML_ELEMENT_NODE)
			write_element(w, child, depth + 1);
	}
}

/* Gives the tree it read. */
static xmlDoc *sanitise(struct bytes html, const struct html_how *how, struct buffer *out)
{
	xmlDoc *doc = html_parse(html);
	struct writer w = { .out = out, .base_url = how->base_url, .flags = how->flags, .beside = how->beside, .arena = ARENA_INIT };
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	if (root) {
		embed_replace(root, how, &w.arena);
		if (how->flags & CONTENT_CUT_LEFTOVERS)
			leftovers_cut(html_find_element(root, "body") ? html_find_element(root, "body") : root, how->base_url, &w.arena);
		children(&w, root, 0);
	}
	while (w.count > 0)
		pop(&w);
	arena_clear(&w.arena);
	return doc;
}

/* Only the words: what is left of a page that does not come to rest. */
static void words_only(struct bytes html, struct buffer *out)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(HTML_BODY_BYTES);
	CLEANUP(buffer_clear) struct buffer line = BUFFER_INIT(HTML_BODY_BYTES);
	CLEANUP(html_doc_free) xmlDoc *doc = html_parse(html);
	if (!doc || !xmlDocGetRootElement(doc))
		return;
	html_text(xmlDocGetRootElement(doc), &text);
	text_squeeze(buffer_bytes(&text), &line);
	if (line.size == 0)
		return;
	buffer_add_text(out, "<p>");
	escape(out, line.data);
	buffer_add_text(out, "</p>\n");
}

/* &#146; is no control for who wrote it: windows-1252, as browsers read it. */
static void mend_controls(struct buffer *html)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(HTML_BODY_BYTES);
	const char *text = buffer_text(html);
	if (!strstr(text, "&#1"))
		return;
	for (const char *at = text; *at; at++) {
		char *end = NULL;
		uint32_t code = text_starts(at, "&#1") ? (uint32_t)strtoul(at + 2, &end, 10) : 0;
		if (end && *end == ';' && guess_windows(code) != code) {
			text_encode(&out, guess_windows(code));
			at = end;
		} else {
			buffer_add_char(&out, *at);
		}
	}
	struct buffer swap = *html;
	*html = out;
	out = swap;
}

int html_sanitise(struct bytes html, const struct html_how *how, struct buffer *out, xmlDoc **tree, struct error *err)
{
	const struct html_how again = { .flags = how->flags & ~CONTENT_CUT_LEFTOVERS };
	CLEANUP(buffer_clear) struct buffer now = BUFFER_INIT(HTML_BODY_BYTES);
	CLEANUP(buffer_clear) struct buffer next = BUFFER_INIT(HTML_BODY_BYTES);
	CLEANUP(html_doc_free) xmlDoc *doc = NULL;
	text_mend_utf8(html, &now);
	if (now.failed)
		return error_set(err, ERROR_FULL, "the body is longer than %d MB", HTML_BODY_BYTES >> 20);
	mend_controls(&now);
	/* Until nothing changes: whoever reads it with our parser sees what we meant. The first pass does the work, the second finds it
	 * done; more are for markup that is broken on purpose. */
	bool stable = false;
	for (int pass = 0; pass < PASSES && !stable; pass++) {
		buffer_reset(&next);
		html_doc_free(&doc);
		doc = sanitise(buffer_bytes(&now), pass == 0 ? how : &again, &next);
		if (buffer_check(&next, err) < 0)
			return error_wrap(err, "the body");
		stable = pass > 0 && bytes_equal(buffer_bytes(&now), buffer_bytes(&next));
		struct buffer swap = now;
		now = next;
		next = swap;
	}
	if (stable) {
		buffer_add_bytes(out, buffer_bytes(&now));
	} else {
		words_only(buffer_bytes(&now), out);
		html_doc_free(&doc);
		doc = html_parse(buffer_bytes(out));
	}
	if (tree) {
		*tree = doc;
		doc = NULL;
	}
	return buffer_check(out, err);
}

int content_sanitise(struct bytes html, const char *base_url, unsigned flags, struct buffer *out, struct error *err)
{
	return html_sanitise(html, &(struct html_how){ .base_url = base_url, .flags = flags }, out, NULL, err);
}
