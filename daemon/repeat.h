/* repeat - what is tried many times a second and fails is said when it begins, once a minute while it lasts, and when it is over. */
#ifndef DAEMON_REPEAT_H
#define DAEMON_REPEAT_H
#include <stdbool.h>
#include <stdint.h>

struct repeat {
	bool fails;
	int64_t said_us; /* monotonic */
};
enum repeat_say { REPEAT_NOTHING, REPEAT_FAILS, REPEAT_WORKS };

/* What to say of a try that came to this. */
enum repeat_say repeat_look(struct repeat *repeat, bool fails, int64_t mono_us);
#endif
