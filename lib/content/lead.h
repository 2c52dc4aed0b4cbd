/* lead - the picture a post begins with. Within the room only. */
#ifndef CONTENT_LEAD_H
#define CONTENT_LEAD_H
#include "content/html.h"

/* A body that begins with the post's own picture in another size: that one is the post's picture, so that nobody shows both. */
void lead_settle(struct post *post, struct arena *arena);
#endif
