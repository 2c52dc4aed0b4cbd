/* toml - the part of TOML 1.0 that front matter is written in: tables, arrays, inline tables, all strings, numbers and dates as text.
 * Within the room only. */
#ifndef CONTENT_TOML_H
#define CONTENT_TOML_H
#include "base/buffer.h"

/* One value: of an array each. table: of [table], [[table]], dotted.key or { inline = table }, the innermost name; NULL at the top. */
typedef void toml_take(void *arg, const char *table, const char *key, struct bytes value);
/* ERROR_INPUT names the line, counted as in the file, where +++ is the first. */
MUST_CHECK int toml_read(struct bytes text, toml_take *take, void *arg, struct error *err);
#endif
