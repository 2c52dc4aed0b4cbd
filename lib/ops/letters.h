/* letters - posts that editors mail in. The address they write to holds a secret of the list: a From alone proves nothing. */
#ifndef OPS_LETTERS_H
#define OPS_LETTERS_H
#include "ops/mail.h"
#include "store/list.h"

/* The address to mail posts to: "post+TOKEN@DOMAIN", in the domain of the list's return path; "" where there is none. */
MUST_CHECK int letter_address(const struct ops *ops, const struct list *list, struct buffer *out, struct error *err);
/* A mail to such an address, from one of the list's editors, becomes a post by the policy of the list's source "mail", else a draft,
 * and its writer is told. 1 taken (*post), 0 it is no such mail, or one that must not be taken, -1. */
MUST_CHECK int letter_take(struct ops *ops, struct bytes raw, struct arrival arrival, int64_t *post, struct error *err);
#endif
