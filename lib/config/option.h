/* option - the table of options and how a value of each kind is read. Within the room only. */
#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H
#include "config/config.h"

enum option_kind {
	OPTION_TEXT,
	OPTION_SECRET,
	OPTION_PATH,
	OPTION_URL,
	OPTION_INTEGER,
	OPTION_DURATION,
	OPTION_DURATIONS,
	OPTION_SIZE,
	OPTION_RATES,
	OPTION_BOOL,
	OPTION_CHOICE,
	OPTION_WORD
};

struct option {
	const char *section; /* "relay" stands for [relay:NAME], and so on */
	const char *key;
	enum option_kind kind;
	size_t offset; /* in struct config; of a named section in the struct of one */
	const char *standard;
	int64_t least, most; /* of numbers, durations (us), sizes (bytes) */
	const char *choices; /* OPTION_CHOICE: "yes-word no-word": the field is a bool, true for the first; OPTION_WORD: an enum in that
	                        order */
	const char *help;
};

/* Sections of which there are several, [KIND:NAME]; the structs begin with their name. */
struct named {
	const char *kind;
	size_t array, bytes, count, most; /* in struct config; of one; in struct config; how many there can be */
};
const struct named *named_find(const char *kind); /* NULL: no such kind */
const struct named *named_at(size_t i);           /* NULL at the end */

struct config_text {
	struct config_text *next;
	char text[];
};
struct config_texts {
	struct config_text *first;
};

const struct option *option_find(const char *section, const char *key);
const struct option *option_at(size_t i); /* NULL at the end */
/* Puts the value into its field. Relative paths are taken from the folder of `file`. */
MUST_CHECK int option_set(struct config *config, void *base, const struct option *option, const char *value, const char *file,
                          struct error *err);
/* The value as the file would have it. */
void option_print(const struct option *option, const void *base, struct buffer *out);
const char *config_keep(struct config *config, const char *text); /* a copy that lives as long as the config; NULL: out of memory */
#endif
