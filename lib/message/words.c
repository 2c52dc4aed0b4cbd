#include "message/words.h"
#include "base/text.h"
#include "base/units.h"
#include "template/template.h"
#include <stdio.h>

static bool look_up(const struct words_files *files, const char *name, struct bytes *text)
{
	return files->lookup ? files->lookup(files->context, name, text) : template_builtin(name, text);
}

json_t *words_for(const struct words_files *files, const char *language, struct error *err)
{
	size_t sizes[] = { strlen(language), strcspn(language, "-_") };
	char name[80];
	struct bytes text;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		if (sizes[i] == 0 || sizes[i] > 40)
			continue;
		snprintf(name, sizeof name, "mail/words/%.*s.json", (int)sizes[i], language);
		text_lower(name, strlen(name));
		if (!strpbrk(name + strlen("mail/words/"), "/\\") && look_up(files, name, &text)) {
			json_t *words = json_read(text, err);
			if (!words)
				error_wrap(err, "%s", name);
			return words;
		}
	}
	if (!look_up(files, "mail/words/en.json", &text)) {
		error_set(err, ERROR_NOT_FOUND, "mail/words/en.json is missing");
		return NULL;
	}
	return json_read(text, err);
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
