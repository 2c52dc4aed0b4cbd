/* mime - the MIME tree of a message, composed with libetpan so that the same input gives the same bytes:
 * mixed { alternative { text, related { html, pictures } }, attachments }, with the levels left out that have one part. Bodies are not
 * written: where each is to stand, there is MIME_BODY. Within the room only. */
#ifndef MESSAGE_MIME_H
#define MESSAGE_MIME_H
#include "message/edition.h"

#define MIME_BODY "\x01@\x02"

struct mime_body {
	bool is_base64; /* else quoted-printable */
	bool is_flowed; /* RFC 3676 */
};

struct mime_message {
	const char *boundary;        /* "=_gz_…"; other levels have another letter for the g's neighbour */
	struct mime_body text, html; /* text first, RFC 2046 section 5.1.4 */
	const char *host;            /* right side of Content-IDs */
	const struct edition_file *pictures, *attachments;
	size_t picture_count, attachment_count;
};

/* MIME-Version, Content-Type, a blank line, the tree, CRLF. The bodies stand in this order: text, HTML, pictures, attachments. */
MUST_CHECK int mime_compose(const struct mime_message *in, struct buffer *out, struct error *err);
/* The same for a message of one text part. */
MUST_CHECK int mime_compose_text(const struct mime_body *text, struct buffer *out, struct error *err);
/* RFC 2231: filename*=utf-8''… where the name is not short ASCII, folded, and filename="…" in ASCII for who does not know it. */
void mime_filename(const char *name, struct buffer *out);
#endif
