/* fuzz - what the fuzz targets share. Each target is a file with one entry that libFuzzer calls; a promise that does not hold ends it,
 * and the sanitizers end it for all else. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H
#include "base/arena.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(condition)                                                                                                                 \
	do {                                                                                                                               \
		if (!(condition)) {                                                                                                        \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                                            \
			abort();                                                                                                           \
		}                                                                                                                          \
	} while (0)

/* The input without its first byte, which says which of several ways is taken; *choice is 0 for an empty input. */
static inline struct bytes fuzz_input(const uint8_t *data, size_t size, unsigned *choice)
{
	*choice = size ? data[0] : 0;
	return (struct bytes){ (const char *)data + (size ? 1 : 0), size ? size - 1 : 0 };
}

/* A sanitised body holds only what a mail may show: known elements and attributes, quoted and escaped, with addresses that open nothing
 * but a page, a picture or a mail. Sanitised again it is the same. */
void fuzz_check_body(const char *html);
/* A line of text that may stand in a header or a title. NULL is fine. */
void fuzz_check_line(const char *line);
#endif
