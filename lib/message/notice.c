#include "message/notice.h"
#include "base/digest.h"
#include "base/units.h"
#include "message/encode.h"
#include "message/mime.h"
#include <stdio.h>

enum { NOTICE_BYTES = 4 << 20 };

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

static struct mime_body encode_body(const char *text, bool is_flowed, struct buffer *out)
{
	struct mime_body body = { .is_base64 = encode_prefers_base64(bytes_text(text)), .is_flowed = is_flowed };
	size_t column = 0;
	if (body.is_base64) {
		CLEANUP(buffer_clear) struct buffer lines = BUFFER_INIT(NOTICE_BYTES);
		encode_crlf(bytes_text(text), &lines);
		encode_base64_lines(buffer_bytes(&lines), out);
		return body;
	}
	encode_quoted_printable(bytes_text(text), &column, true, out);
	if (column > 0)
		buffer_add(out, "\r\n", 2);
	return body;
}

static int put_bodies(struct bytes tree, const struct buffer *const *bodies, size_t n, struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *token = memmem(tree.data, tree.size, MIME_BODY, strlen(MIME_BODY));
		if (!token)
			return error_set(err, ERROR_CORRUPT, "the MIME tree was not written as it was made");
		buffer_add(out, tree.data, (size_t)(token - tree.data));
		buffer_add_bytes(out, buffer_bytes(bodies[i]));
		tree.size -= (size_t)(token + strlen(MIME_BODY) - tree.data);
		tree.data = token + strlen(MIME_BODY);
	}
	buffer_add_bytes(out, tree);
	return buffer_check(out, err);
}

int notice_compose(const struct notice_in *in, struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(NOTICE_BYTES);
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(NOTICE_BYTES);
	CLEANUP(buffer_clear) struct buffer tree = BUFFER_INIT(64 << 10);
	uint8_t digest[DIGEST_BYTES];
	char boundary[40] = "=_gz_";
	if (headers(in, out, err) < 0)
		return -1;
	struct mime_body plain = encode_body(in->text, in->is_flowed, &text);
	struct mime_body rich = encode_body(in->html ? in->html : "", false, &html);
	if (buffer_check(&text, err) < 0 || buffer_check(&html, err) < 0)
		return -1;
	if (!in->html) {
		if (mime_compose_text(&plain, &tree, err) < 0)
			return -1;
		return put_bodies(buffer_bytes(&tree), (const struct buffer *[]){ &text }, 1, out, err);
	}
	digest_sha256(bytes_text(in->message_id_left), digest);
	for (size_t i = 0; i < 12; i++)
		snprintf(boundary + 5 + 2 * i, 3, "%02x", digest[i]);
	if (mime_compose(&(struct mime_message){ .boundary = boundary, .text = plain, .html = rich, .host = "" }, &tree, err) < 0)
		return -1;
	return put_bodies(buffer_bytes(&tree), (const struct buffer *[]){ &text, &html }, 2, out, err);
}
