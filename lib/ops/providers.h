/* providers - mailbox operators as the configuration and the store know them: their names and domains, their limits, their pauses. */
#ifndef OPS_PROVIDERS_H
#define OPS_PROVIDERS_H
#include "ops/ops.h"
#include "pacing/pacing.h"
#include "store/pace.h"

/* What the configuration adds to the table built in; names get their number from the store. Called when a store is opened. */
MUST_CHECK int providers_load(struct ops *ops, const struct config *config, struct providers **out, struct error *err);
/* Rates and caps of `config` for all relays named and all providers. Through a smarthost a known provider has at most a quarter of the
 * sessions unless the configuration says otherwise. */
void providers_setup(const struct ops *ops, const struct config *config, const char *const *relays, size_t n, struct pacing_setup *out);
/* After a change of the domains: subscribers get their provider anew, a page at a time from *after on; *done at the end. */
MUST_CHECK int providers_assign(struct ops *ops, int64_t *after, bool *done, struct error *err);
/* True while the subscribers' providers are those of another table. */
MUST_CHECK int providers_are_stale(struct ops *ops, bool *stale, struct error *err);
MUST_CHECK int providers_are_assigned(struct ops *ops, struct error *err);

/* NOT_FOUND names those there are. */
MUST_CHECK int provider_of_name(const struct ops *ops, const char *name, int64_t *provider, struct error *err);
/* for_us 0: until it is resumed. The daemon takes it up within a second. */
MUST_CHECK int provider_pause(struct ops *ops, const char *name, int64_t for_us, const char *reason, struct actor actor, struct error *err);
MUST_CHECK int provider_resume(struct ops *ops, const char *name, struct actor actor, struct error *err);
/* Forgets what was learned, and any pause. */
MUST_CHECK int provider_reset(struct ops *ops, const char *name, struct actor actor, struct error *err);

/* "50/s, 1000/h" -> rates; "" none. ERROR_INPUT. */
MUST_CHECK int rates_read(const char *text, struct pacing_rates *out, struct error *err);
#endif
