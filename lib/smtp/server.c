#include "smtp/server.h"
#include "base/text.h"
#include "base/units.h"
#include "system/file.h"
#include "system/listen.h"
#include "system/stream.h"
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { COMMAND_BYTES = 2048, SENDER_BYTES = 512 };

struct connection {
	struct connection *next;
	struct smtp_server *server;
	struct stream *stream;
	char in[16384];
	size_t in_at, in_size;
	struct buffer out, message;
	char sender[SENDER_BYTES];
	char recipients[SERVER_RECIPIENTS][SENDER_BYTES];
	size_t recipient_count;
	bool has_sender, is_over;
};

struct smtp_server {
	struct smtp_server_options options;
	char *listen, *name;
	int fd, stop_fd;
	uint16_t port;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	struct connection *connections;
	size_t count;
	bool stopping;
};

static void say(struct connection *c, const char *reply)
{
	size_t start = c->out.size;
	buffer_add_text(&c->out, reply);
	for (size_t i = start; i < c->out.size; i++)
		if ((unsigned char)c->out.data[i] < ' ')
			c->out.data[i] = ' ';
	buffer_add(&c->out, "\r\n", 2);
}

static int flush(struct connection *c)
{
	size_t done = 0;
	stream_begin(c->stream, c->server->options.timeout_us, SIZE_MAX);
	while (done < c->out.size) {
		ssize_t n = stream_write(c->stream, c->out.data + done, c->out.size - done);
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	buffer_reset(&c->out);
	return 0;
}

static int fill(struct connection *c)
{
	/* Replies gather while the client's commands do: that is all there is to pipelining. */
	if (c->out.size > 0 && flush(c) < 0)
		return -1;
	stream_begin(c->stream, c->server->options.timeout_us, SIZE_MAX);
	ssize_t n = stream_read(c->stream, c->in, sizeof c->in);
	if (n <= 0)
		return -1;
	c->in_at = 0;
	c->in_size = (size_t)n;
	return 0;
}

/* A command line without its end; false when the link is over or the line too long. */
static bool read_command(struct connection *c, char line[COMMAND_BYTES])
{
	for (size_t n = 0; n < COMMAND_BYTES;) {
		if (c->in_at == c->in_size && fill(c) < 0)
			return false;
		char ch = c->in[c->in_at++];
		if (ch == '\n') {
			line[n - (n > 0 && line[n - 1] == '\r')] = '\0';
			return true;
		}
		line[n++] = ch ? ch : '?';
	}
	return false;
}

/* The message up to CRLF.CRLF, dots unstuffed. 0, -1 link over, 1 too large (read to its end and dropped). */
static int read_data(struct connection *c)
{
	size_t max = c->server->options.max_message_bytes;
	bool line_start = true;
	bool too_large = false;
	buffer_reset(&c->message);
	for (;;) {
		if (c->in_at == c->in_size && fill(c) < 0)
			return -1;
		const char *from = c->in + c->in_at;
		const char *lf = memchr(from, '\n', c->in_size - c->in_at);
		size_t n = lf ? (size_t)(lf - from) + 1 : c->in_size - c->in_at;
		bool dot = line_start && from[0] == '.';
		size_t before = c->message.size;
		if (c->message.size + n > max) {
			too_large = true;
			buffer_cut(&c->message, c->message.size < 4 ? c->message.size : 4);
			before = c->message.size;
		}
		buffer_add(&c->message, from, n);
		c->in_at += n;
		if (dot) {
			/* The rest of a line that begins with a dot may not be here yet. */
			while (c->message.data[c->message.size - 1] != '\n') {
				if (c->in_at == c->in_size && fill(c) < 0)
					return -1;
				buffer_add_char(&c->message, c->in[c->in_at++]);
			}
			size_t size = c->message.size - before;
			char *line = c->message.data + before;
			if (size == 3 && memcmp(line, ".\r\n", 3) == 0) {
				buffer_cut(&c->message, before);
				return too_large;
			}
			memmove(line, line + 1, size - 1);
			buffer_cut(&c->message, c->message.size - 1);
		}
		size_t have = c->message.size;
		line_start = have >= 2 && c->message.data[have - 1] == '\n' && c->message.data[have - 2] == '\r';
	}
}

static bool read_path(const char *text, char out[SENDER_BYTES])
{
	const char *open = strchr(text, '<');
	const char *close = open ? strchr(open, '>') : NULL;
	if (!close || close - open - 1 >= SENDER_BYTES)
		return false;
	snprintf(out, SENDER_BYTES, "%.*s", (int)(close - open - 1), open + 1);
	return true;
}

static void reset(struct connection *c)
{
	c->has_sender = false;
	c->recipient_count = 0;
}

static void on_mail(struct connection *c, const char *rest)
{
	if (c->has_sender)
		say(c, "503 5.5.1 nested MAIL command");
	else if (!read_path(rest, c->sender))
		say(c, "501 5.1.7 bad sender address");
	else {
		c->has_sender = true;
		say(c, "250 2.1.0 ok");
	}
}

static void on_rcpt(struct connection *c, const char *rest)
{
	const struct smtp_handler *handler = &c->server->options.handler;
	char reply[SERVER_REPLY_BYTES] = "250 2.1.5 ok";
	char *recipient = c->recipients[c->recipient_count < SERVER_RECIPIENTS ? c->recipient_count : 0];
	if (!c->has_sender) {
		say(c, "503 5.5.1 need MAIL first");
		return;
	}
	if (c->recipient_count == SERVER_RECIPIENTS) {
		say(c, "452 4.5.3 too many recipients");
		return;
	}
	if (!read_path(rest, recipient)) {
		say(c, "501 5.1.3 bad recipient address");
		return;
	}
	if (handler->rcpt)
		handler->rcpt(handler->context, c->sender, recipient, reply);
	c->recipient_count += reply[0] == '2';
	say(c, reply);
}

static void deliver(struct connection *c, int result)
{
	const struct smtp_handler *handler = &c->server->options.handler;
	const char *recipients[SERVER_RECIPIENTS];
	char replies[SERVER_RECIPIENTS][SERVER_REPLY_BYTES];
	size_t lines = c->server->options.is_lmtp ? c->recipient_count : 1;
	for (size_t i = 0; i < c->recipient_count; i++) {
		recipients[i] = c->recipients[i];
		snprintf(replies[i], sizeof replies[i], "%s", result ? "552 5.3.4 message too large" : "250 2.0.0 ok");
	}
	struct smtp_mail mail = { c->sender, recipients, c->recipient_count, buffer_bytes(&c->message) };
	if (result == 0 && handler->data)
		handler->data(handler->context, &mail, replies);
	for (size_t i = 0; i < lines; i++) {
		if (text_starts(replies[i], "drop")) {
			c->is_over = true;
			return;
		}
		say(c, replies[i]);
	}
}

static void on_data(struct connection *c)
{
	if (c->recipient_count == 0) {
		say(c, c->has_sender ? "554 5.5.1 no valid recipients" : "503 5.5.1 need RCPT first");
		return;
	}
	say(c, "354 end with a dot");
	int result = read_data(c);
	c->is_over = result < 0 || c->message.failed;
	if (!c->is_over)
		deliver(c, result);
	reset(c);
}

static void on_hello(struct connection *c)
{
	char line[256];
	snprintf(line, sizeof line, "250-%s", c->server->name);
	reset(c);
	say(c, line);
	say(c, "250-PIPELINING");
	snprintf(line, sizeof line, "250-SIZE %zu", c->server->options.max_message_bytes);
	say(c, line);
	say(c, "250-ENHANCEDSTATUSCODES");
	say(c, "250-8BITMIME");
	say(c, "250 SMTPUTF8");
}

static void on_command(struct connection *c, const char *line)
{
	struct bytes text = bytes_text(line);
	if (text_starts_nocase(text, c->server->options.is_lmtp ? "LHLO " : "EHLO ") || text_starts_nocase(text, "EHLO ")) {
		on_hello(c);
	} else if (text_starts_nocase(text, "HELO ")) {
		reset(c);
		say(c, "250 ok");
	} else if (text_starts_nocase(text, "MAIL FROM:")) {
		on_mail(c, line + 10);
	} else if (text_starts_nocase(text, "RCPT TO:")) {
		on_rcpt(c, line + 8);
	} else if (text_starts_nocase(text, "DATA")) {
		on_data(c);
	} else if (text_starts_nocase(text, "RSET")) {
		reset(c);
		say(c, "250 2.0.0 ok");
	} else if (text_starts_nocase(text, "NOOP")) {
		say(c, "250 2.0.0 ok");
	} else if (text_starts_nocase(text, "QUIT")) {
		say(c, "221 2.0.0 bye");
		c->is_over = true;
	} else {
		say(c, "500 5.5.2 unknown command");
	}
}

static void connection_free(struct connection *c)
{
	stream_free(&c->stream);
	buffer_clear(&c->out);
	buffer_clear(&c->message);
	free(c);
}

static void *serve(void *arg)
{
	struct connection *c = arg;
	struct smtp_server *server = c->server;
	char line[COMMAND_BYTES];
	char hello[256];
	snprintf(hello, sizeof hello, "220 %s %s", server->name, server->options.is_lmtp ? "LMTP" : "ESMTP");
	say(c, hello);
	while (!c->is_over && read_command(c, line))
		on_command(c, line);
	if (c->out.size > 0 && flush(c) < 0)
		c->is_over = true;
	pthread_mutex_lock(&server->mutex);
	for (struct connection **at = &server->connections; *at; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	connection_free(c);
	server->count--;
	pthread_cond_signal(&server->ended);
	pthread_mutex_unlock(&server->mutex);
	return NULL;
}

static void take(struct smtp_server *server, int fd)
{
	struct connection *c = calloc(1, sizeof *c);
	pthread_attr_t attributes;
	pthread_t thread;
	if (c)
		c->stream = stream_new();
	if (!c || !c->stream) {
		free(c);
		close(fd);
		return;
	}
	c->server = server;
	c->out = BUFFER_INIT(1 << 20);
	c->message = BUFFER_INIT(server->options.max_message_bytes + COMMAND_BYTES + sizeof c->in);
	stream_adopt(c->stream, fd);
	pthread_mutex_lock(&server->mutex);
	c->next = server->connections;
	server->connections = c;
	server->count++;
	pthread_mutex_unlock(&server->mutex);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 512 << 10);
	int failed = pthread_create(&thread, &attributes, serve, c);
	pthread_attr_destroy(&attributes);
	if (!failed)
		return;
	pthread_mutex_lock(&server->mutex);
	server->connections = c->next;
	server->count--;
	pthread_mutex_unlock(&server->mutex);
	connection_free(c);
}

static void *accept_all(void *arg)
{
	struct smtp_server *server = arg;
	struct pollfd fds[] = { { .fd = server->fd, .events = POLLIN }, { .fd = server->stop_fd, .events = POLLIN } };
	for (;;) {
		pthread_mutex_lock(&server->mutex);
		/* A full house waits in the backlog. */
		while (server->count >= server->options.max_connections && !server->stopping)
			pthread_cond_wait(&server->ended, &server->mutex);
		pthread_mutex_unlock(&server->mutex);
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			return NULL;
		int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			take(server, fd);
	}
}

static void server_free(struct smtp_server *server)
{
	file_close(&server->fd);
	file_close(&server->stop_fd);
	free(server->listen);
	free(server->name);
	free(server);
}

int smtp_server_start(const struct smtp_server_options *options, struct smtp_server **out, struct error *err)
{
	struct smtp_server *server = calloc(1, sizeof *server);
	if (!server)
		return error_set(err, ERROR_MEMORY, "out of memory");
	server->options = *options;
	server->name = strdup(options->name ? options->name : "localhost");
	server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->fd = listen_on(options->listen, &server->port, err);
	pthread_mutex_init(&server->mutex, NULL);
	pthread_cond_init(&server->ended, NULL);
	if (server->fd < 0 || server->stop_fd < 0 || !server->name || pthread_create(&server->thread, NULL, accept_all, server) != 0) {
		if (server->fd >= 0)
			error_set(err, ERROR_MEMORY, "out of memory");
		server_free(server);
		return -1;
	}
	*out = server;
	return 0;
}

uint16_t smtp_server_port(const struct smtp_server *server)
{
	return server->port;
}

void smtp_server_stop(struct smtp_server **out)
{
	struct smtp_server *server = *out;
	uint64_t one = 1;
	if (!server)
		return;
	pthread_mutex_lock(&server->mutex);
	server->stopping = true;
	pthread_cond_broadcast(&server->ended);
	pthread_mutex_unlock(&server->mutex);
	if (write(server->stop_fd, &one, sizeof one) < 0)
		return;
	pthread_join(server->thread, NULL);
	pthread_mutex_lock(&server->mutex);
	for (struct connection *c = server->connections; c; c = c->next)
		stream_cancel(c->stream);
	while (server->count > 0)
		pthread_cond_wait(&server->ended, &server->mutex);
	pthread_mutex_unlock(&server->mutex);
	pthread_mutex_destroy(&server->mutex);
	pthread_cond_destroy(&server->ended);
	server_free(server);
	*out = NULL;
}
