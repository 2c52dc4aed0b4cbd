/* parsed - a message taken apart for the linter: fields and parts with the lines they stand on, and nothing put right on the way.
 * Borrows the message; what is decoded lives in the arena. Within the room only. */
#ifndef MESSAGE_PARSED_H
#define MESSAGE_PARSED_H
#include "base/arena.h"

enum { PARSED_FIELDS = 256, PARSED_PARTS = 32, PARSED_DEPTH = 8 };

struct parsed_field {
	struct bytes name, value; /* as they stand: folds, but not the last line end */
	unsigned line;
};

struct parsed_part {
	struct parsed_field *fields;
	size_t field_count;
	unsigned line;       /* where its body begins */
	int parent;          /* index of the part it stands in; -1: it is the message */
	struct bytes raw;    /* the body as it travels */
	struct bytes body;   /* decoded; of a multipart nothing */
	const char *type;    /* "text/plain", lower case; "" if there is no Content-Type */
	const char *charset; /* "" if there is none */
	const char *encoding;
	const char *boundary;
};

struct parsed {
	struct parsed_part part[PARSED_PARTS]; /* the first is the message itself */
	size_t count;
	struct parsed_field field[PARSED_FIELDS];
	size_t fields;
	unsigned odd_line; /* the first line of a header that is no field; 0: none */
	bool is_cut;       /* more fields, parts or levels than are looked at */
};

MUST_CHECK int parsed_read(struct bytes message, struct parsed *out, struct arena *arena, struct error *err);
/* The n-th field (0 the first) of that name in a part, or NULL. */
const struct parsed_field *parsed_field(const struct parsed_part *part, const char *name, size_t n);
size_t parsed_count(const struct parsed_part *part, const char *name);
/* A field's value on one line, unfolded and trimmed; "" for NULL. */
const char *parsed_value(const struct parsed_field *field, struct arena *arena);
/* The same with encoded words decoded. */
const char *parsed_words(const struct parsed_field *field, struct arena *arena);
/* The first part of that type in or below part `of`; -1: none. */
int parsed_find(const struct parsed *parsed, int of, const char *type);
#endif
