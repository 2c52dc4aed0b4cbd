#include "base/text.h"
#include "content/plain.h"

enum { COLUMNS_MAX = 12, ROWS_MAX = 300, WIDTH_MAX = 72, INDENT = 4, GAP = 2 };

struct table {
	const char *cell[ROWS_MAX][COLUMNS_MAX];
	bool is_header[ROWS_MAX];
	size_t rows, columns;
	bool is_data;
};

/* The next row of this table, not of one within it. */
static const xmlNode *next_row(const xmlNode *table, const xmlNode *row)
{
	const xmlNode *at = row ? row : table;
	bool into = !row;
	for (;;) {
		if (into && at->children) {
			at = at->children;
		} else {
			while (at != table && !at->next)
				at = at->parent;
			if (at == table)
				return NULL;
			at = at->next;
		}
		if (html_is(at, "tr"))
			return at;
		into = html_is(at, "thead") || html_is(at, "tbody") || html_is(at, "tfoot");
	}
}

static bool spans(const xmlNode *cell)
{
	return xmlHasProp((xmlNode *)cell, (const xmlChar *)"colspan") || xmlHasProp((xmlNode *)cell, (const xmlChar *)"rowspan");
}

/* Every cell one line, and as many of them as can be laid out. */
static bool is_data_row(const xmlNode *row, struct table *t)
{
	size_t n = 0;
	for (const xmlNode *cell = row->children; cell; cell = cell->next) {
		if (!plain_is_cell(cell))
			continue;
		if (plain_holds_blocks(cell) || spans(cell) || html_find_element((xmlNode *)cell, "br") || ++n > COLUMNS_MAX)
			return false;
	}
	t->columns = n > t->columns ? n : t->columns;
	return t->rows++ < ROWS_MAX;
}

static void measure(const xmlNode *node, struct table *t)
{
	t->is_data = true;
	for (const xmlNode *row = next_row(node, NULL); row && t->is_data; row = next_row(node, row))
		t->is_data = is_data_row(row, t);
	t->is_data = t->is_data && t->columns > 1 && t->rows > 1;
}

/* The cell's line, taken out of the writer; "" for nothing. */
static const char *take_cell(struct plain *p, const xmlNode *cell)
{
	CLEANUP(buffer_clear) struct buffer squeezed = BUFFER_INIT(1 << 20);
	plain_children(p, cell);
	text_squeeze(buffer_bytes(&p->line), &squeezed);
	buffer_reset(&p->line);
	const char *text = squeezed.size ? arena_text(&p->arena, squeezed.data) : NULL;
	return text ? text : "";
}

static void gather(struct plain *p, const xmlNode *node, struct table *t)
{
	size_t r = 0;
	for (const xmlNode *row = next_row(node, NULL); row; row = next_row(node, row), r++) {
		size_t c = 0;
		t->is_header[r] = true;
		for (const xmlNode *cell = row->children; cell; cell = cell->next) {
			if (!plain_is_cell(cell))
				continue;
			t->is_header[r] = t->is_header[r] && html_is(cell, "th");
			t->cell[r][c++] = take_cell(p, cell);
		}
		for (; c < t->columns; c++)
			t->cell[r][c] = "";
	}
}

static void pad(struct buffer *out, char with, size_t n)
{
	while (n-- > 0)
		buffer_add_char(out, with);
}

static void write_aligned(struct plain *p, const struct table *t, const size_t *widths)
{
	for (size_t r = 0; r < t->rows; r++) {
		size_t owed = INDENT;
		plain_start_line(p, true);
		for (size_t c = 0; c < t->columns; c++) {
			const char *text = t->cell[r][c];
			if (*text) {
				pad(p->out, ' ', owed);
				buffer_add_text(p->out, text);
				owed = 0;
			}
			owed += widths[c] - text_columns(bytes_text(text)) + GAP;
		}
		buffer_add_char(p->out, '\n');
		if (r > 0 || !t->is_header[0])
			continue;
		plain_start_line(p, false);
		for (size_t c = 0; c < t->columns; c++) {
			pad(p->out, ' ', c ? GAP : INDENT);
			pad(p->out, '-', widths[c]);
		}
		buffer_add_char(p->out, '\n');
	}
}

/* A line a value, and a blank line between the rows; without headers, the row on one line. */
static void write_as_lines(struct plain *p, const struct table *t)
{
	for (size_t r = t->is_header[0]; r < t->rows; r++) {
		for (size_t c = 0; c < t->columns; c++) {
			if (t->is_header[0] && *t->cell[r][c]) {
				buffer_format(&p->line, "%s%s%s", t->cell[0][c], *t->cell[0][c] ? ": " : "", t->cell[r][c]);
				plain_end_line(p);
			} else if (!t->is_header[0]) {
				buffer_format(&p->line, "%s%s", c ? " | " : "", t->cell[r][c]);
			}
		}
		plain_end_line(p);
		if (t->is_header[0])
			plain_blank_line(p);
	}
}

static void write_data(struct plain *p, const struct table *t)
{
	size_t widths[COLUMNS_MAX] = { 0 };
	size_t all = INDENT + GAP * (t->columns - 1) + strlen(p->prefix);
	for (size_t c = 0; c < t->columns; c++) {
		for (size_t r = 0; r < t->rows; r++) {
			size_t width = text_columns(bytes_text(t->cell[r][c]));
			widths[c] = width > widths[c] ? width : widths[c];
		}
		all += widths[c];
	}
	if (all <= WIDTH_MAX)
		write_aligned(p, t, widths);
	else
		write_as_lines(p, t);
}

static void write_layout(struct plain *p, const xmlNode *node)
{
	for (const xmlNode *row = next_row(node, NULL); row; row = next_row(node, row)) {
		bool is_layout = false;
		for (const xmlNode *cell = row->children; cell; cell = cell->next)
			is_layout = is_layout || (plain_is_cell(cell) && plain_holds_blocks(cell));
		plain_end_line(p);
		bool first = true;
		for (const xmlNode *cell = row->children; cell; cell = cell->next) {
			if (!plain_is_cell(cell))
				continue;
			if (is_layout) {
				plain_block(p, cell);
				continue;
			}
			if (!first)
				buffer_add_text(&p->line, " | ");
			first = false;
			plain_children(p, cell);
		}
		plain_end_line(p);
	}
}

void plain_table(struct plain *p, const xmlNode *node)
{
	struct table *t = arena_alloc(&p->arena, sizeof *t);
	plain_end_line(p);
	if (!p->bullet[0])
		plain_blank_line(p);
	for (const xmlNode *caption = node->children; caption; caption = caption->next)
		if (html_is(caption, "caption"))
			plain_block(p, caption);
	if (t)
		measure(node, t);
	if (t && t->is_data) {
		gather(p, node, t);
		write_data(p, t);
	} else {
		write_layout(p, node);
	}
	plain_blank_line(p);
}
