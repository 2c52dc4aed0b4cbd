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
	COLUMN_ATTRIBUTE,
	COLUMN_LEFT,      /* says when or that a reader left: "", "false", "no", "0": has not */
	COLUMN_SUBSCRIBED /* "false", "no", "0": has left */
};

struct column {
	enum column_role role;
	char header[128];   /* as the file has it; "column 3" without one */
	char attribute[64]; /* [a-z0-9_] and letters of other scripts, for COLUMN_ATTRIBUTE */
};

struct columns {
	struct column column[CSV_COLUMNS];
	size_t count;
	bool has_header;
	bool is_mailboxes; /* no CSV, but lines as Mailman writes them: ann@example.org, Ann <ann@example.org> */
};

/* Looks at the first rows of `text`. `from`: the program that wrote it, whose own columns are left out, or NULL. `map`: "COLUMN=role"
 * strings, NULL-terminated, or NULL; they win. ERROR_INPUT: no e-mail column found, or a mapping or program that is not known. */
MUST_CHECK int columns_find(struct bytes text, char delimiter, const char *from, const char *const *map, struct columns *out,
                            struct error *err);
/* Whether the row is of somebody who must not be mailed, by any of its columns. */
bool columns_say_left(const struct columns *columns, const struct csv *row);
/* "E-Mail=email, Name=name, City=attr:city", cut to fit. */
void columns_describe(const struct columns *columns, char *out, size_t size);
/* An export guards a cell that a spreadsheet would run with a ' in front: the cell without it. */
struct bytes columns_unguard(struct bytes cell);
/* The cell with that role in the row, or an empty view. */
struct bytes columns_cell(const struct columns *columns, const struct csv *row, enum column_role role);
#endif
