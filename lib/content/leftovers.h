/* leftovers - what platforms add to a post for their own pages and feeds, and a reader of the mail has no use for (CONTENT section 1).
 * Within the room only. */
#ifndef CONTENT_LEFTOVERS_H
#define CONTENT_LEFTOVERS_H
#include "content/html.h"

/* A box of a platform's, by its class. */
bool leftovers_is_box(const xmlNode *node);
/* By what it says: closing lines that are a link to the post itself (own_url, or NULL), invite to share or subscribe, "appeared first on",
 * merge tags of other senders. */
void leftovers_cut(xmlNode *root, const char *own_url, struct arena *arena);
#endif
