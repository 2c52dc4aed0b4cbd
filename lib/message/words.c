#include "message/words.h"
#include "base/text.h"
#include "base/units.h"
#include "template/template.h"
#include <stdio.h>

static bool look_up(const struct words_files *files, const char *name, struct bytes *text)
{
	return files->lookup ? files->lookup(files->context, name, text) : template_builtin(name, text);
}

enum { NAME_BYTES = 80 };

/* The language's file: of the whole tag, or of its first part. */
static bool find(const struct words_files *files, const char *language, char name[NAME_BYTES], struct bytes *text)
{
	size_t sizes[] = { strlen(language), strcspn(language, "-_") };
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		if (sizes[i] == 0 || sizes[i] > 40)
			continue;
		snprintf(name, NAME_BYTES, "mail/words/%.*s.json", (int)sizes[i], language);
		text_lower(name, strlen(name));
		if (!strpbrk(name + strlen("mail/words/"), "/\\") && look_up(files, name, text))
			return true;
	}
	return false;
}

static json_t *read_words(struct bytes text, const char *name, struct error *err)
{
	json_t *words = json_read(text, err);
	if (words && json_is_object(words))
		return words;
	if (words)
		error_set(err, ERROR_INPUT, "words are a JSON object: {\"by\": \"By {{author}}\"}");
	json_free(&words);
	error_wrap(err, "%s", name);
	return NULL;
}

/* A file of one's own was written for an older version: what it lacks comes from ours. */
static int complete(json_t *words, const char *name, struct error *err)
{
	struct bytes text;
	if (!template_builtin(name, &text))
		return 0;
	CLEANUP(json_free) json_t *ours = read_words(text, name, err);
	if (!ours)
		return -1;
	return json_object_update_missing(words, ours) < 0 ? error_set(err, ERROR_MEMORY, "out of memory") : 0;
}

json_t *words_for(const struct words_files *files, const char *language, struct error *err)
{
	char name[NAME_BYTES];
	struct bytes text;
	bool found = find(files, language, name, &text);
	if (!found) {
		snprintf(name, sizeof name, "mail/words/en.json");
		if (!look_up(files, name, &text)) {
			error_set(err, ERROR_NOT_FOUND, "%s is missing", name);
			return NULL;
		}
	}
	json_t *words = read_words(text, name, err);
	if (!words)
		return NULL;
	/* English words do not make it English. */
	if (found && !json_object_get(words, "lang"))
		json_object_set_new(words, "lang", json_string(language));
	if (complete(words, name, err) < 0 || complete(words, "mail/words/en.json", err) < 0)
		json_free(&words);
	return words;
}

size_t words_lacking(const struct words_files *files, const char *language, struct buffer *names)
{
	char name[NAME_BYTES];
	struct bytes text;
	struct error err;
	size_t n = 0;
	const char *key = NULL;
	json_t *value = NULL;
	if (!find(files, language, name, &text))
		return 0;
	CLEANUP(json_free) json_t *words = read_words(text, name, &err);
	if (!words || !template_builtin("mail/words/en.json", &text))
		return 0;
	CLEANUP(json_free) json_t *english = read_words(text, "en", &err);
	json_object_foreach(english, key, value)
	{
		if (json_object_get(words, key))
			continue;
		buffer_format(names, "%s%s", n ? ", " : "", key);
		n++;
	}
	return n;
}

bool words_is_rtl(const char *language)
{
	static const char *const rtl[] = { "ar", "he", "iw", "fa", "ur", "yi", "ps", "dv", "ug", "ckb", "sd" };
	size_t size = strcspn(language, "-_");
	for (size_t i = 0; i < COUNT_OF(rtl); i++)
		if (strlen(rtl[i]) == size && text_starts_nocase(bytes_text(language), rtl[i]))
			return true;
	return false;
}

void words_date(const json_t *words, int64_t us, char *out, size_t size)
{
	const char *pattern = json_text(words, "date");
	*out = '\0';
	if (us == 0 || !pattern)
		return;
	int year = 0;
	int month = 0;
	int day = 0;
	units_civil((us - (us < 0 ? DAY_US - 1 : 0)) / DAY_US, &year, &month, &day);
	const char *first = json_text(words, "first"); /* "1er" in French */
	const char *name = json_string_value(json_array_get(json_object_get(words, "months"), (size_t)month - 1));
	size_t used = 0;
	for (const char *p = pattern; *p && used + 1 < size; p++) {
		int n = *p == 'D' && day == 1 && first ? snprintf(out + used, size - used, "%s", first)
		        : *p == 'D'                    ? snprintf(out + used, size - used, "%d", day)
		        : *p == 'M'                    ? snprintf(out + used, size - used, "%s", name ? name : "")
		        : *p == 'Y'                    ? snprintf(out + used, size - used, "%d", year)
		                                       : snprintf(out + used, size - used, "%c", *p);
		used += n > 0 ? (size_t)n : 0;
	}
}
