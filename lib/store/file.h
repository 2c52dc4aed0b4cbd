/* file - pictures and attachments that were taken from beside posts, by key. Written once, never changed. */
#ifndef STORE_FILE_H
#define STORE_FILE_H
#include "store/db.h"

struct stored_file {
	const char *key; /* lower-case hex */
	const char *type;
	int64_t width, height; /* of a picture; else 0 */
	struct bytes content;
};
extern const struct field stored_file_fields[];

MUST_CHECK int store_file_has(struct db *db, const char *key, struct error *err);                                          /* 1, 0, -1 */
MUST_CHECK int store_file_type(struct db *db, const char *key, const char **type, struct arena *arena, struct error *err); /* 1, 0, -1 */
/* The same without its bytes. */
MUST_CHECK int store_file_size(struct db *db, const char *key, struct stored_file *out, struct error *err);
MUST_CHECK int store_file_get(struct db *db, const char *key, struct stored_file *out, struct arena *arena, struct error *err);
MUST_CHECK int store_file_add(struct db *db, const struct stored_file *file, struct error *err); /* one that is there stays */
#endif
