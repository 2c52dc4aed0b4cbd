#include "daemon/delivery/signers.h"
#include "system/clock.h"

void signers_init(struct signers *signers)
{
	pthread_rwlock_init(&signers->lock, NULL);
	signers->signing = NULL;
}

void signers_clear(struct signers *signers)
{
	signing_close(&signers->signing);
	pthread_rwlock_destroy(&signers->lock);
}

int signers_load(struct signers *signers, struct ops *ops, const struct config *config, struct error *err)
{
	struct signing *fresh = NULL;
	if (signing_open(ops, config, &fresh, err) < 0)
		return -1;
	pthread_rwlock_wrlock(&signers->lock);
	struct signing *old = signers->signing;
	signers->signing = fresh;
	pthread_rwlock_unlock(&signers->lock);
	signing_close(&old);
	return 0;
}

int signers_sign(struct signers *signers, enum relay_sign how, struct bytes message, int64_t at_us, struct buffer *out, struct error *err)
{
	int result = 0;
	pthread_rwlock_rdlock(&signers->lock);
	if (signers->signing)
		result = signing_sign(signers->signing, how, message, at_us, clock_now().wall_us, out, err);
	pthread_rwlock_unlock(&signers->lock);
	return result;
}
