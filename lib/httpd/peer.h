/* peer - who is at the other end of a request: the address of the connection, or what proxies of ours say of it. Pure. */
#ifndef HTTPD_PEER_H
#define HTTPD_PEER_H
#include "system/network.h"

/* The last hop of X-Forwarded-For that is no proxy of ours: those before it are what anybody may claim. `connection` is the address
 * that connected; "" for a socket of this machine, behind which only a proxy stands. `proxies`: addresses and networks. */
void peer_find(const char *connection, const char *forwarded, const char *proxies, char out[NETWORK_TEXT]);
#endif
