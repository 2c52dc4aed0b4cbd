/* filter - which posts of a source are wanted, by category and author: "category=News,author=Ann Lee". Pure. */
#ifndef POLICY_FILTER_H
#define POLICY_FILTER_H
#include "base/buffer.h"

/* ERROR_INPUT names the part that is no category=NAME or author=NAME. */
MUST_CHECK int filter_check(const char *text, struct error *err);
/* categories: one a line, or NULL. `only`: of each kind it names at least one must fit; `except`: nothing it names may fit. "" and NULL: no
 * rule. Letters of ASCII are compared without their case. */
bool filter_wants(const char *only, const char *except, const char *categories, const char *author);
#endif
