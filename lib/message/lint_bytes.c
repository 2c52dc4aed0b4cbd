/* Every byte and every line: RFC 5321 section 2.3.8, RFC 5322 sections 2.1.1 and 2.2.3, RFC 2045 section 2.7, RFC 2047 section 2. */
#include "base/text.h"
#include "message/lint_parts.h"
#include <stdio.h>

enum { LINE_MOST = 998, HEADER_LINE_MOST = 78, WORD_MOST = 75 };

static const char *at_line(unsigned line, char out[32])
{
	snprintf(out, 32, "line %u", line);
	return out;
}

/* "=?charset?Q?text?=" that is longer than RFC 2047 section 2 allows. */
static bool has_long_word(struct bytes line)
{
	for (size_t i = 0; i + 1 < line.size; i++) {
		if (line.data[i] != '=' || line.data[i + 1] != '?')
			continue;
		size_t end = i + 2;
		unsigned marks = 0;
		while (end < line.size && line.data[end] != ' ' && line.data[end] != '\t') {
			marks += line.data[end] == '?';
			if (marks == 3 && line.data[end] == '?' && end + 1 < line.size && line.data[end + 1] == '=')
				break;
			end++;
		}
		if (end + 2 - i > WORD_MOST)
			return true;
		i = end;
	}
	return false;
}

static void check_header_line(struct lint *lint, struct bytes line, const char *where)
{
	if (has_long_word(line))
		findings_add(lint->findings, FINDING_FAULT, "M6", where, "split it into words of at most 75 characters (RFC 2047)",
		             "an encoded word is longer than 75 characters");
	/* A single word that long can not be folded: only what has a blank to fold at is judged. */
	struct bytes trimmed = text_trim(line);
	const char *blank = memchr(trimmed.data, ' ', trimmed.size);
	bool can_fold = blank && (blank[-1] != ':' || memchr(blank + 1, ' ', (size_t)(trimmed.data + trimmed.size - blank - 1)));
	if (line.size > HEADER_LINE_MOST && line.size <= LINE_MOST && can_fold)
		findings_add(lint->findings, FINDING_WARNING, "M6", where, "fold it at a blank",
		             "a header line of %zu characters, more than 78", line.size);
}

/* RFC 6532: the header of a mail to an address that is not ASCII is UTF-8; it goes by SMTPUTF8 or not at all. */
static bool may_be_utf8(const struct lint *lint, struct bytes line)
{
	const char *recipient = lint->known->recipient;
	return recipient && !text_is_ascii(bytes_text(recipient)) && text_is_utf8(line);
}

void lint_bytes(struct lint *lint)
{
	const char *at = lint->message.data;
	const char *end = at + lint->message.size;
	bool in_header = true;
	bool is_7bit = true;
	char where[32];
	for (unsigned number = 1; at < end; number++) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		struct bytes line = { at, (size_t)((lf ? lf : end) - at) };
		bool has_crlf = lf && line.size > 0 && lf[-1] == '\r';
		line.size -= has_crlf;
		at_line(number, where);
		if (!has_crlf || memchr(line.data, '\r', line.size) || memchr(line.data, '\0', line.size))
			findings_add(lint->findings, FINDING_FAULT, "M5", where, "end every line with CR LF, and keep NUL out of it",
			             "a line that does not end in CR LF, or a CR or NUL within it: servers disagree on what it means");
		if (line.size > LINE_MOST)
			findings_add(lint->findings, FINDING_FAULT, "M6", where, "encode the part as quoted-printable or base64",
			             "a line of %zu bytes, more than 998: servers cut or refuse it", line.size);
		if (in_header && line.size > 0)
			check_header_line(lint, line, where);
		if (is_7bit && !text_is_ascii(line) && !(in_header && may_be_utf8(lint, line))) {
			is_7bit = false;
			findings_add(lint->findings, FINDING_FAULT, "M7", where,
			             "encode it: quoted-printable or base64 in a body, encoded words in a header",
			             "bytes above 127: a server on the way may change them, and the signature breaks");
		}
		in_header = in_header && line.size > 0;
		at = lf ? lf + 1 : end;
	}
}
