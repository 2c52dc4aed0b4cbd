/* session - one session with one SMTP server (RFC 5321), pipelined where the server offers it (RFC 2920): the end of one message and the
 * envelope of the next are one write. Replies are matched by position; the outcome of a message is the reply to the first command that
 * failed. One thread at a time; smtp_cancel() from any. */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H
#include "model/job.h"
#include "model/outcome.h"

/* BEST: the strongest that the server has, of SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN and LOGIN; XOAUTH2 where there is a token_file.
 */
enum smtp_auth {
	SMTP_AUTH_BEST,
	SMTP_AUTH_SCRAM_SHA_256,
	SMTP_AUTH_SCRAM_SHA_1,
	SMTP_AUTH_CRAM_MD5,
	SMTP_AUTH_PLAIN,
	SMTP_AUTH_LOGIN,
	SMTP_AUTH_XOAUTH2
};
enum smtp_security { SMTP_STARTTLS /* required */, SMTP_TLS /* from the first byte */, SMTP_PLAIN };

struct smtp_options {
	const char *host;
	uint16_t port;
	enum smtp_security security;
	bool verify;                 /* certificate and host name */
	const char *ca_file;         /* "" or NULL: the system's */
	const char *user, *password; /* user "" or NULL: no AUTH */
	enum smtp_auth auth;
	const char *token_file;   /* for XOAUTH2, read at each log-in; "" or NULL: none */
	const char *helo;         /* "" or NULL: the machine's name */
	const char *relay_name;   /* for outcomes */
	int64_t time_out_percent; /* of RFC 5321 section 4.5.3.2; 0 means 100 */
};

struct smtp_extensions {
	bool pipelining, eight_bit, size, smtputf8, starttls;
	uint64_t max_size; /* 0: none stated */
	char auth[256];    /* the mechanisms, blanks between */
};

struct smtp;

struct smtp *smtp_new(const struct smtp_options *options); /* copies them; NULL: out of memory */
void smtp_free(struct smtp **smtp);

/* Connect, greeting, EHLO, TLS, EHLO, AUTH. 0, or -1 with *failed saying where and why: kind OUTCOME_REPLY or OUTCOME_LOST. */
MUST_CHECK int smtp_open(struct smtp *smtp, struct outcome *failed);
bool smtp_is_open(const struct smtp *smtp);
bool smtp_is_begun(const struct smtp *smtp); /* an envelope is out whose replies smtp_ready() has not read */
const struct smtp_extensions *smtp_extensions(const struct smtp *smtp);

/* Sends the envelope of a message on its own. 0, or -1: the link is lost, or the envelope can not be said (*outcome tells). */
MUST_CHECK int smtp_begin(struct smtp *smtp, const struct envelope *envelope, struct outcome *outcome);
/* Reads the replies to the envelope begun. 1: data may go. 0: refused, *outcome is the first failure; the next may be begun if
 * smtp_is_open(). -1: the link is lost, nothing was sent. */
MUST_CHECK int smtp_ready(struct smtp *smtp, struct outcome *outcome);
/* After smtp_ready() was 1: the message (CRLF lines; dots are stuffed here), the final dot and, in the same write where that is
 * allowed, the envelope of the next (NULL: none). 0, or -1: the link is gone, *outcome is LOST (the dot was not yet handed to the
 * kernel); or WITHHELD (a line break that is none). `next` must live until smtp_ready(). */
MUST_CHECK int smtp_send(struct smtp *smtp, struct bytes message, const struct envelope *next, struct outcome *outcome);
/* Reads the reply to the dot smtp_send() sent: there is time for other work in between. 0: *outcome is ACCEPTED or REPLY. -1: the link
 * is gone, *outcome is SILENT. */
MUST_CHECK int smtp_reply(struct smtp *smtp, struct outcome *outcome);

void smtp_quit(struct smtp *smtp); /* says QUIT, waits for nothing */
void smtp_drop(struct smtp *smtp); /* closes now: an open envelope or message is not completed */
/* RFC 5321, section 4.5.3.2: what each step may take. */
#define SMTP_ENVELOPE_US (5 * MINUTE_US) /* MAIL and RCPT, each */
#define SMTP_DATA_US (2 * MINUTE_US)
#define SMTP_BLOCK_US (3 * MINUTE_US)
#define SMTP_DOT_US (10 * MINUTE_US)

void smtp_cancel(struct smtp *smtp); /* from another thread: what is read or written ends, and so does every later call */
#endif
