#include "message/lint_parts.h"

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
