/* dkim - signing a message (RFC 6376; key sizes RFC 8301, Ed25519 RFC 8463): relaxed/relaxed, no l=, no i=. Every field of the table in
 * dkim.c that is there is signed, and those a mailbox provider acts on are listed once more, so that a second one added later breaks
 * the signature. Pure: the time is the caller's, and the same input gives the same bytes. */
#ifndef MESSAGE_DKIM_H
#define MESSAGE_DKIM_H
#include "base/arena.h"
#include "base/sign.h"

struct dkim_signer {
	const struct sign_key *key;
	const char *domain, *selector; /* d=, s=; A-labels, lower case */
};

enum dkim_fields {
	DKIM_FULL,
	DKIM_NO_ID_DATE, /* the relay rewrites Message-ID and Date, so neither is signed */
};

/* Adds one DKIM-Signature field for each signer, to stand before the message (CRLF lines, whole). t= is at_us in seconds. */
MUST_CHECK int dkim_sign(const struct dkim_signer *signers, size_t n, enum dkim_fields fields, struct bytes message, int64_t at_us,
                         struct buffer *out, struct error *err);

/* One DKIM-Signature field of a message, as it says itself. */
struct dkim_seen {
	const char *domain, *selector; /* "" if the field has no such tag */
	const char *fields;            /* h=, lower case, ":" between; "" */
	bool has_length;               /* l= */
	const char *fault;             /* NULL: it is what one of the signers would write for these bytes */
};

/* Looks at every signature of a message; *n of them, at most `max`. Signatures of one key are the same for the same bytes, so a
 * signer can say of its own whether it holds. Texts live in the arena. ERROR_INPUT: no message with CRLF lines. */
MUST_CHECK int dkim_check(const struct dkim_signer *signers, size_t signer_count, struct bytes message, struct dkim_seen *out, size_t max,
                          size_t *n, struct arena *arena, struct error *err);

/* The i-th field that dkim_sign() oversigns even where it is absent; NULL at the end. */
const char *dkim_oversigned(enum dkim_fields fields, size_t i);

/* The domain of the From field, as it stands there; empty if there is none. */
struct bytes dkim_from_domain(struct bytes message);

/* The TXT record to publish at selector._domainkey.domain: "v=DKIM1; k=rsa; p=…". */
MUST_CHECK int dkim_record(const struct sign_key *key, struct buffer *out, struct error *err);
#endif
