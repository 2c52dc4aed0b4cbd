/* relays - the servers that take our mail: how they are spoken to, whether they can be reached, and a person's pauses. */
#ifndef OPS_RELAYS_H
#define OPS_RELAYS_H
#include "ops/ops.h"
#include "smtp/session.h"
#include "store/event.h"

/* Borrows the configuration's strings. */
struct smtp_options relay_options(const struct config_relay *relay);
/* NULL: the only or the first one. NOT_FOUND. */
MUST_CHECK int relay_find(const struct ops *ops, const char *name, const struct config_relay **out, struct error *err);

/* Connects, greets, secures, logs in; with `to` (an address) sends one short message there from `from` too. 1 it went well, 0: *outcome
 * says where it failed; *extensions what the server offers. */
MUST_CHECK int relay_test(const struct config_relay *relay, const char *from, const char *to, struct smtp_extensions *extensions,
                          struct outcome *outcome, struct error *err);

/* NOT_FOUND: no such relay. for_us 0: until it is resumed. The daemon takes it up within a second. */
MUST_CHECK int relay_pause(struct ops *ops, const char *name, int64_t for_us, const char *reason, struct actor actor, struct error *err);
MUST_CHECK int relay_resume(struct ops *ops, const char *name, struct actor actor, struct error *err);
/* What its failures brought on is forgotten, and it is tried at once; a person's pause stays. The daemon does so within a second. */
MUST_CHECK int relay_reset(struct ops *ops, const char *name, struct actor actor, struct error *err);
/* The daemon: whether a reset of that relay waits; it is taken with that. 1, 0, -1. */
MUST_CHECK int relay_take_reset(struct ops *ops, const char *name, struct error *err);
/* Every relay of the configuration (out has room for CONFIG_RELAYS): what the daemon last said of it, and a person's pause at once.
 * until_us 0: open, or paused until it is resumed. */
MUST_CHECK int relay_states(struct ops *ops, struct relay_state *out, size_t *n, struct arena *arena, struct error *err);
#endif
