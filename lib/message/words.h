/* words - the mail's own words, dates and direction in the list's language. Within the room only. */
#ifndef MESSAGE_WORDS_H
#define MESSAGE_WORDS_H
#include "message/edition.h"

/* The words for a language tag (RFC 5646): of the tag, of its first part, or English. NULL with err set: a file that is no JSON. */
json_t *words_for(const struct edition_in *in, const char *language, struct error *err);

/* "26 November 2026", as the words' "date" and "months" say. "" for 0. */
void words_date(const json_t *words, int64_t us, char *out, size_t size);

bool words_is_rtl(const char *language);
#endif
