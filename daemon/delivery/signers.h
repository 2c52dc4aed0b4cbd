/* signers - the DKIM keys in force, shared by all sessions; a new set takes the place of the old one between two messages, so that keys
 * are rotated without a gap. */
#ifndef DELIVERY_SIGNERS_H
#define DELIVERY_SIGNERS_H
#include "ops/signing.h"
#include <pthread.h>

struct signers {
	pthread_rwlock_t lock;
	struct signing *signing;
};

void signers_init(struct signers *signers);
void signers_clear(struct signers *signers);
/* Reads the keys of `config`; if that fails the old set stays. */
MUST_CHECK int signers_load(struct signers *signers, struct ops *ops, const struct config *config, struct error *err);
/* Adds the signatures for the message's own From domain. at_us: t=, the same on every try. */
MUST_CHECK int signers_sign(struct signers *signers, enum relay_sign how, struct bytes message, int64_t at_us, struct buffer *out,
                            struct error *err);
#endif
