/* mime - the MIME tree of a message, composed with libetpan so that the same input gives the same bytes. Within the room only. */
#ifndef MESSAGE_MIME_H
#define MESSAGE_MIME_H
#include "base/buffer.h"

struct mime_body {
	const char *body; /* encoded already */
	bool is_base64;   /* else quoted-printable */
};

struct mime_alternative {
	const char *boundary;
	struct mime_body text, html; /* text first, RFC 2046 section 5.1.4 */
};

/* MIME-Version, Content-Type, a blank line, both parts, CRLF. */
MUST_CHECK int mime_compose(const struct mime_alternative *in, struct buffer *out, struct error *err);
/* The same for a message of one text part. */
MUST_CHECK int mime_compose_text(const struct mime_body *text, struct buffer *out, struct error *err);
#endif
