#include "base/text.h"
#include "base/units.h"
#include "content/html.h"
#include <stdio.h>
#include <strings.h>

static const struct {
	const char *name;
	int hours;
} zones[] = { { "GMT", 0 }, { "UT", 0 }, { "UTC", 0 }, { "Z", 0 }, { "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 }, { "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 }, { "CET", 1 }, { "CEST", 2 }, { "BST", 1 } };

static int month_of(const char *name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int m = 0; m < 12; m++)
		if (strncasecmp(months + 3 * m, name, 3) == 0)
			return m + 1;
	return 0;
}

static int64_t zone_us(const char *zone)
{
	int hours = 0;
	int minutes = 0;
	char sign = *zone;
	if ((sign == '+' || sign == '-') && (sscanf(zone + 1, "%2d:%2d", &hours, &minutes) == 2 || sscanf(zone + 1, "%2d%2d", &hours, &minutes) >= 1))
		return (hours * HOUR_US + minutes * MINUTE_US) * (sign == '-' ? -1 : 1);
	for (size_t i = 0; i < COUNT_OF(zones); i++)
		if (strcasecmp(zone, zones[i].name) == 0)
			return zones[i].hours * HOUR_US;
	return 0;
}

/* RFC 822 section 5 as feeds write it: day name or none, two or four digits of year, seconds or none, zone by name or offset or none. */
static int64_t rfc822(const char *text)
{
	int day = 0;
	int year = 0;
	int h = 0;
	int m = 0;
	int s = 0;
	char month[16] = "";
	char zone[16] = "";
	const char *comma = strchr(text, ',');
	const char *from = comma ? comma + 1 : text;
	if (sscanf(from, " %2d %15[A-Za-z.] %d %d:%d:%d %15s", &day, month, &year, &h, &m, &s, zone) < 5)
		if (sscanf(from, " %2d %15[A-Za-z.] %d", &day, month, &year) < 3)
			return 0;
	/* Without seconds the zone stands where they would. */
	const char *colon = strchr(from, ':');
	if (colon && !zone[0])
		sscanf(colon + 1, "%*d %15s", zone);
	if (year < 100)
		year += year < 70 ? 2000 : 1900;
	if (!month_of(month) || day < 1 || day > 31 || year < 1970 || year > 9999 || h > 23 || m > 59 || s > 60)
		return 0;
	return units_day(year, month_of(month), day) * DAY_US + h * HOUR_US + m * MINUTE_US + s * SECOND_US - zone_us(zone);
}

int64_t html_date(struct bytes bytes)
{
	char text[64];
	int64_t us = 0;
	bytes = text_trim(bytes);
	if (bytes.size < 8 || bytes.size >= sizeof text)
		return 0;
	memcpy(text, bytes.data, bytes.size);
	text[bytes.size] = '\0';
	if (units_time(text, &us, NULL) == 0)
		return us;
	int y = 0;
	int mo = 0;
	int d = 0;
	int h = 0;
	int mi = 0;
	int s = 0;
	int n = sscanf(text, "%4d-%2d-%2d%*[Tt ]%2d:%2d:%2d", &y, &mo, &d, &h, &mi, &s);
	if (n >= 3 && y >= 1970 && mo >= 1 && mo <= 12 && d >= 1 && d <= 31 && h >= 0 && h < 24 && mi >= 0 && mi < 60 && s >= 0 && s <= 60) {
		const char *offset = strpbrk(text + 10, "+-Zz");
		return units_day(y, mo, d) * DAY_US + h * HOUR_US + mi * MINUTE_US + s * SECOND_US - (offset ? zone_us(offset) : 0);
	}
	return rfc822(text);
}
