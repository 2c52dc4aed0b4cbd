/* inbound - returned mail comes in: by LMTP, and from a watched Maildir. A mail is accepted only after its commit. */
#ifndef INBOUND_INBOUND_H
#define INBOUND_INBOUND_H
#include "daemon/daemon.h"

struct inbound;
MUST_CHECK int inbound_start(struct daemon *daemon, struct inbound **out, struct error *err);
void inbound_stop(struct inbound **inbound);
#endif
