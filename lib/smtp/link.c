#include "smtp/link.h"
#include "base/text.h"
#include "system/clock.h"
#include <stdio.h>

enum { REPLY_BYTES = LINE_BYTES * REPLY_LINES };

int64_t link_timeout(const struct smtp *smtp, int64_t us)
{
	return smtp->options.time_out_percent > 0 ? us * smtp->options.time_out_percent / 100 : us;
}

/* One line without its CRLF; NULL with the stream's reason or *why. */
static const char *read_line(struct smtp *smtp, char line[LINE_BYTES], const char **why)
{
	size_t n = 0;
	for (;;) {
		if (smtp->in_at == smtp->in_size) {
			ssize_t got = stream_read(smtp->stream, smtp->in, sizeof smtp->in);
			if (got < 0)
				return NULL;
			smtp->in_at = 0;
			smtp->in_size = (size_t)got;
		}
		char c = smtp->in[smtp->in_at++];
		if (c == '\n') {
			/* A line that ends otherwise is not the end of a reply: half of one must not count as acceptance. */
			if (n == 0 || line[n - 1] != '\r') {
				*why = "a line of the reply does not end in CRLF";
				return NULL;
			}
			line[n - 1] = '\0';
			return line;
		}
		if (n + 1 == LINE_BYTES || c == '\0') {
			*why = c ? "a line of the reply is longer than 2048 bytes" : "a NUL in the reply";
			return NULL;
		}
		line[n++] = c;
	}
}

static void append(char *to, size_t size, const char *text, char separator)
{
	size_t used = strlen(to);
	if (used > 0 && used + 1 < size) {
		to[used++] = separator;
		to[used] = '\0';
	}
	snprintf(to + used, size - used, "%s", text);
}

/* How many of them there are, at most three. */
static size_t digits(const char *text)
{
	size_t n = 0;
	while (n < 3 && text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

/* RFC 3463: class.subject.detail at the start of the text. */
static void read_status(const char *text, char out[12])
{
	const char *subject = text + 2;
	out[0] = '\0';
	if ((text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.')
		return;
	size_t n = digits(subject);
	size_t m = n > 0 && subject[n] == '.' ? digits(subject + n + 1) : 0;
	size_t size = 2 + n + 1 + m;
	if (m == 0 || (text[size] != ' ' && text[size] != '\0'))
		return;
	memcpy(out, text, size);
	out[size] = '\0';
}

/* What a server says is shown and stored: valid UTF-8 on one line. */
static void clean(char *text, size_t size)
{
	CLEANUP(buffer_clear) struct buffer mended = BUFFER_INIT(4 * OUTCOME_REPLY_BYTES);
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	if (text_is_utf8(bytes_text(text)))
		return;
	text_mend_utf8(bytes_text(text), &mended);
	size_t n = mended.size < size - 1 ? mended.size : size - 1;
	while (n > 0 && n < mended.size && ((unsigned char)mended.data[n] & 0xc0) == 0x80)
		n--;
	memcpy(text, buffer_text(&mended), n);
	text[n] = '\0';
}

int link_reply(struct smtp *smtp, int64_t timeout_us, struct reply *reply, const char **why)
{
	char line[LINE_BYTES];
	*reply = (struct reply){ 0 };
	*why = NULL;
	stream_begin(smtp->stream, link_timeout(smtp, timeout_us), REPLY_BYTES);
	for (int lines = 0; lines < REPLY_LINES; lines++) {
		if (!read_line(smtp, line, why))
			return -1;
		bool is_code = line[0] >= '1' && line[0] <= '5' && line[1] >= '0' && line[1] <= '9' && line[2] >= '0' && line[2] <= '9';
		int code = is_code ? (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0') : 0;
		if (!is_code || (line[3] != ' ' && line[3] != '-' && line[3] != '\0') || (lines > 0 && code != reply->code)) {
			*why = "what came is no reply of an SMTP server";
			return -1;
		}
		const char *text = line[3] ? line + 4 : line + 3;
		if (lines == 0)
			read_status(text, reply->status);
		reply->code = code;
		append(reply->text, sizeof reply->text, text, ' ');
		append(reply->lines, sizeof reply->lines, text, '\n');
		if (line[3] != '-') {
			clean(reply->text, sizeof reply->text);
			return 0;
		}
	}
	*why = "the reply has more than 100 lines";
	return -1;
}

size_t link_write(struct smtp *smtp, int64_t timeout_us)
{
	size_t done = 0;
	stream_begin(smtp->stream, link_timeout(smtp, timeout_us), REPLY_BYTES);
	while (done < smtp->out.size) {
		ssize_t n = stream_write(smtp->stream, smtp->out.data + done, smtp->out.size - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

static void fill(struct smtp *smtp, enum smtp_stage stage, enum outcome_kind kind, struct outcome *outcome)
{
	struct moment now = clock_now();
	outcome->kind = kind;
	outcome->stage = stage;
	outcome->at_us = now.wall_us;
	outcome->duration_us = now.mono_us - smtp->began_us;
	snprintf(outcome->relay, sizeof outcome->relay, "%s", smtp->options.relay_name);
}

int link_lost(struct smtp *smtp, enum smtp_stage stage, enum outcome_kind kind, const char *why, struct outcome *outcome)
{
	fill(smtp, stage, kind, outcome);
	outcome->code = 0;
	outcome->status[0] = '\0';
	snprintf(outcome->reply, sizeof outcome->reply, "%s", why ? why : stream_why_text(smtp->stream));
	smtp_drop(smtp);
	return -1;
}

void link_outcome(struct smtp *smtp, enum smtp_stage stage, const struct reply *reply, struct outcome *outcome)
{
	bool accepted = stage == STAGE_DATA_END && reply->code >= 200 && reply->code < 300;
	fill(smtp, stage, accepted ? OUTCOME_ACCEPTED : OUTCOME_REPLY, outcome);
	outcome->code = reply->code;
	memcpy(outcome->status, reply->status, sizeof outcome->status);
	snprintf(outcome->reply, sizeof outcome->reply, "%s", reply->text);
}
