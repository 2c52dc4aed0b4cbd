/* columns - which column of an imported file is what. Found by the header's words, or by content where there is no header. */
#ifndef OPS_COLUMNS_H
#define OPS_COLUMNS_H
#include "base/csv.h"

enum column_role {
	COLUMN_NONE,
	COLUMN_EMAIL,
	COLUMN_NAME,
	COLUMN_FIRST_NAME,
	COLUMN_LAST_NAME,
	COLUMN_STATE,
	COLUMN_JOINED,
	COLUMN_ATTRIBUTE
};

struct column {
	enum column_role role;
	char header[128];   /* as the file has it; "column 3" without one */
	char attribute[64]; /* [a-z0-9_]+, for COLUMN_ATTRIBUTE */
};

struct columns {
	struct column column[CSV_COLUMNS];
	size_t count;
	bool has_header;
};

/* Looks at the first rows of `text`. `map`: "COLUMN=role" strings, NULL-terminated, or NULL; they win.
 * ERROR_INPUT: no e-mail column found, or a mapping names a column or role that is not there. */
MUST_CHECK int columns_find(struct bytes text, char delimiter, const char *const *map, struct columns *out, struct error *err);
/* "E-Mail=email, Name=name, City=attr:city", cut to fit. */
void columns_describe(const struct columns *columns, char *out, size_t size);
/* An export guards a cell that a spreadsheet would run with a ' in front: the cell without it. */
struct bytes columns_unguard(struct bytes cell);
/* The cell with that role in the row, or an empty view. */
struct bytes columns_cell(const struct columns *columns, const struct csv *row, enum column_role role);
#endif
