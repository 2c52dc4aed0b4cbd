#include "system/http.h"
#include "base/text.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct http {
	CURL *curl;
	atomic_bool cancelled;
	const struct http_request *request;
	struct http_reply *reply;
	char refused[80]; /* the address we would not connect to */
	bool too_big;
	int replies;   /* status lines seen, one for each redirect and one for the end */
	int permanent; /* of the redirects: 301 and 308 */
};

void http_global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct http *http_new(void)
{
	struct http *http = calloc(1, sizeof *http);
	if (http && !(http->curl = curl_easy_init()))
		http_free(&http);
	return http;
}

void http_free(struct http **http)
{
	if (*http && (*http)->curl)
		curl_easy_cleanup((*http)->curl);
	free(*http);
	*http = NULL;
}

void http_cancel(struct http *http)
{
	atomic_store(&http->cancelled, true);
}

void http_reply_clear(struct http_reply *reply)
{
	free(reply->etag);
	free(reply->last_modified);
	free(reply->content_type);
	free(reply->cache_control);
	free(reply->retry_after);
	free(reply->moved_to);
	free(reply->final_url);
	buffer_clear(&reply->body);
	*reply = (struct http_reply){ 0 };
}

static bool ipv4_is_public(uint32_t ip)
{
	static const struct {
		uint32_t net;
		int bits;
	} closed[] = {
		{ 0x00000000, 8 },  { 0x0a000000, 8 },  { 0x64400000, 10 }, { 0x7f000000, 8 },  { 0xa9fe0000, 16 },
		{ 0xac100000, 12 }, { 0xc0000000, 24 }, { 0xc0000200, 24 }, { 0xc0586300, 24 }, { 0xc0a80000, 16 },
		{ 0xc6120000, 15 }, { 0xc6336400, 24 }, { 0xcb007100, 24 }, { 0xe0000000, 3 },
	};
	for (size_t i = 0; i < COUNT_OF(closed); i++)
		if (ip >> (32 - closed[i].bits) == closed[i].net >> (32 - closed[i].bits))
			return false;
	return true;
}

static bool ipv6_is_public(const uint8_t *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	/* Addresses that carry an IPv4 address are refused whole: nobody serves a feed there. */
	if (memcmp(ip, mapped, 12) == 0 || memcmp(ip, nat64, 12) == 0 || (ip[0] == 0x00 && ip[1] == 0x64) ||
	    (ip[0] == 0x20 && ip[1] == 0x02))
		return false;
	bool global_unicast = (ip[0] & 0xe0) == 0x20;
	bool teredo_or_doc = ip[0] == 0x20 && ip[1] == 0x01 && ((ip[2] == 0x00 && ip[3] == 0x00) || (ip[2] == 0x0d && ip[3] == 0xb8));
	return global_unicast && !teredo_or_doc;
}

bool http_address_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ipv4_is_public(ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
	if (address->sa_family == AF_INET6)
		return ipv6_is_public(((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
	return false;
}

/* Sees every address before it is connected to, on each redirect: no gap for a name that changes its answer. */
static curl_socket_t open_if_public(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http *http = data;
	(void)purpose;
	if (!http->request->allow_private) {
		uint16_t port = address->family == AF_INET ? ((struct sockaddr_in *)(void *)&address->addr)->sin_port
		                                           : ((struct sockaddr_in6 *)(void *)&address->addr)->sin6_port;
		bool public = http_address_is_public(&address->addr);
		if (!public || (ntohs(port) != 80 && ntohs(port) != 443)) {
			char ip[INET6_ADDRSTRLEN] = "?";
			const void *from = address->family == AF_INET
			                           ? (const void *)&((struct sockaddr_in *)(void *)&address->addr)->sin_addr
			                           : (const void *)&((struct sockaddr_in6 *)(void *)&address->addr)->sin6_addr;
			inet_ntop(address->family, from, ip, sizeof ip);
			snprintf(http->refused, sizeof http->refused, "%s %s", public ? "port of" : "address", ip);
			return CURL_SOCKET_BAD;
		}
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t append_or_stop(char *data, size_t size, size_t n, void *arg)
{
	struct http *http = arg;
	buffer_add(&http->reply->body, data, size * n);
	http->too_big = http->reply->body.failed == ERROR_FULL;
	return http->reply->body.failed ? 0 : size * n;
}

/* Only the status lines: which redirects were for good (RFC 9110 sections 15.4.2 and 15.4.9). */
static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct http *http = arg;
	char line[32];
	int status = 0;
	size_t bytes = size * n < sizeof line - 1 ? size * n : sizeof line - 1;
	memcpy(line, data, bytes);
	line[bytes] = '\0';
	if (strncmp(line, "HTTP/", 5) == 0 && sscanf(line, "HTTP/%*s %d", &status) == 1 && status >= 200) {
		http->replies++;
		http->permanent += status == 301 || status == 308;
	}
	return size * n;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a, (void)b, (void)c, (void)d;
	return atomic_load(&((struct http *)arg)->cancelled);
}

static struct curl_slist *add_header(struct curl_slist *headers, const char *name, const char *value)
{
	char line[1024];
	if (!value || !*value || text_has_control(bytes_text(value)))
		return headers;
	snprintf(line, sizeof line, "%s: %s", name, value);
	struct curl_slist *longer = curl_slist_append(headers, line);
	return longer ? longer : headers;
}

static void set_options(struct http *http, struct curl_slist *headers)
{
	CURL *c = http->curl;
	const struct http_request *request = http->request;
	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, request->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_PROXY, ""); /* else the environment's proxy is asked, and its address is the one we check */
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, 5L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_if_public);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, http);
	curl_easy_setopt(c, CURLOPT_NOBODY, request->head_only ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, append_or_stop);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, http);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, http);
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, request->head_only ? (curl_off_t)0 : (curl_off_t)request->max_bytes);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(request->timeout_us / 1000));
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 100L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, 30L);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, http);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "Gazette/0.1");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	/* A kept connection was checked under another request's rules. */
	curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
}

static int explain(struct http *http, CURLcode code, struct error *err)
{
	char size[32];
	const char *url = http->request->url;
	snprintf(size, sizeof size, "%zu MB", http->request->max_bytes >> 20);
	if (http->refused[0])
		return error_set(err, ERROR_DENIED, "%.200s: %s is not public (set allow_private = yes in [source] if it is yours)", url,
		                 http->refused);
	if (http->too_big || code == CURLE_FILESIZE_EXCEEDED)
		return error_set(err, ERROR_FULL, "%.200s: larger than %s", url, size);
	switch (code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL: return error_set(err, ERROR_INPUT, "%.200s: no http or https URL", url);
	case CURLE_OPERATION_TIMEDOUT: return error_set(err, ERROR_TIMEOUT, "%.200s: no answer in time", url);
	case CURLE_TOO_MANY_REDIRECTS: return error_set(err, ERROR_NETWORK, "%.200s: more than 5 redirects", url);
	case CURLE_ABORTED_BY_CALLBACK: return error_set(err, ERROR_RETRY, "%.200s: stopped", url);
	default: return error_set(err, ERROR_NETWORK, "%.200s: %s", url, curl_easy_strerror(code));
	}
}

static char *header(CURL *curl, const char *name)
{
	struct curl_header *found = NULL;
	return curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? strdup(found->value) : NULL;
}

int http_fetch(struct http *http, const struct http_request *request, struct http_reply *reply, struct error *err)
{
	*reply = (struct http_reply){ .body = BUFFER_INIT(request->max_bytes) };
	http->request = request;
	http->reply = reply;
	http->refused[0] = '\0';
	http->too_big = false;
	http->replies = http->permanent = 0;
	struct curl_slist *headers = add_header(NULL, "If-None-Match", request->etag);
	headers = add_header(headers, "If-Modified-Since", request->last_modified);
	headers = add_header(headers, "Accept", request->accept);
	set_options(http, headers);
	CURLcode code = curl_easy_perform(http->curl);
	curl_slist_free_all(headers);
	if (code != CURLE_OK)
		return explain(http, code, err);
	long status = 0;
	char *url = NULL;
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(http->curl, CURLINFO_EFFECTIVE_URL, &url);
	reply->status = (int)status;
	reply->final_url = strdup(url ? url : request->url);
	reply->etag = header(http->curl, "etag");
	reply->last_modified = header(http->curl, "last-modified");
	reply->content_type = header(http->curl, "content-type");
	reply->cache_control = header(http->curl, "cache-control");
	reply->retry_after = header(http->curl, "retry-after");
	if (http->replies > 1 && http->permanent == http->replies - 1)
		reply->moved_to = strdup(reply->final_url ? reply->final_url : "");
	return 0;
}
