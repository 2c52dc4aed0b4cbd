/* head - what a page says about itself: OpenGraph, JSON-LD, microdata, meta and link. Within the room only. */
#ifndef CONTENT_HEAD_H
#define CONTENT_HEAD_H
#include "content/linked.h"

/* All of it but the byline and the excerpt that only the body shows. base_url: what the page's links resolve against, or NULL. */
void head_read(xmlNode *root, const char *base_url, struct content_head *head, struct arena *arena);
/* How much of b's words a has too, 0 to 1: whether two titles are one. */
double head_likeness(const char *a, const char *b);
/* <base href> of the page, else the URL it came from; or NULL. */
const char *head_base(xmlNode *root, const char *base_url, struct arena *arena);
const char *head_element_line(const xmlNode *node, struct arena *arena); /* its text on one line, or NULL */
/* "Title - Site" and "Title | Site" without the site, where the site is known; else the title. */
const char *head_without_site(const char *title, const char *site, struct arena *arena);
#endif
