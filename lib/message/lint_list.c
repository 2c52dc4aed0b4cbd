/* What makes it a list's mail: List-Id (RFC 2919), unsubscribing (RFC 2369, RFC 8058; rules U1 to U4), Feedback-ID, CFBL (RFC 9477). */
#include "base/text.h"
#include "message/lint_parts.h"
#include <stdio.h>

static const char *value_of(struct lint *lint, const char *name, char where[48])
{
	const struct parsed_field *field = parsed_field(lint->top, name, 0);
	snprintf(where, 48, field ? "%s, line %u" : "header", name, field ? field->line : 0);
	return parsed_value(field, lint->arena);
}

static void check_list_id(struct lint *lint)
{
	char where[48];
	char host[256] = "";
	const char *value = value_of(lint, "List-Id", where);
	const char *open = strrchr(value, '<');
	struct bytes id = open ? (struct bytes){ open + 1, strcspn(open + 1, ">") } : (struct bytes){ "", 0 };
	if (id.size == 0 || open[1 + id.size] != '>' || !memchr(id.data, '.', id.size) || memchr(id.data, ' ', id.size)) {
		findings_add(lint->findings, FINDING_FAULT, "M10", where, "write List-Id: Name <list.your.domain>",
		             *value ? "List-Id %.100s has no id in angle brackets" : "there is no List-Id", value);
		return;
	}
	if (text_compare_nocase(id, bytes_text(lint->known->list_id)) != 0)
		findings_add(lint->findings, FINDING_FAULT, "M10", where, "send the list's own id: readers sort and filter by it",
		             "List-Id is %.*s, not the list's %.100s", (int)id.size, id.data, lint->known->list_id);
	lint_host(lint->known->public_url, host);
	if (!lint_is_aligned(id, bytes_text(strrchr(lint->known->from_email, '@') + 1)) && !lint_is_aligned(id, bytes_text(host)))
		findings_add(lint->findings, FINDING_WARNING, "M10", where, "take an id under the sender's domain",
		             "List-Id %.*s is under none of our domains", (int)id.size, id.data);
}

/* The URI alone says who and which list, and nobody can make it up (U4). */
static void check_unsubscribe_token(struct lint *lint, const char *url, const char *where)
{
	const struct lint_known *known = lint->known;
	const char *path = strstr(url, "/u/");
	struct bytes text = path ? bytes_text(path + 3) : (struct bytes){ "", 0 };
	struct token token;
	text.size = strcspn(text.data, "?#/");
	if (!token_verify(known->keys, text, TOKEN_UNSUBSCRIBE, known->epoch, &token) || token.list != known->list ||
	    token.subscriber != known->subscriber || token.is_test)
		findings_add(lint->findings, FINDING_FAULT, "M11", where, "let Gazette write it: the template's reader.unsubscribe_url",
		             "the unsubscribe address does not name this reader and this list by a token of ours");
}

static void check_uris(struct lint *lint, const char *value, const char *where)
{
	unsigned web = 0;
	struct bytes rest = bytes_text(value);
	struct bytes part;
	while (text_next_part(&rest, ",", &part)) {
		part = text_trim(part);
		if (part.size < 3 || part.data[0] != '<' || part.data[part.size - 1] != '>') {
			findings_add(lint->findings, FINDING_FAULT, "M11", where, "put each URI between < and >",
			             "List-Unsubscribe holds what is no URI in angle brackets");
			return;
		}
		char *url = arena_copy(lint->arena, part.data + 1, part.size - 2);
		if (!url || text_starts_nocase(bytes_text(url), "mailto:"))
			continue;
		web++;
		lint->parts->unsubscribe_url = url;
		if (!text_starts_nocase(bytes_text(url), "https://"))
			findings_add(lint->findings, lint->known->is_trial ? FINDING_WARNING : FINDING_FAULT, "M11", where,
			             "set [daemon] public_url to an https address", "the unsubscribe address is not https (RFC 8058)");
		check_unsubscribe_token(lint, url, where);
	}
	if (web != 1)
		findings_add(lint->findings, FINDING_FAULT, "M11", where, "write exactly one https URI; a mailto may follow",
		             "List-Unsubscribe holds %u web addresses, not one", web);
}

static void check_unsubscribe(struct lint *lint)
{
	char where[48];
	const char *value = value_of(lint, "List-Unsubscribe", where);
	size_t n = parsed_count(lint->top, "List-Unsubscribe");
	if (n != 1)
		findings_add(lint->findings, FINDING_FAULT, "M11", where, "keep exactly one: big providers refuse bulk mail without",
		             "List-Unsubscribe stands there %zu times", n);
	if (n > 0)
		check_uris(lint, value, where);
	if (strcmp(value_of(lint, "List-Unsubscribe-Post", where), "List-Unsubscribe=One-Click") != 0)
		findings_add(lint->findings, FINDING_FAULT, "M11", where, "write List-Unsubscribe-Post: List-Unsubscribe=One-Click",
		             "one-click unsubscribing is not offered (RFC 8058)");
}

/* Something of this reader in a field that is to be the same for all. */
static bool is_personal(const struct lint *lint, struct bytes field)
{
	char text[512];
	struct token token;
	struct bytes local = { lint->known->recipient, strcspn(lint->known->recipient, "@") };
	snprintf(text, sizeof text, "%.*s", (int)(field.size < 500 ? field.size : 500), field.data);
	return token_claims(field, &token) || token_read_verp(lint->known->keys, field, &token) || strstr(text, lint->known->recipient) ||
	       text_compare_nocase(field, local) == 0;
}

/* a:b:c:SenderId, read from the right (Google's rules for Feedback-ID). */
static void check_feedback(struct lint *lint)
{
	char where[48];
	const char *value = value_of(lint, "Feedback-ID", where);
	struct bytes field[8];
	size_t n = 0;
	struct bytes rest = bytes_text(value);
	if (!*value) {
		findings_add(lint->findings, FINDING_WARNING, "M24", where, "write Feedback-ID: campaign:list:kind:sender",
		             "there is no Feedback-ID: Gmail's Postmaster Tools can not tell campaigns apart");
		return;
	}
	while (n < COUNT_OF(field) && text_next_part(&rest, ":", &field[n]))
		n++;
	size_t last = field[n - 1].size;
	if (n > 4 || last < 5 || last > 15)
		findings_add(lint->findings, FINDING_FAULT, "M24", where, "at most four parts, the last of 5 to 15 characters",
		             "Feedback-ID %.80s is none that is read: %zu parts, a sender of %zu characters", value, n, last);
	for (size_t i = 0; i < n; i++) {
		if (is_personal(lint, field[i]))
			findings_add(lint->findings, FINDING_FAULT, "M24", where, "leave the reader out of it",
			             "Feedback-ID names a single reader");
		for (size_t j = 0; j < i; j++)
			if (text_compare_nocase(field[i], field[j]) == 0)
				findings_add(lint->findings, FINDING_WARNING, "M24", where, "give each part another value",
				             "Feedback-ID repeats %.*s", (int)field[i].size, field[i].data);
	}
}

static void check_cfbl(struct lint *lint)
{
	char where[48];
	const char *value = value_of(lint, "CFBL-Address", where);
	size_t n = parsed_count(lint->top, "CFBL-Address");
	size_t size = strcspn(value, "; ");
	const char *at = memchr(value, '@', size);
	if (n == 0) {
		findings_add(lint->findings, FINDING_WARNING, "M25", where, "set [inbound] return_path under the sender's domain",
		             "there is no CFBL-Address: complaints can not be reported to us (RFC 9477)");
		return;
	}
	if (n > 1 || !at || !strstr(value, "report=arf"))
		findings_add(lint->findings, FINDING_FAULT, "M25", where, "write one CFBL-Address: address; report=arf",
		             "CFBL-Address is not one address with the kind of report");
	else if (!lint_is_aligned((struct bytes){ at + 1, size - (size_t)(at + 1 - value) },
	                          bytes_text(strrchr(lint->known->from_email, '@') + 1)))
		findings_add(lint->findings, FINDING_WARNING, "M25", where, "take an address under the sender's domain",
		             "CFBL-Address is not under the sender's domain: reports are not sent there");
}

void lint_list(struct lint *lint)
{
	check_list_id(lint);
	check_unsubscribe(lint);
	check_feedback(lint);
	check_cfbl(lint);
}
