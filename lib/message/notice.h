/* notice - a whole small message for one address outside a campaign: a confirmation, an alert. */
#ifndef MESSAGE_NOTICE_H
#define MESSAGE_NOTICE_H
#include "base/buffer.h"

struct notice_in {
	const char *from_name, *from_email, *reply_to /* or NULL */, *to_name /* or NULL */, *to_email;
	const char *subject, *text, *html /* or NULL */;
	bool is_flowed;              /* text is flow_text()'s */
	const char *message_id_left; /* unique; the right side is the sender's domain */
	int64_t date_us;
	const char *auto_submitted; /* "auto-generated" (RFC 3834), or NULL */
};

/* Adds the message, CRLF lines. ERROR_INPUT: a line break in a header. */
MUST_CHECK int notice_compose(const struct notice_in *in, struct buffer *out, struct error *err);
#endif
