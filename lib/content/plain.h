/* plain - what the parts of the plain-text writer share. Within the room only. */
#ifndef CONTENT_PLAIN_H
#define CONTENT_PLAIN_H
#include "content/html.h"

enum { LINKS = 500, INDENT_MAX = 40 };

struct plain {
	struct buffer *out;
	struct buffer line; /* the paragraph so far, one line */
	unsigned width;
	enum content_links links_as;
	const char *image_word;
	char prefix[INDENT_MAX]; /* of every line: quotes and list indents */
	char bullet[INDENT_MAX]; /* of the first line of an item, instead of as much prefix */
	const char *links[LINKS];
	size_t link_count;
	struct arena arena;
	int depth;
};

void plain_children(struct plain *p, const xmlNode *node); /* adds to the line, and ends it where a block begins */
void plain_block(struct plain *p, const xmlNode *node);    /* its children as paragraphs of their own */
size_t plain_end_line(struct plain *p);                    /* writes the gathered line, wrapped at words; returns its columns */
void plain_start_line(struct plain *p, bool first);        /* the prefix, or an item's bullet */
void plain_blank_line(struct plain *p);                    /* one, unless there is one */
bool plain_is_cell(const xmlNode *node);
bool plain_holds_blocks(const xmlNode *node);
/* A table of data as aligned columns, behind four blanks so that nobody wraps it; one too wide for that as "header: value" lines; one that
 * is a layout as its cells, one after the other. */
void plain_table(struct plain *p, const xmlNode *table);
#endif
