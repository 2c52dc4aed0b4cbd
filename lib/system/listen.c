#include "system/listen.h"
#include "base/text.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int refuse(int fd, const char *where, struct error *err)
{
	int why = errno;
	if (fd >= 0)
		close(fd);
	return error_errno(err, why == EADDRINUSE ? ERROR_CONFLICT : ERROR_NETWORK, why, "listen on %s", where);
}

static int listen_unix(const char *path, const char *where, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path)
		return error_set(err, ERROR_INPUT, "listen on %s: the path is too long", where);
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || chmod(path, 0660) < 0 || listen(fd, 512) < 0)
		return refuse(fd, where, err);
	return fd;
}

int listen_on(const char *where, uint16_t *port, struct error *err)
{
	char host[256];
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *address = NULL;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} bound = { 0 };
	socklen_t size = sizeof bound;
	int on = 1;
	*port = 0;
	if (text_starts(where, "unix:"))
		return listen_unix(where + 5, where, err);
	const char *colon = strrchr(where, ':');
	if (!colon || (size_t)(colon - where) >= sizeof host)
		return error_set(err, ERROR_INPUT, "\"%s\" is no address to listen on: write 127.0.0.1:8080 or unix:/run/x.sock", where);
	bool brackets = *where == '[' && colon[-1] == ']';
	snprintf(host, sizeof host, "%.*s", (int)(colon - where) - 2 * brackets, where + brackets);
	int found = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &address);
	if (found != 0)
		return error_set(err, ERROR_INPUT, "listen on %s: %s", where, gai_strerror(found));
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	            bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 512) == 0 && getsockname(fd, &bound.any, &size) == 0;
	freeaddrinfo(address);
	if (!good)
		return refuse(fd, where, err);
	*port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
	return fd;
}
