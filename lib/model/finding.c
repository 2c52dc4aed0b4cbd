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

/* "HTML, line 12" without the number: it differs from mail to mail with the length of a name. */
static size_t place_size(const char *where)
{
	size_t size = strlen(where);
	while (size > 0 && where[size - 1] >= '0' && where[size - 1] <= '9')
		size--;
	return size;
}

static bool is_same_place(const char *a, const char *b)
{
	size_t size = place_size(a);
	return size == place_size(b) && memcmp(a, b, size) == 0;
}

/* What the fresh one says again, of this mail or of another; of two alike in one mail each counts for itself. */
static struct finding *find_known(struct findings *findings, const struct finding *fresh)
{
	struct finding *moved = NULL;
	for (size_t i = 0; i < findings->count; i++) {
		struct finding *old = &findings->found[i];
		if (strcmp(old->check, fresh->check) != 0 || strcmp(old->text, fresh->text) != 0)
			continue;
		if (strcmp(old->where, fresh->where) == 0)
			return old;
		if (!moved && *fresh->reader && strcmp(old->last, fresh->reader) != 0 && is_same_place(old->where, fresh->where))
			moved = old;
	}
	return moved;
}

static size_t count_of(const struct findings *findings, const char *check)
{
	size_t n = 0;
	for (size_t i = 0; i < findings->count; i++)
		n += strcmp(findings->found[i].check, check) == 0;
	return n;
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
	memcpy(fresh.last, fresh.reader, sizeof fresh.last);
	struct finding *known = find_known(findings, &fresh);
	if (known && strcmp(known->last, fresh.reader) != 0) {
		known->readers++;
		memcpy(known->last, fresh.reader, sizeof known->last);
	}
	if (!known && findings->count < FINDINGS && count_of(findings, check) < FINDINGS_OF_ONE_CHECK)
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
