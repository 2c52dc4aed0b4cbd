/* httpd - libmicrohttpd as routes, requests and replies. Every page gets the headers of RULES A9; errors never echo what was sent. */
#ifndef HTTPD_HTTPD_H
#define HTTPD_HTTPD_H
#include "base/buffer.h"

struct httpd;
struct httpd_request; /* lives until the handler returns */

struct httpd_reply {
	int status;               /* 200 unless set */
	const char *content_type; /* "text/html; charset=utf-8" unless set; a constant */
	const char *csp;          /* NULL: the strict one; a constant */
	bool is_public;           /* may be indexed, and stored if each use asks again: it gets an ETag; else no-store and noindex */
	bool is_form;             /* with is_public: indexed, not stored, since it holds a token */
	bool is_forever;          /* with is_public: its address never shows anything else, so that nobody needs to ask again */
	char etag[40];            /* of a public one, in quotes; "": a hash of the body */
	int64_t changed_us;       /* of a public one: when what it shows changed last; 0 unknown */
	int retry_after_s;
	struct buffer body;
};

/* 0, or -1: a plain page for the error's code; its text goes to on_error, never to the reader. */
typedef int httpd_handler(void *context, const struct httpd_request *request, struct httpd_reply *reply, struct error *err);

struct httpd_route {
	const char *method;  /* "GET" (HEAD too), "POST" */
	const char *pattern; /* "/u/{token}", "/{list}"; {name} is one segment */
	httpd_handler *handle;
};

struct httpd_options {
	const char *listen;
	const struct httpd_route *routes; /* ends with a NULL method; the first that fits counts */
	void *context;
	void (*on_error)(void *context, const struct error *err);
	const char *trusted_proxies; /* addresses and networks whose X-Forwarded-For is believed; NULL: none */
	bool is_https;               /* readers come by https: they are told to keep to it */
	unsigned connections;
};

MUST_CHECK int httpd_start(const struct httpd_options *options, struct httpd **out, struct error *err);
uint16_t httpd_port(const struct httpd *httpd);
void httpd_stop(struct httpd **httpd); /* waits for running handlers */

const char *httpd_path(const struct httpd_request *request);
const char *httpd_segment(const struct httpd_request *request, const char *name); /* of the pattern; NULL: none */
const char *httpd_form(const struct httpd_request *request, const char *name);    /* of a posted form; NULL: none */
const char *httpd_query(const struct httpd_request *request, const char *name);
const char *httpd_header(const struct httpd_request *request, const char *name);
/* Whether the client has what this ETag says, so that a reply with it needs no body: it becomes a 304. */
bool httpd_has(const struct httpd_request *request, const char *etag);
const char *httpd_peer(
	const struct httpd_request *request); /* address, through trusted proxies; "": the socket of a proxy that did not say */
#endif
