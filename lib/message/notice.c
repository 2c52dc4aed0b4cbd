#include "message/notice.h"
#include "base/digest.h"
#include "base/units.h"
#include "message/encode.h"
#include "message/mime.h"
#include <stdio.h>

static int headers(const struct notice_in *in, struct buffer *out, struct error *err)
{
	char date[UNITS_TEXT];
	buffer_add_text(out, "From: ");
	if (encode_mailbox(bytes_text(in->from_name), bytes_text(in->from_email), 6, out, err) < 0)
		return -1;
	if (in->reply_to && *in->reply_to) {
		buffer_add_text(out, "\r\nReply-To: ");
		if (encode_mailbox((struct bytes){ "", 0 }, bytes_text(in->reply_to), 10, out, err) < 0)
			return -1;
	}
	buffer_add_text(out, "\r\nTo: ");
	if (encode_mailbox(bytes_text(in->to_name ? in->to_name : ""), bytes_text(in->to_email), 4, out, err) < 0)
		return -1;
	buffer_add_text(out, "\r\nSubject: ");
	if (encode_header_text(bytes_text(in->subject), 9, out, err) < 0)
		return -1;
	buffer_format(out, "\r\nDate: %s\r\nMessage-ID: <%s%s>\r\n", units_write_mail_date(in->date_us, date), in->message_id_left,
	              strchr(in->from_email, '@'));
	if (in->auto_submitted)
		buffer_format(out, "Auto-Submitted: %s\r\nX-Auto-Response-Suppress: OOF, AutoReply\r\n", in->auto_submitted);
	return buffer_check(out, err);
}

static void encode_body(const char *text, struct buffer *out)
{
	size_t column = 0;
	encode_quoted_printable(bytes_text(text), &column, true, out);
	if (column > 0)
		buffer_add(out, "\r\n", 2);
}

int notice_compose(const struct notice_in *in, struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(4 << 20);
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(4 << 20);
	uint8_t digest[DIGEST_BYTES];
	char boundary[40] = "=_gz_";
	if (headers(in, out, err) < 0)
		return -1;
	encode_body(in->text, &text);
	encode_body(in->html ? in->html : "", &html);
	if (buffer_check(&text, err) < 0 || buffer_check(&html, err) < 0)
		return -1;
	struct mime_body plain = { buffer_text(&text), false };
	if (!in->html)
		return mime_compose_text(&plain, out, err);
	digest_sha256(bytes_text(in->message_id_left), digest);
	for (size_t i = 0; i < 12; i++)
		snprintf(boundary + 5 + 2 * i, 3, "%02x", digest[i]);
	return mime_compose(&(struct mime_alternative){ boundary, plain, { buffer_text(&html), false } }, out, err);
}
