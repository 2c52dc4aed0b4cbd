/* lint_words - comparing texts by their words. Within the room only. */
#ifndef CONTENT_LINT_WORDS_H
#define CONTENT_LINT_WORDS_H
#include "base/buffer.h"
#include "model/finding.h"

/* Whether `text` holds `what`, whatever blanks stand in either; "" is held by none. */
bool words_hold(struct bytes text, const char *what);
/* The same but for blanks: folding and encoded words leave them where they like. */
bool words_equal(struct bytes a, struct bytes b);
size_t words_count(struct bytes text);
/* M8: both parts must say the same, by the share of the words of each that the other has. */
void words_compare(struct bytes plain, struct bytes html, struct findings *findings);
#endif
