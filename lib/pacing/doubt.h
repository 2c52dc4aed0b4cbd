/* doubt - how many of a relay's last 200 messages are in doubt: sent, and no word came back. Each may be a second copy in somebody's inbox,
 * so a relay with more than one in a hundred is left alone (promise 5). Pure. */
#ifndef PACING_DOUBT_H
#define PACING_DOUBT_H
#include <stdbool.h>
#include <stddef.h>

enum { DOUBT_LAST = 200, DOUBT_MOST = DOUBT_LAST / 100 };

struct doubt {
	bool in_doubt[DOUBT_LAST];
	size_t at, count;
};

/* One message's end. True: too many are in doubt; those are forgotten, so that the relay is judged anew after its pause. */
bool doubt_add(struct doubt *doubt, bool is_in_doubt);
#endif
