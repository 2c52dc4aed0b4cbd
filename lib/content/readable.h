/* readable - the article in a page: which part of it is the text, and what of that part is not. The rules follow what readers' views
 * of browsers do: paragraphs speak for what they stand in, names of classes for or against it, and links against it. Within the
 * room only. */
#ifndef CONTENT_READABLE_H
#define CONTENT_READABLE_H
#include "content/html.h"

enum readable_flags { READABLE_STRIP = 1, READABLE_WEIGH = 2, READABLE_CLEAN = 4, READABLE_ALL = 7 };

/* Characters as they would be seen: white space runs count once. */
struct readable_size {
	size_t chars;
	size_t commas;       /* "," only */
	size_t pauses;       /* commas of all scripts */
	size_t linked_chars; /* those within links, a link within the page counting a third */
};
struct readable_size readable_size(const xmlNode *node);
double readable_link_density(const xmlNode *node);
bool readable_class_has(const xmlNode *node, const char *const *words, size_t n); /* any of them in class or id, any case */
int readable_weight(const xmlNode *node, unsigned flags);

/* Next in document order within root, children of `node` left out or not; NULL at the end. */
xmlNode *readable_next(xmlNode *root, xmlNode *node, bool skip_children);
void readable_remove(xmlNode *node);

/* Before anything is measured: scripts and styles go, a chain of br becomes paragraphs. ERROR_INPUT: too deep or too large to be looked
 * at in reasonable time. */
MUST_CHECK int readable_prepare(xmlNode *body, struct error *err);
/* Rewrites the page below body and gives a new element that holds the article, in the same document; it is the caller's to free, with
 * xmlFreeNode(). NULL: nothing readable. *byline: filled if it was NULL and the page shows one. *direction likewise, by dir. */
xmlNode *readable_article(xmlNode *body, const char *title, unsigned flags, const char **byline, const char **direction,
                          struct arena *arena);
/* Takes out of an article what is none of its text: forms, share buttons, lists of links, boxes with hardly a word. */
void readable_clean(xmlNode *article, unsigned flags);
/* The line that says who wrote it, where the text's place is known: changes nothing else. */
void readable_find_byline(xmlNode *body, unsigned flags, const char **byline, struct arena *arena);
/* "rtl" or "ltr" as the element or one round it says, or NULL. */
const char *readable_direction(const xmlNode *node, struct arena *arena);
#endif
