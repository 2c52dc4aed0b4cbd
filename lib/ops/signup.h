/* signup - the confirmation mail of a double opt-in (RULES A1): within ops, for sign-ups and imports that ask to confirm. */
#ifndef OPS_SIGNUP_H
#define OPS_SIGNUP_H
#include "ops/ops.h"
#include "store/list.h"

/* Makes a confirmation token (128 random bits, stored hashed, 7 days) and queues the mail as a notice. */
MUST_CHECK int signup_mail(struct ops *ops, const struct list *list, int64_t subscriber, const char *email, struct error *err);
#endif
