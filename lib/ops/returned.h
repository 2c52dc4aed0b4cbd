/* returned - what mail that came back says of us to a whole provider: the words that pause it in a session pause it here too, and a fault
 * of ours is raised as an alert. Through a smarthost this is how a provider is heard. */
#ifndef OPS_RETURNED_H
#define OPS_RETURNED_H
#include "bounce/bounce.h"
#include "ops/ops.h"

/* A report of a mail of ours that was not taken in before. The daemon takes a pause up within a second. */
MUST_CHECK int returned_judge(struct ops *ops, const struct report *report, struct error *err);
#endif
