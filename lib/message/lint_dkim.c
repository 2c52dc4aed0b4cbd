/* Signatures: that they hold, what they cover, and that nothing can be added (RULES finding 3). */
#include "base/text.h"
#include "message/lint_parts.h"
#include <stdio.h>

enum { SIGNATURES = 8 };

static size_t listed(const char *fields, const char *name)
{
	struct bytes rest = bytes_text(fields);
	struct bytes part;
	size_t n = 0;
	while (text_next_part(&rest, ":", &part))
		n += text_compare_nocase(part, bytes_text(name)) == 0;
	return n;
}

static void check_one(struct lint *lint, const struct dkim_seen *seen, const char *where)
{
	static const char *const must[] = { "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "CFBL-Address" };
	static const char *const check[] = { "M11", "M11", "M24", "M25" };
	const char *name = NULL;
	if (seen->fault)
		findings_add(lint->findings, FINDING_FAULT, "M21", where, "gazette dkim check",
		             "the signature of %.60s/%.40s does not hold: %s", seen->domain, seen->selector, seen->fault);
	if (seen->has_length)
		findings_add(lint->findings, FINDING_FAULT, "M23", where,
		             "sign without l=", "the signature has l=: anybody can add to the body");
	for (size_t i = 0; i < COUNT_OF(must); i++)
		if (parsed_field(lint->top, must[i], 0) && listed(seen->fields, must[i]) == 0)
			findings_add(lint->findings, FINDING_FAULT, check[i], where, "sign it", "the signature does not cover %s", must[i]);
	for (size_t i = 0; (name = dkim_oversigned(lint->known->fields, i)); i++)
		if (listed(seen->fields, name) <= parsed_count(lint->top, name))
			findings_add(lint->findings, FINDING_FAULT, "M22", where, "list it once more than it is there",
			             "a second %s could be put on top, and the signature would still hold", name);
}

int lint_dkim(struct lint *lint, struct error *err)
{
	struct dkim_seen seen[SIGNATURES];
	struct error why;
	size_t n = 0;
	char where[64];
	if (!lint->known->is_signed_here)
		return 0;
	if (dkim_check(lint->known->signers, lint->known->signer_count, lint->message, seen, SIGNATURES, &n, lint->arena, &why) < 0) {
		/* The bytes are no message that can be signed: M5 or M3 has said so. */
		return why.code == ERROR_MEMORY ? error_set(err, ERROR_MEMORY, "%s", why.text) : 0;
	}
	if (n == 0)
		findings_add(lint->findings, FINDING_WARNING, "M21", "header",
		             "gazette dkim keygen DOMAIN SELECTOR; where the relay signs: sign = off in its section",
		             "no signature: big providers refuse bulk mail without DKIM");
	for (size_t i = 0; i < n; i++) {
		snprintf(where, sizeof where, "DKIM-Signature %.40s", seen[i].selector);
		check_one(lint, &seen[i], where);
	}
	return 0;
}
