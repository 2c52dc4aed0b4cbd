/* link - lines to and replies from a server: strict, with one deadline a reply. Within the room only. */
#ifndef SMTP_LINK_H
#define SMTP_LINK_H
#include "model/outcome.h"
#include "smtp/session.h"
#include "system/stream.h"

enum { LINE_BYTES = 2048, REPLY_LINES = 100 };

struct reply {
	int code; /* 100..599 */
	char status[12];
	char text[OUTCOME_REPLY_BYTES];
	char lines[4096]; /* joined by LF, codes cut off: for EHLO */
};

struct smtp {
	struct smtp_options options;
	char *strings; /* owns those of options */
	struct stream *stream;
	bool is_open;
	struct smtp_extensions extensions;
	char in[4096];
	size_t in_at, in_size;
	struct buffer out;
	/* The envelope begun: how many of its commands are out, and whether RSET leads it. */
	const struct envelope *envelope;
	bool is_begun, leads_reset, must_reset;
	const struct envelope *early; /* sent with the last dot, whose reply is not read yet */
	bool is_cut;                  /* that envelope did not go out whole */
	int64_t began_us;
};

/* Reads one reply within timeout_us. 0, or -1: the stream tells why, or *why is set for a broken reply. */
MUST_CHECK int link_reply(struct smtp *smtp, int64_t timeout_us, struct reply *reply, const char **why);
/* Writes all of smtp->out from `from`; returns how many bytes were handed to the kernel, short if the link failed. */
size_t link_write(struct smtp *smtp, int64_t timeout_us);
int64_t link_timeout(const struct smtp *smtp, int64_t us); /* scaled */
/* Fills *outcome. */
/* A whole command and its reply; the link's failure is told in *failed. */
MUST_CHECK int link_command(struct smtp *smtp, enum smtp_stage stage, struct reply *reply, struct outcome *failed, const char *format, ...)
	PRINTF_LIKE(5, 6);
/* Closes, with the refusal in *failed; -1. */
int link_refused(struct smtp *smtp, enum smtp_stage stage, const struct reply *reply, struct outcome *failed);
/* AUTH, on a connection that is as safe as it gets. */
MUST_CHECK int link_log_in(struct smtp *smtp, struct outcome *failed);
struct mailsmtp *link_etpan_new(struct smtp *smtp);
void link_etpan_free(struct mailsmtp *session);
int link_lost(struct smtp *smtp, enum smtp_stage stage, enum outcome_kind kind, const char *why, struct outcome *outcome); /* closes; -1 */
void link_outcome(struct smtp *smtp, enum smtp_stage stage, const struct reply *reply, struct outcome *outcome);
#endif
