/* json - jansson made strict and safe: duplicates refused, errors with line and column, cleanup. */
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include "base/buffer.h"
#include <jansson.h>

/* A new value, or NULL with ERROR_INPUT naming line and column. Refuses duplicate keys and trailing text; skips a BOM. */
json_t *json_read(struct bytes text, struct error *err);
/* Compact, one line. Returns 0, or -1 with ERROR_MEMORY or the buffer's own failure. */
MUST_CHECK int json_write(const json_t *value, struct buffer *out, struct error *err);
/* The string at `key`, or NULL; borrowed from the object. */
const char *json_text(const json_t *object, const char *key);
void json_free(json_t **value);
#endif
