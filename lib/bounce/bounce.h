/* bounce - returned mail read: delivery status notifications (RFC 3464) and feedback reports (RFC 5965), matched by the VERP token of the
 * address they came to or of the message they bring back. The token's MAC is checked here. Pure. */
#ifndef BOUNCE_BOUNCE_H
#define BOUNCE_BOUNCE_H
#include "base/arena.h"
#include "model/token.h"

enum report_kind { REPORT_NONE, REPORT_BOUNCE, REPORT_DELAY, REPORT_COMPLAINT, REPORT_UNSUBSCRIBE, REPORT_REPLY };

struct report_recipient {
	const char *address;                 /* or NULL */
	const char *status;                  /* "5.1.1" or "" */
	const char *diagnostic, *remote_mta; /* or NULL */
	const char *class;                   /* "hard", "soft", "policy" */
};

struct report {
	enum report_kind kind;
	bool has_token;
	struct token token;
	struct report_recipient *recipients;
	size_t count;
};

/* raw: at most 256 KB of it are read. recipient: RCPT TO, or NULL to look into the headers. pattern: the return path's, or NULL.
 * Runs on the calling thread, which needs 32 MB of stack: use bounce_read_guarded() elsewhere. */
MUST_CHECK int bounce_read(struct bytes raw, const char *recipient, const char *pattern, const struct keyring *keys, struct arena *arena,
                           struct report *out, struct error *err);
/* The same on a thread of its own with a stack that no nesting within 256 KB overflows. */
MUST_CHECK int bounce_read_guarded(struct bytes raw, const char *recipient, const char *pattern, const struct keyring *keys,
                                   struct arena *arena, struct report *out, struct error *err);
#endif
