/* zone_file - time zones of this machine, from the tz database's folder. */
#ifndef SYSTEM_ZONE_FILE_H
#define SYSTEM_ZONE_FILE_H
#include "base/zone.h"

/* "Europe/Berlin"; "UTC" and "" give NULL, which is UTC. ERROR_INPUT: there is no such zone. zone_free() it. */
MUST_CHECK int zone_load(const char *name, struct zone **out, struct error *err);
#endif
