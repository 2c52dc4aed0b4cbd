/* suppressions - what a person decides of those that came of refusals nobody can be sure of. */
#ifndef OPS_SUPPRESSIONS_H
#define OPS_SUPPRESSIONS_H
#include "ops/ops.h"

/* The servers are believed. */
MUST_CHECK int suppression_confirm_provisional(struct ops *ops, struct actor actor, int64_t *n, struct error *err);
/* They are not: who was refused is queued again, and the samples begin anew. */
MUST_CHECK int suppression_drop_provisional(struct ops *ops, struct actor actor, int64_t *dropped, int64_t *queued, struct error *err);
#endif
