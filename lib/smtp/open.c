/* From nothing to a session that takes mail: connect, greeting, EHLO, TLS. libetpan reads EHLO. */
#include "base/text.h"
#include "smtp/link.h"
#include "system/clock.h"
#include <libetpan/libetpan.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CONNECT_US (30 * SECOND_US)
#define GREETING_US (5 * MINUTE_US)
#define COMMAND_US (5 * MINUTE_US)

/* Exported by libetpan, in no public header of its. */
int mailesmtp_parse_ehlo(mailsmtp *session);

static struct bytes next_string(char **to, const char *text)
{
	size_t size = strlen(text ? text : "") + 1;
	memcpy(*to, text ? text : "", size);
	struct bytes place = { *to, size - 1 };
	*to += size;
	return place;
}

struct smtp *smtp_new(const struct smtp_options *options)
{
	struct smtp *smtp = calloc(1, sizeof *smtp);
	const char **strings[] = { &smtp->options.host, &smtp->options.ca_file,    &smtp->options.user,      &smtp->options.password,
		                   &smtp->options.helo, &smtp->options.relay_name, &smtp->options.token_file };
	const char *given[] = { options->host, options->ca_file,    options->user,      options->password,
		                options->helo, options->relay_name, options->token_file };
	char name[256] = "localhost";
	if (!smtp)
		return NULL;
	smtp->options = *options;
	if (!options->helo || !*options->helo) {
		if (gethostname(name, sizeof name - 1) < 0 || !*name)
			snprintf(name, sizeof name, "localhost");
		given[4] = name;
	}
	size_t size = 0;
	for (size_t i = 0; i < COUNT_OF(given); i++)
		size += strlen(given[i] ? given[i] : "") + 1;
	smtp->strings = malloc(size);
	smtp->stream = stream_new();
	smtp->out = BUFFER_INIT(256 << 20);
	if (!smtp->strings || !smtp->stream) {
		smtp_free(&smtp);
		return NULL;
	}
	char *to = smtp->strings;
	for (size_t i = 0; i < COUNT_OF(given); i++)
		*strings[i] = next_string(&to, given[i]).data;
	return smtp;
}

void smtp_free(struct smtp **smtp)
{
	if (!*smtp)
		return;
	stream_free(&(*smtp)->stream);
	buffer_clear(&(*smtp)->out);
	free((*smtp)->strings);
	free(*smtp);
	*smtp = NULL;
}

int link_command(struct smtp *smtp, enum smtp_stage stage, struct reply *reply, struct outcome *failed, const char *format, ...)
{
	char line[512];
	const char *why = NULL;
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	buffer_reset(&smtp->out);
	buffer_format(&smtp->out, "%s\r\n", line);
	if (link_write(smtp, COMMAND_US) < smtp->out.size || link_reply(smtp, COMMAND_US, reply, &why) < 0)
		return link_lost(smtp, stage, OUTCOME_LOST, why, failed);
	return 0;
}

int link_refused(struct smtp *smtp, enum smtp_stage stage, const struct reply *reply, struct outcome *failed)
{
	link_outcome(smtp, stage, reply, failed);
	smtp_drop(smtp);
	return -1;
}

/* A session of libetpan's on our stream, without its connect, which would wait for a greeting. */
mailsmtp *link_etpan_new(struct smtp *smtp)
{
	mailsmtp *session = mailsmtp_new(0, NULL);
	mailstream_low *low = session ? stream_low(smtp->stream) : NULL;
	if (low)
		session->stream = mailstream_new(low, 16384);
	if (session && !session->stream) {
		mailsmtp_free(session);
		return NULL;
	}
	return session;
}

/* Frees libetpan's side; the connection is ours and stays open. */
void link_etpan_free(mailsmtp *session)
{
	mailstream_close(session->stream);
	session->stream = NULL;
	mailsmtp_free(session);
}

static bool has_line(const char *lines, const char *word)
{
	struct bytes rest = bytes_text(lines);
	struct bytes line;
	while (text_next_part(&rest, "\n", &line))
		if (text_starts_nocase(line, word) && (line.size == strlen(word) || line.data[strlen(word)] == ' '))
			return true;
	return false;
}

static void read_auth(struct smtp *smtp, const char *lines)
{
	struct bytes rest = bytes_text(lines);
	struct bytes line;
	while (text_next_part(&rest, "\n", &line))
		if (text_starts_nocase(line, "AUTH ") && line.size - 5 < sizeof smtp->extensions.auth) {
			memcpy(smtp->extensions.auth, line.data + 5, line.size - 5);
			smtp->extensions.auth[line.size - 5] = '\0';
		}
}

static int read_extensions(struct smtp *smtp, struct reply *reply)
{
	mailsmtp *session = link_etpan_new(smtp);
	if (!session)
		return -1;
	/* A TAB sends libetpan's reader of AUTH words round for ever. */
	for (char *tab = reply->lines; (tab = strchr(tab, '\t'));)
		*tab = ' ';
	int result = mmap_string_assign(session->response_buffer, reply->lines) ? 0 : -1;
	if (result == 0) {
		session->response = session->response_buffer->str;
		mailesmtp_parse_ehlo(session);
		bool bad_size = session->smtp_max_msg_size == 0;
		smtp->extensions = (struct smtp_extensions){ .pipelining = (session->esmtp & MAILSMTP_ESMTP_PIPELINING) != 0,
			                                     .eight_bit = (session->esmtp & MAILSMTP_ESMTP_8BITMIME) != 0,
			                                     .size = (session->esmtp & MAILSMTP_ESMTP_SIZE) != 0,
			                                     .starttls = (session->esmtp & MAILSMTP_ESMTP_STARTTLS) != 0,
			                                     .smtputf8 = has_line(reply->lines, "SMTPUTF8"),
			                                     .max_size = bad_size ? 0 : session->smtp_max_msg_size };
		read_auth(smtp, reply->lines);
		session->response = NULL;
	}
	link_etpan_free(session);
	return result;
}

static int say_ehlo(struct smtp *smtp, struct outcome *failed)
{
	struct reply reply;
	if (link_command(smtp, STAGE_EHLO, &reply, failed, "EHLO %.255s", smtp->options.helo) < 0)
		return -1;
	if (reply.code != 250)
		return link_refused(smtp, STAGE_EHLO, &reply, failed);
	return read_extensions(smtp, &reply) < 0 ? link_lost(smtp, STAGE_EHLO, OUTCOME_LOST, "out of memory", failed) : 0;
}

static int handshake(struct smtp *smtp, struct outcome *failed)
{
	struct stream_tls tls = { .host = smtp->options.host, .ca_file = smtp->options.ca_file, .verify = smtp->options.verify };
	struct error err;
	stream_begin(smtp->stream, link_timeout(smtp, COMMAND_US), SIZE_MAX);
	return stream_start_tls(smtp->stream, &tls, &err) < 0 ? link_lost(smtp, STAGE_TLS, OUTCOME_LOST, err.text, failed) : 0;
}

static int start_tls(struct smtp *smtp, struct outcome *failed)
{
	struct reply reply;
	if (!smtp->extensions.starttls)
		return link_lost(smtp, STAGE_TLS, OUTCOME_LOST,
		                 "the server offers no STARTTLS (smtp+plain:// goes without, to loopback and private addresses)", failed);
	if (link_command(smtp, STAGE_TLS, &reply, failed, "STARTTLS") < 0)
		return -1;
	if (reply.code != 220)
		return link_refused(smtp, STAGE_TLS, &reply, failed);
	/* What came in the clear behind the reply would be taken for the server's protected words. */
	if (smtp->in_at < smtp->in_size)
		return link_lost(smtp, STAGE_TLS, OUTCOME_LOST, "the server sent more before TLS began", failed);
	return handshake(smtp, failed) < 0 ? -1 : say_ehlo(smtp, failed);
}

static int greeting(struct smtp *smtp, struct outcome *failed)
{
	struct reply reply;
	const char *why = NULL;
	if (link_reply(smtp, GREETING_US, &reply, &why) < 0)
		return link_lost(smtp, STAGE_BANNER, OUTCOME_LOST, why, failed);
	return reply.code == 220 ? 0 : link_refused(smtp, STAGE_BANNER, &reply, failed);
}

int smtp_open(struct smtp *smtp, struct outcome *failed)
{
	struct error err;
	smtp_drop(smtp);
	*failed = (struct outcome){ 0 };
	smtp->began_us = clock_now().mono_us;
	smtp->in_at = smtp->in_size = 0;
	smtp->is_begun = smtp->must_reset = false;
	if (stream_connect(smtp->stream, smtp->options.host, smtp->options.port, link_timeout(smtp, CONNECT_US), &err) < 0)
		return link_lost(smtp, STAGE_CONNECT, OUTCOME_LOST, err.text, failed);
	if ((smtp->options.security == SMTP_TLS && handshake(smtp, failed) < 0) || greeting(smtp, failed) < 0 ||
	    say_ehlo(smtp, failed) < 0 || (smtp->options.security == SMTP_STARTTLS && start_tls(smtp, failed) < 0) ||
	    (*smtp->options.user && link_log_in(smtp, failed) < 0))
		return -1;
	smtp->is_open = true;
	return 0;
}

bool smtp_is_open(const struct smtp *smtp)
{
	return smtp->is_open;
}

bool smtp_is_begun(const struct smtp *smtp)
{
	return smtp->is_begun;
}

const struct smtp_extensions *smtp_extensions(const struct smtp *smtp)
{
	return &smtp->extensions;
}

void smtp_drop(struct smtp *smtp)
{
	stream_close(smtp->stream);
	smtp->is_open = smtp->is_begun = false;
}

void smtp_quit(struct smtp *smtp)
{
	if (!smtp->is_open)
		return;
	stream_begin(smtp->stream, SECOND_US, 0);
	if (stream_write(smtp->stream, "QUIT\r\n", 6) < 0)
		smtp->is_open = false; /* gone already: as good */
	smtp_drop(smtp);
}

void smtp_cancel(struct smtp *smtp)
{
	stream_cancel(smtp->stream);
}
