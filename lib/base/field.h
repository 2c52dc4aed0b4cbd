/* field - a struct described once: the same table reads rows of the store, writes JSON, CSV and tables on a terminal. */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H
#include "base/arena.h"
#include <jansson.h>

enum field_kind {
	FIELD_INT,      /* int64_t */
	FIELD_ID,       /* int64_t; 0 is none: NULL in the store, null in JSON */
	FIELD_BOOL,     /* bool; 0 or 1 in the store */
	FIELD_TEXT,     /* const char *; UTF-8 without NUL; NULL is none */
	FIELD_BYTES,    /* struct bytes; data NULL is none */
	FIELD_WORD,     /* int (an enum); stored and shown as words[value] */
	FIELD_TIME,     /* int64_t, microseconds of wall time; 0 is none; RFC 3339 in JSON, under the name without "_us" */
	FIELD_DURATION, /* int64_t microseconds; seconds in JSON, under a name with "_s" for "_us" */
};

struct field {
	const char *name; /* column and JSON key */
	enum field_kind kind;
	size_t offset;
	const char *const
		*words; /* FIELD_WORD: NULL-terminated, index is the value. INT and DURATION: 0 is null in JSON, and words[0] for people */
};

#define FIELD(type, member, kind)                                                                                                          \
	{                                                                                                                                  \
#member, kind, offsetof(type, member), NULL                                                                                \
	}
#define FIELD_NAMED(type, member, kind, name)                                                                                              \
	{                                                                                                                                  \
		name, kind, offsetof(type, member), NULL                                                                                   \
	}
#define FIELD_WORDS(type, member, words)                                                                                                   \
	{                                                                                                                                  \
#member, FIELD_WORD, offsetof(type, member), words                                                                         \
	}
#define FIELD_OR(type, member, kind, zero)                                                                                                 \
	{                                                                                                                                  \
#member, kind, offsetof(type, member), zero                                                                                \
	}
#define FIELD_END                                                                                                                          \
	{                                                                                                                                  \
		NULL, FIELD_INT, 0, NULL                                                                                                   \
	}

/* The value of a word, or -1. */
int field_word(const char *const *words, const char *text);

/* A new JSON object with one key a field, in table order. NULL when memory is out. BYTES are left out. */
json_t *field_json(const struct field *fields, const void *row);
/* The value as people read it in a table; text lives in the arena ("" for none). */
const char *field_text(const struct field *field, const void *row, struct arena *arena);
#endif
