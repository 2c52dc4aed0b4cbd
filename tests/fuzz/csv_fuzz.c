#include "base/csv.h"
#include "fuzz.h"

/* A row written is read as the same cells. */
static void check_row(const struct csv *row, char delimiter)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(8 << 20);
	struct error err = { 0 };
	for (size_t i = 0; i < row->count; i++) {
		if (i > 0)
			buffer_add_char(&text, delimiter);
		csv_write(&text, row->cells[i], delimiter, false);
	}
	buffer_add_text(&text, "\r\n");
	CLEANUP(csv_clear) struct csv again = CSV_INIT(buffer_bytes(&text), delimiter);
	int found = csv_next(&again, &err);
	if (found < 1)
		return; /* a row of nothing is a blank line; one that grew too long is refused */
	PROMISE(again.count == row->count);
	for (size_t i = 0; i < row->count; i++)
		PROMISE(bytes_equal(again.cells[i], row->cells[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = { (const char *)data, size };
	char delimiter = csv_delimiter(text);
	CLEANUP(csv_clear) struct csv csv = CSV_INIT(text, delimiter);
	struct error err = { 0 };
	for (int found; (found = csv_next(&csv, &err)) != 0;) {
		PROMISE(csv.count <= CSV_COLUMNS);
		if (found > 0)
			check_row(&csv, delimiter);
		else
			PROMISE(err.code && err.text[0]);
	}
	return 0;
}
