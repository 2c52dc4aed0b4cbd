#include "message/body.h"
#include "base/text.h"
#include "base/units.h"
#include "message/merge.h"
#include "template/template.h"
#include <stdio.h>
#include <stdlib.h>

enum { STYLE_BYTES = 600, WIDEST = 20000 };

struct tag {
	struct bytes name;  /* "p" */
	struct bytes attrs; /* what stands between the name and the > */
	bool is_end, is_void;
};

struct body {
	const struct body_look *look;
	struct buffer *out;
	struct bytes rest;   /* behind the tag being written */
	int pre, quote;      /* how deep within */
	int row;             /* of the table, from 1 */
	bool pre_line_start; /* the next character begins a line of code */
	bool at_start;       /* nothing but a link's tag since the block began: a picture here has the line to itself */
};

static const char *colour(const struct body *body, const char *name)
{
	return json_text(json_object_get(body->look->theme, "light"), name);
}

/* Reads the tag at the `<` where *rest begins and moves behind it. */
static bool next_tag(struct bytes *rest, struct tag *tag)
{
	const char *end = memchr(rest->data, '>', rest->size);
	if (!end)
		return false;
	struct bytes inside = { rest->data + 1, (size_t)(end - rest->data) - 1 };
	*tag = (struct tag){ .is_end = inside.size > 0 && inside.data[0] == '/' };
	inside.data += tag->is_end;
	inside.size -= tag->is_end;
	tag->is_void = inside.size > 0 && inside.data[inside.size - 1] == '/';
	inside.size -= tag->is_void;
	size_t size = 0;
	while (size < inside.size && !strchr(" \t\r\n", inside.data[size]))
		size++;
	tag->name = (struct bytes){ inside.data, size };
	tag->attrs = text_trim((struct bytes){ inside.data + size, inside.size - size });
	rest->size -= (size_t)(end + 1 - rest->data);
	rest->data = end + 1;
	return true;
}

static bool is(const struct tag *tag, const char *name)
{
	return bytes_equal(tag->name, bytes_text(name));
}

/* An attribute's value as it is written, escaped; empty if there is none. */
static struct bytes attribute(const struct tag *tag, const char *name)
{
	struct bytes rest = tag->attrs;
	size_t size = strlen(name);
	while (rest.size > 0) {
		const char *equals = memchr(rest.data, '=', rest.size);
		if (!equals || equals + 1 >= rest.data + rest.size || equals[1] != '"')
			break;
		const char *value = equals + 2;
		const char *end = memchr(value, '"', (size_t)(rest.data + rest.size - value));
		if (!end)
			break;
		struct bytes key = text_trim((struct bytes){ rest.data, (size_t)(equals - rest.data) });
		if (key.size == size && memcmp(key.data, name, size) == 0)
			return (struct bytes){ value, (size_t)(end - value) };
		rest.size -= (size_t)(end + 1 - rest.data);
		rest.data = end + 1;
	}
	return (struct bytes){ "", 0 };
}

static unsigned number(struct bytes value)
{
	char text[12];
	int64_t n = 0;
	snprintf(text, sizeof text, "%.*s", (int)(value.size < 11 ? value.size : 11), value.data);
	return units_integer(text, 1, WIDEST, &n, NULL) < 0 ? 0 : (unsigned)n;
}

static void styled(struct body *body, const struct tag *tag, const char *class, const char *format, ...) PRINTF_LIKE(4, 5);
static void styled(struct body *body, const struct tag *tag, const char *class, const char *format, ...)
{
	char style[STYLE_BYTES];
	va_list args;
	va_start(args, format);
	vsnprintf(style, sizeof style, format, args);
	va_end(args);
	buffer_format(body->out, "<%.*s", (int)tag->name.size, tag->name.data);
	if (tag->attrs.size > 0)
		buffer_format(body->out, " %.*s", (int)tag->attrs.size, tag->attrs.data);
	if (*class)
		buffer_format(body->out, " class=\"%s\"", class);
	buffer_format(body->out, " style=\"%s\">", style);
}

static void heading(struct body *body, const struct tag *tag)
{
	static const struct {
		int size, line, above;
	} sizes[] = { { 24, 31, 34 }, { 20, 27, 28 }, { 18, 26, 26 }, { 17, 25, 24 }, { 17, 25, 24 } };
	/* The mail's own title is its h1: a post's h1 becomes an h2, and nothing else is moved. */
	int level = tag->name.data[1] == '1' ? 2 : tag->name.data[1] - '0';
	if (tag->is_end) {
		buffer_format(body->out, "</h%d>", level);
		return;
	}
	int i = level - 2;
	buffer_format(
		body->out,
		"<h%d class=\"hd\" style=\"margin:%dpx 0 12px;font-family:%s;font-size:%dpx;line-height:%dpx;mso-line-height-rule:exactly;"
		"font-weight:bold;color:%s;\">",
		level, sizes[i].above, json_text(body->look->theme, "heading_font"), sizes[i].size, sizes[i].line, colour(body, "heading"));
}

static const struct edition_file *picture_of(const struct edition_file *files, size_t n, struct bytes src, size_t *at)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP(buffer_clear) struct buffer escaped = BUFFER_INIT(16 << 10);
		template_escape_html(bytes_text(files[i].url), &escaped);
		*at = i;
		if (bytes_equal(src, buffer_bytes(&escaped)) || bytes_equal(src, bytes_text(files[i].url)))
			return &files[i];
	}
	return NULL;
}

/* True if nothing but the end of links stands between here and the end of the block. */
static bool ends_block(struct bytes rest)
{
	static const char *const ends[] = { "</p>", "</figure>", "<figcaption", "</div>", "</li>", "</td>", "<p", "<br" };
	for (;;) {
		while (rest.size > 0 && strchr(" \t\r\n", rest.data[0])) {
			rest.data++;
			rest.size--;
		}
		if (!text_starts_nocase(rest, "</a>"))
			break;
		rest.data += 4;
		rest.size -= 4;
	}
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		if (text_starts_nocase(rest, ends[i]))
			return true;
	return rest.size == 0;
}

/* What the author left open of a picture's size, from the picture itself: with its proportions. */
static void complete_size(const struct edition_file *picture, unsigned *width, unsigned *height)
{
	if (!picture || picture->width == 0 || picture->height == 0 || (*width > 0 && *height > 0))
		return;
	uint64_t real_width = picture->width;
	uint64_t real_height = picture->height;
	if (*width == 0 && *height == 0)
		*width = picture->width < WIDEST ? picture->width : WIDEST;
	if (*height == 0)
		*height = (unsigned)(*width * real_height / real_width);
	else
		*width = (unsigned)(*height * real_width / real_height);
	/* A line of a picture, and one without end, are none to lay out. */
	if (*width == 0 || *height == 0 || *width > WIDEST || *height > WIDEST)
		*width = *height = 0;
}

/* Outlook sizes by attribute alone, so no picture may say more than the column; others scale by the style. */
static void image(struct body *body, const struct tag *tag)
{
	char cid[200];
	size_t at = 0;
	struct bytes src = attribute(tag, "src");
	struct bytes alt = attribute(tag, "alt");
	unsigned width = number(attribute(tag, "width"));
	unsigned height = number(attribute(tag, "height"));
	unsigned most = body->look->width - (body->quote < 20 ? (unsigned)body->quote : 20) * 19;
	bool alone = body->at_start && ends_block(body->rest);
	const struct edition_file *picture = picture_of(body->look->pictures, body->look->picture_count, src, &at);
	complete_size(picture ? picture : picture_of(body->look->sizes, body->look->size_count, src, &(size_t){ 0 }), &width, &height);
	if (width > most) {
		height = (unsigned)((uint64_t)height * most / width);
		width = most;
	}
	if (width == 0 && alone)
		width = most;
	if (picture) {
		body_cid(at, body->look->cid_host, cid, sizeof cid);
		src = bytes_text(cid);
	}
	buffer_format(body->out, "<img src=\"%s%.*s\" alt=\"%.*s\"", picture ? "cid:" : "", (int)src.size, src.data, (int)alt.size,
	              alt.data);
	if (width > 0)
		buffer_format(body->out, " width=\"%u\"", width);
	if (height > 0)
		buffer_format(body->out, " height=\"%u\"", height);
	buffer_format(body->out, " style=\"%sborder:0;", alone ? "display:block;" : "");
	if (alone)
		buffer_format(body->out, "width:100%%;max-width:%upx;", width);
	else
		buffer_add_text(body->out, "max-width:100%;");
	buffer_add_text(body->out, "height:auto;\">");
}

static bool table_has_header(struct bytes rest)
{
	struct tag tag;
	int depth = 1;
	while (depth > 0) {
		const char *next = memchr(rest.data, '<', rest.size);
		if (!next)
			return false;
		rest.size -= (size_t)(next - rest.data);
		rest.data = next;
		if (!next_tag(&rest, &tag))
			return false;
		if (is(&tag, "th") && depth == 1)
			return true;
		depth += is(&tag, "table") ? (tag.is_end ? -1 : 1) : 0;
	}
	return false;
}

static void table(struct body *body)
{
	const char *role = table_has_header(body->rest) ? "" : " role=\"presentation\"";
	buffer_format(body->out,
	              "<div style=\"overflow-x:auto;\"><table%s width=\"100%%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
	              "style=\"width:100%%;margin:0 0 22px;"
	              "border-collapse:collapse;mso-table-lspace:0pt;mso-table-rspace:0pt;\">",
	              role);
}

/* Word keeps no blanks and no line ends of a pre: they are written out. The cell around it carries padding and colour, which Word
 * gives to cells alone. */
static void code_block(struct body *body, const struct tag *tag)
{
	if (tag->is_end) {
		body->pre -= body->pre > 0;
		/* The line end before </pre> is none of the code's. */
		if (body->out->size > 4 && memcmp(body->out->data + body->out->size - 4, "<br>", 4) == 0)
			buffer_cut(body->out, body->out->size - 4);
		buffer_add_text(body->out, "</pre></td></tr></table>");
		return;
	}
	body->pre++;
	body->pre_line_start = true;
	buffer_format(
		body->out,
		"<table role=\"presentation\" width=\"100%%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
		"style=\"width:100%%;margin:0 0 22px;border-collapse:collapse;mso-table-lspace:0pt;mso-table-rspace:0pt;\">"
		"<tr><td class=\"cb\" dir=\"ltr\" align=\"left\" bgcolor=\"%s\" style=\"padding:14px 16px;background-color:%s;color:%s;\">"
		"<pre class=\"cb\" style=\"margin:0;white-space:pre-wrap;word-break:break-word;overflow-wrap:anywhere;"
		"font-family:Menlo,Consolas,'Courier New',monospace;font-size:14px;line-height:21px;mso-line-height-rule:exactly;"
		"background-color:%s;color:%s;\">",
		colour(body, "code"), colour(body, "code"), colour(body, "text"), colour(body, "code"), colour(body, "text"));
}

static void cell(struct body *body, const struct tag *tag, bool is_head)
{
	CLEANUP(buffer_clear) struct buffer attrs = BUFFER_INIT(STYLE_BYTES);
	struct tag own = *tag;
	struct bytes side = attribute(tag, "align");
	if (side.size == 0)
		side = bytes_text(body->look->is_rtl ? "right" : "left");
	/* A header of the first row is its column's, any other its row's (WCAG technique H63). */
	if (is_head) {
		buffer_format(&attrs, "scope=\"%s\"%s", body->row <= 1 ? "col" : "row", tag->attrs.size ? " " : "");
		buffer_add_bytes(&attrs, tag->attrs);
		own.attrs = attrs.failed ? tag->attrs : buffer_bytes(&attrs);
	}
	styled(body, &own, "ln tc",
	       "padding:8px %s;border-bottom:%dpx solid %s;text-align:%.*s;vertical-align:top;font-size:15px;line-height:22px;"
	       "word-break:normal;overflow-wrap:break-word;%s",
	       body->look->is_rtl ? "0 8px 12px" : "12px 8px 0", is_head ? 2 : 1, colour(body, "line"), (int)side.size, side.data,
	       is_head ? "font-weight:bold;" : "");
}

/* Tags whose style is a text without values of the tag. */
static const struct {
	const char *name, *style;
} plain_styles[] = {
	{ "p", "margin:0 0 20px;" },
	{ "dl", "margin:0 0 20px;" },
	{ "dt", "margin:0;font-weight:bold;" },
	{ "li", "margin:0 0 8px;" },
	{ "sup", "font-size:13px;line-height:0;" },
	{ "sub", "font-size:13px;line-height:0;" },
	{ "small", "font-size:14px;" },
	{ "caption", "padding:0 0 8px;font-size:15px;line-height:22px;font-weight:bold;" },
	{ "mark", "background-color:#fff2a8;color:#25221d;" },
};

static bool plain_style(struct body *body, const struct tag *tag)
{
	for (size_t i = 0; i < COUNT_OF(plain_styles); i++)
		if (is(tag, plain_styles[i].name)) {
			styled(body, tag, "", "%s", plain_styles[i].style);
			return true;
		}
	return false;
}

static void as_it_is(struct body *body, const struct tag *tag)
{
	buffer_format(body->out, "<%s%.*s", tag->is_end ? "/" : "", (int)tag->name.size, tag->name.data);
	if (tag->attrs.size > 0)
		buffer_format(body->out, " %.*s", (int)tag->attrs.size, tag->attrs.data);
	buffer_add_char(body->out, '>');
}

static bool is_inline_code(const struct tag *tag)
{
	return is(tag, "code") || is(tag, "kbd") || is(tag, "samp") || is(tag, "tt");
}

static void start_tag(struct body *body, const struct tag *tag)
{
	const char *start = body->look->is_rtl ? "right" : "left";
	if (is(tag, "a"))
		styled(body, tag, "lk", "color:%s;text-decoration:underline;", colour(body, "link"));
	else if (is(tag, "img"))
		image(body, tag);
	else if (is(tag, "blockquote"))
		styled(body, tag, "ln sf", "margin:0 0 20px;padding-%s:16px;border-%s:3px solid %s;color:%s;", start, start,
		       colour(body, "line"), colour(body, "soft"));
	else if (is(tag, "ul") || is(tag, "ol"))
		styled(body, tag, "", "margin:0 0 20px;padding-%s:26px;padding-%s:0;", start, body->look->is_rtl ? "left" : "right");
	else if (is(tag, "dd"))
		styled(body, tag, "", "margin:0 0 10px;margin-%s:20px;", start);
	else if (is(tag, "hr"))
		styled(body, tag, "ln", "margin:32px 0;border:0;border-top:1px solid %s;height:0;", colour(body, "line"));
	else if (is(tag, "table"))
		table(body);
	else if (is(tag, "th") || is(tag, "td"))
		cell(body, tag, is(tag, "th"));
	else if (is_inline_code(tag) && body->pre == 0)
		styled(body, tag, "cb",
		       "padding:1px 4px;background-color:%s;color:%s;font-family:Menlo,Consolas,'Courier New',monospace;font-size:"
		       "15px;word-break:break-word;overflow-wrap:anywhere;",
		       colour(body, "code"), colour(body, "text"));
	else if (is(tag, "figure"))
		buffer_add_text(body->out, "<div style=\"margin:0 0 22px;\">");
	else if (is(tag, "figcaption"))
		buffer_format(body->out,
		              "<p class=\"sf\" style=\"margin:8px 0 0;font-family:%s;font-size:14px;line-height:20px;color:%s;\">",
		              json_text(body->look->theme, "small_font"), colour(body, "soft"));
	else if (!plain_style(body, tag))
		as_it_is(body, tag);
}

static void end_tag(struct body *body, const struct tag *tag)
{
	if (is(tag, "figure"))
		buffer_add_text(body->out, "</div>");
	else if (is(tag, "table"))
		buffer_add_text(body->out, "</table></div>");
	else if (is(tag, "figcaption"))
		buffer_add_text(body->out, "</p>");
	else
		as_it_is(body, tag);
}

static bool is_heading(const struct tag *tag)
{
	return tag->name.size == 2 && tag->name.data[0] == 'h' && tag->name.data[1] >= '1' && tag->name.data[1] <= '6';
}

static void write_tag(struct body *body, const struct tag *tag)
{
	if (is(tag, "blockquote"))
		body->quote += tag->is_end ? -1 : 1;
	if (is(tag, "table"))
		body->row = 0;
	if (is(tag, "tr") && !tag->is_end)
		body->row++;
	if (is_heading(tag))
		heading(body, tag);
	else if (is(tag, "pre"))
		code_block(body, tag);
	else if (tag->is_end)
		end_tag(body, tag);
	else
		start_tag(body, tag);
	if (!is(tag, "a") && !is(tag, "img"))
		body->at_start = !tag->is_end && (is(tag, "p") || is(tag, "figure") || is(tag, "div"));
}

static void write_code(struct body *body, struct bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		bool again = i > 0 && text.data[i - 1] == ' ';
		if (c == '\n')
			buffer_add_text(body->out, "<br>");
		else if (c == '\t')
			buffer_add_text(body->out, "&nbsp;&nbsp;&nbsp;&nbsp;");
		else if (c == ' ' && (again || body->pre_line_start))
			buffer_add_text(body->out, "&nbsp;");
		else if (c != '\r')
			buffer_add_char(body->out, c);
		body->pre_line_start = c == '\n' || (body->pre_line_start && (c == ' ' || c == '\t'));
	}
}

static void write_text(struct body *body, struct bytes text)
{
	if (text_trim(text).size > 0)
		body->at_start = false;
	if (body->pre > 0)
		write_code(body, text);
	else
		buffer_add_bytes(body->out, text);
}

int body_style(struct bytes html, const struct body_look *look, struct buffer *out, struct error *err)
{
	struct body body = { .look = look, .out = out, .rest = html, .at_start = true };
	struct tag tag;
	while (body.rest.size > 0) {
		const char *next = memchr(body.rest.data, '<', body.rest.size);
		struct bytes text = { body.rest.data, next ? (size_t)(next - body.rest.data) : body.rest.size };
		write_text(&body, text);
		body.rest.data += text.size;
		body.rest.size -= text.size;
		if (!next)
			break;
		if (!next_tag(&body.rest, &tag)) {
			buffer_add_text(out, "&lt;");
			body.rest.data++;
			body.rest.size--;
			continue;
		}
		write_tag(&body, &tag);
	}
	return buffer_check(out, err);
}

/* How many sections of merge tags the text begins, less those it ends: a cut within one would leave it open. */
static int sections(struct bytes text)
{
	int depth = 0;
	for (size_t i = 0; i + 1 < text.size; i++)
		if (text.data[i] == MERGE_OPEN[0])
			depth += text.data[i + 1] == '#' || text.data[i + 1] == '^' ? 1 : text.data[i + 1] == '/' ? -1 : 0;
	return depth;
}

size_t body_cut(struct bytes html, size_t max_bytes)
{
	struct bytes rest = html;
	struct tag tag;
	size_t good = 0;
	int depth = 0;
	for (;;) {
		const char *next = memchr(rest.data, '<', rest.size);
		if (!next)
			return html.size <= max_bytes ? html.size : good;
		depth += sections((struct bytes){ rest.data, (size_t)(next - rest.data) });
		rest.size -= (size_t)(next - rest.data);
		rest.data = next;
		if (!next_tag(&rest, &tag))
			return good;
		if (!is(&tag, "br") && !is(&tag, "img") && !is(&tag, "hr"))
			depth += tag.is_end ? -1 : 1;
		size_t at = (size_t)(rest.data - html.data);
		if (at > max_bytes)
			return good;
		/* A heading's end is no place to stop: what it announces is missing. */
		if (depth == 0 && !is_heading(&tag))
			good = at;
	}
}

void body_cid(size_t i, const char *host, char *out, size_t size)
{
	snprintf(out, size, "picture%zu@%s", i + 1, host);
}
