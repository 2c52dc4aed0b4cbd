#include "httpd/httpd.h"
#include "base/digest.h"
#include "base/text.h"
#include "base/units.h"
#include "httpd/peer.h"
#include "system/listen.h"
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { POST_BYTES = 64 << 10, FIELDS = 32, SEGMENTS = 4, SEGMENT_BYTES = 512, BODY_BYTES = 64 << 20, FORWARDED_BYTES = 32 << 10 };

struct pair {
	char *name;
	struct buffer value;
};

struct httpd_request {
	struct httpd *httpd;
	struct MHD_Connection *connection;
	struct MHD_PostProcessor *post;
	char *path;
	struct pair fields[FIELDS];
	size_t field_count;
	char segment_name[SEGMENTS][32];
	char segment[SEGMENTS][SEGMENT_BYTES];
	size_t segment_count;
	size_t received;
	int refused; /* a status: what came is not taken */
	char peer[NETWORK_TEXT];
};

struct httpd {
	struct httpd_options options;
	struct MHD_Daemon *daemon;
	uint16_t port;
};

static const char strict_csp[] =
	"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const char *httpd_path(const struct httpd_request *request)
{
	return request->path;
}

const char *httpd_segment(const struct httpd_request *request, const char *name)
{
	for (size_t i = 0; i < request->segment_count; i++)
		if (strcmp(request->segment_name[i], name) == 0)
			return request->segment[i];
	return NULL;
}

const char *httpd_form(const struct httpd_request *request, const char *name)
{
	for (size_t i = 0; i < request->field_count; i++)
		if (strcmp(request->fields[i].name, name) == 0)
			return buffer_text(&request->fields[i].value);
	return NULL;
}

const char *httpd_query(const struct httpd_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *httpd_header(const struct httpd_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *httpd_peer(const struct httpd_request *request)
{
	return request->peer;
}

/* Values come in pieces. */
static enum MHD_Result take_field(void *arg, enum MHD_ValueKind kind, const char *key, const char *file, const char *type,
                                  const char *coding, const char *data, uint64_t off, size_t size)
{
	struct httpd_request *request = arg;
	(void)kind, (void)type, (void)coding;
	if (file || !key)
		return MHD_YES;
	if (off == 0) {
		if (request->field_count == FIELDS || !(request->fields[request->field_count].name = strdup(key)))
			return MHD_NO;
		request->fields[request->field_count++].value = BUFFER_INIT(POST_BYTES);
	}
	if (request->field_count > 0)
		buffer_add(&request->fields[request->field_count - 1].value, data, size);
	return MHD_YES;
}

static bool match(const char *pattern, const char *path, struct httpd_request *request)
{
	request->segment_count = 0;
	while (*pattern && *path) {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t name = strcspn(pattern, "}");
		size_t size = strcspn(path, "/");
		if (size == 0 || size >= SEGMENT_BYTES || request->segment_count == SEGMENTS)
			return false;
		size_t i = request->segment_count++;
		snprintf(request->segment_name[i], sizeof request->segment_name[i], "%.*s", (int)name - 1, pattern + 1);
		snprintf(request->segment[i], SEGMENT_BYTES, "%.*s", (int)size, path);
		pattern += name + 1;
		path += size;
	}
	return !*pattern && !*path;
}

static void plain_page(struct httpd_reply *reply, int status)
{
	static const struct {
		int status;
		const char *words;
	} pages[] = { { 400, "This request can not be read." }, { 403, "This is not allowed." },
		      { 404, "There is no such page." },        { 405, "This can not be done here." },
		      { 413, "This is more than we take." },    { 503, "Please try again in a moment." },
		      { 507, "Please try again in a moment." } };
	const char *words = "Something went wrong here. Please try again later.";
	for (size_t i = 0; i < COUNT_OF(pages); i++)
		if (pages[i].status == status)
			words = pages[i].words;
	buffer_clear(&reply->body);
	*reply = (struct httpd_reply){ .status = status, .body = BUFFER_INIT(BODY_BYTES) };
	buffer_format(
		&reply->body,
		"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
		"content=\"width=device-width, initial-scale=1\"><title>%s</title><link rel=\"stylesheet\" href=\"/style.css\"></head>"
		"<body><main><h1>%s</h1></main></body></html>",
		words, words);
}

/* What a cache may keep, as long as it asks each time whether it is still so (RFC 9110, sections 8.8 and 13.1): no page outlives an edit,
 * or its list's going private. */
struct validators {
	char etag[40], modified[UNITS_TEXT];
};

static void validators_of(const struct httpd_reply *reply, struct validators *out)
{
	uint8_t digest[DIGEST_BYTES];
	CLEANUP(buffer_clear) struct buffer hex = BUFFER_INIT(2 * DIGEST_BYTES + 1);
	*out = (struct validators){ 0 };
	if (!reply->is_public || reply->is_form || reply->status != 200)
		return;
	if (reply->etag[0]) {
		memcpy(out->etag, reply->etag, sizeof out->etag);
	} else {
		digest_sha256(buffer_bytes(&reply->body), digest);
		digest_hex(digest, sizeof digest, &hex);
		snprintf(out->etag, sizeof out->etag, "\"%.32s\"", buffer_text(&hex));
	}
	if (reply->changed_us <= 0)
		return;
	units_write_mail_date(reply->changed_us, out->modified);
	char *zone = strstr(out->modified, "+0000");
	memcpy(zone, "GMT", sizeof "GMT");
}

bool httpd_has(const struct httpd_request *request, const char *etag)
{
	const char *etags = httpd_header(request, "If-None-Match");
	return etags && (strcmp(etags, "*") == 0 || strstr(etags, etag));
}

/* An ETag decides; without one the time does, where it is the one we gave. */
static bool is_known(const struct httpd_request *request, const struct validators *validators)
{
	const char *since = httpd_header(request, "If-Modified-Since");
	if (!validators->etag[0])
		return false;
	if (httpd_header(request, "If-None-Match"))
		return httpd_has(request, validators->etag);
	return since && validators->modified[0] && strcmp(since, validators->modified) == 0;
}

static const char *caching(const struct httpd_reply *reply, const struct validators *validators)
{
	if (!validators->etag[0])
		return "no-store";
	return reply->is_forever ? "public, max-age=31536000, immutable" : "no-cache";
}

static enum MHD_Result send_reply(struct httpd_request *request, struct httpd_reply *reply)
{
	struct validators validators;
	validators_of(reply, &validators);
	if (is_known(request, &validators)) {
		reply->status = 304;
		buffer_reset(&reply->body);
	}
	struct MHD_Response *response =
		MHD_create_response_from_buffer(reply->body.size, (void *)(uintptr_t)buffer_text(&reply->body), MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", reply->content_type ? reply->content_type : "text/html; charset=utf-8");
	MHD_add_response_header(response, "Content-Security-Policy", reply->csp ? reply->csp : strict_csp);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	if (request->httpd->options.is_https)
		MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
	MHD_add_response_header(response, "Cache-Control", caching(reply, &validators));
	if (!reply->is_public)
		MHD_add_response_header(response, "X-Robots-Tag", "noindex");
	if (validators.etag[0])
		MHD_add_response_header(response, "ETag", validators.etag);
	if (validators.modified[0])
		MHD_add_response_header(response, "Last-Modified", validators.modified);
	if (reply->retry_after_s > 0) {
		char seconds[16];
		snprintf(seconds, sizeof seconds, "%d", reply->retry_after_s);
		MHD_add_response_header(response, "Retry-After", seconds);
	}
	if (reply->status == 405)
		MHD_add_response_header(response, "Allow", "GET, HEAD, POST");
	enum MHD_Result result = MHD_queue_response(request->connection, (unsigned)reply->status, response);
	MHD_destroy_response(response);
	return result;
}

/* NULL: there is none for the method; *known says whether there is one for another. A path that a route names in full is no other's
 * {segment}. */
static const struct httpd_route *find_route(struct httpd_request *request, const char *method, bool *known)
{
	const char *whole = NULL;
	for (const struct httpd_route *route = request->httpd->options.routes; route->method; route++) {
		if ((whole && strcmp(route->pattern, whole) != 0) || !match(route->pattern, request->path, request))
			continue;
		*known = true;
		if (strcmp(route->method, method) == 0)
			return route;
		if (!strchr(route->pattern, '{'))
			whole = route->pattern;
	}
	return NULL;
}

static enum MHD_Result answer(struct httpd_request *request, const char *method)
{
	struct httpd *httpd = request->httpd;
	struct httpd_reply reply = { .status = 200, .body = BUFFER_INIT(BODY_BYTES) };
	struct error err = { 0 };
	bool known = false;
	const struct httpd_route *found = find_route(request, strcmp(method, "HEAD") == 0 ? "GET" : method, &known);
	if (request->refused) {
		plain_page(&reply, request->refused);
	} else if (!found) {
		plain_page(&reply, known ? 405 : 404);
	} else if (found->handle(httpd->options.context, request, &reply, &err) < 0) {
		int status = error_http(err.code);
		/* A full disk or a busy store passes: who posts is told to come again, and nothing is silently dropped (RULES U15). */
		status = status == 507 ? 503 : status;
		if (status >= 500 && httpd->options.on_error)
			httpd->options.on_error(httpd->options.context, &err);
		plain_page(&reply, status);
		reply.retry_after_s = status == 503 ? 30 : 0;
	}
	enum MHD_Result result = send_reply(request, &reply);
	buffer_clear(&reply.body);
	return result;
}

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	int *counts = arg;
	(void)kind, (void)value;
	counts[0] += text_equal_nocase(name, "Content-Length");
	counts[1] += text_equal_nocase(name, "Transfer-Encoding");
	return MHD_YES;
}

/* A proxy may add a line of its own below one that its client sent. */
static enum MHD_Result add_forwarded(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct buffer *all = arg;
	(void)kind;
	if (value && text_equal_nocase(name, "X-Forwarded-For"))
		buffer_format(all, "%s%s", all->size ? "," : "", value);
	return MHD_YES;
}

static void find_peer(struct httpd_request *request)
{
	CLEANUP(buffer_clear) struct buffer forwarded = BUFFER_INIT(FORWARDED_BYTES);
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;
	char connection[NETWORK_TEXT] = "";
	if (address && address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, connection, sizeof connection);
	else if (address && address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, connection, sizeof connection);
	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, add_forwarded, &forwarded);
	peer_find(connection, buffer_text(&forwarded), request->httpd->options.trusted_proxies, request->peer);
}

static struct httpd_request *begin(struct httpd *httpd, struct MHD_Connection *connection, const char *url, const char *method)
{
	struct httpd_request *request = calloc(1, sizeof *request);
	int counts[2] = { 0 };
	if (!request || !(request->path = strdup(url))) {
		free(request);
		return NULL;
	}
	request->httpd = httpd;
	request->connection = connection;
	MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header, counts);
	/* Two lengths are two requests to some proxy on the way. */
	if (counts[0] > 1 || (counts[0] && counts[1]))
		request->refused = 400;
	const char *length = httpd_header(request, "Content-Length");
	if (length && strtoull(length, NULL, 10) > POST_BYTES)
		request->refused = 413;
	if (!request->refused && strcmp(method, "POST") == 0)
		request->post = MHD_create_post_processor(connection, 1024, take_field, request);
	find_peer(request);
	return request;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                  const char *data, size_t *size, void **context)
{
	struct httpd_request *request = *context;
	(void)version;
	if (!request) {
		*context = begin(arg, connection, url, method);
		if (!*context)
			return MHD_NO;
		request = *context;
		/* Refused before it was sent. */
		return request->refused ? answer(request, method) : MHD_YES;
	}
	if (*size > 0) {
		request->received += *size;
		if (request->received > POST_BYTES)
			request->refused = 413;
		else if (request->post)
			MHD_post_process(request->post, data, *size);
		*size = 0;
		return MHD_YES;
	}
	/* A last field without a line's end comes out only now. */
	if (request->post) {
		MHD_destroy_post_processor(request->post);
		request->post = NULL;
	}
	return answer(request, method);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code)
{
	struct httpd_request *request = *context;
	(void)arg, (void)connection, (void)code;
	if (!request)
		return;
	if (request->post)
		MHD_destroy_post_processor(request->post);
	for (size_t i = 0; i < request->field_count; i++) {
		free(request->fields[i].name);
		buffer_clear(&request->fields[i].value);
	}
	free(request->path);
	free(request);
	*context = NULL;
}

int httpd_start(const struct httpd_options *options, struct httpd **out, struct error *err)
{
	struct httpd *httpd = calloc(1, sizeof *httpd);
	if (!httpd)
		return error_set(err, ERROR_MEMORY, "out of memory");
	httpd->options = *options;
	if (!httpd->options.trusted_proxies)
		httpd->options.trusted_proxies = "";
	int fd = listen_on(options->listen, &httpd->port, err);
	if (fd < 0) {
		free(httpd);
		return -1;
	}
	httpd->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, httpd, MHD_OPTION_LISTEN_SOCKET, fd,
	                                 MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_CONNECTION_LIMIT,
	                                 options->connections ? options->connections : 200u, MHD_OPTION_CONNECTION_TIMEOUT, 30u,
	                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768, MHD_OPTION_STRICT_FOR_CLIENT, 1,
	                                 MHD_OPTION_NOTIFY_COMPLETED, on_completed, httpd, MHD_OPTION_END);
	if (!httpd->daemon) {
		close(fd);
		free(httpd);
		return error_set(err, ERROR_NETWORK, "the web server did not start on %s", options->listen);
	}
	*out = httpd;
	return 0;
}

uint16_t httpd_port(const struct httpd *httpd)
{
	return httpd->port;
}

void httpd_stop(struct httpd **out)
{
	enum { WAITS = 50 };
	if (!*out)
		return;
	struct MHD_Daemon *daemon = (*out)->daemon;
	int fd = MHD_quiesce_daemon(daemon);
	/* A running handler's answer is dropped by the stop: give it a moment. */
	for (int i = 0; i < WAITS && MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections > 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	MHD_stop_daemon(daemon);
	if (fd >= 0)
		close(fd);
	free(*out);
	*out = NULL;
}
