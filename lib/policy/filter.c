#include "policy/filter.h"
#include "base/text.h"

enum kind { CATEGORY, AUTHOR, KINDS };
static const char *const kinds[] = { "category=", "author=" };

static bool next_rule(struct bytes *rest, enum kind *kind, struct bytes *value, bool *good)
{
	struct bytes part;
	*good = true;
	if (!text_next_part(rest, ",", &part))
		return false;
	part = text_trim(part);
	*good = false;
	for (int i = 0; i < KINDS; i++)
		if (text_starts_nocase(part, kinds[i])) {
			size_t skip = strlen(kinds[i]);
			*kind = (enum kind)i;
			*value = text_trim((struct bytes){ part.data + skip, part.size - skip });
			*good = value->size > 0;
		}
	if (!*good)
		*value = part;
	return true;
}

int filter_check(const char *text, struct error *err)
{
	struct bytes rest = bytes_text(text);
	struct bytes value;
	enum kind kind = CATEGORY;
	bool good = true;
	while (next_rule(&rest, &kind, &value, &good))
		if (!good)
			return error_set(err, ERROR_INPUT, "filter \"%.*s\": write category=NAME or author=NAME, commas between",
			                 (int)(value.size < 64 ? value.size : 64), value.data);
	return 0;
}

static bool fits(enum kind kind, struct bytes value, const char *categories, const char *author)
{
	struct bytes rest = bytes_text(kind == CATEGORY ? categories : author);
	struct bytes line;
	if (kind == AUTHOR)
		return rest.data && text_compare_nocase(text_trim(rest), value) == 0;
	while (rest.data && text_next_part(&rest, "\n", &line))
		if (text_compare_nocase(text_trim(line), value) == 0)
			return true;
	return false;
}

bool filter_wants(const char *only, const char *except, const char *categories, const char *author)
{
	bool asked[KINDS] = { false };
	bool found[KINDS] = { false };
	struct bytes rest = bytes_text(only);
	struct bytes value;
	enum kind kind = CATEGORY;
	bool good = true;
	while (rest.data && next_rule(&rest, &kind, &value, &good)) {
		asked[kind] = asked[kind] || good;
		found[kind] = found[kind] || (good && fits(kind, value, categories, author));
	}
	rest = bytes_text(except);
	while (rest.data && next_rule(&rest, &kind, &value, &good))
		if (good && fits(kind, value, categories, author))
			return false;
	return (!asked[CATEGORY] || found[CATEGORY]) && (!asked[AUTHOR] || found[AUTHOR]);
}
