#include "policy/rhythm.h"
#include "base/field.h"
#include "base/text.h"
#include "base/when.h"
#include <stdio.h>

const char *const rhythm_words[] = { "daily", "weekly", "monthly", NULL };

static bool read_day(struct bytes part, struct rhythm *out)
{
	char text[8] = "";
	int64_t day = 0;
	if (out->period == RHYTHM_WEEKLY) {
		out->day = when_weekday(part);
		return out->day >= 0;
	}
	snprintf(text, sizeof text, "%.*s", (int)(part.size < 7 ? part.size : 7), part.data);
	if (out->period != RHYTHM_MONTHLY || units_integer(text, 1, 31, &day, NULL) < 0)
		return false;
	out->day = (int)day;
	return true;
}

int rhythm_read(const char *text, struct rhythm *out, struct error *err)
{
	struct bytes rest = bytes_text(text);
	struct bytes part;
	bool has_period = false;
	bool good = true;
	*out = (struct rhythm){ .clock_us = 7 * HOUR_US };
	while (good && text_next_part(&rest, " @,", &part)) {
		int64_t clock_us = when_clock(part);
		if (!has_period) {
			char word[16];
			snprintf(word, sizeof word, "%.*s", (int)(part.size < 15 ? part.size : 15), part.data);
			int found = field_word(rhythm_words, word);
			good = found >= 0;
			out->period = good ? (enum rhythm_period)found : RHYTHM_DAILY;
			out->day = out->period == RHYTHM_MONTHLY;
			has_period = true;
		} else if (clock_us >= 0) {
			out->clock_us = clock_us;
		} else {
			good = read_day(part, out);
		}
	}
	if (good && has_period)
		return 0;
	return error_set(err, ERROR_INPUT, "\"%.64s\" is no rhythm: write daily 07:00, weekly mon 07:00 or monthly 1 07:00", text);
}

const char *rhythm_write(const struct rhythm *rhythm, char out[UNITS_TEXT])
{
	char day[8] = "";
	if (rhythm->period == RHYTHM_WEEKLY)
		snprintf(day, sizeof day, " %s", when_weekdays[rhythm->day]);
	else if (rhythm->period == RHYTHM_MONTHLY)
		snprintf(day, sizeof day, " %d", rhythm->day);
	snprintf(out, UNITS_TEXT, "%s%s %02d:%02d", rhythm_words[rhythm->period], day, (int)(rhythm->clock_us / HOUR_US),
	         (int)(rhythm->clock_us / MINUTE_US % 60));
	return out;
}

static bool falls_on(const struct rhythm *rhythm, int64_t day)
{
	int y = 0;
	int m = 0;
	int d = 0;
	if (rhythm->period == RHYTHM_WEEKLY)
		return (day % 7 + 3 + 7) % 7 == rhythm->day;
	if (rhythm->period == RHYTHM_DAILY)
		return true;
	units_civil(day, &y, &m, &d);
	int64_t next = m == 12 ? units_day(y + 1, 1, 1) : units_day(y, m + 1, 1);
	return d == rhythm->day || (d < rhythm->day && day + 1 == next);
}

int64_t rhythm_next(const struct rhythm *rhythm, const struct zone *zone, int64_t after_us)
{
	int64_t local_us = zone_local(zone, after_us);
	int64_t day = local_us / DAY_US - (local_us % DAY_US < 0);
	for (;; day++) {
		int64_t at_us = zone_wall(zone, day * DAY_US + rhythm->clock_us, NULL);
		if (falls_on(rhythm, day) && at_us > after_us)
			return at_us;
	}
}
