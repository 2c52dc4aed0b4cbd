#include "cli/kept.h"
#include "base/text.h"
#include "system/file.h"
#include "template/template.h"
#include <libetpan/libetpan.h>
#include <stdio.h>
#include <stdlib.h>

int kept_read(const char *maildir, const char *name, struct buffer *out, struct error *err)
{
	char path[4096];
	if (strchr(name, '/') || name[0] == '.' || strlen(name) >= KEPT_NAME_BYTES)
		return error_set(err, ERROR_NOT_FOUND, "no such mail");
	snprintf(path, sizeof path, "%s/new/%s", maildir, name);
	return file_read(path, out, err);
}

void kept_header(struct bytes mail, const char *name, struct buffer *out)
{
	size_t size = strlen(name);
	for (const char *line = mail.data; line && *line != '\r' && *line != '\n';
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (strncasecmp(line, name, size) != 0 || line[size] != ':')
			continue;
		CLEANUP(buffer_clear) struct buffer raw = BUFFER_INIT(16 << 10);
		const char *from = line + size + 1;
		for (const char *p = from; *p && !(*p == '\n' && p[1] != ' ' && p[1] != '\t'); p++)
			buffer_add_char(&raw, *p);
		CLEANUP(buffer_clear) struct buffer one = BUFFER_INIT(16 << 10);
		text_squeeze(buffer_bytes(&raw), &one);
		char *decoded = NULL;
		size_t at = 0;
		if (mailmime_encoded_phrase_parse("utf-8", buffer_text(&one), one.size, &at, "utf-8", &decoded) == MAILIMF_NO_ERROR) {
			template_escape_html(bytes_text(decoded), out);
			free(decoded);
		}
		return;
	}
}

static const char *const pictures[] = { "image/png", "image/jpeg", "image/gif", "image/webp" };

static bool is_wanted(struct mailmime *mime, struct kept_part *wanted)
{
	struct mailmime_single_fields fields;
	const struct mailmime_content *type = mime->mm_content_type;
	if (!type || !mime->mm_body || mime->mm_body->dt_type != MAILMIME_DATA_TEXT)
		return false;
	if (wanted->subtype)
		return strcasecmp(type->ct_subtype, wanted->subtype) == 0;
	mailmime_single_fields_init(&fields, mime->mm_mime_fields, mime->mm_content_type);
	if (!fields.fld_id || strcmp(fields.fld_id, wanted->id) != 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(pictures); i++)
		if (strcasecmp(pictures[i] + strlen("image/"), type->ct_subtype) == 0)
			wanted->type = pictures[i];
	return wanted->type != NULL;
}

static bool find_part(struct mailmime *mime, struct kept_part *wanted, struct buffer *out)
{
	if (mime->mm_type == MAILMIME_MULTIPLE) {
		for (clistiter *i = clist_begin(mime->mm_data.mm_multipart.mm_mp_list); i; i = clist_next(i))
			if (find_part(clist_content(i), wanted, out))
				return true;
		return false;
	}
	if (mime->mm_type == MAILMIME_MESSAGE)
		return mime->mm_data.mm_message.mm_msg_mime && find_part(mime->mm_data.mm_message.mm_msg_mime, wanted, out);
	if (!is_wanted(mime, wanted))
		return false;
	char *decoded = NULL;
	size_t size = 0;
	size_t at = 0;
	if (mailmime_part_parse(mime->mm_body->dt_data.dt_text.dt_data, mime->mm_body->dt_data.dt_text.dt_length, &at,
	                        mime->mm_body->dt_encoding, &decoded, &size) != MAILIMF_NO_ERROR)
		return false;
	buffer_add(out, decoded, size);
	mailmime_decoded_part_free(decoded);
	return true;
}

int kept_part(const char *maildir, const char *name, struct kept_part *wanted, struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer mail = BUFFER_INIT(KEPT_MAIL_BYTES);
	struct mailmime *mime = NULL;
	size_t at = 0;
	if (kept_read(maildir, name, &mail, err) < 0)
		return -1;
	size_t size = mail.size;
	/* libetpan looks a little past the end. */
	buffer_add(&mail, "\0\0\0\0\0\0\0\0", 8);
	if (buffer_check(&mail, err) < 0)
		return -1;
	if (mailmime_parse(mail.data, size, &at, &mime) != MAILIMF_NO_ERROR)
		return error_set(err, ERROR_INPUT, "the mail can not be read");
	bool found = find_part(mime, wanted, out);
	mailmime_free(mime);
	return found ? 0 : error_set(err, ERROR_NOT_FOUND, "no such part");
}
