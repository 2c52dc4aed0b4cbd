/* lint_style - what an element looks like, from its style attribute and its ancestors': enough to judge contrast and size. Within the
 * room only. */
#ifndef CONTENT_LINT_STYLE_H
#define CONTENT_LINT_STYLE_H
#include "content/html.h"

struct look {
	int64_t colour, background; /* 0xRRGGBB; -1: not said */
	double font_px;
	bool is_bold, is_hidden, is_underlined, is_block; /* block: also inline-block */
	double padding_px;                                /* above and below, the smaller */
};

/* What mail programs start with: black on white, 16 px. */
struct look look_first(void);
/* The look of a node within `outer`. */
struct look look_of(const xmlNode *node, const struct look *outer, struct arena *arena);
/* A property of the style attribute, or "". */
const char *look_property(const xmlNode *node, const char *name, struct arena *arena);
/* A length in px; -1: none, or not in px. */
double look_px(const char *text);
/* WCAG 2.2 contrast ratio of two colours, 1 to 21. */
double look_contrast(int64_t a, int64_t b);
#endif
