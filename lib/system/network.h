/* network - IP addresses and networks as people and proxies write them. Asks nobody: names are no addresses. */
#ifndef SYSTEM_NETWORK_H
#define SYSTEM_NETWORK_H
#include "base/buffer.h"

enum { NETWORK_TEXT = 64 };

struct network {
	uint8_t address[16]; /* IPv4 as IPv6 writes it: ::ffff:192.0.2.7 */
	int bits;            /* those of `address` that count: 128 for one host */
};

/* "192.0.2.7", "10.0.0.0/8", "2001:db8::/32", and with a port "192.0.2.7:4711", "[2001:db8::1]:4711". False: it is none of them. */
bool network_read(struct bytes text, struct network *out);
/* True if the host is in the network. */
bool network_holds(const struct network *network, const struct network *host);
/* What one customer of a provider has: an IPv4 address, or the /64 in which an IPv6 host may take any address it likes. */
void network_of_customer(const struct network *host, char out[NETWORK_TEXT]);
#endif
