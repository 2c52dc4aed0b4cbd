#include "system/stream.h"
#include "system/clock.h"
#include "system/file.h"
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct stream {
	int fd;
	int wake_fd;
	SSL *tls;
	SSL_CTX *context;
	int64_t deadline_us;
	size_t budget_bytes;
	enum stream_reason why;
	char detail[200];
};

struct stream *stream_new(void)
{
	struct stream *stream = calloc(1, sizeof *stream);
	if (!stream)
		return NULL;
	stream->fd = -1;
	stream->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stream->wake_fd < 0) {
		free(stream);
		return NULL;
	}
	return stream;
}

void stream_close(struct stream *stream)
{
	if (stream->tls) {
		/* A close_notify if it fits in the socket's buffer now; nobody waits for the answer. */
		if (stream->why == STREAM_FINE) {
			ERR_clear_error();
			SSL_shutdown(stream->tls);
		}
		SSL_free(stream->tls);
		SSL_CTX_free(stream->context);
		stream->tls = NULL;
		stream->context = NULL;
	}
	file_close(&stream->fd);
}

void stream_free(struct stream **stream)
{
	if (!*stream)
		return;
	stream_close(*stream);
	file_close(&(*stream)->wake_fd);
	free(*stream);
	*stream = NULL;
}

static int fail(struct stream *stream, enum stream_reason why, const char *detail)
{
	stream->why = why;
	snprintf(stream->detail, sizeof stream->detail, "%s", detail);
	return -1;
}

void stream_begin(struct stream *stream, int64_t timeout_us, size_t max_read_bytes)
{
	stream->deadline_us = clock_now().mono_us + timeout_us;
	stream->budget_bytes = max_read_bytes;
}

/* 0 when the descriptor is ready for `events`; -1 with the reason. */
static int wait_until(struct stream *stream, int fd, short events)
{
	for (;;) {
		int64_t left_us = stream->deadline_us - clock_now().mono_us;
		struct pollfd fds[] = { { .fd = fd, .events = events }, { .fd = stream->wake_fd, .events = POLLIN } };
		if (left_us <= 0)
			return fail(stream, STREAM_TIMEOUT, "no answer in time");
		int64_t wait_ms = left_us / 1000 + 1;
		int n = poll(fds, 2, wait_ms > INT_MAX ? INT_MAX : (int)wait_ms);
		if (n < 0 && errno != EINTR)
			return fail(stream, STREAM_FAULT, strerror(errno));
		if (n > 0 && fds[1].revents)
			return fail(stream, STREAM_CANCELLED, "stopped");
		if (n > 0 && fds[0].revents)
			return 0;
	}
}

void stream_cancel(struct stream *stream)
{
	uint64_t one = 1;
	if (write(stream->wake_fd, &one, sizeof one) < 0)
		return; /* full means it is set already */
}

void stream_uncancel(struct stream *stream)
{
	uint64_t count = 0;
	if (read(stream->wake_fd, &count, sizeof count) < 0)
		return; /* nothing was set */
}

void stream_adopt(struct stream *stream, int fd)
{
	int on = 1;
	stream_close(stream);
	stream->fd = fd;
	stream->why = STREAM_FINE;
	/* Without it a message larger than one buffer waits 40 ms for the other side's delayed acknowledgement. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int connect_one(struct stream *stream, const struct addrinfo *address)
{
	int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
	int fault = 0;
	socklen_t size = sizeof fault;
	if (fd < 0)
		return fail(stream, STREAM_FAULT, strerror(errno));
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS)
		fault = errno;
	else if (wait_until(stream, fd, POLLOUT) < 0)
		fault = -1;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size);
	if (fault == 0) {
		stream_adopt(stream, fd);
		return 0;
	}
	close(fd);
	return fault < 0 ? -1 : fail(stream, STREAM_FAULT, strerror(fault));
}

int stream_connect(struct stream *stream, const char *host, uint16_t port, int64_t timeout_us, struct error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV };
	struct addrinfo *addresses = NULL;
	char service[8];
	stream_close(stream);
	stream->why = STREAM_FINE;
	snprintf(service, sizeof service, "%u", port);
	/* AI_ADDRCONFIG knows nothing of a loopback-only machine: ask again without it. */
	int found = getaddrinfo(host, service, &hints, &addresses);
	if (found != 0) {
		hints.ai_flags = AI_NUMERICSERV;
		found = getaddrinfo(host, service, &hints, &addresses);
	}
	if (found != 0) {
		fail(stream, STREAM_FAULT, gai_strerror(found));
		return error_set(err, ERROR_NETWORK, "%s: %s", host, gai_strerror(found));
	}
	stream_begin(stream, timeout_us, 0);
	int result = -1;
	for (const struct addrinfo *a = addresses; a && result < 0 && stream->why != STREAM_TIMEOUT && stream->why != STREAM_CANCELLED;
	     a = a->ai_next)
		result = connect_one(stream, a);
	freeaddrinfo(addresses);
	if (result == 0)
		return 0;
	return error_set(err, stream->why == STREAM_TIMEOUT ? ERROR_TIMEOUT : ERROR_NETWORK, "%s port %u: %s", host, port, stream->detail);
}

bool stream_peer_is_loopback(const struct stream *stream)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t size = sizeof peer;
	if (getpeername(stream->fd, (struct sockaddr *)&peer, &size) < 0)
		return false;
	if (peer.ss_family == AF_INET)
		return ntohl(((struct sockaddr_in *)(void *)&peer)->sin_addr.s_addr) >> 24 == 127;
	return peer.ss_family == AF_UNIX ||
	       (peer.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)(void *)&peer)->sin6_addr));
}

bool stream_is_tls(const struct stream *stream)
{
	return stream->tls != NULL;
}

/* What a call came to: 1 try again (the wait went well), 0 end of file or failure with the reason set. */
static int want_more(struct stream *stream, ssize_t n, short events)
{
	if (!stream->tls) {
		if (n == 0 && events == POLLIN)
			return fail(stream, STREAM_CLOSED, "the other side hung up") + 1;
		if (n < 0 && errno == EINTR)
			return 1;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			return fail(stream, STREAM_CLOSED, strerror(errno)) + 1;
		return wait_until(stream, stream->fd, events) == 0;
	}
	switch (SSL_get_error(stream->tls, (int)n)) {
	case SSL_ERROR_WANT_READ: return wait_until(stream, stream->fd, POLLIN) == 0;
	case SSL_ERROR_WANT_WRITE: return wait_until(stream, stream->fd, POLLOUT) == 0;
	case SSL_ERROR_ZERO_RETURN:
	case SSL_ERROR_SYSCALL: return fail(stream, STREAM_CLOSED, "the other side hung up") + 1;
	default: {
		char text[160];
		ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
		return fail(stream, STREAM_TLS, text) + 1;
	}
	}
}

ssize_t stream_read(struct stream *stream, void *to, size_t size)
{
	if (stream->fd < 0 || stream->why != STREAM_FINE)
		return -1;
	if (stream->budget_bytes < size)
		size = stream->budget_bytes;
	if (size == 0)
		return fail(stream, STREAM_TOO_MUCH, "the reply is longer than any reply may be");
	for (;;) {
		ERR_clear_error();
		ssize_t n = stream->tls ? SSL_read(stream->tls, to, size > INT_MAX ? INT_MAX : (int)size) : recv(stream->fd, to, size, 0);
		if (n > 0) {
			stream->budget_bytes -= (size_t)n;
			return n;
		}
		if (!want_more(stream, n, POLLIN))
			return -1;
	}
}

ssize_t stream_write(struct stream *stream, const void *from, size_t size)
{
	if (stream->fd < 0 || stream->why != STREAM_FINE)
		return -1;
	for (;;) {
		ERR_clear_error();
		ssize_t n = stream->tls ? SSL_write(stream->tls, from, size > INT_MAX ? INT_MAX : (int)size)
		                        : send(stream->fd, from, size, MSG_NOSIGNAL);
		if (n > 0)
			return n;
		if (!want_more(stream, n, POLLOUT))
			return -1;
	}
}

bool stream_has_input(struct stream *stream)
{
	struct pollfd fd = { .fd = stream->fd, .events = POLLIN };
	return stream->fd >= 0 && ((stream->tls && SSL_pending(stream->tls) > 0) || (poll(&fd, 1, 0) > 0 && (fd.revents & POLLIN)));
}

static int tls_prepare(struct stream *stream, const struct stream_tls *tls)
{
	struct in_addr v4;
	struct in6_addr v6;
	bool is_ip = inet_pton(AF_INET, tls->host, &v4) == 1 || inet_pton(AF_INET6, tls->host, &v6) == 1;
	stream->context = SSL_CTX_new(TLS_client_method());
	if (!stream->context || SSL_CTX_set_min_proto_version(stream->context, TLS1_2_VERSION) != 1)
		return fail(stream, STREAM_TLS, "TLS could not be set up");
	int trusted = tls->ca_file && *tls->ca_file ? SSL_CTX_load_verify_locations(stream->context, tls->ca_file, NULL)
	                                            : SSL_CTX_set_default_verify_paths(stream->context);
	if (tls->verify && trusted != 1)
		return fail(stream, STREAM_TLS, "the file of trusted certificates can not be read");
	SSL_CTX_set_verify(stream->context, tls->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(stream->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	stream->tls = SSL_new(stream->context);
	if (!stream->tls || SSL_set_fd(stream->tls, stream->fd) != 1)
		return fail(stream, STREAM_TLS, "TLS could not be set up");
	X509_VERIFY_PARAM *param = SSL_get0_param(stream->tls);
	int named = is_ip ? X509_VERIFY_PARAM_set1_ip_asc(param, tls->host)
	                  : SSL_set_tlsext_host_name(stream->tls, tls->host) == 1 && SSL_set1_host(stream->tls, tls->host) == 1;
	return named == 1 ? 0 : fail(stream, STREAM_TLS, "TLS could not be set up");
}

int stream_start_tls(struct stream *stream, const struct stream_tls *tls, struct error *err)
{
	if (tls_prepare(stream, tls) < 0)
		return error_set(err, ERROR_NETWORK, "TLS with %s: %s", tls->host, stream->detail);
	for (;;) {
		ERR_clear_error();
		int n = SSL_connect(stream->tls);
		/* Success here, with VERIFY_PEER, is the only proof; SSL_get_verify_result() alone is none. */
		if (n == 1)
			return 0;
		if (!want_more(stream, n, POLLIN))
			break;
	}
	long verdict = SSL_get_verify_result(stream->tls);
	if (stream->why == STREAM_TLS && verdict != X509_V_OK)
		snprintf(stream->detail, sizeof stream->detail, "certificate refused: %s", X509_verify_cert_error_string(verdict));
	return error_set(err, stream->why == STREAM_TIMEOUT ? ERROR_TIMEOUT : ERROR_NETWORK, "TLS with %s: %s", tls->host, stream->detail);
}

enum stream_reason stream_why(const struct stream *stream)
{
	return stream->why;
}

const char *stream_why_text(const struct stream *stream)
{
	return stream->why == STREAM_FINE ? "" : stream->detail;
}

static ssize_t low_read(mailstream_low *low, void *to, size_t size)
{
	return stream_read(low->data, to, size);
}

static ssize_t low_write(mailstream_low *low, const void *from, size_t size)
{
	return stream_write(low->data, from, size);
}

/* The connection belongs to whoever made the stream, and outlives libetpan's object. */
static int low_close(mailstream_low *low)
{
	(void)low;
	return 0;
}

static int low_fd(mailstream_low *low)
{
	return ((struct stream *)low->data)->fd;
}

static void low_free(mailstream_low *low)
{
	free(low);
}

static void low_cancel(mailstream_low *low)
{
	stream_cancel(low->data);
}

static mailstream_low_driver driver = { low_read, low_write, low_close, low_fd, low_free, low_cancel, NULL, NULL, NULL, NULL };

mailstream_low *stream_low(struct stream *stream)
{
	return mailstream_low_new(stream, &driver);
}
