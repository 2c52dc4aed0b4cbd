/* compile - what the steps of edition_compile() share. Within the room only. */
#ifndef MESSAGE_COMPILE_H
#define MESSAGE_COMPILE_H
#include "base/arena.h"
#include "message/pieces.h"

enum { PART_BYTES = 8 << 20, SLOTS = 256, BOUNDARY_BYTES = 64 };

/* A part while it is being made: rendered, with a token for each slot. */
struct part {
	struct buffer rendered;
	struct bytes source[SLOTS]; /* of each slot the template has; in the arena */
	size_t slots;
	struct pieces pieces; /* decoded */
	bool is_html, is_base64;
	struct arena *arena;
};

struct compile {
	const struct edition_in *in;
	struct part html, text;
	struct arena arena;
	json_t *values, *theme, *words;
	struct pieces message;
	char boundary[BOUNDARY_BYTES]; /* behind its first five characters it is the same for all levels */
	const char *host;
};

/* values.c: what the templates see. */
MUST_CHECK int compile_values(struct compile *c, struct error *err);
/* Cuts the posts' HTML so that the rendered part, which is too large by so much, gets small enough. 1 if anything could be cut. */
MUST_CHECK int compile_shorten(struct compile *c, size_t excess, struct error *err);

/* part.c */
MUST_CHECK int part_render(struct compile *c, struct part *part, struct bytes template, const char *name, struct error *err);
MUST_CHECK int part_cut(struct part *part, struct error *err); /* at its slots, into pieces */
MUST_CHECK int part_add_body(struct compile *c, const struct part *part, struct error *err);

/* headers.c: the fields before the MIME tree. */
MUST_CHECK int compile_headers(struct compile *c, struct error *err);
MUST_CHECK int compile_add_fixed(struct compile *c, struct bytes bytes, struct error *err);
#endif
