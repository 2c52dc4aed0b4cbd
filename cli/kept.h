/* kept - mails that the sandbox keeps in a Maildir, read again to be looked at. */
#ifndef CLI_KEPT_H
#define CLI_KEPT_H
#include "base/buffer.h"

enum { KEPT_MAIL_BYTES = 64 << 20, KEPT_NAME_BYTES = 200 };

/* A whole mail, by its name in new/. NOT_FOUND; a name that leads elsewhere is none. */
MUST_CHECK int kept_read(const char *maildir, const char *name, struct buffer *out, struct error *err);
/* One header of a mail, decoded, as HTML; "" if it is not there. The mail ends with a NUL, as buffers do. */
void kept_header(struct bytes mail, const char *name, struct buffer *out);

/* What is looked for: the first part of a subtype, or the picture of a Content-ID. */
struct kept_part {
	const char *subtype, *id;
	const char *type; /* of the picture, when it was found */
};
/* That part, decoded. NOT_FOUND. */
MUST_CHECK int kept_part(const char *maildir, const char *name, struct kept_part *wanted, struct buffer *out, struct error *err);
#endif
