/* csv - rows of comma-separated values (RFC 4180, and what spreadsheets make of it): quoted cells with doubled quotes and
 * line breaks in them, CRLF or LF, another delimiter. In place: CSV_INIT, csv_clear. */
#ifndef BASE_CSV_H
#define BASE_CSV_H
#include "base/buffer.h"

enum { CSV_COLUMNS = 256, CSV_ROW_BYTES = 1 << 20 };

struct csv {
	struct bytes rest; /* borrowed until the end */
	char delimiter;
	int64_t line; /* of the row last read, from 1 */
	int64_t next_line;
	size_t count;
	struct bytes cells[CSV_COLUMNS]; /* of the row last read; valid until the next csv_next() */
	struct bytes raw;                /* the row last read, or the broken one, as it stands there, without its line end */
	struct buffer unquoted;
};

#define CSV_INIT(text, delim) ((struct csv){ .rest = (text), .delimiter = (delim), .next_line = 1, .unquoted = BUFFER_INIT(CSV_ROW_BYTES) })

/* The next row that is not blank: 1; 0 at the end; -1 with ERROR_INPUT for a broken one (a quote that never closes, or does
 * in the midst of a later line, over CSV_COLUMNS columns or CSV_ROW_BYTES), after which reading goes on at the next line. */
MUST_CHECK int csv_next(struct csv *csv, struct error *err);
void csv_clear(struct csv *csv);

/* Which of , ; TAB | separates the first line, counted outside quotes; ',' if none does. */
char csv_delimiter(struct bytes text);

/* One cell: quoted where it must be. guard: a cell that a spreadsheet would run as a formula gets a ' before it (RULES A15). */
void csv_write(struct buffer *out, struct bytes cell, char delimiter, bool guard);
#endif
