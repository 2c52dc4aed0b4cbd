#include "policy/trust.h"

enum trust policy_trust(int64_t verdicts, int64_t refusals)
{
	if (verdicts < TRUST_LEAST)
		return TRUST_OPEN;
	if (refusals * 5 >= verdicts * 4)
		return TRUST_NONE;
	if (refusals * 5 >= verdicts)
		return TRUST_BAD;
	return verdicts >= TRUST_SAMPLE ? TRUST_GOOD : TRUST_OPEN;
}
