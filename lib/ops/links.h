/* links - looks at links and pictures over HTTP, by the client that reaches public addresses only: each URL once, several at a time,
 * all within some seconds. */
#ifndef OPS_LINKS_H
#define OPS_LINKS_H
#include "content/lint.h"
#include "ops/ops.h"

enum { LINKS_MOST = 60 };

/* Adds "image" (a fault: it is missing) and "link" (a warning; for `main_url`, the post's own, a fault) findings. What could not be
 * looked at in time is said once. */
MUST_CHECK int links_check(struct ops *ops, const struct content_link *links, size_t n, const char *main_url, int64_t budget_us,
                           struct findings *findings, struct error *err);
#endif
