/* alerts - what needs a person is found, kept while it lasts, shown by `status` and mailed to [alerts] mail: one mail a kind and hour. */
#ifndef OPS_ALERTS_H
#define OPS_ALERTS_H
#include "ops/ops.h"

/* 1 if it is new. The text is cut to one line. */
MUST_CHECK int alert_raise(struct ops *ops, const char *kind, const char *object, const char *text, struct error *err);
MUST_CHECK int alert_end(struct ops *ops, const char *kind, const char *object, struct error *err);

/* What the store alone can tell: relays paused for long, servers that refuse us, a full disk, a clock that jumped, refusals that nobody
 * should believe. `looking` is kept between looks. */
struct alerts_look {
	bool has_begun;
	int64_t attempt;             /* up to here the attempts were read; what was before the first look is old */
	int64_t relay_paused_us[16]; /* since when, by its place among them */
};
MUST_CHECK int alerts_look(struct ops *ops, struct alerts_look *look, struct error *err);
/* Queues the mails that are due. Returns how many. */
MUST_CHECK int alerts_mail(struct ops *ops, struct error *err);
/* Circuit breaker: pauses the sending campaigns whose bounces or complaints passed the limits. Returns how many. */
MUST_CHECK int breaker_check(struct ops *ops, struct error *err);
#endif
