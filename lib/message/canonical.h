/* canonical - a message as DKIM sees it: its fields, and the relaxed form of header and body (RFC 6376 section 3.4). Within the room only.
 */
#ifndef MESSAGE_CANONICAL_H
#define MESSAGE_CANONICAL_H
#include "base/digest.h"

enum { CANONICAL_FIELDS = 64 };

/* Its name and its value as they stand, folds included, without the last CRLF. Borrowed from the message. */
struct canonical_field {
	struct bytes name, value;
};

struct canonical {
	struct canonical_field fields[CANONICAL_FIELDS];
	size_t count;
	struct bytes body;
};

/* Zero *head before. ERROR_INPUT: no end of the header, a line that is no field, more than CANONICAL_FIELDS. */
MUST_CHECK int canonical_head(struct bytes message, struct canonical *head, struct error *err);
/* Section 3.4.2: name in lower case, unfolded, runs of blanks as one, none at the ends. Without CRLF. */
void canonical_write(struct bytes name, struct bytes value, struct buffer *out);
/* Section 3.4.4: SHA-256 of the relaxed body. */
MUST_CHECK int canonical_body_hash(struct bytes body, uint8_t out[DIGEST_BYTES], struct error *err);
#endif
