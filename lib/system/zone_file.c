#include "system/zone_file.h"
#include "system/file.h"
#include <stdio.h>

enum { ZONE_BYTES = 64 << 10 };

static bool is_zone_name(const char *name)
{
	if (name[0] == '/' || strstr(name, "..") || strlen(name) > 60)
		return false;
	for (const char *p = name; *p; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9') && !strchr("/_+-", *p))
			return false;
	return true;
}

int zone_load(const char *name, struct zone **out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT(ZONE_BYTES);
	char path[128];
	*out = NULL;
	if (!*name || strcmp(name, "UTC") == 0)
		return 0;
	snprintf(path, sizeof path, "/usr/share/zoneinfo/%.60s", name);
	struct error why = { 0 };
	if (!is_zone_name(name) || file_read(path, &data, &why) < 0)
		return error_set(err, ERROR_INPUT, "there is no time zone \"%.60s\" on this machine: write one as Europe/Berlin", name);
	return zone_read(buffer_bytes(&data), name, out, err);
}
