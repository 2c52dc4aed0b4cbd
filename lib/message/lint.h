/* lint - judges the real bytes of one message as a receiver sees them (RULES section 1.2): what a mailbox provider refuses or marks down,
 * and what would tell one reader about another. The HTML itself is judged by content/lint.h. Checks are named M1 to M27 as in the
 * rules; each finding says what, where and how to mend it. Pure. */
#ifndef MESSAGE_LINT_H
#define MESSAGE_LINT_H
#include "message/dkim.h"
#include "model/finding.h"
#include "model/token.h"

/* What is known of the message besides its bytes. Borrowed. */
struct lint_known {
	const char *recipient; /* of the envelope */
	int64_t list, subscriber, epoch;
	const struct keyring *keys; /* tokens in the message must belong to this recipient */
	const char *list_id, *from_email, *postal, *public_url;
	const char *const *hosts; /* of the posts' own links: the author's */
	size_t host_count;
	const struct dkim_signer *signers; /* those that sign for this sender now */
	size_t signer_count;
	enum dkim_fields fields;
	bool is_signed_here; /* false: the relay signs */
	bool is_trial;       /* every relay is loopback: pages without https are no fault */
};

/* What the message is made of, for the checks that need more than bytes. Lives in the arena; "" where there is none. */
struct lint_parts {
	struct bytes text, html; /* decoded */
	unsigned text_line, html_line;
	const char *subject;
	bool is_answer;              /* it has In-Reply-To */
	const char *unsubscribe_url; /* of List-Unsubscribe */
};

/* -1 only when memory is out. */
MUST_CHECK int lint_message(struct bytes message, const struct lint_known *known, struct arena *arena, struct lint_parts *parts,
                            struct findings *findings, struct error *err);

enum lint_use { LINT_LINK, LINT_IMAGE };
/* One URL of the message (M16, M17). */
void lint_url(const char *url, enum lint_use use, const char *where, const struct lint_known *known, struct findings *findings);

/* The host of an http(s) URL in `out`, lower case; false: it is none. */
bool lint_host(const char *url, char out[256]);
#endif
