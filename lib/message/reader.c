#include "message/reader.h"
#include "base/text.h"
#include "message/merge.h"
#include <stdio.h>

enum { DEPTH = 8 };

void reader_init(struct reader *reader, const struct job *job)
{
	*reader = (struct reader){ 0 };
	if (!job)
		return;
	CLEANUP(buffer_clear) struct buffer clean = BUFFER_INIT(JOB_NAME_BYTES);
	merge_clean(job->name, &clean);
	struct bytes name = text_trim(buffer_bytes(&clean));
	snprintf(reader->name, sizeof reader->name, "%.*s", (int)name.size, name.size ? name.data : "");
}

void reader_clear(struct reader *reader)
{
	json_free(&reader->attributes);
}

/* Every text in a value made harmless, in place. */
static void clean(json_t *value, int depth)
{
	const char *key = NULL;
	json_t *member = NULL;
	size_t i = 0;
	if (json_is_string(value)) {
		CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(JOB_VALUES_BYTES);
		merge_clean(json_string_value(value), &text);
		json_string_set(value, buffer_text(&text));
	}
	if (depth == 0)
		return;
	json_object_foreach(value, key, member)
	{
		clean(member, depth - 1);
	}
	json_array_foreach(value, i, member)
	{
		clean(member, depth - 1);
	}
}

int reader_attributes(struct reader *reader, const struct job *job, struct error *err)
{
	if (reader->attributes)
		return 0;
	reader->attributes = job && strcmp(job->values, "{}") != 0 ? json_read(bytes_text(job->values), NULL) : NULL;
	if (!json_is_object(reader->attributes)) {
		json_free(&reader->attributes);
		reader->attributes = json_object();
	}
	clean(reader->attributes, DEPTH);
	return reader->attributes ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

static void derive(struct bytes name, struct bytes *first, struct bytes *last)
{
	const char *comma = memchr(name.data, ',', name.size);
	*first = *last = (struct bytes){ "", 0 };
	/* Who gave an address for a name is not greeted by it. */
	if (memchr(name.data, '@', name.size))
		return;
	if (comma) {
		size_t before = (size_t)(comma - name.data);
		*last = text_trim((struct bytes){ name.data, before });
		name = text_trim((struct bytes){ comma + 1, name.size - before - 1 });
	}
	size_t end = 0;
	while (end < name.size && name.data[end] != ' ')
		end++;
	*first = (struct bytes){ name.data, end };
	size_t start = name.size;
	while (start > end + 1 && name.data[start - 1] != ' ')
		start--;
	if (!comma && end < name.size)
		*last = (struct bytes){ name.data + start, name.size - start };
}

int reader_names(struct reader *reader, const struct job *job, struct error *err)
{
	if (reader->has_names)
		return 0;
	if (reader_attributes(reader, job, err) < 0)
		return -1;
	derive(bytes_text(reader->name), &reader->first, &reader->last);
	const char *first = json_text(reader->attributes, "first_name");
	const char *last = json_text(reader->attributes, "last_name");
	if (first && *first)
		reader->first = bytes_text(first);
	if (last && *last)
		reader->last = bytes_text(last);
	reader->has_names = true;
	return 0;
}

static json_t *percent_encoded(struct bytes text)
{
	static const char hex[] = "0123456789ABCDEF";
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(4 * JOB_VALUES_BYTES);
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		/* RFC 3986 section 2.3: what is never encoded. */
		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("-._~", c)))
			buffer_add_char(&out, (char)c);
		else
			buffer_add(&out, (char[]){ '%', hex[c >> 4], hex[c & 15] }, 3);
	}
	return json_stringn(buffer_text(&out), out.size);
}

static json_t *url_values(const struct reader *reader, const char *email)
{
	const char *key = NULL;
	const json_t *value = NULL;
	json_t *attributes = json_object();
	json_object_foreach(reader->attributes, key, value)
	{
		struct bytes text = { json_string_value(value), json_string_length(value) };
		json_object_set_new(attributes, key, json_is_string(value) ? percent_encoded(text) : json_copy((json_t *)value));
	}
	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "email", percent_encoded(bytes_text(email)), "name",
	                 percent_encoded(bytes_text(reader->name)), "first_name", percent_encoded(reader->first), "last_name",
	                 percent_encoded(reader->last), "attributes", attributes);
}

json_t *reader_values(struct reader *reader, const struct job *job, const char *unsubscribe_url, const char *view_url, struct error *err)
{
	if (reader_names(reader, job, err) < 0)
		return NULL;
	const char *email = job ? job->email : "";
	json_t *values =
		json_pack("{s:s,s:s,s:s%,s:s%,s:s,s:s,s:O,s:o}", "email", email, "name", reader->name, "first_name", reader->first.data,
	                  reader->first.size, "last_name", reader->last.data, reader->last.size, "unsubscribe_url", unsubscribe_url,
	                  "view_url", view_url, "attributes", reader->attributes, "url", url_values(reader, email));
	/* {{first_name}} is {{reader.first_name}}: the same values are seen under both. */
	CLEANUP(json_free) json_t *root = json_copy(values);
	if (!root || json_object_set_new(root, "reader", values) < 0) {
		error_set(err, ERROR_INPUT, "a reader's values can not be rendered");
		return NULL;
	}
	json_t *whole = root;
	root = NULL;
	return whole;
}
