#include "base/when.h"
#include "base/text.h"
#include <stdio.h>

const char *const when_weekdays[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL };

int when_weekday(struct bytes word)
{
	static const char *const names[] = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" };
	for (int i = 0; i < 7; i++)
		if (text_compare_nocase(word, bytes_text(names[i])) == 0 || text_compare_nocase(word, bytes_text(when_weekdays[i])) == 0)
			return i;
	return -1;
}

int64_t when_clock(struct bytes text)
{
	const char *colon = memchr(text.data, ':', text.size);
	size_t hours = colon ? (size_t)(colon - text.data) : 0;
	int part[2] = { 0 };
	if (!colon || hours < 1 || hours > 2 || text.size - hours != 3)
		return -1;
	for (size_t i = 0; i < text.size; i++) {
		if (i == hours)
			continue;
		if (text.data[i] < '0' || text.data[i] > '9')
			return -1;
		part[i > hours] = part[i > hours] * 10 + text.data[i] - '0';
	}
	return part[0] > 23 || part[1] > 59 ? -1 : part[0] * HOUR_US + part[1] * MINUTE_US;
}

static int64_t day_of(int64_t local_us)
{
	return local_us / DAY_US - (local_us % DAY_US < 0);
}

static int weekday_of(int64_t day)
{
	return (int)((day % 7 + 3 + 7) % 7); /* 1970-01-01 was a Thursday */
}

/* "2026-11-23" as a day number, or -1. */
static int64_t date_of(struct bytes word)
{
	char text[16];
	int y = 0;
	int m = 0;
	int d = 0;
	int used = 0;
	if (word.size != 10)
		return -1;
	snprintf(text, sizeof text, "%.10s", word.data);
	if (sscanf(text, "%4d-%2d-%2d%n", &y, &m, &d, &used) != 3 || used != 10 || y < 1970 || m < 1 || m > 12 || d < 1)
		return -1;
	int64_t day = units_day(y, m, d);
	int y2 = 0;
	int m2 = 0;
	int d2 = 0;
	units_civil(day, &y2, &m2, &d2);
	return d2 == d && m2 == m ? day : -1;
}

static int read_local(const char *text, const struct zone *zone, int64_t now_us, int64_t *out_us, enum zone_fit *fit, struct error *err)
{
	struct bytes rest = bytes_text(text);
	struct bytes first = { 0 };
	struct bytes second = { 0 };
	struct bytes more = { 0 };
	int64_t today = day_of(zone_local(zone, now_us));
	bool has_first = text_next_part(&rest, " \tT", &first);
	bool has_second = text_next_part(&rest, " \tT", &second);
	int64_t clock_us = when_clock(has_second ? second : first);
	int64_t day = has_second ? -1 : today;
	int weekday = has_second ? when_weekday(first) : -1;
	if (has_second && text_compare_nocase(first, BYTES_OF("today")) == 0)
		day = today;
	else if (has_second && text_compare_nocase(first, BYTES_OF("tomorrow")) == 0)
		day = today + 1;
	else if (weekday >= 0)
		day = today + (weekday - weekday_of(today) + 7) % 7;
	else if (has_second)
		day = date_of(first);
	if (!has_first || day < 0 || clock_us < 0 || text_next_part(&rest, " \t", &more))
		return error_set(err, ERROR_INPUT,
		                 "\"%.64s\" is no time: write 07:00, tomorrow 07:00, mon 07:00, +2h, 2026-11-23 07:00 or RFC 3339", text);
	*out_us = zone_wall(zone, day * DAY_US + clock_us, fit);
	/* A bare clock time or weekday is the next one there is. */
	if (*out_us <= now_us && (!has_second || weekday >= 0))
		*out_us = zone_wall(zone, (day + (weekday >= 0 ? 7 : 1)) * DAY_US + clock_us, fit);
	return 0;
}

int when_read(const char *text, const struct zone *zone, int64_t now_us, int64_t *out_us, enum zone_fit *fit, struct error *err)
{
	int64_t wait_us = 0;
	*fit = ZONE_ONCE;
	if (text[0] == '+') {
		if (units_duration(text + 1, &wait_us, err) < 0)
			return -1;
		*out_us = now_us + wait_us;
	} else if (units_time(text, out_us, NULL) < 0 && read_local(text, zone, now_us, out_us, fit, err) < 0) {
		return -1;
	}
	if (*out_us > now_us)
		return 0;
	char said[WHEN_TEXT];
	return error_set(err, ERROR_INPUT, "%s is in the past (it is %s now)", text, when_write_rule(now_us, zone, said));
}

static void civil(int64_t us, const struct zone *zone, int *y, int *m, int *d, int *h, int *min, int64_t *day)
{
	int64_t local = zone_local(zone, us);
	*day = day_of(local);
	units_civil(*day, y, m, d);
	*h = (int)((local - *day * DAY_US) / HOUR_US);
	*min = (int)((local - *day * DAY_US) / MINUTE_US % 60);
}

const char *when_write_rule(int64_t at_us, const struct zone *zone, char out[WHEN_TEXT])
{
	int y = 0;
	int m = 0;
	int d = 0;
	int h = 0;
	int min = 0;
	int64_t day = 0;
	civil(at_us, zone, &y, &m, &d, &h, &min, &day);
	snprintf(out, WHEN_TEXT, "%04d-%02d-%02d %02d:%02d %s", y, m, d, h, min, zone_name(zone));
	return out;
}

const char *when_write(int64_t at_us, const struct zone *zone, int64_t now_us, char out[WHEN_TEXT])
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	char in[UNITS_TEXT];
	char utc[UNITS_TEXT];
	int this_year = 0;
	int y = 0;
	int m = 0;
	int d = 0;
	int h = 0;
	int min = 0;
	int64_t day = 0;
	char year[16] = "";
	char there[32] = "";
	civil(now_us, zone, &this_year, &m, &d, &h, &min, &day);
	civil(at_us, zone, &y, &m, &d, &h, &min, &day);
	if (y != this_year)
		snprintf(year, sizeof year, " %d", y);
	units_write_time(at_us, utc);
	utc[16] = '\0';
	if (strcmp(zone_name(zone), "UTC") != 0)
		snprintf(there, sizeof there, " (%s UTC)", utc + 11);
	snprintf(out, WHEN_TEXT, "%s %d %s%s %02d:%02d %s%s, in %s", days[weekday_of(day)], d, months[m - 1], year, h, min, zone_name(zone),
	         there, units_write_duration(at_us - now_us, in));
	return out;
}
