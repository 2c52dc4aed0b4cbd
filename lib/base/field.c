#include "base/field.h"
#include "base/units.h"
#include <stdio.h>

static const void *at(const struct field *field, const void *row)
{
	return (const char *)row + field->offset;
}

static int64_t number(const struct field *field, const void *row)
{
	return *(const int64_t *)at(field, row);
}

int field_word(const char *const *words, const char *text)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return -1;
}

/* A number that is a word when it is 0: "standard", "none". */
static bool is_zero_word(const struct field *field, const void *row)
{
	return field->words && (field->kind == FIELD_INT || field->kind == FIELD_DURATION) && number(field, row) == 0;
}

static json_t *json_of(const struct field *field, const void *row)
{
	char text[UNITS_TEXT];
	if (is_zero_word(field, row))
		return json_null();
	switch (field->kind) {
	case FIELD_INT: return json_integer(number(field, row));
	case FIELD_ID: return number(field, row) ? json_integer(number(field, row)) : json_null();
	case FIELD_BOOL: return json_boolean(*(const bool *)at(field, row));
	case FIELD_TEXT: {
		const char *value = *(const char *const *)at(field, row);
		return value ? json_string(value) : json_null();
	}
	case FIELD_WORD: return json_string(field->words[*(const int *)at(field, row)]);
	case FIELD_TIME: return number(field, row) ? json_string(units_write_time(number(field, row), text)) : json_null();
	case FIELD_DURATION: return json_real((double)number(field, row) / (double)SECOND_US);
	case FIELD_BYTES: break;
	}
	return NULL;
}

/* A column counts in microseconds and says so. Written out a time has no unit ("created_us" is "created") and a duration is in seconds
 * ("hold_us" is "hold_s"). */
static const char *key_of(const struct field *field, char key[64])
{
	size_t size = strlen(field->name);
	bool is_time = field->kind == FIELD_TIME || field->kind == FIELD_DURATION;
	if (!is_time || size < 4 || strcmp(field->name + size - 3, "_us") != 0)
		return field->name;
	snprintf(key, 64, "%.*s%s", (int)size - 3, field->name, field->kind == FIELD_DURATION ? "_s" : "");
	return key;
}

json_t *field_json(const struct field *fields, const void *row)
{
	char key[64];
	json_t *object = json_object();
	for (; object && fields->name; fields++)
		if (fields->kind != FIELD_BYTES && json_object_set_new(object, key_of(fields, key), json_of(fields, row)) != 0) {
			json_decref(object);
			object = NULL;
		}
	return object;
}

const char *field_text(const struct field *field, const void *row, struct arena *arena)
{
	char text[UNITS_TEXT] = "";
	if (is_zero_word(field, row))
		return field->words[0];
	switch (field->kind) {
	case FIELD_INT: snprintf(text, sizeof text, "%" PRId64, number(field, row)); break;
	case FIELD_ID:
		if (number(field, row))
			snprintf(text, sizeof text, "%" PRId64, number(field, row));
		break;
	case FIELD_BOOL: return *(const bool *)at(field, row) ? "yes" : "no";
	case FIELD_TEXT: {
		const char *value = *(const char *const *)at(field, row);
		return value ? value : "";
	}
	case FIELD_WORD: return field->words[*(const int *)at(field, row)];
	case FIELD_TIME:
		if (number(field, row))
			units_write_time(number(field, row), text);
		break;
	case FIELD_DURATION: units_write_duration(number(field, row), text); break;
	case FIELD_BYTES: snprintf(text, sizeof text, "%zu bytes", ((const struct bytes *)at(field, row))->size); break;
	}
	const char *copy = arena_text(arena, text);
	return copy ? copy : "";
}
