/* mail - a returned mail is taken: LMTP, Maildir, pipe. Accepted only after its commit. */
#ifndef OPS_MAIL_H
#define OPS_MAIL_H
#include "ops/ops.h"

struct arrival {
	const char *recipient; /* RCPT TO, or NULL: found in the headers (Delivered-To, X-Original-To, To) */
	const char *sender;    /* MAIL FROM, or NULL */
	const char *through;   /* "lmtp", "maildir", "pipe" */
};
enum taken_as {
	TAKEN_NOTHING /* no mail for us: kept nowhere */,
	TAKEN_BOUNCE,
	TAKEN_DELAY,
	TAKEN_COMPLAINT,
	TAKEN_UNSUBSCRIBE,
	TAKEN_REPLY,
	TAKEN_KNOWN /* had it */,
	TAKEN_POST /* an editor mailed it in */
};
extern const char *const taken_as_words[];
MUST_CHECK int mail_take(struct ops *ops, struct bytes raw, struct arrival arrival, enum taken_as *out, struct error *err);
#endif
