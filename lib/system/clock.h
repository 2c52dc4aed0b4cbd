/* clock - the two clocks, read together. */
#ifndef SYSTEM_CLOCK_H
#define SYSTEM_CLOCK_H
#include "base/units.h"

/* CLOCK_REALTIME and CLOCK_BOOTTIME. */
struct moment clock_now(void);
#endif
