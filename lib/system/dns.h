/* dns - look-ups by libunbound, each with a deadline. A name server that is away is no answer: never "there is none". */
#ifndef SYSTEM_DNS_H
#define SYSTEM_DNS_H
#include "base/buffer.h"

struct dns; /* one thread */

/* server: "127.0.0.1" or "127.0.0.1@5353"; NULL or "": those of /etc/resolv.conf. */
MUST_CHECK int dns_open(const char *server, struct dns **out, struct error *err);
void dns_close(struct dns **dns);

/* Adds the TXT records of `name`, the strings of each joined, each followed by a line feed. Returns how many (0: the name has none), or
 * -1: ERROR_TIMEOUT or NETWORK. */
MUST_CHECK int dns_txt(struct dns *dns, const char *name, int64_t timeout_us, struct buffer *out, struct error *err);
#endif
