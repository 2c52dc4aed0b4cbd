#include "base/units.h"
#include "base/text.h"
#include <stdio.h>

struct unit {
	const char *name;
	int64_t value;
};

static const struct unit durations[] = {
	{ "ms", 1000 }, { "s", SECOND_US }, { "m", MINUTE_US }, { "h", HOUR_US }, { "d", DAY_US }, { "w", 7 * DAY_US },
};
static const struct unit sizes[] = {
	{ "k", 1 << 10 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 }, { "T", INT64_C(1) << 40 },
};

/* Digits at *text, moved past; false if there are none or they overflow. */
static bool digits(const char **text, int64_t *out)
{
	const char *p = *text;
	int64_t value = 0;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p - '0', &value))
			return false;
	bool any = p > *text;
	*text = p;
	*out = value;
	return any;
}

static const struct unit *unit_at(const char **text, const struct unit *units, size_t count)
{
	size_t length = 0;
	while (((*text)[length] >= 'a' && (*text)[length] <= 'z') || ((*text)[length] >= 'A' && (*text)[length] <= 'Z'))
		length++;
	for (size_t i = 0; i < count; i++)
		if (strlen(units[i].name) == length && memcmp(units[i].name, *text, length) == 0) {
			*text += length;
			return &units[i];
		}
	return NULL;
}

int units_duration(const char *text, int64_t *out_us, struct error *err)
{
	const char *p = text;
	int64_t total = 0;
	if (strcmp(text, "0") == 0) {
		*out_us = 0;
		return 0;
	}
	do {
		int64_t n = 0;
		const struct unit *unit = digits(&p, &n) ? unit_at(&p, durations, COUNT_OF(durations)) : NULL;
		if (!unit || __builtin_mul_overflow(n, unit->value, &n) || __builtin_add_overflow(total, n, &total))
			return error_set(err, ERROR_INPUT, "\"%s\" is no duration (write 90s, 5m, 1h, 4d)", text);
	} while (*p);
	*out_us = total;
	return 0;
}

int units_size(const char *text, int64_t *out_bytes, struct error *err)
{
	const char *p = text;
	int64_t n = 0;
	bool good = digits(&p, &n);
	if (good && *p) {
		const struct unit *unit = unit_at(&p, sizes, COUNT_OF(sizes));
		good = unit && !*p && !__builtin_mul_overflow(n, unit->value, &n);
	}
	if (!good)
		return error_set(err, ERROR_INPUT, "\"%s\" is no size (write 512M, 20k or plain bytes)", text);
	*out_bytes = n;
	return 0;
}

int units_rate(const char *text, struct rate *out, struct error *err)
{
	const char *p = text;
	int64_t n = 0;
	if (digits(&p, &n) && *p == '/' && n >= 1 && n <= UINT32_MAX) {
		p++;
		const struct unit *unit = unit_at(&p, durations + 1, 4);
		int64_t burst = 0;
		bool has_burst = unit && *p == ':' && unit->value < HOUR_US;
		bool is_good = unit && unit->value >= n;
		if (has_burst && p++)
			is_good = is_good && digits(&p, &burst) && burst >= 1 && burst <= UINT32_MAX;
		if (is_good && !*p) {
			*out = (struct rate){ .count = (uint32_t)n, .burst = (uint32_t)burst, .period_us = unit->value };
			return 0;
		}
	}
	return error_set(err, ERROR_INPUT, "\"%s\" is no rate (write 50/s, 3000/m, 3000/m:200 with a burst, 100000/h or 1000000/d)", text);
}

const char *units_write_rate(struct rate rate, char out[UNITS_TEXT])
{
	const char *unit = rate.period_us == SECOND_US ? "s" : rate.period_us == MINUTE_US ? "m" : rate.period_us == HOUR_US ? "h" : "d";
	if (rate.burst)
		snprintf(out, UNITS_TEXT, "%u/%s:%u", rate.count, unit, rate.burst);
	else
		snprintf(out, UNITS_TEXT, "%u/%s", rate.count, unit);
	return out;
}

int units_integer(const char *text, int64_t least, int64_t most, int64_t *out, struct error *err)
{
	const char *p = text;
	int64_t n = 0;
	if (!digits(&p, &n) || *p || n < least || n > most)
		return error_set(err, ERROR_INPUT, "\"%s\" is no whole number from %" PRId64 " to %" PRId64, text, least, most);
	*out = n;
	return 0;
}

/* Howard Hinnant's days_from_civil: eras of 400 years, years that begin in March. */
int64_t units_day(int year, int month, int mday)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + mday - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void units_civil(int64_t day, int *year, int *month, int *mday)
{
	int64_t z = day + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;
	*mday = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2));
}

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

int units_time(const char *text, int64_t *out_us, struct error *err)
{
	int y = 0;
	int mo = 0;
	int d = 0;
	int h = 0;
	int mi = 0;
	int s = 0;
	int used = 0;
	if (sscanf(text, "%4d-%2d-%2d%*[Tt ]%2d:%2d:%2d%n", &y, &mo, &d, &h, &mi, &s, &used) != 6 || used < 19 || mo < 1 || mo > 12 ||
	    d < 1 || d > days_in(y, mo) || h > 23 || mi > 59 || s > 60 || h < 0 || mi < 0 || s < 0)
		return error_set(err, ERROR_INPUT, "\"%s\" is no time (write 2026-11-23T07:00:00Z)", text);
	const char *p = text + used;
	int64_t fraction = 0;
	if (*p == '.') {
		int64_t place = SECOND_US / 10;
		for (p++; *p >= '0' && *p <= '9'; p++, place /= 10)
			fraction += (*p - '0') * place;
	}
	int64_t offset = 0;
	if (*p == 'Z' || *p == 'z') {
		p++;
	} else {
		int oh = 0;
		int om = 0;
		int n = 0;
		char sign = *p;
		if ((sign != '+' && sign != '-') || sscanf(p + 1, "%2d:%2d%n", &oh, &om, &n) != 2 || n != 5 || oh > 23 || om > 59)
			return error_set(err, ERROR_INPUT, "\"%s\" has no offset (end it with Z or +01:00)", text);
		offset = (oh * HOUR_US + om * MINUTE_US) * (sign == '-' ? -1 : 1);
		p += 1 + n;
	}
	if (*p)
		return error_set(err, ERROR_INPUT, "\"%s\" has \"%s\" behind the time", text, p);
	*out_us = units_day(y, mo, d) * DAY_US + h * HOUR_US + mi * MINUTE_US + s * SECOND_US + fraction - offset;
	return 0;
}

const char *units_write_exact(int64_t us, char out[UNITS_TEXT])
{
	for (size_t i = COUNT_OF(durations) - 1; i-- > 0;)
		if (us != 0 && us % durations[i].value == 0) {
			snprintf(out, UNITS_TEXT, "%" PRId64 "%s", us / durations[i].value, durations[i].name);
			return out;
		}
	snprintf(out, UNITS_TEXT, "0");
	return out;
}

const char *units_write_duration(int64_t us, char out[UNITS_TEXT])
{
	if (us < 0)
		us = 0;
	int64_t s = us / SECOND_US;
	if (us < 10 * SECOND_US)
		snprintf(out, UNITS_TEXT, "%.1f s", (double)us / (double)SECOND_US);
	else if (s < 120)
		snprintf(out, UNITS_TEXT, "%" PRId64 " s", s);
	else if (s < 7200)
		snprintf(out, UNITS_TEXT, "%" PRId64 " min", s / 60);
	else if (s < 48 * 3600)
		snprintf(out, UNITS_TEXT, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
	else
		snprintf(out, UNITS_TEXT, "%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
	return out;
}

const char *units_write_size(int64_t bytes, char out[UNITS_TEXT])
{
	static const char *const names[] = { "B", "k", "M", "G", "T" };
	double value = (double)bytes;
	size_t i = 0;
	while (value >= 1024 && i + 1 < COUNT_OF(names)) {
		value /= 1024;
		i++;
	}
	snprintf(out, UNITS_TEXT, i == 0 ? "%.0f %s" : "%.1f %s", value, names[i]);
	return out;
}

const char *units_write_count(int64_t n, char out[UNITS_TEXT])
{
	char plain[UNITS_TEXT];
	int size = snprintf(plain, sizeof plain, "%" PRId64, n < 0 ? -n : n);
	char *to = out;
	if (n < 0)
		*to++ = '-';
	for (int i = 0; i < size; i++) {
		if (i > 0 && (size - i) % 3 == 0)
			*to++ = ',';
		*to++ = plain[i];
	}
	*to = '\0';
	return out;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

const char *units_write_time(int64_t wall_us, char out[UNITS_TEXT])
{
	int y = 0;
	int m = 0;
	int d = 0;
	int64_t day = floor_divide(wall_us, DAY_US);
	int64_t s = (wall_us - day * DAY_US) / SECOND_US;
	units_civil(day, &y, &m, &d);
	snprintf(out, UNITS_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ", y, m, d, (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
	return out;
}

const char *units_write_mail_date(int64_t wall_us, char out[UNITS_TEXT])
{
	static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int y = 0;
	int m = 0;
	int d = 0;
	int64_t day = floor_divide(wall_us, DAY_US);
	int64_t s = (wall_us - day * DAY_US) / SECOND_US;
	units_civil(day, &y, &m, &d);
	snprintf(out, UNITS_TEXT, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[(day % 7 + 7) % 7], d, months[m - 1], y, (int)(s / 3600),
	         (int)(s / 60 % 60), (int)(s % 60));
	return out;
}
