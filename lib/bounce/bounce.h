/* bounce - returned mail read: delivery status notifications (RFC 3464) and feedback reports (RFC 5965), matched by the VERP token of the
 * address they came to or of the message they bring back. The token's MAC is checked here. Pure. */
#ifndef BOUNCE_BOUNCE_H
#define BOUNCE_BOUNCE_H
#include "base/arena.h"
#include "model/token.h"

enum report_kind {
	REPORT_NONE,      /* mail that is no report and bears no token of ours */
	REPORT_BOUNCE,    /* at least one recipient failed for good */
	REPORT_DELAY,     /* still being tried */
	REPORT_COMPLAINT, /* the reader called it spam */
	REPORT_UNSUBSCRIBE,
	REPORT_REPLY /* a person's answer or an automatic one */
};

enum { BOUNCE_RECIPIENTS = 64 };

struct report_recipient {
	const char *address;                 /* what we wrote to if the report says so, else what that became; or NULL */
	const char *action;                  /* "failed", "delayed"; "" in a complaint */
	const char *status;                  /* "5.1.1" (RFC 3463) or "" */
	const char *diagnostic, *remote_mta; /* one line each, or NULL */
	const char *class;                   /* "hard", "soft", "policy"; "" in a complaint */
};

struct report {
	enum report_kind kind;
	bool has_token;
	struct token token;
	const char *message_id; /* of the message that came back, with its <>; or NULL */
	struct report_recipient *recipients;
	size_t count; /* at most BOUNCE_RECIPIENTS */
};

/* raw: at most 256 KB of it are read. recipient: RCPT TO, or NULL to look into the headers. pattern: the return path's, or NULL. A mail
 * that is no report bears a token only where it was sent to one: what an answer quotes proves nothing.
 * Runs on the calling thread, which needs 32 MB of stack: use bounce_read_guarded() elsewhere. */
MUST_CHECK int bounce_read(struct bytes raw, const char *recipient, const char *pattern, const struct keyring *keys, struct arena *arena,
                           struct report *out, struct error *err);
/* The same on a thread of its own with a stack that no nesting within 256 KB overflows. */
MUST_CHECK int bounce_read_guarded(struct bytes raw, const char *recipient, const char *pattern, const struct keyring *keys,
                                   struct arena *arena, struct report *out, struct error *err);
#endif
