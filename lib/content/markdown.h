/* markdown - CommonMark with GitHub's extensions into HTML that was not yet sanitised. Within the room only. */
#ifndef CONTENT_MARKDOWN_H
#define CONTENT_MARKDOWN_H
#include "base/buffer.h"

extern const char *const markdown_extensions[]; /* the names of those that posts are read with; ends with NULL */
/* The caller's to free(). One thread at a time does it; the others wait. */
char *markdown_render(struct bytes text, const char *const *extensions);
#endif
