#include "message/lint_parts.h"
#include "base/text.h"

bool lint_is_below(struct bytes inner, struct bytes outer)
{
	if (outer.size == 0 || inner.size < outer.size ||
	    text_compare_nocase((struct bytes){ inner.data + inner.size - outer.size, outer.size }, outer) != 0)
		return false;
	return inner.size == outer.size || inner.data[inner.size - outer.size - 1] == '.';
}

/* The last two labels stand in for the organizational domain: finding the real one takes DNS (RFC 9989), which `gazette doctor` has. */
static struct bytes organization(struct bytes domain)
{
	unsigned dots = 0;
	for (size_t i = domain.size; i-- > 0;)
		if (domain.data[i] == '.' && ++dots == 2)
			return (struct bytes){ domain.data + i + 1, domain.size - i - 1 };
	return domain;
}

bool lint_is_aligned(struct bytes a, struct bytes b)
{
	return a.size > 0 && b.size > 0 && text_compare_nocase(organization(a), organization(b)) == 0;
}

int lint_message(struct bytes message, const struct lint_known *known, struct arena *arena, struct lint_parts *parts,
                 struct findings *findings, struct error *err)
{
	struct lint *lint = arena_alloc(arena, sizeof *lint);
	*parts = (struct lint_parts){ .text = { "", 0 }, .html = { "", 0 }, .subject = "", .unsubscribe_url = "" };
	if (!lint)
		return error_set(err, ERROR_MEMORY, "out of memory");
	*lint = (struct lint){ .message = message, .known = known, .parts = parts, .arena = arena, .findings = findings };
	if (parsed_read(message, &lint->parsed, arena, err) < 0)
		return -1;
	lint->top = &lint->parsed.part[0];
	lint_bytes(lint);
	lint_headers(lint);
	lint_list(lint);
	lint_mime(lint);
	lint_text(lint);
	lint_privacy(lint);
	return lint_dkim(lint, err);
}
