/* linked - what a page says of itself in JSON-LD (schema.org Article and its kin). Within the room only. */
#ifndef CONTENT_LINKED_H
#define CONTENT_LINKED_H
#include "content/html.h"

/* One line of text each, NULL where nothing is said. */
struct linked {
	const char *headline, *name; /* of the article: one of them is its title */
	const char *description, *author, *published, *modified, *image, *site;
	const char *named_author, *named_site, *named_image; /* what stands elsewhere in the same script, under an @id */
};

/* When anything that the page describes was published, made or uploaded: whatever its type. 0: nothing says. */
int64_t linked_date(xmlNode *root, struct arena *arena);
/* Reads the first article in any script of type application/ld+json below root; broken ones are passed over. */
void linked_read(xmlNode *root, struct linked *out, struct arena *arena);
#endif
