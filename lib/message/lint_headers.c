/* The fields every message has: RFC 5322 section 3.6. */
#include "base/text.h"
#include "message/lint_parts.h"
#include "model/address.h"
#include <stdio.h>

static const char *at_field(const struct parsed_field *field, char out[48])
{
	if (field)
		snprintf(out, 48, "%.*s, line %u", (int)(field->name.size < 28 ? field->name.size : 28), field->name.data, field->line);
	else
		snprintf(out, 48, "header");
	return out;
}

/* A comma outside quotes and angle brackets: more than one. */
static bool is_list(const char *value)
{
	bool quoted = false;
	for (; *value; value++) {
		if (*value == '\\' && value[1])
			value++;
		else if (*value == '"')
			quoted = !quoted;
		else if (*value == ',' && !quoted)
			return true;
	}
	return false;
}

static int read_mailbox(const char *value, struct address *address, struct error *why)
{
	CLEANUP(buffer_clear) struct buffer name = BUFFER_INIT(4096);
	if (is_list(value))
		return error_set(why, ERROR_INPUT, "there is more than one");
	return address_read_mailbox(bytes_text(value), &name, address, why);
}

/* From: one mailbox, its domain ours and the signature's (M1). */
static void check_from(struct lint *lint)
{
	const struct parsed_field *from = parsed_field(lint->top, "From", 0);
	struct address address = { 0 };
	struct error why;
	char where[48];
	if (!from) {
		findings_add(lint->findings, FINDING_FAULT, "M1", "header", "set the list's sender: gazette list set LIST --from",
		             "there is no From");
		return;
	}
	at_field(from, where);
	if (read_mailbox(parsed_value(from, lint->arena), &address, &why) < 0) {
		findings_add(lint->findings, FINDING_FAULT, "M1", where, "write one mailbox: Name <address>",
		             "From is not one mailbox: %.150s", why.text);
		return;
	}
	struct bytes domain = bytes_text(address.domain);
	const struct lint_known *known = lint->known;
	if (!text_equal_nocase(address.text, known->from_email))
		findings_add(lint->findings, FINDING_FAULT, "M1", where, "send as the list's own address",
		             "From is %.80s, not the list's %.80s", address.text, known->from_email);
	for (size_t i = 0; i < known->signer_count; i++)
		if (!lint_is_below(domain, bytes_text(known->signers[i].domain)) &&
		    !lint_is_aligned(domain, bytes_text(known->signers[i].domain)))
			findings_add(lint->findings, FINDING_FAULT, "M1", where,
			             "make a key for the sender's own domain: gazette dkim keygen",
			             "the signature's domain %.80s is not the sender's %.80s: DMARC fails", known->signers[i].domain,
			             address.domain);
}

/* Sender says who sent it for somebody else: the same as From is noise that receivers show (M2). */
static void check_sender(struct lint *lint)
{
	const struct parsed_field *sender = parsed_field(lint->top, "Sender", 0);
	const struct parsed_field *from = parsed_field(lint->top, "From", 0);
	char where[48];
	if (sender && from && strcmp(parsed_value(sender, lint->arena), parsed_value(from, lint->arena)) == 0)
		findings_add(lint->findings, FINDING_FAULT, "M2", at_field(sender, where), "leave it out", "Sender says the same as From");
}

static void check_message_id(struct lint *lint)
{
	const struct parsed_field *field = parsed_field(lint->top, "Message-ID", 0);
	const char *id = parsed_value(field, lint->arena);
	const char *host = strrchr(id, '@');
	size_t size = host ? strcspn(host + 1, ">") : 0;
	char where[48];
	if (!field)
		return;
	bool is_form = *id == '<' && id[strlen(id) - 1] == '>' && host && size > 0 && !strpbrk(id, " \t,");
	if (!is_form || !memchr(host + 1, '.', size) ||
	    !lint_is_aligned((struct bytes){ host + 1, size }, bytes_text(strrchr(lint->known->from_email, '@') + 1)))
		findings_add(lint->findings, FINDING_FAULT, "M3", at_field(field, where), "write <unique@your.domain>",
		             "Message-ID %.100s is not one id under the sender's domain", id);
}

/* "Tue, 1 Dec 2026 10:00:00 +0000", as we write it and RFC 5322 section 3.3 has it. */
static void check_date(struct lint *lint)
{
	const struct parsed_field *field = parsed_field(lint->top, "Date", 0);
	const char *date = parsed_value(field, lint->arena);
	char day[4], month[4], zone[6];
	int mday = 0, year = 0, hour = 0, minute = 0, second = 0;
	char where[48];
	if (field && (sscanf(date, "%3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %5[+-0123456789]", day, &mday, month, &year, &hour, &minute,
	                     &second, zone) != 8 ||
	              mday < 1 || mday > 31 || hour > 23 || minute > 59 || second > 60 || strlen(zone) != 5))
		findings_add(lint->findings, FINDING_FAULT, "M3", at_field(field, where), "write it as Tue, 1 Dec 2026 10:00:00 +0000",
		             "Date \"%.60s\" is none that RFC 5322 knows", date);
}

/* To names the reader it is for, and nobody else. */
static void check_to(struct lint *lint)
{
	const struct parsed_field *field = parsed_field(lint->top, "To", 0);
	struct address address;
	struct error why;
	char where[48];
	if (field &&
	    (read_mailbox(parsed_value(field, lint->arena), &address, &why) < 0 || strcmp(address.text, lint->known->recipient) != 0))
		findings_add(lint->findings, FINDING_FAULT, "M3", at_field(field, where), "write one mailbox, the reader's own",
		             "To is not the one reader the mail goes to");
}

void lint_headers(struct lint *lint)
{
	static const char *const once[] = { "Date", "Message-ID", "Subject", "To", "MIME-Version" };
	static const char *const single[] = { "Date",
		                              "From",
		                              "Sender",
		                              "Reply-To",
		                              "To",
		                              "Cc",
		                              "Bcc",
		                              "Message-ID",
		                              "In-Reply-To",
		                              "References",
		                              "Subject",
		                              "MIME-Version",
		                              "Content-Type",
		                              "Content-Transfer-Encoding",
		                              "List-Id",
		                              "List-Help",
		                              "List-Post",
		                              "List-Owner",
		                              "List-Subscribe",
		                              "List-Archive",
		                              "List-Unsubscribe-Post" };
	char where[48];
	for (size_t i = 0; i < COUNT_OF(once); i++)
		if (!parsed_field(lint->top, once[i], 0))
			findings_add(lint->findings, FINDING_FAULT, "M3", "header", "add it", "there is no %s", once[i]);
	for (size_t i = 0; i < COUNT_OF(single); i++)
		if (parsed_field(lint->top, single[i], 1))
			findings_add(lint->findings, FINDING_FAULT, "M4", at_field(parsed_field(lint->top, single[i], 1), where),
			             "keep one", "%s stands there %zu times", single[i], parsed_count(lint->top, single[i]));
	if (lint->parsed.odd_line) {
		snprintf(where, sizeof where, "line %u", lint->parsed.odd_line);
		findings_add(lint->findings, FINDING_FAULT, "M3", where, "write Name: value", "a line of the header is no field");
	}
	check_from(lint);
	check_sender(lint);
	check_message_id(lint);
	check_date(lint);
	check_to(lint);
	lint->parts->is_answer = parsed_field(lint->top, "In-Reply-To", 0) != NULL;
	lint->parts->subject = parsed_words(parsed_field(lint->top, "Subject", 0), lint->arena);
	if (parsed_field(lint->top, "Subject", 0) && !*lint->parts->subject)
		findings_add(lint->findings, FINDING_FAULT, "M3", "Subject", "gazette campaign set ID --subject", "the Subject is empty");
}
