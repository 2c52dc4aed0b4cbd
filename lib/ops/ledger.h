/* ledger - whether the store is what it should be: the file sound, and every campaign's counters what its deliveries are (promise 7). */
#ifndef OPS_LEDGER_H
#define OPS_LEDGER_H
#include "ops/ops.h"

enum { LEDGER_SHOWN = 16 };
struct ledger {
	int64_t wrong;                  /* campaigns that are counted wrong */
	int64_t campaign[LEDGER_SHOWN]; /* the first of them */
};

/* Reads all of it, a campaign's rows and counters in one snapshot: others may write meanwhile. CORRUPT with the first finding where the
 * file is damaged. db_interrupt() ends it. */
MUST_CHECK int ledger_check(struct ops *ops, struct ledger *out, struct error *err);
#endif
