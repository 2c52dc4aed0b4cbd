#include "message/mime.h"
#include <libetpan/libetpan.h>
#include <stdlib.h>

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

/* A text part whose body is encoded already: libetpan writes it as it is. */
static struct mailmime *text_part(const char *subtype, const struct mime_body *body)
{
	struct mailmime_content *type = mailmime_content_new(
		mailmime_type_new(MAILMIME_TYPE_DISCRETE_TYPE, mailmime_discrete_type_new(MAILMIME_DISCRETE_TYPE_TEXT, NULL), NULL),
		strdup(subtype), clist_new());
	int coding = body->is_base64 ? MAILMIME_MECHANISM_BASE64 : MAILMIME_MECHANISM_QUOTED_PRINTABLE;
	struct mailmime_fields *fields = mailmime_fields_new_encoding(coding);
	if (!type || !fields || clist_append(type->ct_parameters, mailmime_param_new_with_data((char *)"charset", (char *)"utf-8")) < 0)
		return NULL;
	struct mailmime_data *data = mailmime_data_new(MAILMIME_DATA_TEXT, coding, 1, body->body, strlen(body->body), NULL);
	return mailmime_new(MAILMIME_SINGLE, NULL, 0, fields, type, data, NULL, NULL, NULL, NULL, NULL);
}

/* By hand: mailmime_new_empty() would draw a boundary from time, random and host name. */
static struct mailmime *alternative(const char *boundary)
{
	struct mailmime_content *type = mailmime_content_new(
		mailmime_type_new(MAILMIME_TYPE_COMPOSITE_TYPE, NULL, mailmime_composite_type_new(MAILMIME_COMPOSITE_TYPE_MULTIPART, NULL)),
		strdup("alternative"), clist_new());
	if (!type || clist_append(type->ct_parameters, mailmime_param_new_with_data((char *)"boundary", (char *)boundary)) < 0)
		return NULL;
	return mailmime_new(MAILMIME_MULTIPLE, NULL, 0, mailmime_fields_new_empty(), type, NULL, NULL, NULL, clist_new(), NULL, NULL);
}

static int write_tree(struct mailmime *root, struct buffer *out, struct error *err)
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
	buffer_add(out, text->str, text->len);
	return buffer_check(out, err);
}

int mime_compose(const struct mime_alternative *in, struct buffer *out, struct error *err)
{
	CLEANUP(tree_free) struct mailmime *root = alternative(in->boundary);
	struct mailmime *parts[] = { text_part("plain", &in->text), text_part("html", &in->html) };
	if (!root || !parts[0] || !parts[1])
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < 2; i++)
		if (mailmime_add_part(root, parts[i]) != MAILIMF_NO_ERROR)
			return error_set(err, ERROR_MEMORY, "out of memory");
	return write_tree(root, out, err);
}

int mime_compose_text(const struct mime_body *text, struct buffer *out, struct error *err)
{
	CLEANUP(tree_free) struct mailmime *root = text_part("plain", text);
	return root ? write_tree(root, out, err) : error_set(err, ERROR_MEMORY, "out of memory");
}
