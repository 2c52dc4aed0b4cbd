/* diff - what changed between two texts, line by line, in the unified form people know from diff -u. */
#ifndef BASE_DIFF_H
#define BASE_DIFF_H
#include "base/buffer.h"

/* Adds nothing where both are the same. Three lines of context. Beyond some thousand changed lines the whole is shown as one change. */
MUST_CHECK int diff_unified(const char *from, const char *to, const char *from_name, const char *to_name, struct buffer *out,
                            struct error *err);
#endif
