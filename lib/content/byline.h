/* byline - the names in a line that says who wrote something. Within the room only. */
#ifndef CONTENT_BYLINE_H
#define CONTENT_BYLINE_H
#include "base/arena.h"

/* How much of the text is "by", "Posted by", "von", "作者：" …; 0: it begins otherwise. */
size_t byline_by(const char *text);
/* "By Ann Lee and Bob Ray | 3 January" without what stands round the names; what leaves no name stays as it is. NULL for NULL. */
const char *byline_names(const char *byline, struct arena *arena);
#endif
