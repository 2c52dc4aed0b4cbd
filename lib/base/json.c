#include "base/json.h"

json_t *json_read(struct bytes text, struct error *err)
{
	if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
		text.data += 3;
		text.size -= 3;
	}
	json_error_t why;
	json_t *value = json_loadb(text.data ? text.data : "", text.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (!value)
		error_set(err, ERROR_INPUT, "line %d, column %d: %s", why.line, why.column, why.text);
	return value;
}

static int add(const char *data, size_t size, void *buffer)
{
	buffer_add(buffer, data, size);
	return ((struct buffer *)buffer)->failed ? -1 : 0;
}

int json_write(const json_t *value, struct buffer *out, struct error *err)
{
	if (json_dump_callback(value, add, out, JSON_COMPACT | JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY) == 0)
		return buffer_check(out, err);
	return out->failed ? buffer_check(out, err) : error_set(err, ERROR_MEMORY, "out of memory while writing JSON");
}

const char *json_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

void json_free(json_t **value)
{
	json_decref(*value);
	*value = NULL;
}
