#include "bounce/bounce.h"
#include "base/text.h"
#include <libetpan/libetpan.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { READ_BYTES = 256 << 10, PAD_BYTES = 16, PARTS_DEEP = 20 };
#define STACK_BYTES (32 << 20)

struct reading {
	struct bytes raw; /* padded copy */
	const char *recipient, *pattern;
	const struct keyring *keys;
	struct arena *arena;
	struct report *out;
};

static bool has_subtype(const struct mailmime *mime, const char *subtype)
{
	return mime->mm_content_type && mime->mm_content_type->ct_subtype && strcasecmp(mime->mm_content_type->ct_subtype, subtype) == 0;
}

/* The value behind "type;" of a typed field (RFC 3464 section 2.1.2). */
static const char *typed(const char *value, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer line = BUFFER_INIT(4096);
	CLEANUP(buffer_clear) struct buffer mended = BUFFER_INIT(8192);
	const char *semicolon = strchr(value, ';');
	text_squeeze(bytes_text(semicolon ? semicolon + 1 : value), &line);
	text_mend_utf8(buffer_bytes(&line), &mended);
	for (size_t i = 0; i < mended.size; i++)
		if ((unsigned char)mended.data[i] < 0x20 || mended.data[i] == 0x7f)
			mended.data[i] = ' ';
	return mended.failed ? NULL : arena_text(arena, buffer_text(&mended));
}

struct group {
	const char *final, *original, *action, *status, *diagnostic, *remote;
};

static void take_field(struct group *group, const char *name, const char *value, struct arena *arena)
{
	const struct {
		const char *name;
		const char **to;
	} fields[] = { { "Final-Recipient", &group->final }, { "Original-Recipient", &group->original }, { "Action", &group->action },
		       { "Status", &group->status },         { "Diagnostic-Code", &group->diagnostic },  { "Remote-MTA", &group->remote } };
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (strcasecmp(name, fields[i].name) == 0 && !*fields[i].to)
			*fields[i].to = typed(value, arena);
}

/* The address in "<a@b>", "a@b (Name)" or the source route "@relay:a@b"; NULL: there is none. */
static const char *bare_address(const char *text, struct arena *arena)
{
	struct bytes rest = bytes_text(text ? text : "");
	struct bytes word;
	while (text_next_part(&rest, " \t<>();,\"", &word)) {
		const char *colon = word.size > 0 && word.data[0] == '@' ? memchr(word.data, ':', word.size) : NULL;
		if (colon)
			word = (struct bytes){ colon + 1, word.size - (size_t)(colon + 1 - word.data) };
		const char *at = word.size > 0 ? memchr(word.data, '@', word.size) : NULL;
		if (at && at > word.data && at + 1 < word.data + word.size)
			return arena_copy(arena, word.data, word.size);
	}
	return NULL;
}

/* What a status says of the address: only the kinds that speak of the mailbox for good are hard. */
static const char *class_of(const char *status)
{
	static const char *const hard[] = { "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.0.0", "5.4.4" };
	for (size_t i = 0; i < COUNT_OF(hard); i++)
		if (strcmp(status, hard[i]) == 0)
			return i == 6 ? "soft" : "hard";
	return text_starts(status, "5.7.") ? "policy" : "soft";
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The first enhanced status (RFC 3463 section 2: 2, 4 or 5, then two numbers of up to three digits) in a text; "" if none. */
static const char *find_status(const char *text, struct arena *arena)
{
	for (const char *at = text; at && *at; at++) {
		int used = 0;
		int b = 0;
		int c = 0;
		if (!strchr("245", *at) || (at > text && (is_digit(at[-1]) || at[-1] == '.')))
			continue;
		if (sscanf(at + 1, ".%3d.%3d%n", &b, &c, &used) == 2 && is_digit(at[2]) && b >= 0 && c >= 0 && !is_digit(at[used + 1]) &&
		    at[used + 1] != '.') {
			const char *status = arena_format(arena, "%c.%d.%d", *at, b, c);
			return status ? status : "";
		}
	}
	return "";
}

/* The field's status; where that says nothing ("5.0.0") the one that the other server gave, if it is of the same sort. */
static const char *status_of(const struct group *group, struct arena *arena)
{
	const char *status = find_status(group->status, arena);
	const char *other = find_status(group->diagnostic, arena);
	bool vague = !*status || strcmp(status + 1, ".0.0") == 0;
	return vague && *other && (!*status || *other == *status) ? other : status;
}

enum fate { FATE_NONE, FATE_FAILED, FATE_DELAYED };

/* RFC 3464 section 2.3.3; some leave Action out, or misspell it. */
static enum fate fate_of(const struct group *group, const char *status)
{
	if (group->action && *group->action)
		return text_starts_nocase(bytes_text(group->action), "fail")    ? FATE_FAILED
		       : text_starts_nocase(bytes_text(group->action), "delay") ? FATE_DELAYED
		                                                                : FATE_NONE;
	return *status == '5' ? FATE_FAILED : *status == '4' ? FATE_DELAYED : FATE_NONE;
}

static bool is_known(const struct report *report, const char *address)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->recipients[i].address && strcasecmp(report->recipients[i].address, address) == 0)
			return true;
	return false;
}

static void end_group(struct reading *in, const struct group *group)
{
	struct report *out = in->out;
	const char *status = status_of(group, in->arena);
	enum fate fate = fate_of(group, status);
	/* What we wrote to, before what it became on its way. */
	const char *address = bare_address(group->original, in->arena);
	if (!address)
		address = bare_address(group->final, in->arena);
	if ((!group->final && !group->original) || fate == FATE_NONE || out->count == BOUNCE_RECIPIENTS ||
	    (address && is_known(out, address)))
		return;
	if (out->kind != REPORT_BOUNCE)
		out->kind = fate == FATE_FAILED ? REPORT_BOUNCE : REPORT_DELAY;
	out->recipients[out->count++] = (struct report_recipient){ .address = address,
		                                                   .action = fate == FATE_FAILED ? "failed" : "delayed",
		                                                   .status = status,
		                                                   .diagnostic = group->diagnostic,
		                                                   .remote_mta = group->remote,
		                                                   .class = fate == FATE_FAILED ? class_of(status) : "soft" };
}

static size_t next_line(const char *text, size_t size, size_t at)
{
	const char *lf = memchr(text + at, '\n', size - at);
	return lf ? (size_t)(lf - text) + 1 : size;
}

/* Groups of fields with blank lines between: the first is of the message, the others of a recipient each. */
static void read_status(struct reading *in, const char *text, size_t size)
{
	for (size_t at = 0; at < size;) {
		struct mailimf_fields *fields = NULL;
		struct group group = { 0 };
		size_t before = at;
		if (mailimf_optional_fields_parse(text, size, &at, &fields) == MAILIMF_NO_ERROR) {
			for (clistiter *i = clist_begin(fields->fld_list); i; i = clist_next(i)) {
				struct mailimf_field *field = clist_content(i);
				if (field->fld_type == MAILIMF_FIELD_OPTIONAL_FIELD)
					take_field(&group, field->fld_data.fld_optional_field->fld_name,
					           field->fld_data.fld_optional_field->fld_value, in->arena);
			}
			mailimf_fields_free(fields);
			end_group(in, &group);
		}
		/* A line without a colon would end it all. */
		if (mailimf_crlf_parse(text, size, &at) != MAILIMF_NO_ERROR && at == before)
			at = next_line(text, size, at);
	}
}

/* Our token in any address of a text. */
static void find_token(struct reading *in, struct bytes text)
{
	struct bytes word;
	struct bytes rest = text;
	while (!in->out->has_token && in->pattern && text_next_part(&rest, " \t\r\n<>,;:\"()", &word)) {
		struct bytes token;
		if (token_in_address(in->pattern, word, &token))
			in->out->has_token = token_read_verp(in->keys, token, &in->out->token);
	}
}

/* The fields of a feedback report (RFC 5965 section 3). What speaks of somebody else's forgery, or says that a mail was fine after all,
 * is no complaint. */
static void read_feedback(struct reading *in, const char *text, size_t size)
{
	struct bytes type = BYTES_OF("abuse");
	const char *address = NULL;
	for (size_t at = 0; at < size; at = next_line(text, size, at)) {
		struct bytes line = { text + at, next_line(text, size, at) - at };
		if (text_starts_nocase(line, "Feedback-Type:"))
			type = text_trim((struct bytes){ line.data + 14, line.size - 14 });
		if (text_starts_nocase(line, "Original-Rcpt-To:") && !address) {
			const char *value = arena_copy(in->arena, line.data + 17, line.size - 17);
			address = bare_address(value ? typed(value, in->arena) : NULL, in->arena);
		}
	}
	if (text_starts_nocase(type, "not-spam") || text_starts_nocase(type, "auth-failure"))
		return;
	in->out->kind = REPORT_COMPLAINT;
	if (address && in->out->count < BOUNCE_RECIPIENTS)
		in->out->recipients[in->out->count++] =
			(struct report_recipient){ .address = address, .action = "", .status = "", .class = "" };
}

static struct bytes part_text(const struct mailmime *mime)
{
	if (!mime->mm_body || mime->mm_body->dt_type != MAILMIME_DATA_TEXT)
		return (struct bytes){ "", 0 };
	return (struct bytes){ mime->mm_body->dt_data.dt_text.dt_data, mime->mm_body->dt_data.dt_text.dt_length };
}

static void read_part(struct reading *in, const struct mailmime *mime)
{
	struct bytes text = part_text(mime);
	bool report = has_subtype(mime, "delivery-status") || has_subtype(mime, "global-delivery-status");
	bool feedback = has_subtype(mime, "feedback-report");
	char *decoded = NULL;
	size_t size = 0;
	size_t at = 0;
	if ((!report && !feedback) || text.size == 0)
		return;
	if (mailmime_part_parse(text.data, text.size, &at, mime->mm_body->dt_encoding, &decoded, &size) != MAILIMF_NO_ERROR)
		return;
	char *padded = arena_alloc(in->arena, size + PAD_BYTES);
	if (padded && size > 0)
		memcpy(padded, decoded, size);
	mailmime_decoded_part_free(decoded);
	if (padded && report)
		read_status(in, padded, size);
	else if (padded)
		read_feedback(in, padded, size);
}

/* The report's own parts. A message within it is what came back, or what somebody forwards: its parts tell of other things. */
static void walk(struct reading *in, const struct mailmime *mime, int depth)
{
	if (depth > PARTS_DEEP)
		return;
	if (mime->mm_type == MAILMIME_SINGLE)
		read_part(in, mime);
	if (mime->mm_type == MAILMIME_MULTIPLE)
		for (clistiter *i = clist_begin(mime->mm_data.mm_multipart.mm_mp_list); i; i = clist_next(i))
			walk(in, clist_content(i), depth + 1);
	if (mime->mm_type == MAILMIME_MESSAGE && mime->mm_data.mm_message.mm_msg_mime && depth == 0)
		walk(in, mime->mm_data.mm_message.mm_msg_mime, depth + 1);
}

/* The size of the header, with the line break before the empty line. */
static size_t header_size(struct bytes raw)
{
	for (size_t at = 0; at < raw.size;) {
		size_t next = next_line(raw.data, raw.size, at);
		if (text_trim((struct bytes){ raw.data + at, next - at }).size == 0)
			return at;
		at = next;
	}
	return raw.size;
}

/* The value of the first field of that name ("Subject:"), its first line; data NULL: there is none. */
static struct bytes field_value(struct bytes text, const char *name)
{
	size_t size = strlen(name);
	for (size_t at = 0; at < text.size; at = next_line(text.data, text.size, at)) {
		struct bytes line = { text.data + at, next_line(text.data, text.size, at) - at };
		if (text_starts_nocase(line, name))
			return text_trim((struct bytes){ line.data + size, line.size - size });
	}
	return (struct bytes){ NULL, 0 };
}

static bool contains(struct bytes text, const char *word)
{
	for (size_t i = 0; i < text.size; i++)
		if (text_starts_nocase((struct bytes){ text.data + i, text.size - i }, word))
			return true;
	return false;
}

/* Mail to a return path that is no report: somebody leaves by mail, or answers. */
static enum report_kind plain_kind(struct bytes header)
{
	bool automatic = contains(field_value(header, "Auto-Submitted:"), "auto") || field_value(header, "Precedence:").data ||
	                 field_value(header, "List-Id:").data || contains(field_value(header, "Return-Path:"), "<>");
	return !automatic && contains(field_value(header, "Subject:"), "unsubscribe") ? REPORT_UNSUBSCRIBE : REPORT_REPLY;
}

static void find_message_id(struct reading *in, struct bytes body)
{
	struct bytes value = field_value(body, "Message-ID:");
	if (value.size > 2 && value.size < 998 && value.data[0] == '<' && value.data[value.size - 1] == '>' && text_is_utf8(value))
		in->out->message_id = arena_copy(in->arena, value.data, value.size);
}

/* An mbox's "From " line and empty lines before the header are no part of the message, but would end the parser's reading of it. */
static struct bytes without_envelope(struct bytes raw)
{
	size_t at = 0;
	while (at < raw.size && (raw.data[at] == '\n' || raw.data[at] == '\r'))
		at++;
	raw = (struct bytes){ raw.data + at, raw.size - at };
	at = text_starts_nocase(raw, "From ") || text_starts_nocase(raw, ">From ") ? next_line(raw.data, raw.size, 0) : 0;
	return (struct bytes){ raw.data + at, raw.size - at };
}

static int run(struct reading *in, struct error *err)
{
	struct mailmime *mime = NULL;
	size_t at = 0;
	struct report *out = in->out;
	*out = (struct report){ .recipients = arena_alloc(in->arena, BOUNCE_RECIPIENTS * sizeof *out->recipients) };
	if (!out->recipients)
		return error_set(err, ERROR_MEMORY, "out of memory");
	struct bytes raw = without_envelope(in->raw);
	if (mailmime_parse(raw.data, raw.size, &at, &mime) == MAILIMF_NO_ERROR && mime) {
		walk(in, mime, 0);
		mailmime_free(mime);
	}
	size_t header = header_size(raw);
	if (in->recipient)
		find_token(in, bytes_text(in->recipient));
	if (out->kind != REPORT_NONE) {
		find_token(in, raw);
		find_message_id(in, (struct bytes){ raw.data + header, raw.size - header });
		return 0;
	}
	if (!in->recipient)
		find_token(in, (struct bytes){ raw.data, header });
	if (out->has_token)
		out->kind = plain_kind((struct bytes){ raw.data, header });
	return 0;
}

int bounce_read(struct bytes raw, const char *recipient, const char *pattern, const struct keyring *keys, struct arena *arena,
                struct report *out, struct error *err)
{
	size_t size = raw.size < READ_BYTES ? raw.size : READ_BYTES;
	/* libetpan's decoders look a few bytes past the end: there are zeros. */
	char *copy = arena_alloc(arena, size + PAD_BYTES);
	if (!copy)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (size > 0)
		memcpy(copy, raw.data, size);
	struct reading in = { { copy, size }, recipient, pattern, keys, arena, out };
	return run(&in, err);
}

struct guarded {
	struct bytes raw;
	const char *recipient, *pattern;
	const struct keyring *keys;
	struct arena *arena;
	struct report *out;
	struct error *err;
	int result;
};

static void *guard(void *arg)
{
	struct guarded *in = arg;
	in->result = bounce_read(in->raw, in->recipient, in->pattern, in->keys, in->arena, in->out, in->err);
	return NULL;
}

int bounce_read_guarded(struct bytes raw, const char *recipient, const char *pattern, const struct keyring *keys, struct arena *arena,
                        struct report *out, struct error *err)
{
	struct guarded in = { raw, recipient, pattern, keys, arena, out, err, -1 };
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	int failed = pthread_create(&thread, &attributes, guard, &in);
	pthread_attr_destroy(&attributes);
	if (failed)
		return error_set(err, ERROR_MEMORY, "no thread to read the mail on");
	pthread_join(thread, NULL);
	return in.result;
}
