/* address - one mail address as we accept it: RFC 5321 dot-string local part (UTF-8 allowed, RFC 6531), a host name after it.
 * Refused (RULES A13): quoted local parts, comments, source routes, control characters, a leading '-', address literals.
 * The local part keeps its case; the domain becomes lower-case A-labels (RFC 5891, by libidn2), so no SMTP extension is needed for it. */
#ifndef MODEL_ADDRESS_H
#define MODEL_ADDRESS_H
#include "base/buffer.h"

enum { ADDRESS_BYTES = 321 }; /* 64 + 1 + 255 and a NUL */

struct address {
	char text[ADDRESS_BYTES]; /* local@domain; what goes into SMTP and the To field */
	char key[ADDRESS_BYTES];  /* the same with the local part in lower case and NFC: two addresses with one key are one subscriber */
	const char *domain;       /* within text */
	bool needs_smtputf8;      /* the local part is not ASCII */
};

/* Reads one bare address; white space around it is dropped. Returns 0, or -1 with ERROR_INPUT saying what is wrong with it.
 * `domain` points into *address: copy the struct with address_copy(), not by assignment. */
MUST_CHECK int address_read(struct bytes text, struct address *address, struct error *err);
void address_copy(struct address *to, const struct address *from);

/* Splits "Name <addr>", "\"Name, B.\" <addr>" or "addr" (RFC 5322 section 3.4, no groups): the name, unquoted, goes to
 * `name` (may be empty), the address to *address. */
MUST_CHECK int address_read_mailbox(struct bytes text, struct buffer *name, struct address *address, struct error *err);

/* A host name: LDH labels of at most 63 bytes, at least two of them, 255 in all; IDN becomes A-labels. `out` holds 256 bytes. */
MUST_CHECK int address_read_domain(struct bytes text, char out[256], struct error *err);
#endif
