/* text - UTF-8 text: checking, mending, trimming, comparing. ASCII rules never depend on the locale. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H
#include "base/arena.h"

/* True if `bytes` is well-formed UTF-8 (RFC 3629 section 4: no surrogates, no overlong forms, at most U+10FFFF) without NUL. */
bool text_is_utf8(struct bytes bytes);

/* Adds `bytes` to `out` with every malformed sequence and every NUL replaced by U+FFFD. */
void text_mend_utf8(struct bytes bytes, struct buffer *out);
/* The same in place, "?" for each byte that is none: for text that was cut to fit, perhaps within a letter. */
void text_mend_cut(char *text);

/* Decodes one code point at data[0..size); returns its length in bytes, or 0 if malformed or size is 0. */
size_t text_decode(const char *data, size_t size, uint32_t *code_point);
void text_encode(struct buffer *out, uint32_t code_point);

bool text_is_ascii(struct bytes bytes);    /* printable or not, every byte < 0x80 */
bool text_has_control(struct bytes bytes); /* any byte < 0x20, or 0x7f */

struct bytes text_trim(struct bytes bytes); /* drops ASCII white space at both ends */
/* Adds `bytes` with every run of ASCII white space (and U+00A0) as one blank, none at the ends: what goes on one line. */
void text_squeeze(struct bytes bytes, struct buffer *out);

int text_compare_nocase(struct bytes a, struct bytes b); /* ASCII letters only; like memcmp */
bool text_equal_nocase(const char *a, const char *b);
bool text_starts_nocase(struct bytes text, const char *prefix);
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);

/* Lower-cases ASCII letters in place. */
void text_lower(char *text, size_t size);

/* Splits on any byte of `separators`: sets *part to the next non-empty part of *rest and moves on; false at the end. */
bool text_next_part(struct bytes *rest, const char *separators, struct bytes *part);

/* Slips between two words (a letter more, less, another, or two exchanged) for "did you mean", at most `limit` (then limit + 1 is
 * returned). */
unsigned text_distance(const char *a, const char *b, unsigned limit);

/* Number of terminal columns (East Asian wide 2, combining 0). */
size_t text_columns(struct bytes utf8);
#endif
