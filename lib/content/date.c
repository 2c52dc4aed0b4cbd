/* Dates as the world writes them: RFC 822 with its habits, asctime, RFC 3339 and ISO 8601 in its shorter forms. */
#include "base/text.h"
#include "base/units.h"
#include "content/html.h"
#include <stdio.h>
#include <strings.h>

enum { TEXT_MAX = 80 };

struct civil {
	int year, month, day;
	int hour, minute, second;
	bool has_clock, has_zone, pm, am;
	int64_t zone_us;
};

static const char digits[] = "0123456789";

static int number(const char *text, size_t n)
{
	int value = 0;
	for (size_t i = 0; i < n; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

static int month_of(const char *name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int m = 0; m < 12; m++)
		if (strncasecmp(months + 3 * m, name, 3) == 0)
			return m + 1;
	return 0;
}

static bool zone_by_name(const char *name, size_t n, int64_t *us)
{
	static const struct {
		const char *name;
		int hours;
	} zones[] = { { "GMT", 0 },  { "UT", 0 },   { "UTC", 0 },  { "Z", 0 },    { "EST", -5 }, { "EDT", -4 }, { "ET", -5 },
		      { "CST", -6 }, { "CDT", -5 }, { "CT", -6 },  { "MST", -7 }, { "MDT", -6 }, { "MT", -7 },  { "PST", -8 },
		      { "PDT", -7 }, { "PT", -8 },  { "AST", -4 }, { "ADT", -3 }, { "AT", -4 },  { "CET", 1 },  { "CEST", 2 },
		      { "MET", 1 },  { "MEST", 2 }, { "BST", 1 },  { "EET", 2 },  { "EEST", 3 }, { "MSK", 3 },  { "JST", 9 } };
	for (size_t i = 0; i < COUNT_OF(zones); i++)
		if (strlen(zones[i].name) == n && strncasecmp(name, zones[i].name, n) == 0) {
			*us = zones[i].hours * HOUR_US;
			return true;
		}
	return false;
}

/* "+0200", "-05:30", "+2". Returns what was read, 0: no offset. */
static size_t read_offset(const char *text, int64_t *us)
{
	size_t n = *text == '+' || *text == '-' ? strspn(text + 1, digits) : 0;
	if (n == 0 || n == 3 || n > 4)
		return 0;
	int hours = number(text + 1, n > 2 ? 2 : n);
	int minutes = n == 4 ? number(text + 3, 2) : 0;
	size_t used = n + 1;
	if (n <= 2 && text[used] == ':' && strspn(text + used + 1, digits) == 2) {
		minutes = number(text + used + 1, 2);
		used += 3;
	}
	*us = (hours * HOUR_US + minutes * MINUTE_US) * (*text == '-' ? -1 : 1);
	return used;
}

/* A name, an offset, or both: "UTC+2". */
static size_t read_zone(const char *text, struct civil *t)
{
	size_t letters = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	int64_t us = 0;
	bool known = letters > 0 && zone_by_name(text, letters, &us);
	size_t offset = known || letters == 0 ? read_offset(text + letters, &us) : 0;
	if (!known && offset == 0)
		return 0;
	t->zone_us = us;
	t->has_zone = true;
	return letters + offset;
}

/* "10:00", "10:00:18", "10:00:18.5"; 0: no clock. */
static size_t read_clock(const char *text, struct civil *t)
{
	size_t hours = strspn(text, digits);
	if (hours < 1 || hours > 2 || text[hours] != ':' || strspn(text + hours + 1, digits) != 2)
		return 0;
	size_t used = hours + 3;
	t->hour = number(text, hours);
	t->minute = number(text + hours + 1, 2);
	t->has_clock = true;
	if (text[used] == ':' && strspn(text + used + 1, digits) == 2) {
		t->second = number(text + used + 1, 2);
		used += 3;
		if (text[used] == '.' || text[used] == ',')
			used += 1 + strspn(text + used + 1, digits);
	}
	return used;
}

/* Microseconds, or 0 for a day or hour that no calendar has. The first moment of 1970 is a microsecond late, since 0 is none. */
static int64_t civil_us(const struct civil *t)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int hour = (t->am || t->pm) && t->hour <= 12 ? t->hour % 12 + (t->pm ? 12 : 0) : t->hour;
	if (t->year < 1600 || t->year > 9999 || t->month < 1 || t->month > 12 || t->day < 1 || t->day > days[t->month - 1])
		return 0;
	if (hour > 24 || t->minute > 59 || t->second > 60)
		return 0;
	int64_t us =
		units_day(t->year, t->month, t->day) * DAY_US + hour * HOUR_US + t->minute * MINUTE_US + t->second * SECOND_US - t->zone_us;
	return us ? us : 1;
}

/* What stands behind an ISO date: "T10:14:55.5Z", " 10:14 +0200", "T101455Z". */
static void read_iso_time(const char *text, struct civil *t)
{
	text += *text == 'T' || *text == 't';
	text += strspn(text, " ");
	size_t used = read_clock(text, t);
	if (used == 0 && (strspn(text, digits) == 6 || strspn(text, digits) == 4)) {
		used = strspn(text, digits);
		t->hour = number(text, 2);
		t->minute = number(text + 2, 2);
		t->second = used == 6 ? number(text + 4, 2) : 0;
	} else if (used == 0 && strspn(text, digits) == 2) {
		used = 2;
		t->hour = number(text, 2);
	}
	text += used + strspn(text + used, " ");
	bool pm = strncasecmp(text, "pm", 2) == 0;
	if (pm || strncasecmp(text, "am", 2) == 0) {
		t->pm = pm;
		t->am = !pm;
		text += 2 + strspn(text + 2, " ");
	}
	read_zone(text, t);
}

/* YYYY-MM-DD with hyphens, slashes or dots; YYYYMMDD; YYYY-DDD; YYYY-MM; YYYY. */
static int64_t iso(const char *text)
{
	struct civil t = { .month = 1, .day = 1 };
	size_t n = strspn(text, digits);
	t.year = n >= 4 ? number(text, 4) : 0;
	if (n == 8) {
		t.month = number(text + 4, 2);
		t.day = number(text + 6, 2);
		read_iso_time(text + 8, &t);
		return civil_us(&t);
	}
	if (n != 4)
		return 0;
	text += 4;
	if (!*text)
		return civil_us(&t);
	char mark = *text++;
	n = strspn(text, digits);
	if (!strchr("-/.", mark) || n == 0 || n > 3)
		return 0;
	if (n == 3) {
		int64_t us = civil_us(&t);
		int day = number(text, 3);
		return us && day >= 1 && day <= 366 && !text[3] ? us + (day - 1) * DAY_US : 0;
	}
	t.month = number(text, n);
	text += n;
	if (!*text)
		return civil_us(&t);
	n = *text++ == mark ? strspn(text, digits) : 0;
	if (n == 0 || n > 2)
		return 0;
	t.day = number(text, n);
	read_iso_time(text + n, &t);
	return civil_us(&t);
}

static int whole_year(int year, size_t written)
{
	return written > 2 ? year : year + (year < 70 ? 2000 : 1900);
}

/* One word of an RFC 822 or asctime date. False: it makes no sense there. */
static bool take_word(const char *word, struct civil *t)
{
	size_t n = strspn(word, digits);
	if (strchr(word, ':') && n > 0 && read_clock(word, t)) {
		const char *half = word + read_clock(word, t);
		t->pm = t->pm || strncasecmp(half, "pm", 2) == 0;
		t->am = t->am || strncasecmp(half, "am", 2) == 0;
		return true;
	}
	if (n > 0 && !word[n] && n <= 4) {
		bool day = t->day == 0 && n <= 2;
		*(day ? &t->day : &t->year) = day ? number(word, n) : whole_year(number(word, n), n);
		return true;
	}
	if (strcasecmp(word, "am") == 0 || strcasecmp(word, "pm") == 0) {
		*(word[0] == 'p' || word[0] == 'P' ? &t->pm : &t->am) = true;
		return true;
	}
	if (!t->month && month_of(word))
		t->month = month_of(word);
	else if (t->has_clock)
		read_zone(word, t);
	/* What is left is the name of a day, in whatever language, or an ordinal's end. */
	return n <= 2 || !word[n];
}

/* Day name or none, month before or behind the day, two or four digits of year, clock and zone anywhere behind the day. */
static int64_t rfc822(char *text)
{
	struct civil t = { 0 };
	char *state = NULL;
	for (char *word = strtok_r(text, " ,\t\r\n", &state); word; word = strtok_r(NULL, " ,\t\r\n", &state)) {
		size_t n = strspn(word, digits);
		/* "26-Jan-2004": three words. A date of figures alone stands for itself: "Fri, 2006/09/15 08:19:53 EDT". */
		if (n == 4 && strchr("-/", word[n]) && word[n]) {
			char rest[TEXT_MAX];
			snprintf(rest, sizeof rest, "%s %s", word, state ? state : "");
			return iso(rest);
		}
		if (n > 0 && n <= 2 && word[n] == '-' && month_of(word + n + 1)) {
			char *year = strchr(word + n + 1, '-');
			t.day = number(word, n);
			t.month = month_of(word + n + 1);
			size_t size = year ? strspn(year + 1, digits) : 0;
			t.year = size > 0 && size <= 4 ? whole_year(number(year + 1, size), size) : 0;
		} else if (!take_word(word, &t)) {
			return 0;
		}
	}
	return civil_us(&t);
}

/* "(a comment)" says nothing, and comments nest and escape (RFC 822 section 3.1.4). */
static void drop_comments(char *text)
{
	char *to = text;
	int depth = 0;
	for (char *from = text; *from; from++) {
		if (*from == '\\' && depth > 0 && from[1]) {
			from++;
			continue;
		}
		depth += *from == '(';
		if (depth == 0)
			*to++ = *from;
		else if (*from == ')' && --depth == 0)
			*to++ = ' ';
	}
	*to = '\0';
}

int64_t html_date(struct bytes bytes)
{
	char text[TEXT_MAX];
	int64_t us = 0;
	bytes = text_trim(bytes);
	if (bytes.size < 4 || bytes.size >= sizeof text)
		return 0;
	memcpy(text, bytes.data, bytes.size);
	text[bytes.size] = '\0';
	if (units_time(text, &us, NULL) == 0)
		return us;
	drop_comments(text);
	us = iso(text);
	return us ? us : rfc822(text);
}
