/* delivery - mail goes out: the dispatcher leases and paces, sessions talk to relays, the recorder writes. */
#ifndef DELIVERY_DELIVERY_H
#define DELIVERY_DELIVERY_H
#include "daemon/daemon.h"

struct delivery;
MUST_CHECK int delivery_start(struct daemon *daemon, struct delivery **out, struct error *err);
/* After daemon->stopping was set: what is in flight is finished and recorded, leases are given back. */
void delivery_stop(struct delivery **delivery);
/* A second request to stop: what waits for a reply is left in doubt. */
void delivery_abort(struct delivery *delivery);
bool delivery_is_busy(struct delivery *delivery); /* a message is under way */
void delivery_log_state(struct delivery *delivery);
#endif
