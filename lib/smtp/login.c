/* AUTH (RFC 4954): the strongest way that server and relay's settings have in common. libetpan speaks SASL; XOAUTH2 is one line. */
#include "base/digest.h"
#include "base/text.h"
#include "smtp/link.h"
#include "system/file.h"
#include <libetpan/libetpan.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECRET_BYTES = 255, TOKEN_BYTES = 8000 };
#define LOGIN_US (5 * MINUTE_US)

/* By strength. The first three never send the password. */
static const struct way {
	enum smtp_auth auth;
	const char *name;
	bool shows_secret;
} ways[] = {
	{ SMTP_AUTH_SCRAM_SHA_256, "SCRAM-SHA-256", false },
	{ SMTP_AUTH_SCRAM_SHA_1, "SCRAM-SHA-1", false },
	{ SMTP_AUTH_CRAM_MD5, "CRAM-MD5", false },
	{ SMTP_AUTH_PLAIN, "PLAIN", true },
	{ SMTP_AUTH_LOGIN, "LOGIN", true },
	{ SMTP_AUTH_XOAUTH2, "XOAUTH2", true },
};

static bool is_offered(const struct smtp *smtp, const char *name)
{
	struct bytes rest = bytes_text(smtp->extensions.auth);
	struct bytes word;
	while (text_next_part(&rest, " =", &word))
		if (text_compare_nocase(word, bytes_text(name)) == 0)
			return true;
	return false;
}

/* A token is not a password, nor the other way round: each has its own ways. */
static const struct way *choose(const struct smtp *smtp)
{
	enum smtp_auth wanted = smtp->options.auth;
	if (wanted == SMTP_AUTH_BEST && *smtp->options.token_file)
		wanted = SMTP_AUTH_XOAUTH2;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		bool fits = wanted == SMTP_AUTH_BEST ? ways[i].auth != SMTP_AUTH_XOAUTH2 : ways[i].auth == wanted;
		if (fits && is_offered(smtp, ways[i].name))
			return &ways[i];
	}
	return NULL;
}

static int fail(struct smtp *smtp, const char *why, struct outcome *failed)
{
	return link_lost(smtp, STAGE_AUTH, OUTCOME_LOST, why, failed);
}

static int by_sasl(struct smtp *smtp, const char *mechanism, struct outcome *failed)
{
	/* libetpan cuts longer ones and waits for ever. */
	if (strlen(smtp->options.password) > SECRET_BYTES || strlen(smtp->options.user) > SECRET_BYTES)
		return fail(smtp, "user and password must be at most 255 bytes", failed);
	mailsmtp *session = link_etpan_new(smtp);
	if (!session)
		return fail(smtp, "out of memory", failed);
	/* Before any use, so that a plug-in that is missing does not look like an earlier reply. */
	session->response_code = 0;
	stream_begin(smtp->stream, link_timeout(smtp, LOGIN_US), 64 << 10);
	const char *user = smtp->options.user;
	int result = mailesmtp_auth_sasl(session, mechanism, smtp->options.host, NULL, NULL, user, user, smtp->options.password, NULL);
	struct reply reply = { .code = session->response_code };
	snprintf(reply.text, sizeof reply.text, "%s", session->response ? session->response : "");
	link_etpan_free(session);
	if (result == MAILSMTP_NO_ERROR && reply.code == 235)
		return 0;
	if (reply.code >= 400 && reply.code <= 599)
		return link_refused(smtp, STAGE_AUTH, &reply, failed);
	bool is_missing = reply.code == 0 && stream_why(smtp->stream) == STREAM_FINE;
	return fail(smtp, is_missing ? "log-in failed: is the package libsasl2-modules installed?" : NULL, failed);
}

/* "user=U^Aauth=Bearer T^A^A" in base64, behind AUTH. The token is read anew: whoever renews it writes the file. */
static int make_bearer(struct smtp *smtp, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer token = BUFFER_INIT(TOKEN_BYTES);
	CLEANUP(buffer_clear) struct buffer plain = BUFFER_INIT(TOKEN_BYTES + 512);
	if (file_read(smtp->options.token_file, &token, err) < 0)
		return -1;
	struct bytes line = text_trim(buffer_bytes(&token));
	if (line.size == 0 || text_has_control(line))
		return error_set(err, ERROR_INPUT, "%s holds no token of one line", smtp->options.token_file);
	buffer_format(&plain, "user=%s\001auth=Bearer ", smtp->options.user);
	buffer_add_bytes(&plain, line);
	buffer_add_text(&plain, "\001\001");
	buffer_reset(&smtp->out);
	buffer_add_text(&smtp->out, "AUTH XOAUTH2 ");
	digest_base64((const uint8_t *)plain.data, plain.size, &smtp->out);
	buffer_add_text(&smtp->out, "\r\n");
	return buffer_check(&plain, err) < 0 ? -1 : buffer_check(&smtp->out, err);
}

static int by_token(struct smtp *smtp, struct outcome *failed)
{
	struct reply reply;
	struct error err;
	const char *why = NULL;
	if (make_bearer(smtp, &err) < 0)
		return fail(smtp, err.text, failed);
	if (link_write(smtp, LOGIN_US) < smtp->out.size || link_reply(smtp, LOGIN_US, &reply, &why) < 0)
		return fail(smtp, why, failed);
	/* 334 and what is wrong, in base64: an empty line asks for the refusal itself. */
	if (reply.code == 334 && link_command(smtp, STAGE_AUTH, &reply, failed, "%s", "") < 0)
		return -1;
	return reply.code == 235 ? 0 : link_refused(smtp, STAGE_AUTH, &reply, failed);
}

int link_log_in(struct smtp *smtp, struct outcome *failed)
{
	char why[400];
	const struct way *way = choose(smtp);
	bool is_secret = (stream_is_tls(smtp->stream) && smtp->options.verify) || stream_peer_is_loopback(smtp->stream);
	if (!way) {
		snprintf(why, sizeof why,
		         "the server offers no way to log in that this relay may use (see auth in its section); it has: %.200s",
		         *smtp->extensions.auth ? smtp->extensions.auth : "none");
		return fail(smtp, why, failed);
	}
	if (way->shows_secret && !is_secret) {
		snprintf(why, sizeof why, "%s shows the secret to whoever listens: it is sent under verified TLS or to loopback only",
		         way->name);
		return fail(smtp, why, failed);
	}
	return way->auth == SMTP_AUTH_XOAUTH2 ? by_token(smtp, failed) : by_sasl(smtp, way->name, failed);
}
