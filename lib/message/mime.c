#include "message/mime.h"
#include "base/text.h"
#include "message/body.h"
#include <libetpan/libetpan.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_MAX_BYTES = 200, ASCII_MAX_BYTES = 60 };

#define NAME_BEGIN "filename=\"\x01"

static void tree_free(struct mailmime **mime)
{
	if (*mime)
		mailmime_free(*mime);
}

static void string_free(MMAPString **string)
{
	if (*string)
		mmap_string_free(*string);
}

static bool add_parameter(struct mailmime_content *type, const char *name, const char *value)
{
	return clist_append(type->ct_parameters, mailmime_param_new_with_data((char *)name, (char *)value)) == 0;
}

/* A leaf whose body stands somewhere else: libetpan writes the token as it is. */
static struct mailmime *leaf(struct mailmime_content *type, struct mailmime_fields *fields, int coding)
{
	if (!type || !fields)
		return NULL;
	struct mailmime_data *data = mailmime_data_new(MAILMIME_DATA_TEXT, coding, 1, MIME_BODY, strlen(MIME_BODY), NULL);
	return mailmime_new(MAILMIME_SINGLE, NULL, 0, fields, type, data, NULL, NULL, NULL, NULL, NULL);
}

static struct mailmime *text_part(const char *subtype, const struct mime_body *body)
{
	struct mailmime_content *type = mailmime_content_new(
		mailmime_type_new(MAILMIME_TYPE_DISCRETE_TYPE, mailmime_discrete_type_new(MAILMIME_DISCRETE_TYPE_TEXT, NULL), NULL),
		strdup(subtype), clist_new());
	int coding = body->is_base64 ? MAILMIME_MECHANISM_BASE64 : MAILMIME_MECHANISM_QUOTED_PRINTABLE;
	if (!type || !add_parameter(type, "charset", "utf-8"))
		return NULL;
	if (body->is_flowed && !(add_parameter(type, "format", "flowed") && add_parameter(type, "delsp", "no")))
		return NULL;
	return leaf(type, mailmime_fields_new_encoding(coding), coding);
}

static struct mailmime_content *file_type(const char *type)
{
	static const struct {
		const char *name;
		int type;
	} types[] = { { "image", MAILMIME_DISCRETE_TYPE_IMAGE },
		      { "text", MAILMIME_DISCRETE_TYPE_TEXT },
		      { "audio", MAILMIME_DISCRETE_TYPE_AUDIO },
		      { "video", MAILMIME_DISCRETE_TYPE_VIDEO },
		      { "application", MAILMIME_DISCRETE_TYPE_APPLICATION } };
	const char *slash = strchr(type, '/');
	for (size_t i = 0; slash && i < COUNT_OF(types); i++)
		if (strlen(types[i].name) == (size_t)(slash - type) && text_starts(type, types[i].name))
			return mailmime_content_new(
				mailmime_type_new(MAILMIME_TYPE_DISCRETE_TYPE, mailmime_discrete_type_new(types[i].type, NULL), NULL),
				strdup(slash + 1), clist_new());
	return NULL;
}

/* The name is written by us behind libetpan's back: it knows no RFC 2231. Its place is kept by a token. */
static struct mailmime_disposition *disposition(bool is_inline, const char *token)
{
	struct mailmime_disposition_type *type =
		mailmime_disposition_type_new(is_inline ? MAILMIME_DISPOSITION_TYPE_INLINE : MAILMIME_DISPOSITION_TYPE_ATTACHMENT, NULL);
	clist *params = clist_new();
	struct mailmime_disposition_parm *name =
		mailmime_disposition_parm_new(MAILMIME_DISPOSITION_PARM_FILENAME, strdup(token), NULL, NULL, NULL, 0, NULL);
	if (!type || !params || !name || clist_append(params, name) < 0)
		return NULL;
	return mailmime_disposition_new(type, params);
}

static struct mailmime *file_part(const struct edition_file *file, size_t i, const char *cid_host /* NULL: attachment */)
{
	char cid[200];
	char token[40];
	snprintf(token, sizeof token, "\x01%c%zu\x02", cid_host ? 'P' : 'A', i);
	body_cid(i, cid_host ? cid_host : "", cid, sizeof cid);
	struct mailmime_mechanism *coding = mailmime_mechanism_new(MAILMIME_MECHANISM_BASE64, NULL);
	struct mailmime_fields *fields =
		mailmime_fields_new_with_data(coding, cid_host ? strdup(cid) : NULL, NULL, disposition(cid_host != NULL, token), NULL);
	return leaf(file_type(file->type), fields, MAILMIME_MECHANISM_BASE64);
}

/* By hand: mailmime_new_empty() would draw a boundary from time, random and host name. */
static struct mailmime *multipart(const char *subtype, const char *boundary, char level)
{
	char own[100];
	struct mailmime_content *type = mailmime_content_new(
		mailmime_type_new(MAILMIME_TYPE_COMPOSITE_TYPE, NULL, mailmime_composite_type_new(MAILMIME_COMPOSITE_TYPE_MULTIPART, NULL)),
		strdup(subtype), clist_new());
	snprintf(own, sizeof own, "%s", boundary);
	own[3] = level; /* "=_gz_", "=_gr_", "=_gm_": none begins with another */
	if (!type || !add_parameter(type, "boundary", own) || (level == 'r' && !add_parameter(type, "type", "text/html")))
		return NULL;
	return mailmime_new(MAILMIME_MULTIPLE, NULL, 0, mailmime_fields_new_empty(), type, NULL, NULL, NULL, clist_new(), NULL, NULL);
}

static bool add_child(struct mailmime *parent, struct mailmime *child)
{
	return parent && child && mailmime_add_part(parent, child) == MAILIMF_NO_ERROR;
}

static struct mailmime *related(const struct mime_message *in)
{
	struct mailmime *html = text_part("html", &in->html);
	if (in->picture_count == 0)
		return html;
	struct mailmime *root = multipart("related", in->boundary, 'r');
	if (!add_child(root, html))
		return NULL;
	for (size_t i = 0; i < in->picture_count; i++)
		if (!add_child(root, file_part(&in->pictures[i], i, in->host)))
			return NULL;
	return root;
}

static struct mailmime *message_tree(const struct mime_message *in)
{
	struct mailmime *alternative = multipart("alternative", in->boundary, 'z');
	if (!add_child(alternative, text_part("plain", &in->text)) || !add_child(alternative, related(in)))
		return NULL;
	if (in->attachment_count == 0)
		return alternative;
	struct mailmime *root = multipart("mixed", in->boundary, 'm');
	if (!add_child(root, alternative))
		return NULL;
	for (size_t i = 0; i < in->attachment_count; i++)
		if (!add_child(root, file_part(&in->attachments[i], i, NULL)))
			return NULL;
	return root;
}

static void encoded_name(struct bytes name, struct buffer *out)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = (unsigned char)name.data[i];
		/* RFC 2231 attribute-char: what needs no percent. */
		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("-._~", c)))
			buffer_add_char(out, (char)c);
		else
			buffer_add(out, (char[]){ '%', hex[c >> 4], hex[c & 15] }, 3);
	}
}

/* Long names continue as filename*0*, filename*1*, so that no line is longer than 78. */
static void extended_name(struct bytes name, struct buffer *out)
{
	CLEANUP(buffer_clear) struct buffer encoded = BUFFER_INIT(4 * NAME_MAX_BYTES);
	enum { FIRST_LINE = 24 /* it begins behind the field's name */, PER_LINE = 54 };
	encoded_name(name, &encoded);
	if (encoded.size <= FIRST_LINE) {
		buffer_format(out, "filename*=utf-8''%s;\r\n\t", buffer_text(&encoded));
		return;
	}
	size_t at = 0;
	for (int i = 0; at < encoded.size; i++) {
		size_t most = i == 0 ? FIRST_LINE : PER_LINE;
		size_t n = encoded.size - at < most ? encoded.size - at : most;
		/* Not within a %XX. */
		for (int back = 1; at + n < encoded.size && back <= 2; back++)
			if (encoded.data[at + n - (size_t)back] == '%')
				n -= (size_t)back;
		buffer_format(out, "filename*%d*=%s%.*s;\r\n\t", i, i == 0 ? "utf-8''" : "", (int)n, encoded.data + at);
		at += n;
	}
}

void mime_filename(const char *name, struct buffer *out)
{
	CLEANUP(buffer_clear) struct buffer ascii = BUFFER_INIT(NAME_MAX_BYTES);
	struct bytes text = bytes_text(name);
	bool plain = true;
	text.size = text.size < NAME_MAX_BYTES ? text.size : NAME_MAX_BYTES;
	/* Cut between characters. */
	while (text.size > 0 && ((unsigned char)text.data[text.size] & 0xc0) == 0x80)
		text.size--;
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		bool good = c >= 0x20 && c < 0x7f && !strchr("\"\\/:", c);
		plain = plain && good;
		if (good)
			buffer_add_char(&ascii, (char)c);
		else if ((c & 0xc0) != 0x80)
			buffer_add_char(&ascii, '_');
	}
	/* The true name goes first: who knows both takes the first it understands. */
	if (!plain || ascii.size > ASCII_MAX_BYTES)
		extended_name(text, out);
	buffer_format(out, "filename=\"%.*s\"", (int)(ascii.size < ASCII_MAX_BYTES ? ascii.size : ASCII_MAX_BYTES), ascii.data);
}

/* Copies what libetpan wrote, with the names where their tokens stand in quotes. */
static int put_names(const struct mime_message *in, struct bytes text, struct buffer *out, struct error *err)
{
	while (text.size > 0) {
		const char *token = memmem(text.data, text.size, NAME_BEGIN, strlen(NAME_BEGIN));
		size_t before = token ? (size_t)(token - text.data) : text.size;
		buffer_add(out, text.data, before);
		text.data += before;
		text.size -= before;
		if (!token)
			break;
		char *end = NULL;
		size_t i = strtoul(text.data + strlen(NAME_BEGIN) + 1, &end, 10);
		bool is_picture = text.data[strlen(NAME_BEGIN)] == 'P';
		if (end[0] != '\x02' || end[1] != '"' || i >= (is_picture ? in->picture_count : in->attachment_count))
			return error_set(err, ERROR_CORRUPT, "the MIME tree was not written as it was made");
		mime_filename(is_picture ? in->pictures[i].name : in->attachments[i].name, out);
		text.size -= (size_t)(end + 2 - text.data);
		text.data = end + 2;
	}
	return buffer_check(out, err);
}

static int write_tree(struct mailmime *root, const struct mime_message *in, struct buffer *out, struct error *err)
{
	CLEANUP(string_free) MMAPString *text = mmap_string_new("");
	int column = 0;
	/* The header of the root is the message's own, which libetpan leaves to whoever writes the message. */
	if (!text || mailmime_content_write_mem(text, &column, root->mm_content_type) != MAILIMF_NO_ERROR ||
	    mailmime_fields_write_mem(text, &column, root->mm_mime_fields) != MAILIMF_NO_ERROR || !mmap_string_append(text, "\r\n"))
		return error_set(err, ERROR_MEMORY, "the MIME header could not be written");
	column = 0;
	if (mailmime_write_mem(text, &column, root) != MAILIMF_NO_ERROR)
		return error_set(err, ERROR_MEMORY, "the MIME tree could not be written");
	buffer_add(out, "MIME-Version: 1.0\r\n", 19);
	return put_names(in, (struct bytes){ text->str, text->len }, out, err);
}

int mime_compose(const struct mime_message *in, struct buffer *out, struct error *err)
{
	CLEANUP(tree_free) struct mailmime *root = message_tree(in);
	return root ? write_tree(root, in, out, err) : error_set(err, ERROR_MEMORY, "out of memory");
}

int mime_compose_text(const struct mime_body *text, struct buffer *out, struct error *err)
{
	CLEANUP(tree_free) struct mailmime *root = text_part("plain", text);
	return root ? write_tree(root, &(struct mime_message){ 0 }, out, err) : error_set(err, ERROR_MEMORY, "out of memory");
}
