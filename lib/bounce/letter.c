#include "bounce/letter.h"
#include "base/text.h"
#include <libetpan/libetpan.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { READ_BYTES = 4 << 20, HEADER_BYTES = 256 << 10, PAD_BYTES = 16, PARTS_DEEP = 20, STACK_BYTES = 64 << 20 };

/* Header lines up to the empty one. */
static struct bytes header_of(struct bytes raw)
{
	size_t end = raw.size < HEADER_BYTES ? raw.size : HEADER_BYTES;
	for (size_t i = 0; i + 1 < end; i++)
		if (raw.data[i] == '\n' && (raw.data[i + 1] == '\n' || (i + 2 < end && raw.data[i + 1] == '\r' && raw.data[i + 2] == '\n')))
			return (struct bytes){ raw.data, i + 1 };
	return (struct bytes){ raw.data, end };
}

/* The next field, unfolded: its name up to the colon, its value on one line. */
static bool next_field(struct bytes *rest, struct buffer *name, struct buffer *value)
{
	buffer_reset(name);
	buffer_reset(value);
	size_t at = 0;
	while (at < rest->size && rest->data[at] != ':' && rest->data[at] != '\n')
		at++;
	if (at == rest->size)
		return false;
	bool has_name = rest->data[at] == ':';
	if (has_name)
		buffer_add(name, rest->data, at);
	for (at += has_name; at < rest->size; at++) {
		bool folds = rest->data[at] == '\n' && at + 1 < rest->size && (rest->data[at + 1] == ' ' || rest->data[at + 1] == '\t');
		if (rest->data[at] == '\n' && !folds)
			break;
		if (rest->data[at] != '\r' && rest->data[at] != '\n')
			buffer_add_char(value, rest->data[at]);
	}
	at += at < rest->size;
	rest->data += at;
	rest->size -= at;
	return true;
}

static void add_addresses(struct letter *out, const char *value, struct arena *arena)
{
	struct bytes rest = bytes_text(value);
	struct bytes word;
	while (text_next_part(&rest, " \t<>();,\"", &word))
		if (memchr(word.data, '@', word.size) && out->to_count < LETTER_TO)
			out->to[out->to_count++] = arena_copy(arena, word.data, word.size);
}

void letter_recipients(struct bytes raw, struct arena *arena, struct letter *out)
{
	static const char *const names[] = { "Delivered-To", "X-Original-To", "To", "Cc" };
	CLEANUP(buffer_clear) struct buffer name = BUFFER_INIT(HEADER_BYTES);
	CLEANUP(buffer_clear) struct buffer value = BUFFER_INIT(HEADER_BYTES);
	struct bytes rest = header_of(raw);
	*out = (struct letter){ .subject = "" };
	while (next_field(&rest, &name, &value))
		for (size_t i = 0; i < COUNT_OF(names); i++)
			if (text_equal_nocase(buffer_text(&name), names[i]))
				add_addresses(out, buffer_text(&value), arena);
}

/* Encoded words (RFC 2047) into UTF-8 on one line. */
static const char *decode_line(const char *value, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer line = BUFFER_INIT(64 << 10);
	CLEANUP(buffer_clear) struct buffer mended = BUFFER_INIT(64 << 10);
	char *decoded = NULL;
	size_t at = 0;
	if (mailmime_encoded_phrase_parse("utf-8", value, strlen(value), &at, "utf-8", &decoded) != MAILIMF_NO_ERROR)
		decoded = NULL;
	text_mend_utf8(bytes_text(decoded ? decoded : value), &mended);
	free(decoded);
	text_squeeze(buffer_bytes(&mended), &line);
	for (size_t i = 0; i < line.size; i++)
		if ((unsigned char)line.data[i] < 0x20 || line.data[i] == 0x7f)
			line.data[i] = ' ';
	return arena_text(arena, buffer_text(&line));
}

/* RFC 3834 section 5.1.1, and what lists and loops say of themselves. */
static bool says_automatic(const char *name, const char *value)
{
	struct bytes line = text_trim(bytes_text(value));
	if (text_equal_nocase(name, "Auto-Submitted"))
		return !text_starts_nocase(line, "no");
	if (text_equal_nocase(name, "Precedence"))
		return text_starts_nocase(line, "bulk") || text_starts_nocase(line, "junk") || text_starts_nocase(line, "list");
	if (text_equal_nocase(name, "Return-Path"))
		return text_starts_nocase(line, "<>");
	return text_starts_nocase(bytes_text(name), "List-") || text_equal_nocase(name, "X-Loop") ||
	       text_equal_nocase(name, "X-Auto-Response-Suppress");
}

static void read_header(struct bytes raw, struct arena *arena, struct letter *out)
{
	CLEANUP(buffer_clear) struct buffer name = BUFFER_INIT(HEADER_BYTES);
	CLEANUP(buffer_clear) struct buffer value = BUFFER_INIT(HEADER_BYTES);
	struct bytes rest = header_of(raw);
	while (next_field(&rest, &name, &value)) {
		const char *field = buffer_text(&name);
		struct bytes line = text_trim(buffer_bytes(&value));
		struct letter from = { 0 };
		out->is_automatic = out->is_automatic || says_automatic(field, buffer_text(&value));
		if (text_equal_nocase(field, "Subject"))
			out->subject = decode_line(buffer_text(&value), arena);
		else if (text_equal_nocase(field, "Message-ID") && line.size > 2 && line.data[0] == '<' && line.data[line.size - 1] == '>')
			out->message_id = text_is_utf8(line) ? arena_copy(arena, line.data + 1, line.size - 2) : NULL;
		else if (text_equal_nocase(field, "From"))
			add_addresses(&from, buffer_text(&value), arena);
		/* Several authors, or a name that looks like an address: the last one is what stands in the angle brackets. */
		if (from.to_count > 0)
			out->from = from.to[from.to_count - 1];
	}
	out->subject = out->subject ? out->subject : "";
}

static const char *part_text(struct mailmime *mime, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer mended = BUFFER_INIT(3 * READ_BYTES);
	char *decoded = NULL;
	char *converted = NULL;
	size_t size = 0;
	size_t at = 0;
	const struct mailmime_data *body = mime->mm_data.mm_single;
	int encoding = MAILMIME_MECHANISM_8BIT;
	const char *charset = mime->mm_content_type ? mailmime_content_charset_get(mime->mm_content_type) : NULL;
	if (!body || body->dt_type != MAILMIME_DATA_TEXT)
		return NULL;
	encoding = body->dt_encoding;
	if (mailmime_part_parse(body->dt_data.dt_text.dt_data, body->dt_data.dt_text.dt_length, &at, encoding, &decoded, &size) !=
	    MAILIMF_NO_ERROR)
		return NULL;
	if (charset && strcasecmp(charset, "utf-8") != 0 && charconv("utf-8", charset, decoded, size, &converted) == MAIL_CHARCONV_NO_ERROR)
		text_mend_utf8(bytes_text(converted), &mended);
	else
		text_mend_utf8((struct bytes){ decoded, size }, &mended);
	free(converted);
	mailmime_decoded_part_free(decoded);
	return mended.failed ? NULL : arena_text(arena, buffer_text(&mended));
}

static bool is_attached(const struct mailmime *mime)
{
	const struct mailmime_fields *fields = mime->mm_mime_fields;
	for (clistiter *i = fields ? clist_begin(fields->fld_list) : NULL; i; i = clist_next(i)) {
		const struct mailmime_field *field = clist_content(i);
		if (field->fld_type == MAILMIME_FIELD_DISPOSITION &&
		    field->fld_data.fld_disposition->dsp_type->dsp_type != MAILMIME_DISPOSITION_TYPE_INLINE)
			return true;
	}
	return false;
}

static void walk(struct mailmime *mime, int depth, struct arena *arena, struct letter *out)
{
	if (!mime || depth > PARTS_DEEP)
		return;
	if (mime->mm_type == MAILMIME_MESSAGE) {
		/* A forwarded mail is no part of what its sender says. */
		if (depth == 0)
			walk(mime->mm_data.mm_message.mm_msg_mime, depth + 1, arena, out);
		return;
	}
	if (mime->mm_type == MAILMIME_MULTIPLE) {
		for (clistiter *i = clist_begin(mime->mm_data.mm_multipart.mm_mp_list); i; i = clist_next(i))
			walk(clist_content(i), depth + 1, arena, out);
		return;
	}
	const struct mailmime_content *type = mime->mm_content_type;
	bool is_text = !type || (type->ct_type->tp_type == MAILMIME_TYPE_DISCRETE_TYPE &&
	                         type->ct_type->tp_data.tp_discrete_type->dt_type == MAILMIME_DISCRETE_TYPE_TEXT);
	if (!is_text || is_attached(mime))
		return;
	if (type && type->ct_subtype && strcasecmp(type->ct_subtype, "html") == 0)
		out->html = out->html ? out->html : part_text(mime, arena);
	else if (!type || !type->ct_subtype || strcasecmp(type->ct_subtype, "plain") == 0)
		out->text = out->text ? out->text : part_text(mime, arena);
}

struct guarded {
	struct bytes raw;
	struct arena *arena;
	struct letter *out;
	bool is_mail;
};

static void *guard(void *arg)
{
	struct guarded *in = arg;
	struct mailmime *mime = NULL;
	size_t at = 0;
	in->is_mail = mailmime_parse(in->raw.data, in->raw.size, &at, &mime) == MAILIMF_NO_ERROR && mime;
	if (in->is_mail) {
		walk(mime, 0, in->arena, in->out);
		mailmime_free(mime);
	}
	return NULL;
}

int letter_read(struct bytes raw, struct arena *arena, struct letter *out, struct error *err)
{
	size_t size = raw.size < READ_BYTES ? raw.size : READ_BYTES;
	/* libetpan's decoders look a few bytes past the end: there are zeros. */
	char *copy = arena_alloc(arena, size + PAD_BYTES);
	pthread_attr_t attributes;
	pthread_t thread;
	if (!copy)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (size > 0)
		memcpy(copy, raw.data, size);
	letter_recipients((struct bytes){ copy, size }, arena, out);
	read_header((struct bytes){ copy, size }, arena, out);
	struct guarded in = { .raw = { copy, size }, .arena = arena, .out = out };
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	int failed = pthread_create(&thread, &attributes, guard, &in);
	pthread_attr_destroy(&attributes);
	if (failed)
		return error_set(err, ERROR_MEMORY, "no thread to read the mail on");
	pthread_join(thread, NULL);
	return in.is_mail ? 0 : error_set(err, ERROR_INPUT, "it can not be read as a mail");
}
