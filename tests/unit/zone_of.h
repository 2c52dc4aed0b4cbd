/* zone_of - a zone of this machine's tz database, for tests of the pure rooms. */
#ifndef TESTS_ZONE_OF_H
#define TESTS_ZONE_OF_H
#include "base/zone.h"
#include <stdio.h>

static struct zone *zone_of(const char *name)
{
	static char data[1 << 16];
	char path[128];
	struct zone *zone = NULL;
	struct error err;
	snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
	FILE *file = fopen(path, "rb");
	if (!file)
		return NULL;
	size_t size = fread(data, 1, sizeof data, file);
	fclose(file);
	return zone_read((struct bytes){ data, size }, name, &zone, &err) == 0 ? zone : NULL;
}
#endif
