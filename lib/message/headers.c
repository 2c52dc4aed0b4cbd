/* The header fields of RULES section 2, those of the reader left open. */
#include "base/text.h"
#include "message/compile.h"
#include "message/encode.h"
#include "message/merge.h"
#include <stdio.h>

int compile_add_fixed(struct compile *c, struct bytes bytes, struct error *err)
{
	char *copy = arena_copy(&c->arena, bytes.data, bytes.size);
	if (!copy)
		return error_set(err, ERROR_MEMORY, "the message is too large");
	return pieces_add(&c->message, (struct piece){ .kind = PIECE_FIXED, .bytes = { copy, bytes.size } }, err);
}

static int add_slot(struct compile *c, const char *before, enum slot_kind slot, const char *after, struct error *err)
{
	if (compile_add_fixed(c, bytes_text(before), err) < 0 ||
	    pieces_add(&c->message, (struct piece){ .kind = PIECE_SLOT, .slot = slot, .coding = CODING_RAW }, err) < 0)
		return -1;
	return compile_add_fixed(c, bytes_text(after), err);
}

static int mailbox_field(const char *field, const char *name, const char *address, struct buffer *out, struct error *err)
{
	buffer_add_text(out, field);
	buffer_add_text(out, ": ");
	if (encode_mailbox(bytes_text(name), bytes_text(address), strlen(field) + 2, out, err) < 0)
		return error_wrap(err, "%s", field);
	buffer_add_text(out, "\r\n");
	return 0;
}

static int text_field(const char *field, const char *text, struct buffer *out, struct error *err)
{
	buffer_add_text(out, field);
	buffer_add_text(out, ": ");
	if (encode_header_text(bytes_text(text), strlen(field) + 2, out, err) < 0)
		return error_wrap(err, "%s", field);
	buffer_add_text(out, "\r\n");
	return 0;
}

static int uri_field(const char *field, struct buffer *out, struct error *err, const char *format, ...) PRINTF_LIKE(4, 5);
static int uri_field(const char *field, struct buffer *out, struct error *err, const char *format, ...)
{
	char uri[900];
	va_list args;
	va_start(args, format);
	int size = vsnprintf(uri, sizeof uri, format, args);
	va_end(args);
	if (size >= (int)sizeof uri || !text_is_ascii(bytes_text(uri)) || strpbrk(uri, " \r\n"))
		return 0; /* a URL that no header can hold is left out: the mail is none the worse */
	return encode_field(field, bytes_text(uri), out, err);
}

/* The fields of RULES section 2 that are the same for all, behind those that are not. */
static int add_list_fields(struct compile *c, struct error *err)
{
	const struct edition_in *in = c->in;
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(64 << 10);
	buffer_add_text(&out, "List-Id: ");
	/* RFC 2919: a phrase and the identifier in angle brackets, written as a mailbox is. */
	if (encode_mailbox(bytes_text(in->list_title), bytes_text(in->list_id), strlen("List-Id: "), &out, err) < 0)
		return error_wrap(err, "List-Id");
	buffer_add_text(&out, "\r\n");
	const char *owner = in->owner_email ? in->owner_email : in->reply_to ? in->reply_to : in->from_email;
	if (uri_field("List-Help", &out, err, "<%s/%s>", in->public_url, in->list_name) < 0 ||
	    uri_field("List-Subscribe", &out, err, "<%s/%s>", in->public_url, in->list_name) < 0 ||
	    uri_field("List-Owner", &out, err, "<mailto:%s>", owner) < 0 || encode_field("List-Post", BYTES_OF("NO"), &out, err) < 0)
		return -1;
	if (in->has_archive && uri_field("List-Archive", &out, err, "<%s/%s>", in->public_url, in->list_name) < 0)
		return -1;
	/* RFC 5064: this very issue, in the archive or where it was published. */
	const char *archived = in->archived_at ? in->archived_at : in->post_count == 1 ? in->posts[0].url : NULL;
	if (archived && *archived && uri_field("Archived-At", &out, err, "<%s>", archived) < 0)
		return -1;
	buffer_format(&out, "Feedback-ID: c%" PRId64 ":%s:%s:gazette\r\n", in->campaign, in->list_name, in->is_test ? "test" : "post");
	return buffer_check(&out, err) < 0 ? -1 : compile_add_fixed(c, buffer_bytes(&out), err);
}

/* In-Reply-To and References: the mail shows in the thread of the one it corrects. */
static int add_answers(struct compile *c, struct error *err)
{
	static const char *const names[] = { "In-Reply-To: ", "References: " };
	CLEANUP(buffer_clear) struct buffer origin = BUFFER_INIT(512);
	if (c->in->answers_salt.size != 16)
		return error_set(err, ERROR_CORRUPT, "the campaign that is answered has no salt");
	buffer_add_bytes(&origin, c->in->answers_salt);
	buffer_add_text(&origin, c->in->answers_host);
	char *kept = arena_copy(&c->arena, origin.data, origin.size);
	if (!kept || buffer_check(&origin, err) < 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct piece piece = { .kind = PIECE_SLOT, .slot = SLOT_ANSWERS, .coding = CODING_RAW, .bytes = { kept, origin.size } };
		if (compile_add_fixed(c, bytes_text(names[i]), err) < 0 || pieces_add(&c->message, piece, err) < 0 ||
		    compile_add_fixed(c, BYTES_OF("\r\n"), err) < 0)
			return -1;
	}
	return 0;
}

/* A subject with merge tags is one slot: it is encoded and folded as the whole it becomes. */
static int add_subject(struct compile *c, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(64 << 10);
	CLEANUP(buffer_clear) struct buffer source = BUFFER_INIT(64 << 10);
	const char *subject = json_text(c->values, "subject");
	if (!strpbrk(subject, MERGE_OPEN)) {
		if (text_field("Subject", subject, &out, err) < 0 || buffer_check(&out, err) < 0)
			return -1;
		return compile_add_fixed(c, buffer_bytes(&out), err);
	}
	struct bytes text = bytes_text(subject);
	for (size_t at = 0; at < text.size;) {
		if (text.data[at] != MERGE_OPEN[0])
			buffer_add_char(&source, text.data[at++]);
		else if (merge_source(text, &at, MERGE_TEXT, &source, err) < 0)
			return error_wrap(err, "subject");
	}
	char *kept = arena_copy(&c->arena, source.data, source.size);
	if (!kept || buffer_check(&source, err) < 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	struct piece slot = { .kind = PIECE_SLOT, .slot = SLOT_TEMPLATE, .coding = CODING_HEADER, .bytes = { kept, source.size } };
	if (compile_add_fixed(c, BYTES_OF("Subject: "), err) < 0 || pieces_add(&c->message, slot, err) < 0)
		return -1;
	return compile_add_fixed(c, BYTES_OF("\r\n"), err);
}

/* Addresses of one domain, or of one below the other's. */
static bool is_aligned(const char *a, const char *b)
{
	struct bytes one = bytes_text(strrchr(a, '@'));
	struct bytes two = bytes_text(strrchr(b, '@'));
	struct bytes longer = one.size > two.size ? one : two;
	struct bytes shorter = one.size > two.size ? two : one;
	if (shorter.size < 2)
		return false;
	struct bytes tail = { longer.data + longer.size - shorter.size + 1, shorter.size - 1 };
	return text_compare_nocase(tail, (struct bytes){ shorter.data + 1, shorter.size - 1 }) == 0 &&
	       (tail.data[-1] == '.' || tail.data[-1] == '@');
}

int compile_headers(struct compile *c, struct error *err)
{
	const struct edition_in *in = c->in;
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(64 << 10);
	if (mailbox_field("From", in->from_name, in->from_email, &out, err) < 0 ||
	    (in->reply_to && mailbox_field("Reply-To", "", in->reply_to, &out, err) < 0))
		return -1;
	if (compile_add_fixed(c, buffer_bytes(&out), err) < 0 || add_slot(c, "To: ", SLOT_TO, "\r\n", err) < 0)
		return -1;
	if (add_subject(c, err) < 0)
		return -1;
	if (add_slot(c, "Date: ", SLOT_DATE, "\r\n", err) < 0 || add_slot(c, "Message-ID: ", SLOT_MESSAGE_ID, "\r\n", err) < 0 ||
	    (in->answers_salt.size > 0 && add_answers(c, err) < 0) ||
	    add_slot(c, "List-Unsubscribe: <", SLOT_UNSUBSCRIBE_URL, ">", err) < 0)
		return -1;
	/* The return path's own token names the reader, so that mail to it works even when it was forwarded (RULES U14). */
	if (in->return_path && add_slot(c, ",\r\n <mailto:", SLOT_VERP, "?subject=unsubscribe>", err) < 0)
		return -1;
	if (compile_add_fixed(c, BYTES_OF("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), err) < 0)
		return -1;
	/* Complaints come to the same address (RFC 9477): section 3.1 wants it under the domain that signs. */
	if (in->return_path && is_aligned(in->return_path, in->from_email) &&
	    add_slot(c, "CFBL-Address: ", SLOT_VERP, ";\r\n report=arf\r\n", err) < 0)
		return -1;
	return add_list_fields(c, err);
}
