/* embedded - files that the build puts into the programs: migrations and templates. */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H
#include <stddef.h>

struct embedded_file {
	const char *name; /* NULL ends a table */
	const char *data; /* a NUL stands behind it */
	size_t size;
};

extern const struct embedded_file schema_sqlite_files[];
extern const struct embedded_file schema_postgresql_files[];
extern const struct embedded_file template_files[];
#endif
