#include "model/finding.h"
#include "base/text.h"
#include <stdio.h>

/* What is quoted from a mail may be no text at all, and may have been cut within a character. */
static void tidy(char *text)
{
	size_t size = strlen(text);
	for (size_t i = 0; i < size;) {
		uint32_t code = 0;
		size_t n = text_decode(text + i, size - i, &code);
		if (n == 0 && size - i < 4)
			text[i] = '\0';
		if (n == 0 || code < 0x20 || code == 0x7f)
			text[i] = text[i] ? '?' : '\0';
		i += n ? n : 1;
	}
}

/* The same thing said of another mail, or one more than are kept of its kind. */
static bool is_known(struct findings *findings, const struct finding *fresh)
{
	size_t alike = 0;
	for (size_t i = 0; i < findings->count; i++) {
		struct finding *old = &findings->found[i];
		if (strcmp(old->check, fresh->check) != 0)
			continue;
		alike++;
		if (strcmp(old->text, fresh->text) == 0 && strcmp(old->where, fresh->where) == 0) {
			old->readers += fresh->readers && (!findings->reader || strcmp(old->reader, fresh->reader) != 0);
			return true;
		}
	}
	return alike >= FINDINGS_OF_ONE_CHECK;
}

void findings_add(struct findings *findings, enum finding_level level, const char *check, const char *where, const char *mend,
                  const char *format, ...)
{
	struct finding fresh = { .level = level, .readers = findings->reader ? 1 : 0 };
	va_list args;
	va_start(args, format);
	vsnprintf(fresh.text, sizeof fresh.text, format, args);
	va_end(args);
	snprintf(fresh.check, sizeof fresh.check, "%s", check);
	snprintf(fresh.where, sizeof fresh.where, "%s", where ? where : "");
	snprintf(fresh.mend, sizeof fresh.mend, "%s", mend ? mend : "");
	snprintf(fresh.reader, sizeof fresh.reader, "%s", findings->reader ? findings->reader : "");
	tidy(fresh.text);
	tidy(fresh.where);
	tidy(fresh.reader);
	if (findings->count < FINDINGS && !is_known(findings, &fresh))
		findings->found[findings->count++] = fresh;
}

bool findings_ignore(struct findings *findings, const char *check)
{
	bool any = false;
	for (size_t i = 0; i < findings->count; i++)
		if (text_equal_nocase(findings->found[i].check, check))
			any = findings->found[i].is_ignored = true;
	return any;
}

const struct finding *findings_fault(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->found[i].level == FINDING_FAULT && !findings->found[i].is_ignored)
			return &findings->found[i];
	return NULL;
}

size_t findings_warnings(const struct findings *findings)
{
	size_t n = 0;
	for (size_t i = 0; i < findings->count; i++)
		n += findings->found[i].level == FINDING_WARNING && !findings->found[i].is_ignored;
	return n;
}
