/* http - fetching over HTTP(S) by libcurl, safe against what a URL from outside can do (RULES A11): public addresses only
 * unless asked, at most five redirects, http and https only, caps on size, time and headers, never a proxy. */
#ifndef SYSTEM_HTTP_H
#define SYSTEM_HTTP_H
#include "base/buffer.h"

struct http; /* one handle, one thread; http_cancel() from any */

struct http_request {
	const char *url;
	const char *etag;          /* or NULL; for a conditional GET (RFC 9110 section 13) */
	const char *last_modified; /* or NULL */
	const char *accept;        /* or NULL */
	size_t max_bytes;          /* of the body, decompressed */
	int64_t timeout_us;        /* for all of it */
	bool allow_private;        /* loopback, private addresses and any port */
	bool head_only;            /* HEAD: the body stays empty */
};

/* Zero it before; http_reply_clear() it after. */
struct http_reply {
	int status;
	char *etag, *last_modified, *content_type, *cache_control, *retry_after; /* NULL: not given */
	char *moved_to;  /* where it is for good: after redirects of which each was 301 or 308; or NULL */
	char *final_url; /* after redirects */
	struct buffer body;
};

void http_global_init(void); /* once, in main, before any thread */
struct http *http_new(void); /* NULL: out of memory */
void http_free(struct http **http);
/* Ends a running fetch soon; the handle stays cancelled. */
void http_cancel(struct http *http);

/* Any status is success: look at reply->status. Errors are one clear line: INPUT (bad URL), DENIED (an address we refuse),
 * NETWORK, TIMEOUT, FULL (body larger than max_bytes). */
MUST_CHECK int http_fetch(struct http *http, const struct http_request *request, struct http_reply *reply, struct error *err);
void http_reply_clear(struct http_reply *reply);

struct sockaddr;
/* True for addresses of the public internet: no loopback, private, link-local, shared, multicast, mapped or translated ones. */
bool http_address_is_public(const struct sockaddr *address);
#endif
