/* body - a post's HTML made fit for mail programs: styles written into every tag, since Gmail's apps and Outlook read no others; pictures
 * with the width that Outlook goes by; code with explicit breaks and blanks; layout tables marked as such; one h1 a mail. It reads what
 * content_sanitise() wrote: well-formed, quoted, escaped. docs/mail-html.md has the rules. Within the room only. */
#ifndef MESSAGE_BODY_H
#define MESSAGE_BODY_H
#include "message/edition.h"

struct body_look {
	const json_t *theme; /* theme_values() */
	bool is_rtl;
	unsigned width; /* of the column, px */
	/* Pictures that come with the mail: their src becomes cid:…, their size is known. */
	const struct edition_file *pictures;
	size_t picture_count;
	/* Pictures that stay on the web, of known size. */
	const struct edition_file *sizes;
	size_t size_count;
	const char *cid_host;
};

MUST_CHECK int body_style(struct bytes html, const struct body_look *look, struct buffer *out, struct error *err);

/* How much of the HTML, in bytes, can be taken so that it is at most max_bytes and ends between two blocks; 0: not even the first. */
size_t body_cut(struct bytes html, size_t max_bytes);

/* The Content-ID of the i-th picture, without brackets. */
void body_cid(size_t i, const char *host, char *out, size_t size);
#endif
