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
	OPTION_CHOICE
};

struct option {
	const char *section; /* "relay" stands for [relay:NAME] */
	const char *key;
	enum option_kind kind;
	size_t offset; /* in struct config; for relays in struct config_relay */
	const char *standard;
	int64_t least, most; /* of numbers, durations (us), sizes (bytes) */
	const char *choices; /* OPTION_CHOICE: "yes-word no-word": the field is a bool, true for the first */
	const char *help;
};

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
