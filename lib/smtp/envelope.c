/* The turns of a session: envelope, message, reply, with the next envelope in the same write. */
#include "base/text.h"
#include "smtp/link.h"
#include "system/clock.h"
#include <assert.h>
#include <stdio.h>

enum { COMMANDS = 4 };

struct step {
	enum smtp_stage stage;
	bool is_reset;
};

/* CR, LF, blanks and brackets would be commands of their own. */
static bool is_sayable(const char *address)
{
	return strlen(address) < ADDRESS_BYTES && !text_has_control(bytes_text(address)) && !strpbrk(address, " <>");
}

static int unsayable(struct smtp *smtp, const char *status, const char *text, struct outcome *outcome)
{
	struct reply reply = { .code = 556 };
	snprintf(reply.status, sizeof reply.status, "%s", status);
	snprintf(reply.text, sizeof reply.text, "%s %s", status, text);
	link_outcome(smtp, STAGE_RCPT, &reply, outcome);
	return -1;
}

static int check(struct smtp *smtp, const struct envelope *envelope, struct outcome *outcome)
{
	if (!is_sayable(envelope->sender) || !is_sayable(envelope->recipient))
		return unsayable(smtp, "5.1.3", "the address holds characters that SMTP can not say", outcome);
	if (envelope->needs_smtputf8 && !smtp->extensions.smtputf8)
		return unsayable(smtp, "5.6.7", "the server does not take UTF-8 addresses", outcome);
	return 0;
}

static void add_mail(struct smtp *smtp, const struct envelope *envelope)
{
	buffer_format(&smtp->out, "MAIL FROM:<%s>%s\r\n", envelope->sender, envelope->needs_smtputf8 ? " SMTPUTF8" : "");
}

/* The whole group; its replies are read by smtp_ready(). */
static void add_group(struct smtp *smtp, const struct envelope *envelope)
{
	smtp->leads_reset = smtp->must_reset;
	if (smtp->leads_reset)
		buffer_add_text(&smtp->out, "RSET\r\n");
	add_mail(smtp, envelope);
	buffer_format(&smtp->out, "RCPT TO:<%s>\r\nDATA\r\n", envelope->recipient);
}

int smtp_begin(struct smtp *smtp, const struct envelope *envelope, struct outcome *outcome)
{
	assert(smtp->is_open && !smtp->is_begun);
	smtp->began_us = clock_now().mono_us;
	if (check(smtp, envelope, outcome) < 0)
		return -1;
	smtp->envelope = envelope;
	smtp->is_begun = true;
	if (!smtp->extensions.pipelining)
		return 0;
	buffer_reset(&smtp->out);
	add_group(smtp, envelope);
	if (link_write(smtp, SMTP_ENVELOPE_US) < smtp->out.size)
		return link_lost(smtp, STAGE_MAIL, OUTCOME_LOST, NULL, outcome);
	return 0;
}

static size_t steps_of(bool reset, struct step steps[COMMANDS])
{
	size_t n = 0;
	if (reset)
		steps[n++] = (struct step){ STAGE_MAIL, true };
	steps[n++] = (struct step){ STAGE_MAIL, false };
	steps[n++] = (struct step){ STAGE_RCPT, false };
	steps[n++] = (struct step){ STAGE_DATA, false };
	return n;
}

static bool is_good(const struct step *step, int code)
{
	return step->stage == STAGE_DATA ? code == 354 : code >= 200 && code < 300;
}

static int say_one(struct smtp *smtp, const struct step *step, struct outcome *outcome)
{
	buffer_reset(&smtp->out);
	if (step->is_reset)
		buffer_add_text(&smtp->out, "RSET\r\n");
	else if (step->stage == STAGE_MAIL)
		add_mail(smtp, smtp->envelope);
	else if (step->stage == STAGE_RCPT)
		buffer_format(&smtp->out, "RCPT TO:<%s>\r\n", smtp->envelope->recipient);
	else
		buffer_add_text(&smtp->out, "DATA\r\n");
	return link_write(smtp, SMTP_ENVELOPE_US) < smtp->out.size ? link_lost(smtp, step->stage, OUTCOME_LOST, NULL, outcome) : 0;
}

/* A server that took DATA without a recipient waits for a message: it gets an empty one, and its answer is about nobody. */
static int end_empty(struct smtp *smtp)
{
	struct reply reply;
	const char *why = NULL;
	buffer_reset(&smtp->out);
	buffer_add_text(&smtp->out, ".\r\n");
	if (link_write(smtp, SMTP_ENVELOPE_US) < smtp->out.size || link_reply(smtp, SMTP_DATA_US, &reply, &why) < 0)
		smtp_drop(smtp);
	return 0;
}

int smtp_ready(struct smtp *smtp, struct outcome *outcome)
{
	struct step steps[COMMANDS];
	bool pipelined = smtp->extensions.pipelining;
	bool failed = false;
	bool has_354 = false;
	assert(smtp->is_begun);
	size_t n = steps_of(pipelined ? smtp->leads_reset : smtp->must_reset, steps);
	for (size_t i = 0; i < n; i++) {
		struct reply reply;
		const char *why = NULL;
		if (!pipelined && say_one(smtp, &steps[i], outcome) < 0)
			return -1;
		if (link_reply(smtp, steps[i].stage == STAGE_DATA ? SMTP_DATA_US : SMTP_ENVELOPE_US, &reply, &why) < 0) {
			/* A server may hang up behind its refusal: the refusal stands. */
			if (!failed)
				return link_lost(smtp, steps[i].stage, OUTCOME_LOST, why, outcome);
			smtp_drop(smtp);
			return 0;
		}
		bool good = is_good(&steps[i], reply.code);
		has_354 = has_354 || (steps[i].stage == STAGE_DATA && reply.code == 354);
		if (!good && !failed)
			link_outcome(smtp, steps[i].stage, &reply, outcome);
		failed = failed || !good;
		if (reply.code == 421) {
			smtp_drop(smtp);
			return 0;
		}
		if (failed && !pipelined)
			break;
	}
	smtp->must_reset = failed;
	if (!failed)
		return 1;
	smtp->is_begun = false;
	return has_354 ? end_empty(smtp) : 0;
}

/* The message with its dots stuffed. False: a line break that is none, which a receiver could take for the end (SMTP smuggling). */
static bool add_message(struct buffer *out, struct bytes message)
{
	size_t from = 0;
	if (message.size > 0 && message.data[0] == '.')
		buffer_add_char(out, '.');
	for (size_t at = 0; at < message.size;) {
		const char *lf = memchr(message.data + at, '\n', message.size - at);
		const char *end = lf ? lf : message.data + message.size;
		const char *cr = memchr(message.data + at, '\r', (size_t)(end - message.data) - at);
		if (lf ? cr != lf - 1 : cr != NULL)
			return false;
		at = (size_t)(end - message.data) + 1;
		if (lf && at < message.size && message.data[at] == '.') {
			buffer_add(out, message.data + from, at - from);
			buffer_add_char(out, '.');
			from = at;
		}
	}
	buffer_add(out, message.data + from, message.size - from);
	bool ends = message.size >= 2 && message.data[message.size - 2] == '\r' && message.data[message.size - 1] == '\n';
	if (!ends)
		buffer_add(out, "\r\n", 2);
	return memchr(message.data, '\0', message.size) == NULL;
}

int smtp_send(struct smtp *smtp, struct bytes message, const struct envelope *next, struct outcome *outcome)
{
	struct outcome next_outcome;
	assert(smtp->is_begun);
	buffer_reset(&smtp->out);
	if (!add_message(&smtp->out, message))
		return link_lost(smtp, STAGE_DATA_END, OUTCOME_WITHHELD, "the message holds a bare CR, a bare LF or a NUL: it was not sent",
		                 outcome);
	buffer_add(&smtp->out, ".\r\n", 3);
	size_t dot_end = smtp->out.size;
	smtp->must_reset = false;
	smtp->is_begun = false;
	smtp->early = next && smtp->extensions.pipelining && check(smtp, next, &next_outcome) == 0 ? next : NULL;
	if (smtp->early)
		add_group(smtp, next);
	if (smtp->out.failed)
		return link_lost(smtp, STAGE_DATA_END, OUTCOME_WITHHELD, "the message is too large", outcome);
	size_t written = link_write(smtp, SMTP_BLOCK_US);
	if (written < dot_end)
		return link_lost(smtp, STAGE_DATA_END, OUTCOME_LOST, NULL, outcome);
	smtp->is_cut = written < smtp->out.size;
	return 0;
}

int smtp_reply(struct smtp *smtp, struct outcome *outcome)
{
	struct reply reply;
	const char *why = NULL;
	if (link_reply(smtp, SMTP_DOT_US, &reply, &why) < 0)
		return link_lost(smtp, STAGE_DATA_END, OUTCOME_SILENT, why, outcome);
	link_outcome(smtp, STAGE_DATA_END, &reply, outcome);
	smtp->began_us = clock_now().mono_us;
	if (reply.code == 421 || smtp->is_cut) {
		smtp_drop(smtp);
	} else if (smtp->early) {
		smtp->envelope = smtp->early;
		smtp->is_begun = true;
	}
	return 0;
}
