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
	bool day_is_first; /* before its month */
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

/* How months begin in the languages that servers of the world are set to. */
static int month_of(const char *name)
{
	static const char *const months[12] = {
		"jan jän gen ene янв ינו Ιαν ocak",
		"feb fév fev lut фев פבר Φεβ şub",
		"mar mär mrt maa már мар מרץ Μάρ Μαρ Μάώ",
		"apr avr abr ápr kwi апр אפר Απρ nisan",
		"may mai mag mei maj máj май мая מאי Μάι Μαΐ Μαϊ",
		"jun jui giu jún cze июн יונ Ιούν Ιον haz",
		"jul juil lug júl lip июл יול Ιούλ Ιολ tem",
		"aug aou aoû ago sie авг אוג Αύγ Αυγ ağu",
		"sep set szept wrz сен ספט Σεπ eyl",
		"oct okt ott out paź окт אוק Οκτ ekim",
		"nov lis ноя נוב Νοέ Νοε kas",
		"dec dez déc dic des gru дек דצמ Δεκ ara",
	};
	int month = 0;
	size_t longest = 0;
	/* The English ones, which nearly all write: no other's name begins with one of them and goes on. */
	for (int m = 0; m < 12; m++)
		if (strncasecmp(months[m], name, strlen("jan")) == 0)
			return m + 1;
	for (int m = 0; m < 12; m++)
		for (const char *word = months[m]; *word; word += strspn(word, " ")) {
			size_t size = strcspn(word, " ");
			if (size > longest && strncasecmp(word, name, size) == 0) {
				longest = size;
				month = m + 1;
			}
			word += size;
		}
	return month;
}

static bool zone_by_name(const char *name, size_t n, int64_t *us)
{
	/* RFC 822 section 5.1, and what servers elsewhere write. Where several lands use a name, the one with most of the feeds. */
	static const struct {
		const char *name;
		int minutes;
	} zones[] = { { "GMT", 0 },    { "UT", 0 },     { "UTC", 0 },     { "Z", 0 },       { "A", -60 },    { "M", -720 },
		      { "N", 60 },     { "Y", 720 },    { "EST", -300 },  { "EDT", -240 },  { "ET", -300 },  { "CST", -360 },
		      { "CDT", -300 }, { "CT", -360 },  { "MST", -420 },  { "MDT", -360 },  { "MT", -420 },  { "PST", -480 },
		      { "PDT", -420 }, { "PT", -480 },  { "AKST", -540 }, { "AKDT", -480 }, { "HST", -600 }, { "AST", -240 },
		      { "ADT", -180 }, { "AT", -240 },  { "NST", -210 },  { "NDT", -150 },  { "BRT", -180 }, { "ART", -180 },
		      { "WET", 0 },    { "WEST", 60 },  { "BST", 60 },    { "CET", 60 },    { "CEST", 120 }, { "MET", 60 },
		      { "MEST", 120 }, { "MEZ", 60 },   { "MESZ", 120 },  { "SAST", 120 },  { "EET", 120 },  { "EEST", 180 },
		      { "IDT", 180 },  { "MSK", 180 },  { "MSD", 240 },   { "PKT", 300 },   { "IST", 330 },  { "WIB", 420 },
		      { "ICT", 420 },  { "AWST", 480 }, { "SGT", 480 },   { "HKT", 480 },   { "PHT", 480 },  { "JST", 540 },
		      { "KST", 540 },  { "ACST", 570 }, { "AEST", 600 },  { "ACDT", 630 },  { "AEDT", 660 }, { "NZST", 720 },
		      { "NZDT", 780 } };
	for (size_t i = 0; i < COUNT_OF(zones); i++)
		if (strlen(zones[i].name) == n && strncasecmp(name, zones[i].name, n) == 0) {
			*us = zones[i].minutes * MINUTE_US;
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

/* "am" or "pm", before or behind the clock. */
static size_t read_half(const char *text, struct civil *t)
{
	bool pm = strncasecmp(text, "pm", 2) == 0;
	if (!pm && strncasecmp(text, "am", 2) != 0)
		return 0;
	t->pm = pm;
	t->am = !pm;
	return 2 + strspn(text + 2, " ");
}

/* What stands behind an ISO date: "T10:14:55.5Z", " 10:14 +0200", "T101455Z". */
static void read_iso_time(const char *text, struct civil *t)
{
	text += *text == 'T' || *text == 't';
	text += strspn(text, " ,");
	text += read_half(text, t);
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
	text += read_half(text, t);
	read_zone(text, t);
}

/* So many days after the first of the year, with the clock behind. */
static int64_t day_of_year(int year, int64_t days, const char *clock)
{
	struct civil t = { .year = 2000, .month = 1, .day = 1 };
	read_iso_time(clock, &t);
	int64_t us = civil_us(&t);
	return us ? us + (units_day(year, 1, 1) - units_day(2000, 1, 1) + days) * DAY_US : 0;
}

/* "W05-3", "W053", "W05": ISO 8601 weeks begin on Monday, and the first has the fourth of January in it. */
static int64_t iso_week(int year, const char *text)
{
	if (strspn(text, digits) < 2)
		return 0;
	int week = number(text, 2);
	text += 2;
	text += *text == '-';
	int day = *text >= '1' && *text <= '7' ? *text++ - '0' : 1;
	int64_t fourth = units_day(year, 1, 4);
	int64_t monday = fourth - ((fourth + 3) % 7 + 7) % 7;
	if (week < 1 || week > 53)
		return 0;
	return day_of_year(year, monday + (week - 1) * 7 + day - 1 - units_day(year, 1, 1), text);
}

/* Seconds or milliseconds since 1970, and nothing else. */
static int64_t since_1970(const char *text)
{
	size_t n = strspn(text, digits);
	int64_t value = 0;
	if ((n != 10 && n != 13) || text[n] || *text == '0')
		return 0;
	for (size_t i = 0; i < n; i++)
		value = value * 10 + (text[i] - '0');
	return value * (n == 10 ? SECOND_US : 1000);
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
		return since_1970(text);
	text += 4;
	if (!*text)
		return civil_us(&t);
	char mark = *text++;
	if (mark == 'W' || (mark == '-' && *text == 'W'))
		return civil_us(&t) ? iso_week(t.year, text + (mark == '-')) : 0;
	n = strspn(text, digits);
	if (!strchr("-/.", mark) || n > 3)
		return 0;
	if (n == 3) {
		int day = number(text, 3);
		return civil_us(&t) && day >= 1 && day <= 366 ? day_of_year(t.year, day - 1, text + 3) : 0;
	}
	t.month = n > 0 ? number(text, n) : month_of(text);
	text += n > 0 ? n : strcspn(text, "-/. ");
	if (!*text)
		return civil_us(&t);
	n = *text++ == mark ? strspn(text, digits) : 0;
	if (n == 0 || n > 2)
		return 0;
	t.day = number(text, n);
	read_iso_time(text + n, &t);
	return civil_us(&t);
}

/* "03.01.2024 10:00", "13/1/2024": where it could be read both ways, it is not read at all. */
static int64_t day_first(const char *text)
{
	struct civil t = { 0 };
	size_t n = strspn(text, digits);
	char mark = n > 0 && n <= 2 ? text[n] : '\0';
	size_t m = mark == '.' || mark == '/' ? strspn(text + n + 1, digits) : 0;
	const char *year = text + n + 1 + m;
	if (m == 0 || m > 2 || *year != mark || strspn(year + 1, digits) != 4)
		return 0;
	int first = number(text, n);
	int second = number(text + n + 1, m);
	bool is_us = mark == '/' && second > 12;
	if (mark == '/' && first <= 12 && second <= 12 && first != second)
		return 0;
	t.day = is_us ? second : first;
	t.month = is_us ? first : second;
	t.year = number(year + 1, 4);
	read_iso_time(year + 5, &t);
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
	/* "mar., 2 oct. 2012": what came before the day was the day's name. */
	if (month_of(word) && (!t->month || (t->day && !t->year && !t->day_is_first))) {
		t->day_is_first = t->day > 0;
		t->month = month_of(word);
	} else if (t->has_clock)
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

/* The words of Chinese, Japanese and Korean dates as marks: "2024年1月3日 10時30分", "2004-05-25 오후 11:23:17". True: of Korea, which has
 * one zone. */
static bool mark_words(char text[TEXT_MAX])
{
	static const struct {
		const char *word, *mark;
	} words[] = { { "年", "-" },    { "月", "-" },    { "日", " " },    { "時", ":" },    { "时", ":" },
		      { "分", ":" },    { "秒", " " },    { "년", "-" },    { "월", "-" },    { "일", " " },
		      { "시", ":" },    { "분", ":" },    { "초", " " },    { "上午", "am" }, { "下午", "pm" },
		      { "午前", "am" }, { "午後", "pm" }, { "오전", "am" }, { "오후", "pm" } };
	bool korean = strstr(text, "년") || strstr(text, "오전") || strstr(text, "오후");
	char *to = text;
	for (char *from = text; *from;) {
		size_t i = 0;
		while (i < COUNT_OF(words) && !text_starts(from, words[i].word))
			i++;
		if (i == COUNT_OF(words)) {
			*to++ = *from++;
			continue;
		}
		from += strlen(words[i].word);
		from += words[i].mark[0] == '-' || words[i].mark[0] == ':' ? strspn(from, " ") : 0;
		for (const char *mark = words[i].mark; *mark; mark++)
			*to++ = *mark;
	}
	*to = '\0';
	return korean;
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
	bool korean = mark_words(text);
	us = iso(text);
	us = us ? us : day_first(text);
	if (us)
		return korean && !strpbrk(text, "+Z") ? us - 9 * HOUR_US : us;
	return rfc822(text);
}
