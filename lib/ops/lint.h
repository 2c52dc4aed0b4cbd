/* lint - one message judged whole: its bytes (message/lint.h) and its HTML (content/lint.h). */
#ifndef OPS_LINT_H
#define OPS_LINT_H
#include "content/lint.h"
#include "message/lint.h"

/* Gives the HTML's links, in the arena. -1 only when memory is out. */
MUST_CHECK int lint_whole(struct bytes message, const struct lint_known *known, struct arena *arena, struct content_link **links, size_t *n,
                          struct findings *findings, struct error *err);
#endif
