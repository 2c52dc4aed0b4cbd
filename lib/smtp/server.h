/* server - a small SMTP or LMTP server (RFC 5321, RFC 2033): the listener for returned mail, and the sandbox. A thread for each
 * connection, at most max_connections. Only CRLF "." CRLF ends a message. */
#ifndef SMTP_SERVER_H
#define SMTP_SERVER_H
#include "base/buffer.h"

enum { SERVER_RECIPIENTS = 100, SERVER_REPLY_BYTES = 512 };

struct smtp_mail {
	const char *sender;
	const char *const *recipients;
	size_t recipient_count;
	struct bytes message; /* CRLF lines, dots unstuffed */
};

/* Replies are "CODE text", as "250 2.0.0 ok"; they are made one line. Called from the connections' threads. */
struct smtp_handler {
	/* Before MAIL is answered, in place of the greeting...: NULL fields take everything. */
	void (*rcpt)(void *context, const char *sender, const char *recipient, char reply[SERVER_REPLY_BYTES]);
	/* One reply; for LMTP one for each recipient, in order. A reply that begins with "drop" closes without an answer. */
	void (*data)(void *context, const struct smtp_mail *mail, char (*replies)[SERVER_REPLY_BYTES]);
	void *context;
};

struct smtp_server_options {
	const char *listen; /* "127.0.0.1:2525" or "unix:/path" */
	bool is_lmtp;
	const char *name; /* in the greeting */
	size_t max_message_bytes, max_connections;
	int64_t timeout_us;
	struct smtp_handler handler;
};

struct smtp_server;
MUST_CHECK int smtp_server_start(const struct smtp_server_options *options, struct smtp_server **out, struct error *err);
uint16_t smtp_server_port(const struct smtp_server *server); /* what port 0 became */
void smtp_server_stop(struct smtp_server **server);          /* waits for its threads */
#endif
