#include "content/lint.h"
#include "base/text.h"
#include "content/lint_style.h"
#include "content/lint_words.h"
#include <stdio.h>
#include <stdlib.h>

enum { LINKS = 2000, DEPTH = 200, TEXT_BYTES = 4 << 20, LINK_TEXT = 512 };

struct lint {
	const struct content_lint_in *in;
	struct arena *arena;
	struct findings *findings;
	struct content_link *links;
	size_t count;
	struct buffer text;  /* what is seen, a blank where an element begins or ends */
	struct buffer prose; /* the same without code */
	unsigned h1s, last_heading, images;
	bool has_unsubscribe, is_cut, in_body;
};

static const char *at_node(const xmlNode *node, char out[40])
{
	snprintf(out, 40, "HTML, line %ld", xmlGetLineNo((xmlNode *)node));
	return out;
}

static void say(struct lint *lint, enum finding_level level, const char *check, const xmlNode *node, const char *mend, const char *text)
{
	char where[40];
	findings_add(lint->findings, level, check, at_node(node, where), mend, "%s", text);
}

static bool is_any(const xmlNode *node, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (html_is(node, names[i]))
			return true;
	return false;
}

static void add_link(struct lint *lint, const xmlNode *node, const char *url, bool is_image)
{
	struct bytes trimmed = text_trim(bytes_text(url));
	char *copy = arena_copy(lint->arena, trimmed.data, trimmed.size);
	if (copy && lint->count < LINKS)
		lint->links[lint->count++] = (struct content_link){ copy, is_image, (unsigned)xmlGetLineNo((xmlNode *)node) };
}

/* What mail programs drop, or filters take for an attack (M17). */
static void check_forbidden(struct lint *lint, const xmlNode *node)
{
	static const char *const dead[] = { "form",   "script", "iframe", "object", "embed", "input",
		                            "button", "video",  "audio",  "applet", "frame", "svg" };
	static const char *const urls[] = { "href", "src", "background", "action" };
	char where[40];
	if (is_any(node, dead, COUNT_OF(dead)))
		findings_add(lint->findings, FINDING_FAULT, "M17", at_node(node, where), "link to a page that has it",
		             "<%.20s>: mail programs drop it, filters distrust it", (const char *)node->name);
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		const char *url = html_attribute(node, urls[i], lint->arena);
		struct bytes scheme = text_trim(bytes_text(url));
		if (url && (text_starts_nocase(scheme, "data:") || text_starts_nocase(scheme, "javascript:") ||
		            text_starts_nocase(scheme, "vbscript:")))
			findings_add(lint->findings, FINDING_FAULT, "M17", at_node(node, where), "write an https address",
			             "a URL that begins with %.11s", scheme.data);
	}
	for (const xmlAttr *a = node->properties; a; a = a->next)
		if (text_starts_nocase(bytes_text((const char *)a->name), "on"))
			findings_add(lint->findings, FINDING_FAULT, "M17", at_node(node, where), "leave it out",
			             "a script in the attribute %.20s", (const char *)a->name);
}

/* Seen by nobody, or with a mark of the reader in its address: it counts who opened the mail (M19). */
static bool is_pixel(struct lint *lint, const xmlNode *node, const struct look *look, const char *src)
{
	const char *size[] = { html_attribute(node, "width", lint->arena), html_attribute(node, "height", lint->arena),
		               look_property(node, "width", lint->arena), look_property(node, "height", lint->arena) };
	for (size_t i = 0; i < COUNT_OF(size); i++)
		if (size[i] && *size[i] && !strchr(size[i], '%') && look_px(size[i]) >= 0 && look_px(size[i]) <= 2)
			return true;
	return look->is_hidden || (*lint->in->recipient && strstr(src, lint->in->recipient));
}

static void check_image(struct lint *lint, const xmlNode *node, const struct look *look)
{
	const char *src = html_attribute(node, "src", lint->arena);
	const char *alt = html_attribute(node, "alt", lint->arena);
	lint->images++;
	if (!src || text_trim(bytes_text(src)).size == 0) {
		say(lint, FINDING_FAULT, "M18", node, "give it an address or take it out", "a picture without an address");
		return;
	}
	add_link(lint, node, src, true);
	if (!lint->in->may_track && is_pixel(lint, node, look, src)) {
		say(lint, FINDING_FAULT, "M19", node, "take it out", "a tracking pixel, and this reader did not agree to one");
		return;
	}
	if (!alt)
		say(lint, FINDING_FAULT, "M18", node, "write alt=\"what it shows\", or alt=\"\" for decoration",
		    "a picture without alt: nobody knows what it shows while pictures are off");
	else if (alt && node->parent && html_is(node->parent, "a") && text_trim(bytes_text(alt)).size == 0 && !node->prev && !node->next)
		say(lint, FINDING_WARNING, "W6", node, "let alt say where the link leads", "a link of one picture with an empty alt");
	if (!html_attribute(node, "width", lint->arena) || !html_attribute(node, "height", lint->arena))
		say(lint, FINDING_WARNING, "M18", node,
		    "write width and height in pixels: the text then does not jump, and Outlook keeps the size",
		    "a picture without width and height");
}

static void link_text(const xmlNode *node, struct arena *arena, struct buffer *out)
{
	CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(64 << 10);
	html_text(node, &raw);
	text_squeeze(buffer_bytes(&raw), out);
	const xmlNode *image = out->size == 0 ? html_find_element((xmlNode *)node, "img") : NULL;
	const char *alt = image ? html_attribute(image, "alt", arena) : NULL;
	buffer_add_text(out, alt ? alt : "");
}

/* A link that stands alone, in a menu or as a title, is seen by its place. */
static bool is_within_text(const xmlNode *link)
{
	for (const xmlNode *node = link->parent ? link->parent->children : NULL; node; node = node->next)
		if (node->type == XML_TEXT_NODE && text_trim(bytes_text((const char *)node->content)).size > 3)
			return true;
	return false;
}

static void check_link(struct lint *lint, const xmlNode *node, const struct look *look)
{
	static const char *const vague[] = {
		"click here", "here", "click", "read more", "more", "this link", "link", "learn more", "this"
	};
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(64 << 10);
	const char *href = html_attribute(node, "href", lint->arena);
	char where[40];
	if (!href)
		return;
	add_link(lint, node, href, false);
	link_text(node, lint->arena, &text);
	if (text.size == 0 && !look->is_hidden)
		say(lint, FINDING_WARNING, "W6", node, "write what it leads to", "a link without text");
	for (size_t i = 0; i < COUNT_OF(vague); i++)
		if (text_equal_nocase(buffer_text(&text), vague[i]))
			findings_add(lint->findings, FINDING_WARNING, "W6", at_node(node, where), "name the target in the link's text",
			             "a link that says \"%s\"", buffer_text(&text));
	if (text.size > 0 && !look->is_underlined && !look->is_block && is_within_text(node) && !html_find_element((xmlNode *)node, "img"))
		say(lint, FINDING_WARNING, "W6", node, "underline it",
		    "a link within text that is not underlined: colour alone does not tell");
	if (look->is_block && look->background != 0xffffff && look->padding_px > 0 && look->font_px + 2 * look->padding_px < 24)
		say(lint, FINDING_WARNING, "W8", node, "pad it to 44 px", "a button lower than 24 px");
	if (*lint->in->unsubscribe_url && strcmp(text_trim(bytes_text(href)).data, lint->in->unsubscribe_url) == 0 && !look->is_hidden &&
	    text.size > 0 && look->font_px >= 8 && look_contrast(look->colour, look->background) >= 1.5)
		lint->has_unsubscribe = true;
}

static void check_table(struct lint *lint, const xmlNode *node)
{
	const char *role = html_attribute(node, "role", lint->arena);
	const char *width = html_attribute(node, "width", lint->arena);
	bool has_role = role && (text_equal_nocase(role, "presentation") || text_equal_nocase(role, "none"));
	if (!has_role && !html_find_element((xmlNode *)node, "th"))
		say(lint, FINDING_WARNING, "W3", node, "write role=\"presentation\", or give a table of data its th",
		    "a layout table is read out as a table");
	if (width && !strchr(width, '%') && look_px(width) > 320 && !*look_property(node, "max-width", lint->arena) &&
	    !strstr(look_property(node, "width", lint->arena), "%"))
		say(lint, FINDING_WARNING, "W8", node, "style=\"width:100%;max-width:600px\"",
		    "a table wider than a telephone that can not shrink");
}

static void check_heading(struct lint *lint, const xmlNode *node)
{
	const char *name = (const char *)node->name;
	char where[40];
	if ((name[0] != 'h' && name[0] != 'H') || name[1] < '1' || name[1] > '6' || name[2])
		return;
	unsigned level = (unsigned)(name[1] - '0');
	lint->h1s += level == 1;
	if (lint->last_heading && level > lint->last_heading + 1)
		findings_add(lint->findings, FINDING_WARNING, "W5", at_node(node, where), "go down one level at a time",
		             "a heading h%u after h%u", level, lint->last_heading);
	lint->last_heading = level;
}

static void check_words(struct lint *lint, const xmlNode *node, const struct look *look)
{
	char where[40];
	double ratio = look_contrast(look->colour, look->background);
	bool is_large = look->font_px >= 24 || (look->is_bold && look->font_px >= 18.66);
	if (ratio < (is_large ? 3 : 4.5))
		findings_add(lint->findings, FINDING_WARNING, "W7", at_node(node, where), "take colours with a contrast of 4.5 to 1",
		             "text #%06x on #%06x: contrast %.1f to 1", (unsigned)look->colour, (unsigned)look->background, ratio);
	if (look->font_px < 13)
		findings_add(lint->findings, FINDING_WARNING, "W8", at_node(node, where), "at least 13 px, and 16 px for the body",
		             "text of %g px", look->font_px);
}

static void add_text(struct lint *lint, const xmlNode *node, const struct look *look, bool is_code)
{
	struct bytes text = bytes_text((const char *)node->content);
	if (!lint->in_body)
		return;
	/* The preheader is hidden, but read in the inbox. */
	if (!is_code)
		buffer_add_bytes(&lint->prose, text);
	if (look->is_hidden)
		return;
	buffer_add_bytes(&lint->text, text);
	if (!words_equal(text, BYTES_OF("\xc2\xa0")) && text_trim(text).size > 0)
		check_words(lint, node->parent, look);
}

static void check_element(struct lint *lint, const xmlNode *node, const struct look *look)
{
	check_forbidden(lint, node);
	check_heading(lint, node);
	if (html_is(node, "img"))
		check_image(lint, node, look);
	else if (html_is(node, "a"))
		check_link(lint, node, look);
	else if (html_is(node, "table"))
		check_table(lint, node);
	else if (html_is(node, "base") || html_is(node, "link") || html_is(node, "meta")) {
		const char *refresh = html_attribute(node, "http-equiv", lint->arena);
		if (!html_is(node, "meta") || (refresh && text_equal_nocase(refresh, "refresh")))
			say(lint, FINDING_WARNING, "M17", node, "leave it out", "a base, link or refresh: mail programs drop it");
	}
}

static void walk(struct lint *lint, const xmlNode *node, const struct look *outer, bool is_code, unsigned depth)
{
	static const char *const code[] = { "code", "pre", "kbd", "samp" };
	static const char *const unseen[] = { "head", "style", "script", "title" };
	if (depth > DEPTH) {
		lint->is_cut = true;
		return;
	}
	for (; node; node = node->next) {
		if (node->type == XML_TEXT_NODE)
			add_text(lint, node, outer, is_code);
		if (node->type != XML_ELEMENT_NODE)
			continue;
		struct look look = look_of(node, outer, lint->arena);
		check_element(lint, node, &look);
		lint->in_body = lint->in_body || html_is(node, "body");
		buffer_add_char(&lint->text, ' ');
		buffer_add_char(&lint->prose, ' ');
		bool was_in = lint->in_body;
		lint->in_body = was_in && !is_any(node, unseen, COUNT_OF(unseen));
		walk(lint, node->children, &look, is_code || is_any(node, code, COUNT_OF(code)), depth + 1);
		lint->in_body = was_in;
		buffer_add_char(&lint->text, ' ');
		buffer_add_char(&lint->prose, ' ');
	}
}

/* lang and dir on <html> and on <body> or the one element in it: web mail drops the outer ones (W1). */
static void check_language(struct lint *lint, xmlNode *root)
{
	xmlNode *body = html_find_element(root, "body");
	const xmlNode *inner = body ? xmlFirstElementChild(body) : NULL;
	bool outer_ok = html_attribute(root, "lang", lint->arena) && html_attribute(root, "dir", lint->arena);
	bool inner_ok = (body && html_attribute(body, "lang", lint->arena) && html_attribute(body, "dir", lint->arena)) ||
	                (inner && html_attribute(inner, "lang", lint->arena) && html_attribute(inner, "dir", lint->arena));
	if (!outer_ok || !inner_ok)
		say(lint, FINDING_WARNING, "W1", root, "write lang and dir on html, and on body or the element in it",
		    "the language or its direction is not said: screen readers guess");
}

static void check_title(struct lint *lint, xmlNode *root)
{
	CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(64 << 10);
	const xmlNode *node = html_find_element(root, "title");
	if (node)
		html_text(node, &raw);
	if (*lint->in->subject && !words_equal(buffer_bytes(&raw), bytes_text(lint->in->subject)))
		say(lint, FINDING_WARNING, "W2", node ? node : root, "write <title>{{subject}}</title>", "the title is not the subject");
}

static void check_whole(struct lint *lint, xmlNode *root)
{
	const struct content_lint_in *in = lint->in;
	struct bytes seen = buffer_bytes(&lint->text);
	check_language(lint, root);
	check_title(lint, root);
	if (lint->is_cut)
		say(lint, FINDING_WARNING, "W9", root, "nest less", "elements nested deeper than mail programs follow");
	if (lint->h1s != 1)
		findings_add(lint->findings, FINDING_WARNING, "W5", "HTML", "write one h1: the post's title", "%u h1 headings, not one",
		             lint->h1s);
	if (*in->unsubscribe_url && !lint->has_unsubscribe)
		findings_add(lint->findings, FINDING_FAULT, "M12", "HTML",
		             "put a link to {{reader.unsubscribe_url}} into the HTML template",
		             "the HTML has no unsubscribe link that can be seen");
	if (in->postal && *in->postal && !words_hold(seen, in->postal))
		findings_add(lint->findings, FINDING_FAULT, "M13", "HTML", "put {{list.postal}} into the HTML template",
		             "the HTML lacks the sender's postal address");
	if (!words_hold(seen, in->recipient))
		findings_add(lint->findings, FINDING_WARNING, "M14", "HTML",
		             "write why it comes: You get this because {{reader.email}} subscribed to ...",
		             "the HTML does not say to which address it came");
	if (lint->images > 0 && words_count(seen) < 15)
		findings_add(lint->findings, FINDING_FAULT, "M18", "HTML", "write the text as text",
		             "the mail is nothing but pictures: empty while they are off, and spam to filters");
	content_lint_placeholders(buffer_bytes(&lint->prose), "HTML", lint->findings);
	words_compare(in->text, seen, lint->findings);
}

int content_lint(const struct content_lint_in *in, struct arena *arena, struct content_link **links, size_t *n, struct findings *findings,
                 struct error *err)
{
	CLEANUP(html_doc_free) xmlDoc *doc = html_parse(in->html);
	struct lint lint = { .in = in,
		             .arena = arena,
		             .findings = findings,
		             .links = arena_alloc(arena, LINKS * sizeof *lint.links),
		             .text = BUFFER_INIT(TEXT_BYTES),
		             .prose = BUFFER_INIT(TEXT_BYTES) };
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	struct look first = look_first();
	*links = lint.links;
	*n = 0;
	if (!lint.links)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (!root)
		return 0; /* no HTML: M8 has said so */
	walk(&lint, root, &first, false, 0);
	check_whole(&lint, root);
	*n = lint.count;
	buffer_clear(&lint.text);
	buffer_clear(&lint.prose);
	return 0;
}

/* In document order, below root. */
static const xmlNode *next_node(const xmlNode *node, const xmlNode *root)
{
	if (node->children && node->type == XML_ELEMENT_NODE)
		return node->children;
	while (node != root && !node->next)
		node = node->parent;
	return node == root ? NULL : node->next;
}

int content_links(struct bytes html, struct arena *arena, struct content_link **links, size_t *n, struct error *err)
{
	CLEANUP(html_doc_free) xmlDoc *doc = html_parse(html);
	struct lint lint = { .arena = arena, .links = arena_alloc(arena, LINKS * sizeof *lint.links) };
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	*links = lint.links;
	if (!lint.links)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (const xmlNode *node = root; node; node = next_node(node, root)) {
		const char *url = html_attribute(node, html_is(node, "img") ? "src" : "href", arena);
		if (url && (html_is(node, "img") || html_is(node, "a")))
			add_link(&lint, node, url, html_is(node, "img"));
	}
	*n = lint.count;
	return 0;
}
