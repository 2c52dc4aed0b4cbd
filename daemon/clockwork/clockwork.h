/* clockwork - what happens by the clock: a table of name, period and verb. One failing verb is logged and stops no other. */
#ifndef CLOCKWORK_CLOCKWORK_H
#define CLOCKWORK_CLOCKWORK_H
#include "daemon/daemon.h"

struct clockwork;
MUST_CHECK int clockwork_start(struct daemon *daemon, struct clockwork **out, struct error *err);
void clockwork_stop(struct clockwork **clockwork); /* after daemon->stopping was set */
#endif
