/* listen - a listening socket from "127.0.0.1:2525", "[::1]:25" or "unix:/path". */
#ifndef SYSTEM_LISTEN_H
#define SYSTEM_LISTEN_H
#include "base/error.h"

/* A descriptor (CLOEXEC, non-blocking), or -1 with ERROR_INPUT, CONFLICT (in use) or DENIED. *port is what it became (0 for unix). */
MUST_CHECK int listen_on(const char *where, uint16_t *port, struct error *err);
#endif
