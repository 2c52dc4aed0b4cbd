#include "base/text.h"
#include "base/units.h"
#include "content/html.h"
#include <stdio.h>
#include <strings.h>

static const struct {
	const char *name;
	int hours;
} zones[] = { { "GMT", 0 },  { "UT", 0 },   { "UTC", 0 },  { "Z", 0 },    { "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 },
	      { "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 }, { "CET", 1 },  { "CEST", 2 }, { "BST", 1 } };

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
	if ((sign == '+' || sign == '-') &&
	    (sscanf(zone + 1, "%2d:%2d", &hours, &minutes) == 2 || sscanf(zone + 1, "%2d%2d", &hours, &minutes) >= 1))
		return (hours * HOUR_US + minutes * MINUTE_US) * (sign == '-' ? -1 : 1);
	for (size_t i = 0; i < COUNT_OF(zones); i++)
		if (strcasecmp(zone, zones[i].name) == 0)
			return zones[i].hours * HOUR_US;
	return 0;
}

struct civil {
	int year, month, day, hour, minute, second;
};

/* Microseconds, or 0 for a day or hour that no calendar has. */
static int64_t civil_us(const struct civil *t, int64_t zone)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if (t->year < 1970 || t->year > 9999 || t->month < 1 || t->month > 12 || t->day < 1 || t->day > days[t->month - 1])
		return 0;
	if (t->hour < 0 || t->hour > 24 || t->minute < 0 || t->minute > 59 || t->second < 0 || t->second > 60)
		return 0;
	return units_day(t->year, t->month, t->day) * DAY_US + t->hour * HOUR_US + t->minute * MINUTE_US + t->second * SECOND_US - zone;
}

/* "10:00", "10:00:18 Z", "02:02:33 PM": returns what is left of the text, with the zone. */
static const char *read_clock(const char *text, struct civil *t)
{
	int used = 0;
	if (sscanf(text, " %2d:%2d%n", &t->hour, &t->minute, &used) < 2)
		return text;
	text += used;
	if (sscanf(text, ":%2d%n", &t->second, &used) == 1)
		text += used;
	text += strspn(text, " ");
	bool pm = strncasecmp(text, "PM", 2) == 0;
	if (pm || strncasecmp(text, "AM", 2) == 0) {
		t->hour = t->hour % 12 + (pm ? 12 : 0);
		text += 2 + strspn(text + 2, " ");
	}
	return text;
}

/* RFC 822 section 5 as feeds write it: day name or none, month before or behind the day, two or four digits of year, seconds or none,
 * zone by name, offset or none. */
static int64_t rfc822(const char *text)
{
	struct civil t = { 0 };
	char month[16] = "";
	int used = 0;
	const char *comma = strchr(text, ',');
	const char *from = comma ? comma + 1 : text + (month_of(text) ? 0 : strcspn(text, "0123456789"));
	if (sscanf(from, " %2d %15[A-Za-z.] %4d%n", &t.day, month, &t.year, &used) < 3 &&
	    sscanf(from, " %2d-%15[A-Za-z]-%4d%n", &t.day, month, &t.year, &used) < 3 &&
	    sscanf(from, " %15[A-Za-z.] %2d%*[ ,]%4d%n", month, &t.day, &t.year, &used) < 3)
		return 0;
	t.month = month_of(month);
	if (t.year < 100)
		t.year += t.year < 70 ? 2000 : 1900;
	char zone[16] = "";
	sscanf(read_clock(from + used, &t), " %15s", zone);
	return civil_us(&t, zone_us(zone));
}

/* RFC 3339 and what comes near it: a day alone, no zone, a blank for the T. */
static int64_t rfc3339(const char *text)
{
	struct civil t = { 0 };
	int used = 0;
	if (sscanf(text, "%4d-%2d-%2d%n", &t.year, &t.month, &t.day, &used) < 3)
		return 0;
	text += used + (text[used] == 'T' || text[used] == 't');
	const char *zone = strpbrk(read_clock(text, &t), "+-Zz");
	return civil_us(&t, zone ? zone_us(zone) : 0);
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
	us = rfc3339(text);
	return us ? us : rfc822(text);
}
