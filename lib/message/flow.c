#include "message/flow.h"
#include "base/text.h"
#include <unistr.h>
#include <uniwidth.h>

struct flow {
	struct buffer *out;
	size_t quote;       /* depth of the line being written */
	size_t text_indent; /* where an open item's text begins; 0: no list is open */
	size_t blanks;      /* blank lines not yet written */
	size_t blank_quote; /* and how deep they stood */
	bool was_verbatim;
};

/* How a paragraph is laid out. */
struct layout {
	size_t first, next; /* blanks before its first line and before the others */
	bool is_soft;       /* lines are joined again by readers that know format=flowed */
	bool is_list;
};

static bool is_cjk(uint32_t c)
{
	return (c >= 0x2e80 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0xff01 && c <= 0xff60) ||
	       (c >= 0x20000 && c <= 0x3ffff);
}

/* Japanese and Chinese typesetting: no line begins with what closes, none ends with what opens. */
static bool is_closing(uint32_t c)
{
	static const char closing[] = "、。，．・：；？！）］｝」』】〉》〕〗’”ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ…,.!?:;)]}";
	return c < 0x20000 && u8_strchr((const uint8_t *)closing, c) != NULL;
}

static bool is_opening(uint32_t c)
{
	return c < 0x20000 && u8_strchr((const uint8_t *)"（［｛「『【〈《〔〖‘“([{", c) != NULL;
}

static bool may_break(uint32_t a, uint32_t b)
{
	return (is_cjk(a) || is_cjk(b)) && uc_width(b, "UTF-8") > 0 && !is_closing(b) && !is_opening(a);
}

/* The next piece that is not broken: a word, or of Chinese and Japanese a character with what sticks to it. */
static struct bytes next_atom(struct bytes *rest, bool *spaced)
{
	*spaced = false;
	while (rest->size > 0 && (*rest->data == ' ' || *rest->data == '\t')) {
		rest->data++;
		rest->size--;
		*spaced = true;
	}
	size_t size = 0;
	while (size < rest->size && rest->data[size] != ' ' && rest->data[size] != '\t')
		size++;
	struct bytes word = { rest->data, size };
	if (!memmem(word.data, word.size, "://", 3)) {
		uint32_t before = 0;
		for (size_t at = 0; at < word.size;) {
			uint32_t c = 0;
			size_t n = text_decode(word.data + at, word.size - at, &c);
			if (at > 0 && may_break(before, c)) {
				word.size = at;
				break;
			}
			before = c;
			at += n > 0 ? n : 1;
		}
	}
	rest->data += word.size;
	rest->size -= word.size;
	return word;
}

/* A tag that each reader's value takes the place of counts as a short word. */
static size_t atom_columns(struct bytes atom)
{
	size_t columns = text_columns(atom);
	for (size_t i = 0; i < atom.size; i++)
		columns += atom.data[i] == '\x01' ? 8 : 0;
	return columns;
}

static bool needs_stuffing(struct bytes line)
{
	return line.size > 0 && (line.data[0] == ' ' || line.data[0] == '>' || text_starts_nocase(line, "From "));
}

static void write_quote(struct flow *flow, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		buffer_add_char(flow->out, '>');
}

/* Begins a line; returns the columns used. All lines of a list are stuffed alike, so that they stay aligned where nobody unstuffs. */
static size_t start_line(struct flow *flow, size_t indent, bool is_list, struct bytes text)
{
	size_t used = flow->quote + (flow->quote > 0 || is_list || indent > 0 || needs_stuffing(text));
	write_quote(flow, flow->quote);
	for (size_t i = flow->quote; i < used + indent; i++)
		buffer_add_char(flow->out, ' ');
	return used + indent;
}

static void write_blanks(struct flow *flow, bool verbatim)
{
	size_t n = flow->blanks > 1 && !(verbatim && flow->was_verbatim) ? 1 : flow->blanks;
	size_t depth = flow->blank_quote < flow->quote ? flow->blank_quote : flow->quote;
	for (size_t i = 0; i < n && flow->out->size > 0; i++) {
		write_quote(flow, depth);
		buffer_add_char(flow->out, '\n');
	}
	flow->blanks = 0;
	flow->was_verbatim = verbatim;
}

static void write_line(struct flow *flow, size_t indent, struct bytes text, bool is_list)
{
	start_line(flow, indent, is_list, text);
	buffer_add_bytes(flow->out, text);
	buffer_add_char(flow->out, '\n');
}

static void wrap(struct flow *flow, struct bytes text, struct layout layout)
{
	size_t limit = FLOW_COLUMNS - layout.is_soft;
	size_t column = start_line(flow, layout.first, layout.is_list, text);
	size_t line = flow->out->size;
	struct bytes rest = text;
	while (rest.size > 0) {
		bool spaced = false;
		struct bytes atom = next_atom(&rest, &spaced);
		size_t columns = atom_columns(atom);
		bool has_text = flow->out->size > line;
		/* "-- " alone would be the signature's line. */
		bool is_dashes = flow->out->size - line == 2 && memcmp(flow->out->data + line, "--", 2) == 0;
		if (has_text && column + spaced + columns > limit && !is_dashes) {
			buffer_add_text(flow->out, layout.is_soft && spaced ? " \n" : "\n");
			column = start_line(flow, layout.next, layout.is_list, atom);
			line = flow->out->size;
		} else if (has_text && spaced) {
			buffer_add_char(flow->out, ' ');
			column++;
		}
		buffer_add_bytes(flow->out, atom);
		column += columns;
	}
	buffer_add_char(flow->out, '\n');
}

static size_t bullet_size(struct bytes text)
{
	size_t digits = 0;
	if (text_starts_nocase(text, "- "))
		return 2;
	while (digits < text.size && digits < 4 && text.data[digits] >= '0' && text.data[digits] <= '9')
		digits++;
	return digits > 0 && digits + 1 < text.size && text.data[digits] == '.' && text.data[digits + 1] == ' ' ? digits + 2 : 0;
}

static void line_of_text(struct flow *flow, struct bytes line)
{
	size_t indent = 0;
	while (indent < line.size && line.data[indent] == ' ')
		indent++;
	struct bytes text = { line.data + indent, line.size - indent };
	size_t bullet = bullet_size(text);
	bool in_list = flow->text_indent > 0 && indent > 0;
	bool is_item = bullet > 0 && (in_list ? indent <= flow->text_indent + 1 : indent < 4);
	bool verbatim = !is_item && (in_list ? indent >= flow->text_indent + 4 : indent >= 4);
	write_blanks(flow, verbatim);
	struct layout layout = { indent, indent, indent == 0, in_list };
	if (is_item) {
		layout = (struct layout){ indent, indent + bullet, false, true };
		flow->text_indent = indent + bullet;
	} else if (!in_list) {
		flow->text_indent = 0;
	} else if (!verbatim) {
		flow->text_indent = indent;
	}
	size_t edge = flow->quote + (flow->quote > 0 || layout.is_list || indent > 0);
	if (verbatim || edge + indent + atom_columns(text) <= FLOW_COLUMNS)
		write_line(flow, indent, text, layout.is_list);
	else
		wrap(flow, text, layout);
}

static void take_line(struct flow *flow, struct bytes line)
{
	size_t quote = 0;
	if (bytes_equal(line, BYTES_OF("-- "))) {
		flow->quote = 0;
		write_blanks(flow, false);
		buffer_add_text(flow->out, "-- \n");
		return;
	}
	while (line.size > 0 && line.data[0] == '>' && (line.size == 1 || line.data[1] == ' ' || line.data[1] == '>')) {
		size_t taken = line.size > 1 && line.data[1] == ' ' ? 2 : 1;
		line.data += taken;
		line.size -= taken;
		quote++;
	}
	while (line.size > 0 && strchr(" \t\r", line.data[line.size - 1]))
		line.size--;
	if (line.size == 0) {
		flow->blank_quote = flow->blanks == 0 || quote < flow->blank_quote ? quote : flow->blank_quote;
		flow->blanks++;
		return;
	}
	if (quote != flow->quote)
		flow->text_indent = 0;
	flow->quote = quote;
	line_of_text(flow, line);
}

int flow_text(struct bytes text, struct buffer *out, struct error *err)
{
	struct flow flow = { .out = out };
	struct bytes rest = text;
	while (rest.size > 0) {
		const char *lf = memchr(rest.data, '\n', rest.size);
		struct bytes line = { rest.data, lf ? (size_t)(lf - rest.data) : rest.size };
		take_line(&flow, line);
		rest.data += line.size + (lf != NULL);
		rest.size -= line.size + (lf != NULL);
	}
	return buffer_check(out, err);
}
