/* Nothing of the house and nothing of another reader (M20). */
#include "base/text.h"
#include "message/lint_parts.h"
#include <stdio.h>

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static void check_token(struct lint *lint, struct bytes word, bool is_link, const char *where)
{
	const struct lint_known *known = lint->known;
	struct token token;
	/* A return path's token proves itself; a link's is ours by where it stands, since its MAC is bound to a reader's own epoch. */
	if (!token_read_verp(known->keys, word, &token) && !(is_link && token_claims(word, &token)))
		return;
	struct token proven;
	bool is_theirs = token.list != known->list || token.subscriber != known->subscriber;
	if (!is_theirs && token.purpose != TOKEN_VERP)
		is_theirs = !token_verify(known->keys, word, token.purpose, known->epoch, &proven);
	if (is_theirs)
		findings_add(lint->findings, FINDING_FAULT, "M20", where, "never copy a link from a mail you got into a post",
		             "a personal link that is not this reader's: whoever follows it acts for somebody else");
	else if (token.is_test)
		findings_add(lint->findings, FINDING_FAULT, "M20", where, "never copy a link from a test mail into a post",
		             "a test mail's link: it does nothing");
}

static void check_words(struct lint *lint, struct bytes text, const char *where)
{
	for (size_t i = 0; i < text.size;) {
		size_t n = 0;
		while (i + n < text.size && is_token_char(text.data[i + n]))
			n++;
		bool is_link = i >= 3 && text.data[i - 1] == '/' && text.data[i - 3] == '/' && strchr("uvsc", text.data[i - 2]);
		if (n >= 24 && n < TOKEN_TEXT)
			check_token(lint, (struct bytes){ text.data + i, n }, is_link, where);
		i += n ? n : 1;
	}
}

static void check_inner_names(struct lint *lint, const struct parsed_field *field)
{
	static const char *const inner[] = { "localhost", ".local",   ".internal", ".lan", ".localdomain",
		                             "127.0.0.1", "192.168.", "@10.",      "[10." };
	const char *value = parsed_value(field, lint->arena);
	char where[48];
	snprintf(where, sizeof where, "%.*s, line %u", (int)(field->name.size < 28 ? field->name.size : 28), field->name.data, field->line);
	for (size_t i = 0; i < COUNT_OF(inner); i++) {
		const char *at = strcasestr(value, inner[i]);
		char after = at ? at[strlen(inner[i])] : '\0';
		bool is_whole = at && (text_ends(inner[i], ".") || !is_token_char(after));
		if (is_whole && !lint->known->is_trial)
			findings_add(lint->findings, FINDING_FAULT, "M20", where, "set public names: public_url, the list's sender, helo",
			             "a name of the inner network: %.100s", value);
	}
}

void lint_privacy(struct lint *lint)
{
	char where[48];
	for (size_t i = 0; i < lint->parsed.fields; i++) {
		const struct parsed_field *field = &lint->parsed.field[i];
		snprintf(where, sizeof where, "%.*s, line %u", (int)(field->name.size < 28 ? field->name.size : 28), field->name.data,
		         field->line);
		if (text_compare_nocase(field->name, BYTES_OF("DKIM-Signature")) == 0)
			continue;
		if (text_compare_nocase(field->name, BYTES_OF("Bcc")) == 0)
			findings_add(lint->findings, FINDING_FAULT, "M20", where, "leave it out", "Bcc is shown to every reader");
		check_words(lint, bytes_text(parsed_value(field, lint->arena)), where);
		check_inner_names(lint, field);
	}
	for (size_t i = 0; i < lint->parsed.count; i++) {
		snprintf(where, sizeof where, "%.24s, line %u", lint->parsed.part[i].type, lint->parsed.part[i].line);
		check_words(lint, lint->parsed.part[i].body, where);
	}
}
