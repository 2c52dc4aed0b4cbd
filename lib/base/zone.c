#include "base/zone.h"
#include <stdio.h>
#include <stdlib.h>

enum { HEADER = 44, TRANSITIONS_MAX = 4096, TYPES_MAX = 256, NAME = 64 };

/* When summer time begins or ends: "M3.5.0/2", "J60", "59" (POSIX TZ). */
struct turn {
	char kind; /* 'M', 'J', '0' */
	int month, week, day;
	int64_t second; /* of the day, by the clock of before */
};

struct zone {
	char name[NAME];
	size_t count;
	int64_t *at; /* seconds, ascending */
	uint8_t *type;
	int32_t offset[TYPES_MAX]; /* seconds east */
	size_t types;
	/* Behind the last transition. */
	bool has_rule, has_summer;
	int64_t standard, summer;
	struct turn begin, end;
};

static int64_t big_endian(const char *data, size_t size)
{
	uint64_t number = (unsigned char)data[0] & 0x80 ? UINT64_MAX : 0;
	for (size_t i = 0; i < size; i++)
		number = number << 8 | (unsigned char)data[i];
	return (int64_t)number;
}

struct block {
	int64_t isut, isstd, leaps, times, types, chars;
};

static bool read_header(struct bytes data, struct block *out)
{
	if (data.size < HEADER || memcmp(data.data, "TZif", 4) != 0)
		return false;
	int64_t *const to[] = { &out->isut, &out->isstd, &out->leaps, &out->times, &out->types, &out->chars };
	for (size_t i = 0; i < COUNT_OF(to); i++) {
		*to[i] = big_endian(data.data + 20 + 4 * i, 4);
		if (*to[i] < 0 || *to[i] > TRANSITIONS_MAX)
			return false;
	}
	return out->types > 0 && out->types <= TYPES_MAX;
}

static size_t block_bytes(const struct block *b, size_t time_bytes)
{
	return (size_t)(b->times * (int64_t)time_bytes + b->times + b->types * 6 + b->chars + b->leaps * (int64_t)(time_bytes + 4) +
	                b->isstd + b->isut);
}

static bool read_number(const char **p, int64_t most, int64_t *out)
{
	int64_t n = 0;
	const char *from = *p;
	while (**p >= '0' && **p <= '9' && n <= most)
		n = n * 10 + *(*p)++ - '0';
	*out = n;
	return *p > from && n <= most;
}

/* [+-]h[:mm[:ss]] as seconds. */
static bool read_clock(const char **p, int64_t *out)
{
	int64_t part[3] = { 0 };
	int sign = **p == '-' ? -1 : 1;
	if (**p == '-' || **p == '+')
		(*p)++;
	for (int i = 0; i < 3; i++) {
		if (!read_number(p, i == 0 ? 167 : 59, &part[i]))
			return false;
		if (i == 2 || **p != ':')
			break;
		(*p)++;
	}
	*out = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
	return true;
}

static bool skip_word(const char **p)
{
	const char *from = *p;
	if (**p == '<') {
		while (**p && **p != '>')
			(*p)++;
		return *(*p)++ == '>';
	}
	while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
		(*p)++;
	return *p - from >= 3;
}

static bool read_turn(const char **p, struct turn *out)
{
	int64_t part[3] = { 0 };
	static const int64_t most[] = { 12, 5, 6 };
	*out = (struct turn){ .kind = **p == 'M' || **p == 'J' ? *(*p)++ : '0', .second = 7200 };
	for (int i = 0; i < (out->kind == 'M' ? 3 : 1); i++) {
		if (i > 0 && *(*p)++ != '.')
			return false;
		if (!read_number(p, out->kind == 'M' ? most[i] : 365, &part[i]))
			return false;
	}
	out->month = (int)part[0];
	out->week = (int)part[1];
	out->day = out->kind == 'M' ? (int)part[2] : (int)part[0];
	if (out->kind == 'M' && (out->month < 1 || out->week < 1))
		return false;
	if (**p != '/')
		return true;
	(*p)++;
	return read_clock(p, &out->second);
}

/* "CET-1CEST,M3.5.0,M10.5.0/3": the signs there are the other way round. */
static bool read_rule(const char *p, struct zone *zone)
{
	int64_t west = 0;
	if (!skip_word(&p) || !read_clock(&p, &west))
		return false;
	zone->standard = -west;
	zone->has_rule = true;
	if (*p == '\0')
		return true;
	if (!skip_word(&p))
		return false;
	zone->summer = zone->standard + 3600;
	if (*p != ',') {
		if (!read_clock(&p, &west))
			return false;
		zone->summer = -west;
	}
	zone->has_summer = true;
	return *p++ == ',' && read_turn(&p, &zone->begin) && *p++ == ',' && read_turn(&p, &zone->end) && *p == '\0';
}

static bool read_data(struct bytes data, const struct block *b, struct zone *zone)
{
	size_t bytes = block_bytes(b, 8);
	if (data.size < bytes)
		return false;
	zone->count = (size_t)b->times;
	zone->types = (size_t)b->types;
	zone->at = calloc(zone->count + 1, sizeof *zone->at);
	zone->type = calloc(zone->count + 1, 1);
	if (!zone->at || !zone->type)
		return false;
	const char *types = data.data + 8 * zone->count;
	for (size_t i = 0; i < zone->count; i++) {
		zone->at[i] = big_endian(data.data + 8 * i, 8);
		zone->type[i] = (uint8_t)types[i];
		if (zone->type[i] >= zone->types || (i > 0 && zone->at[i] <= zone->at[i - 1]))
			return false;
	}
	for (size_t i = 0; i < zone->types; i++)
		zone->offset[i] = (int32_t)big_endian(types + zone->count + 6 * i, 4);
	char rule[128];
	size_t rest = data.size - bytes;
	if (rest < 2 || rest >= sizeof rule || data.data[bytes] != '\n')
		return rest == 0;
	memcpy(rule, data.data + bytes + 1, rest - 1);
	rule[rest - 1] = '\0';
	rule[strcspn(rule, "\n")] = '\0';
	return *rule == '\0' || read_rule(rule, zone);
}

static bool read_tzif(struct bytes tzif, struct zone *zone)
{
	struct block old = { 0 };
	struct block b = { 0 };
	if (!read_header(tzif, &old) || tzif.data[4] < '2')
		return false;
	size_t skip = HEADER + block_bytes(&old, 4);
	if (tzif.size < skip)
		return false;
	struct bytes rest = { tzif.data + skip, tzif.size - skip };
	return read_header(rest, &b) && read_data((struct bytes){ rest.data + HEADER, rest.size - HEADER }, &b, zone);
}

int zone_read(struct bytes tzif, const char *name, struct zone **out, struct error *err)
{
	struct zone *zone = calloc(1, sizeof *zone);
	if (!zone)
		return error_set(err, ERROR_MEMORY, "out of memory");
	snprintf(zone->name, sizeof zone->name, "%s", name);
	if (!read_tzif(tzif, zone)) {
		zone_free(&zone);
		return error_set(err, ERROR_CORRUPT, "time zone %.64s: its file can not be read", name);
	}
	*out = zone;
	return 0;
}

void zone_free(struct zone **zone)
{
	if (*zone) {
		free((*zone)->at);
		free((*zone)->type);
	}
	free(*zone);
	*zone = NULL;
}

const char *zone_name(const struct zone *zone)
{
	return zone ? zone->name : "UTC";
}

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The local second at which a turn of that year happens. */
static int64_t turn_second(const struct turn *turn, int year)
{
	int64_t day = units_day(year, 1, 1);
	if (turn->kind == 'M') {
		int64_t first = units_day(year, turn->month, 1);
		int64_t next = turn->month == 12 ? units_day(year + 1, 1, 1) : units_day(year, turn->month + 1, 1);
		int weekday = (int)((first % 7 + 4 + 7) % 7); /* 1970-01-01 was a Thursday; 0 is Sunday */
		day = first + (turn->day - weekday + 7) % 7 + 7 * (turn->week - 1);
		if (day >= next)
			day -= 7;
	} else if (turn->kind == 'J') {
		/* Day 60 is the first of March in every year. */
		bool leap = units_day(year + 1, 1, 1) - day == 366;
		day += turn->day - 1 + (leap && turn->day >= 60);
	} else {
		day += turn->day;
	}
	return day * 86400 + turn->second;
}

static int64_t offset_by_rule(const struct zone *zone, int64_t second)
{
	int year = 0;
	int month = 0;
	int mday = 0;
	if (!zone->has_summer)
		return zone->standard;
	units_civil(floor_divide(second + zone->standard, 86400), &year, &month, &mday);
	int64_t begin = turn_second(&zone->begin, year) - zone->standard;
	int64_t end = turn_second(&zone->end, year) - zone->summer;
	bool is_summer = begin < end ? second >= begin && second < end : second >= begin || second < end;
	return is_summer ? zone->summer : zone->standard;
}

static int64_t offset_at(const struct zone *zone, int64_t second)
{
	if (!zone)
		return 0;
	if (zone->has_rule && (zone->count == 0 || second >= zone->at[zone->count - 1]))
		return offset_by_rule(zone, second);
	size_t low = 0;
	size_t high = zone->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (zone->at[middle] <= second)
			low = middle + 1;
		else
			high = middle;
	}
	return zone->offset[low == 0 ? 0 : zone->type[low - 1]];
}

int64_t zone_local(const struct zone *zone, int64_t wall_us)
{
	return wall_us + offset_at(zone, floor_divide(wall_us, SECOND_US)) * SECOND_US;
}

int64_t zone_wall(const struct zone *zone, int64_t local_us, enum zone_fit *fit)
{
	int64_t second = floor_divide(local_us, SECOND_US);
	/* The clock is turned at most once in two days: one of these two it is, or both, or none. */
	int64_t before = offset_at(zone, second - 86400);
	int64_t after = offset_at(zone, second + 86400);
	bool fits_before = offset_at(zone, second - before) == before;
	bool fits_after = offset_at(zone, second - after) == after;
	enum zone_fit found = fits_before || fits_after ? ZONE_ONCE : ZONE_SKIPPED;
	if (fits_before && fits_after && before != after)
		found = ZONE_TWICE;
	if (fit)
		*fit = found;
	return local_us - (fits_before || !fits_after ? before : after) * SECOND_US;
}
