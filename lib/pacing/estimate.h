/* estimate - when what waits will be through, all limits taken into account, and which of them decides. Pure. */
#ifndef PACING_ESTIMATE_H
#define PACING_ESTIMATE_H
#include "pacing/pacing.h"

/* Messages that wait, of one campaign for one provider. */
struct pacing_line {
	int64_t provider, list, campaign;
	int64_t n;
};

struct estimate {
	int64_t us;    /* from now until the last one has gone; INT64_MAX: never as things stand */
	enum hold by;  /* the limit that decides; HOLD_NOTHING: the pace of the machine and the relay */
	int64_t which; /* provider, list, campaign or relay number of that limit */
};

/* measured_milli: thousandths of a message a second that go out now, where nothing holds them; 0: not known. */
struct estimate pacing_estimate(const struct pacing *pacing, const struct pacing_line *lines, size_t n, int64_t measured_milli,
                                struct moment now);
#endif
