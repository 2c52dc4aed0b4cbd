/* sample - a few readers whose mails show what can go wrong: the longest name, none, right-to-left, other letters, quotes, and one of each
 * provider by chance. */
#ifndef OPS_SAMPLE_H
#define OPS_SAMPLE_H
#include "ops/ops.h"

enum { SAMPLE_READERS = 8 };

struct sample {
	int64_t subscriber[SAMPLE_READERS];
	size_t count;
};

/* Out of at most 20,000 active readers of the list; on a longer one those behind a place taken by chance. The chance is the campaign's:
 * what was checked is what is checked again when it goes. */
MUST_CHECK int sample_readers(struct ops *ops, int64_t list, int64_t campaign, struct sample *out, struct error *err);
#endif
