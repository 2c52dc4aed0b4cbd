/* embed - before a body is sanitised: players become a linked picture or a link, and pictures that load late or in many sizes get the one
 * address a mail can show. Works on the parsed tree. Within the room only. */
#ifndef CONTENT_EMBED_H
#define CONTENT_EMBED_H
#include "content/html.h"

/* Elements of AMP pages, and players that wait for a click, become those of HTML that they stand for. */
void embed_of_amp(xmlNode *node);
void embed_replace(xmlNode *root, const struct html_how *how, struct arena *arena);
#endif
