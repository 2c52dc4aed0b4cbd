/* words - the mail's and the pages' own words in a language, with its dates and direction. */
#ifndef MESSAGE_WORDS_H
#define MESSAGE_WORDS_H
#include "base/json.h"

/* Where the files of templates and words come from: by name, "mail/parts/head.html", "mail/words/he.json". False: there is none. The
 * function NULL: only those built in. */
struct words_files {
	bool (*lookup)(void *context, const char *name, struct bytes *text);
	void *context;
};

/* The words for a language tag (RFC 5646): of the tag, of its first part, or English. A word that a file lacks is that of the file built in
 * for its language, or English. NULL with err set: a file that is no JSON object. */
json_t *words_for(const struct words_files *files, const char *language, struct error *err);
/* How many words the language's own file lacks, so that they are taken from elsewhere, and their names in *names; 0 also where there is no
 * such file, or one that can not be read. */
size_t words_lacking(const struct words_files *files, const char *language, struct buffer *names);

/* "26 November 2026", as the words' "date" and "months" say. "" for 0. */
void words_date(const json_t *words, int64_t us, char *out, size_t size);

bool words_is_rtl(const char *language);
#endif
