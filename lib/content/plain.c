#include "base/text.h"
#include "content/plain.h"
#include <stdio.h>

void plain_blank_line(struct plain *p)
{
	size_t n = p->out->size;
	if (n == 0)
		return;
	if (n < 2 || p->out->data[n - 1] != '\n' || p->out->data[n - 2] != '\n')
		buffer_add_char(p->out, '\n');
}

void plain_start_line(struct plain *p, bool first)
{
	size_t used = strlen(p->bullet);
	if (!first || used == 0) {
		buffer_add_text(p->out, p->prefix);
		return;
	}
	size_t have = strlen(p->prefix);
	buffer_add(p->out, p->prefix, have > used ? have - used : 0);
	buffer_add_text(p->out, p->bullet);
	p->bullet[0] = '\0';
}

/* Writes the gathered line, wrapped at words. Returns its width in columns. */
size_t plain_end_line(struct plain *p)
{
	CLEANUP(buffer_clear) struct buffer squeezed = BUFFER_INIT(p->line.max_bytes);
	text_squeeze(buffer_bytes(&p->line), &squeezed);
	buffer_reset(&p->line);
	if (squeezed.size == 0)
		return 0;
	size_t longest = text_columns(buffer_bytes(&squeezed));
	if (p->width == 0) {
		plain_start_line(p, true);
		buffer_add_bytes(p->out, buffer_bytes(&squeezed));
		buffer_add_char(p->out, '\n');
		return longest;
	}
	struct bytes rest = buffer_bytes(&squeezed);
	struct bytes word;
	size_t column = 0;
	plain_start_line(p, true);
	while (text_next_part(&rest, " ", &word)) {
		size_t size = text_columns(word);
		if (column > 0 && column + 1 + size + strlen(p->prefix) > p->width) {
			buffer_add_char(p->out, '\n');
			plain_start_line(p, false);
			column = 0;
		} else if (column > 0) {
			buffer_add_char(p->out, ' ');
			column++;
		}
		buffer_add_bytes(p->out, word);
		column += size;
	}
	buffer_add_char(p->out, '\n');
	return longest;
}

void plain_block(struct plain *p, const xmlNode *node)
{
	plain_end_line(p);
	if (!p->bullet[0])
		plain_blank_line(p);
	plain_children(p, node);
	plain_end_line(p);
	plain_blank_line(p);
}

static void heading(struct plain *p, const xmlNode *node)
{
	plain_end_line(p);
	plain_blank_line(p);
	plain_children(p, node);
	size_t columns = plain_end_line(p);
	if (columns > 0 && node->name[1] <= '2') {
		buffer_add_text(p->out, p->prefix);
		for (size_t i = 0; i < columns && i < 72; i++)
			buffer_add_char(p->out, node->name[1] == '1' ? '=' : '-');
		buffer_add_char(p->out, '\n');
	}
	plain_blank_line(p);
}

static void push(struct plain *p, const char *more)
{
	size_t used = strlen(p->prefix);
	if (used + strlen(more) < sizeof p->prefix)
		memcpy(p->prefix + used, more, strlen(more) + 1);
}

static void list(struct plain *p, const xmlNode *node, bool ordered)
{
	int number = 1;
	plain_end_line(p);
	if (p->depth < 2)
		plain_blank_line(p);
	for (const xmlNode *item = node->children; item; item = item->next) {
		char saved[INDENT_MAX];
		if (!html_is(item, "li"))
			continue;
		memcpy(saved, p->prefix, sizeof saved);
		if (ordered)
			snprintf(p->bullet, sizeof p->bullet, "%d. ", number++);
		else
			snprintf(p->bullet, sizeof p->bullet, "- ");
		push(p, ordered ? "   " : "  ");
		plain_children(p, item);
		plain_end_line(p);
		p->bullet[0] = '\0';
		/* Items stand close together even where their page wrote paragraphs. */
		while (p->out->size > 1 && p->out->data[p->out->size - 1] == '\n' && p->out->data[p->out->size - 2] == '\n')
			buffer_cut(p->out, p->out->size - 1);
		memcpy(p->prefix, saved, sizeof saved);
	}
	plain_blank_line(p);
}

static void link_text(struct plain *p, const xmlNode *node)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(64 << 10);
	const char *href = html_attribute(node, "href", &p->arena);
	size_t before = p->line.size;
	plain_children(p, node);
	html_text(node, &text);
	struct bytes shown = text_trim(buffer_bytes(&text));
	if (!href || p->line.size == before)
		return;
	const char *bare = text_starts(href, "mailto:") ? href + 7 : href;
	if (bytes_equal(shown, bytes_text(bare)) || bytes_equal(shown, bytes_text(href)))
		return;
	if (p->links_as == CONTENT_INLINE) {
		buffer_format(&p->line, " <%s>", href);
		return;
	}
	size_t number = 0;
	while (number < p->link_count && strcmp(p->links[number], href) != 0)
		number++;
	if (number == p->link_count && number < LINKS)
		p->links[p->link_count++] = href;
	if (number < p->link_count)
		buffer_format(&p->line, " [%zu]", number + 1);
}

static void preformatted(struct plain *p, const xmlNode *node)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(4 << 20);
	struct bytes line;
	plain_end_line(p);
	plain_blank_line(p);
	html_text(node, &text);
	struct bytes rest = buffer_bytes(&text);
	while (rest.size > 0) {
		const char *lf = memchr(rest.data, '\n', rest.size);
		line = (struct bytes){ rest.data, lf ? (size_t)(lf - rest.data) : rest.size };
		rest = (struct bytes){ rest.data + line.size + (lf != NULL), rest.size - line.size - (lf != NULL) };
		if (line.size > 0)
			buffer_format(p->out, "%s    ", p->prefix);
		buffer_add_bytes(p->out, line);
		buffer_add_char(p->out, '\n');
	}
	plain_blank_line(p);
}

static bool is_block(const xmlNode *node)
{
	static const char *const blocks[] = { "p",  "div", "table", "ul", "ol", "dl", "blockquote", "pre",
		                              "h1", "h2",  "h3",    "h4", "h5", "h6", "hr" };
	for (size_t i = 0; i < COUNT_OF(blocks); i++)
		if (html_is(node, blocks[i]))
			return true;
	return false;
}

bool plain_holds_blocks(const xmlNode *node)
{
	for (const xmlNode *child = node->children; child; child = child->next)
		if (is_block(child))
			return true;
	return false;
}

bool plain_is_cell(const xmlNode *node)
{
	return html_is(node, "td") || html_is(node, "th");
}

static void emphasis(struct plain *p, const xmlNode *node, char mark)
{
	size_t before = p->line.size;
	buffer_add_char(&p->line, mark);
	plain_children(p, node);
	if (p->line.size == before + 1)
		buffer_cut(&p->line, before);
	else
		buffer_add_char(&p->line, mark);
}

static void element(struct plain *p, const xmlNode *node)
{
	const char *name = (const char *)node->name;
	if (name[0] == 'h' && name[1] >= '1' && name[1] <= '6' && !name[2]) {
		heading(p, node);
	} else if (html_is(node, "br")) {
		plain_end_line(p);
	} else if (html_is(node, "hr")) {
		plain_end_line(p);
		plain_blank_line(p);
		buffer_add_text(p->out, "* * *\n\n");
	} else if (html_is(node, "ul") || html_is(node, "ol")) {
		list(p, node, html_is(node, "ol"));
	} else if (html_is(node, "blockquote")) {
		char saved[INDENT_MAX];
		plain_end_line(p);
		memcpy(saved, p->prefix, sizeof saved);
		plain_blank_line(p);
		push(p, "> ");
		plain_block(p, node);
		memcpy(p->prefix, saved, sizeof saved);
	} else if (html_is(node, "a")) {
		link_text(p, node);
	} else if (html_is(node, "img")) {
		const char *alt = html_attribute(node, "alt", &p->arena);
		if (alt && *alt)
			buffer_format(&p->line, "[%s: %s]", p->image_word, alt);
	} else if (html_is(node, "pre")) {
		preformatted(p, node);
	} else if (html_is(node, "table")) {
		plain_table(p, node);
	} else if (html_is(node, "strong") || html_is(node, "b")) {
		emphasis(p, node, '*');
	} else if (html_is(node, "code") || html_is(node, "kbd") || html_is(node, "samp")) {
		emphasis(p, node, '`');
	} else if (html_is(node, "em") || html_is(node, "i")) {
		emphasis(p, node, '_');
	} else if (html_is(node, "p") || html_is(node, "dl") || html_is(node, "figcaption") || html_is(node, "div")) {
		plain_block(p, node);
	} else if (html_is(node, "dt") || html_is(node, "dd") || html_is(node, "caption")) {
		plain_end_line(p);
		plain_children(p, node);
		plain_end_line(p);
	} else if (!html_is(node, "script") && !html_is(node, "style") && !html_is(node, "title")) {
		plain_children(p, node);
	}
}

void plain_children(struct plain *p, const xmlNode *node)
{
	if (++p->depth < 200)
		for (const xmlNode *child = node->children; child; child = child->next) {
			if (child->type == XML_TEXT_NODE && child->content)
				buffer_add_text(&p->line, (const char *)child->content);
			else if (child->type == XML_ELEMENT_NODE)
				element(p, child);
		}
	p->depth--;
}

int html_plain_text(xmlDoc *doc, const struct content_plain *how, struct buffer *out, struct error *err)
{
	struct plain p = { .out = out,
		           .line = BUFFER_INIT(4 << 20),
		           .width = how->width,
		           .links_as = how->links,
		           .image_word = how->image_word ? how->image_word : "Image",
		           .arena = ARENA_INIT };
	if (doc && xmlDocGetRootElement(doc))
		plain_children(&p, xmlDocGetRootElement(doc));
	plain_end_line(&p);
	while (out->size > 0 && out->data[out->size - 1] == '\n')
		buffer_cut(out, out->size - 1);
	if (p.link_count > 0)
		buffer_format(out, "\n\n%s\n", how->links_word ? how->links_word : "Links");
	for (size_t i = 0; i < p.link_count; i++)
		buffer_format(out, "[%zu] %s%s", i + 1, p.links[i], i + 1 < p.link_count ? "\n" : "");
	buffer_clear(&p.line);
	arena_clear(&p.arena);
	return buffer_check(out, err);
}

int content_plain_text(struct bytes html, const struct content_plain *how, struct buffer *out, struct error *err)
{
	CLEANUP(html_doc_free) xmlDoc *doc = html_parse(html);
	return html_plain_text(doc, how, out, err);
}
