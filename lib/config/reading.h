/* reading - a configuration while it is read. Within the room only. */
#ifndef CONFIG_READING_H
#define CONFIG_READING_H
#include "base/buffer.h"
#include "config/option.h"
#include <stdio.h>

struct reading {
	struct config *config;
	struct config_faults *faults;
	const char *path;
	FILE *file;
	int line;
	bool is_indented;                 /* the line: it goes on with the value before it */
	char key[192];                    /* of that value, with its section, */
	struct buffer value;              /* and what of it was read; */
	size_t part_fault;                /* the number of the fault that was found in that, 0 none */
	bool seen[256][CONFIG_PROVIDERS]; /* option × which of its named sections, for repeated keys */
};

/* Adds "FILE:LINE: …" to the faults; without a line where it is about the whole. */
void add_fault(struct reading *reading, const char *format, ...) PRINTF_LIKE(2, 3);
/* What can be said only when all was read. */
void config_check(struct reading *reading);
#endif
