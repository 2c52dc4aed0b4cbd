/* stream - the connection below a mail session: resolve, connect, TLS with verification, one deadline, one byte budget, cancel.
 * libetpan's own verifies nothing, has no deadline and no limits; this one is handed to it as a mailstream_low driver.
 * The struct outlives libetpan's objects, so that the reason of a failure is not lost with them. */
#ifndef SYSTEM_STREAM_H
#define SYSTEM_STREAM_H
#include "base/error.h"
#include <libetpan/mailstream.h>

struct stream;

enum stream_reason { STREAM_FINE, STREAM_CLOSED, STREAM_TIMEOUT, STREAM_CANCELLED, STREAM_TLS, STREAM_TOO_MUCH, STREAM_FAULT };

struct stream_tls {
	const char *host;    /* the name the certificate must have, and SNI */
	const char *ca_file; /* NULL or "": the system's */
	bool verify;
};

struct stream *stream_new(void);          /* NULL: out of memory or descriptors */
void stream_free(struct stream **stream); /* closes first */

/* Tries every address of the host in turn within timeout_us. NETWORK or TIMEOUT. CLOEXEC, TCP_NODELAY. */
MUST_CHECK int stream_connect(struct stream *stream, const char *host, uint16_t port, int64_t timeout_us, struct error *err);
/* Takes a connected descriptor: for tests. */
void stream_adopt(struct stream *stream, int fd);
/* TLS 1.2 or newer on the connection, within the present deadline. NETWORK with the reason. */
MUST_CHECK int stream_start_tls(struct stream *stream, const struct stream_tls *tls, struct error *err);
bool stream_is_tls(const struct stream *stream);
bool stream_peer_is_loopback(const struct stream *stream);

/* Before each reply and each write: until then and at most so much is read. */
void stream_begin(struct stream *stream, int64_t timeout_us, size_t max_read_bytes);

ssize_t stream_read(struct stream *stream, void *to, size_t size);          /* -1: look at the reason; end of file is -1 too */
ssize_t stream_write(struct stream *stream, const void *from, size_t size); /* may be partial */
/* What the other side sent and we have not read: true after a failed write if a reply may be there. */
bool stream_has_input(struct stream *stream);

void stream_close(struct stream *stream);
void stream_cancel(struct stream *stream); /* from any thread, final until stream_connect() */
void stream_uncancel(struct stream *stream);
enum stream_reason stream_why(const struct stream *stream);
const char *stream_why_text(const struct stream *stream);

/* A driver object for mailstream_new(); libetpan frees it, not the stream. NULL: out of memory. */
mailstream_low *stream_low(struct stream *stream);
#endif
