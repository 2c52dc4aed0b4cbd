/* trust - whether a relay's refusals of one provider's readers are to be believed: a server that refuses many speaks of itself.
 * Suppressions are provisional until a sample is good; a person confirms those of a bad one. Pure. */
#ifndef POLICY_TRUST_H
#define POLICY_TRUST_H
#include <stdint.h>

enum {
	TRUST_SAMPLE = 200, /* verdicts that make a sample */
	TRUST_LEAST = 10,   /* fewer say nothing at all */
	TRUST_MOST = 400,   /* then both numbers are halved: what was long ago weighs less */
};

enum trust {
	TRUST_OPEN, /* not enough was seen */
	TRUST_GOOD, /* a whole sample, less than 20 % of it refusals */
	TRUST_BAD,  /* 20 % or more */
	TRUST_NONE, /* 80 % or more: nobody is sent to it until it takes somebody */
};

enum trust policy_trust(int64_t verdicts, int64_t refusals);
#endif
