/* dated - when a page was published, where neither its article nor its usual metadata says so. Within the room only. */
#ifndef CONTENT_DATED_H
#define CONTENT_DATED_H
#include "content/html.h"

/* From less common metadata, any JSON-LD, a time element's text, a line named like a date, the path of the URL (or NULL), in this order.
 * Microseconds; 0: nothing says. */
int64_t dated_find(xmlNode *root, const char *url, struct arena *arena);
#endif
