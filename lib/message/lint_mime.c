/* The tree of parts: RFC 2045 to 2047. */
#include "base/text.h"
#include "message/lint_parts.h"
#include <stdio.h>

/* Gmail cuts a mail near 102 kB: whether it counts before or after decoding is not documented, so both stay below. */
enum { HTML_MOST = 100000, HTML_WARN = 80000, MESSAGE_MOST = 20 << 20, MESSAGE_WARN = 1 << 20, PARTS_MOST = 20 };

static const char *at_part(const struct lint *lint, int part, char out[48])
{
	const struct parsed_part *p = &lint->parsed.part[part];
	snprintf(out, 48, "%.24s, line %u", *p->type ? p->type : "part", p->line);
	return out;
}

/* multipart/alternative, the plain text first (RFC 2046 section 5.1.4). */
static void check_tree(struct lint *lint)
{
	static const char mend[] = "write multipart/alternative: text/plain first, then text/html";
	const struct parsed *parsed = &lint->parsed;
	char where[48];
	int both = parsed_find(parsed, 0, "multipart/alternative");
	int text = parsed_find(parsed, both < 0 ? 0 : both, "text/plain");
	int html = parsed_find(parsed, both < 0 ? 0 : both, "text/html");
	if (both < 0 || text < 0 || html < 0)
		findings_add(lint->findings, FINDING_FAULT, "M8", "message", mend, "%s",
		             both < 0   ? "it is no multipart/alternative"
		             : text < 0 ? "there is no plain text"
		                        : "there is no HTML");
	else if (html < text)
		findings_add(lint->findings, FINDING_FAULT, "M8", at_part(lint, html, where), mend,
		             "the HTML comes first: many programs then show the plain text");
	if (text >= 0) {
		lint->parts->text = parsed->part[text].body;
		lint->parts->text_line = parsed->part[text].line;
		if (text_trim(parsed->part[text].body).size == 0)
			findings_add(lint->findings, FINDING_FAULT, "M8", at_part(lint, text, where), "mend the text template",
			             "the plain text is empty");
	}
	if (html >= 0) {
		lint->parts->html = parsed->part[html].body;
		lint->parts->html_line = parsed->part[html].line;
		if (text_trim(parsed->part[html].body).size == 0)
			findings_add(lint->findings, FINDING_FAULT, "M8", at_part(lint, html, where), "mend the HTML template",
			             "the HTML is empty");
		size_t size = parsed->part[html].raw.size;
		if (size > HTML_MOST)
			findings_add(lint->findings, FINDING_FAULT, "M15", at_part(lint, html, where),
			             "shorten the post, or send an excerpt with a link to the whole",
			             "%zu kB of HTML: Gmail cuts it off near 102 kB, and the unsubscribe link with it", size / 1000);
		else if (size > HTML_WARN)
			findings_add(lint->findings, FINDING_WARNING, "M15", at_part(lint, html, where), "shorten the post",
			             "%zu kB of HTML, near the 102 kB where Gmail cuts", size / 1000);
	}
}

static void check_charset(struct lint *lint, int part)
{
	static const char *const known[] = { "utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252" };
	const struct parsed_part *p = &lint->parsed.part[part];
	bool good = false;
	char where[48];
	for (size_t i = 0; i < COUNT_OF(known); i++)
		good = good || text_equal_nocase(p->charset, known[i]);
	if (!good)
		findings_add(lint->findings, FINDING_FAULT, "M9", at_part(lint, part, where), "write charset=\"utf-8\"",
		             *p->charset ? "charset %.40s is not one every program reads" : "a text part without a charset", p->charset);
	else if (text_equal_nocase(p->charset, "utf-8") && !text_is_utf8(p->body))
		findings_add(lint->findings, FINDING_FAULT, "M9", at_part(lint, part, where), "write UTF-8",
		             "the text is not UTF-8, as its charset says");
	else if (text_equal_nocase(p->charset, "us-ascii") && !text_is_ascii(p->body))
		findings_add(lint->findings, FINDING_FAULT, "M9", at_part(lint, part, where), "write charset=\"utf-8\"",
		             "the text is not ASCII, as its charset says");
}

/* RFC 2046 section 5.1.1; and rspamd takes "b1_" for PHPMailer's. */
static void check_boundary(struct lint *lint, int part)
{
	const struct parsed_part *p = &lint->parsed.part[part];
	char where[48];
	size_t size = strlen(p->boundary);
	if (size == 0 || size > 70 || text_starts(p->boundary, "b1_"))
		findings_add(lint->findings, FINDING_FAULT, "M26", at_part(lint, part, where), "let Gazette make it",
		             size == 0 ? "a multipart without a boundary" : "boundary %.75s is too long, or that of another program",
		             p->boundary);
}

void lint_mime(struct lint *lint)
{
	const struct parsed *parsed = &lint->parsed;
	check_tree(lint);
	for (size_t i = 0; i < parsed->count; i++)
		if (text_starts(parsed->part[i].type, "multipart/"))
			check_boundary(lint, (int)i);
		else if (text_starts(parsed->part[i].type, "text/") || !*parsed->part[i].type)
			check_charset(lint, (int)i);
	size_t size = lint->message.size;
	if (parsed->is_cut || parsed->count > PARTS_MOST || size > MESSAGE_MOST)
		findings_add(lint->findings, FINDING_FAULT, "M27", "message", "leave attachments out and link to them",
		             "%zu kB in %zu parts: more than many servers take", size / 1000, parsed->count);
	else if (size > MESSAGE_WARN)
		findings_add(lint->findings, FINDING_WARNING, "M27", "message", "link to large pictures instead",
		             "%zu kB a mail, times every reader", size / 1000);
}
