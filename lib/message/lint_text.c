/* The text part: what the law and the providers want to be read there. */
#include "base/text.h"
#include "message/lint_parts.h"
#include <stdio.h>

/* Whether `text` holds `what`, whatever blanks and line breaks stand in either. */
static bool holds(struct bytes text, const char *what)
{
	CLEANUP(buffer_clear) struct buffer a = BUFFER_INIT(32 << 20);
	CLEANUP(buffer_clear) struct buffer b = BUFFER_INIT(64 << 10);
	text_squeeze(text, &a);
	text_squeeze(bytes_text(what), &b);
	return b.size > 0 && a.size >= b.size && memmem(a.data, a.size, b.data, b.size);
}

/* The end of a URL in running text: a blank or what stands around one. */
static size_t url_size(struct bytes text)
{
	size_t n = 0;
	while (n < text.size && (unsigned char)text.data[n] > ' ' && !strchr("<>\"", text.data[n]))
		n++;
	while (n > 0 && strchr(".,;:!?)]}'", text.data[n - 1]))
		n--;
	return n;
}

static void check_urls(struct lint *lint)
{
	struct bytes text = lint->parts->text;
	for (size_t i = 0; i + 8 < text.size; i++) {
		struct bytes rest = { text.data + i, text.size - i };
		if (!text_starts_nocase(rest, "http://") && !text_starts_nocase(rest, "https://"))
			continue;
		size_t size = url_size(rest);
		char *url = arena_copy(lint->arena, rest.data, size);
		if (url)
			lint_url(url, LINT_LINK, "text part", lint->known, lint->findings);
		i += size ? size - 1 : 0;
	}
}

void lint_text(struct lint *lint)
{
	struct bytes text = lint->parts->text;
	const struct lint_known *known = lint->known;
	if (text_trim(text).size == 0)
		return;
	if (*lint->parts->unsubscribe_url && !holds(text, lint->parts->unsubscribe_url))
		findings_add(lint->findings, FINDING_FAULT, "M12", "text part", "put {{reader.unsubscribe_url}} into the text template",
		             "the plain text has no unsubscribe link");
	if (known->postal && *known->postal && !holds(text, known->postal))
		findings_add(lint->findings, FINDING_FAULT, "M13", "text part", "put {{list.postal}} into the text template",
		             "the plain text lacks the sender's postal address");
	if (!holds(text, known->recipient))
		findings_add(lint->findings, FINDING_WARNING, "M14", "text part",
		             "write why it comes: You get this because {{reader.email}} subscribed to ...",
		             "the plain text does not say to which address it came");
	check_urls(lint);
}
