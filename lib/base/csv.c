#include "base/csv.h"

void csv_clear(struct csv *csv)
{
	buffer_clear(&csv->unquoted);
}

static void skip(struct csv *csv, size_t n)
{
	csv->rest.data += n;
	csv->rest.size -= n;
}

static bool at_line_end(const struct csv *csv)
{
	return csv->rest.size == 0 || csv->rest.data[0] == '\n' || csv->rest.data[0] == '\r';
}

static void skip_line_end(struct csv *csv)
{
	if (csv->rest.size > 0 && csv->rest.data[0] == '\r')
		skip(csv, 1);
	if (csv->rest.size > 0 && csv->rest.data[0] == '\n')
		skip(csv, 1);
	csv->next_line++;
}

/* A row that can not be read is left behind at its own line's end, so that one stray quote costs one row. */
static int broken(struct csv *csv, struct bytes start, const char *why, struct error *err)
{
	csv->rest = start;
	csv->next_line = csv->line;
	while (!at_line_end(csv))
		skip(csv, 1);
	csv->raw = (struct bytes){ start.data, start.size - csv->rest.size };
	skip_line_end(csv);
	csv->count = 0;
	return error_set(err, ERROR_INPUT, "%s", why);
}

/* The inside of a quoted cell goes to `unquoted`; false if the quote never closes. */
static bool read_quoted(struct csv *csv)
{
	skip(csv, 1);
	while (csv->rest.size > 0) {
		char c = csv->rest.data[0];
		if (c == '"' && !(csv->rest.size > 1 && csv->rest.data[1] == '"')) {
			skip(csv, 1);
			return true;
		}
		skip(csv, c == '"' ? 2 : 1);
		csv->next_line += c == '\n';
		buffer_add_char(&csv->unquoted, c);
		if (csv->unquoted.failed)
			return false;
	}
	return false;
}

static void read_plain(struct csv *csv)
{
	size_t n = 0;
	while (n < csv->rest.size && csv->rest.data[n] != csv->delimiter && csv->rest.data[n] != '\n' && csv->rest.data[n] != '\r')
		n++;
	buffer_add(&csv->unquoted, csv->rest.data, n);
	skip(csv, n);
}

int csv_next(struct csv *csv, struct error *err)
{
	while (csv->rest.size > 0 && at_line_end(csv))
		skip_line_end(csv);
	csv->line = csv->next_line;
	csv->count = 0;
	buffer_reset(&csv->unquoted);
	if (csv->rest.size == 0)
		return 0;
	struct bytes start = csv->rest;
	size_t ends[CSV_COLUMNS];
	for (;;) {
		if (csv->count == CSV_COLUMNS)
			return broken(csv, start, "more than 256 columns", err);
		int64_t line = csv->next_line;
		bool is_quoted = csv->rest.size > 0 && csv->rest.data[0] == '"';
		bool is_closed = !is_quoted || read_quoted(csv);
		/* What "closes" before a letter of a later line is the next quote that opens. */
		if (!is_closed || (csv->next_line > line && !at_line_end(csv) && csv->rest.data[0] != csv->delimiter))
			return broken(csv, start, "a quote is opened and never closed", err);
		read_plain(csv);
		if (csv->unquoted.failed)
			return broken(csv, start, "longer than 1 MB", err);
		ends[csv->count++] = csv->unquoted.size;
		if (at_line_end(csv))
			break;
		skip(csv, 1); /* the delimiter */
	}
	csv->raw = (struct bytes){ start.data, start.size - csv->rest.size };
	if (csv->rest.size > 0)
		skip_line_end(csv);
	size_t from = 0;
	for (size_t i = 0; i < csv->count; from = ends[i++])
		csv->cells[i] = (struct bytes){ csv->unquoted.size > 0 ? csv->unquoted.data + from : "", ends[i] - from };
	return 1;
}

char csv_delimiter(struct bytes text)
{
	static const char candidates[] = ",;\t|";
	size_t counts[sizeof candidates] = { 0 };
	bool quoted = false;
	for (size_t i = 0; i < text.size && (quoted || (text.data[i] != '\n' && text.data[i] != '\r')); i++) {
		quoted ^= text.data[i] == '"';
		const char *at = quoted || text.data[i] == '\0' ? NULL : strchr(candidates, text.data[i]);
		if (at)
			counts[at - candidates]++;
	}
	size_t best = 0;
	for (size_t i = 1; candidates[i]; i++)
		if (counts[i] > counts[best])
			best = i;
	return candidates[best];
}

void csv_write(struct buffer *out, struct bytes cell, char delimiter, bool guard)
{
	bool formula = guard && cell.size > 0 && strchr("=+-@\t\r", cell.data[0]) && cell.data[0] != '\0';
	bool quote = formula;
	for (size_t i = 0; i < cell.size && !quote; i++)
		quote = cell.data[i] == '"' || cell.data[i] == delimiter || cell.data[i] == '\n' || cell.data[i] == '\r';
	if (quote)
		buffer_add_char(out, '"');
	if (formula)
		buffer_add_char(out, '\'');
	for (size_t i = 0; i < cell.size; i++) {
		if (cell.data[i] == '"')
			buffer_add_char(out, '"');
		buffer_add_char(out, cell.data[i]);
	}
	if (quote)
		buffer_add_char(out, '"');
}
