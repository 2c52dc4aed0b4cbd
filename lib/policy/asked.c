#include "base/text.h"
#include "policy/policy.h"

enum { NEAR = 48 }; /* as far behind the words as the time may stand */

/* Words that ask to come back. postgrey: "for 299 seconds"; milter-greylist: "please try again in 00:04:59"; Exim: "retry in 5 minutes". */
static const char *const words[] = {
	"try again", "retry",        "come back",   "again in",   "again after", "greylisted",
	"wait",      "deferred for", "blocked for", "expires in", "reset in",
};

static const struct {
	const char *unit;
	int64_t us;
} units[] = { { "sec", SECOND_US }, { "min", MINUTE_US }, { "hour", HOUR_US }, { "hr", HOUR_US },
	      { "s", SECOND_US },   { "m", MINUTE_US },   { "h", HOUR_US } };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* At most six digits: no server means more. */
static const char *read_number(const char *at, int64_t *out)
{
	int digits = 0;
	*out = 0;
	for (; is_digit(*at); at++, digits++)
		*out = digits < 6 ? *out * 10 + (*at - '0') : *out;
	return at;
}

/* "00:04:59" or "04:59", whose first number was read. */
static int64_t read_clock(int64_t first, const char *at)
{
	int64_t second = 0;
	int64_t third = 0;
	at = read_number(at + 1, &second);
	if (*at != ':')
		return first * MINUTE_US + second * SECOND_US;
	read_number(at + 1, &third);
	return first * HOUR_US + second * MINUTE_US + third * SECOND_US;
}

static int64_t read_unit(int64_t count, const char *at)
{
	while (*at == ' ' || *at == '-')
		at++;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		size_t size = strlen(units[i].unit);
		/* The single letters are units only where no word goes on. */
		if (text_starts_nocase(bytes_text(at), units[i].unit) && (size > 1 || !is_letter(at[size])))
			return count * units[i].us;
	}
	return 0;
}

/* The first time within reach of `from`; 0: none. */
static int64_t read_time(const char *from)
{
	for (const char *at = from; *at && at - from < NEAR; at++) {
		int64_t count = 0;
		if (!is_digit(*at))
			continue;
		const char *end = read_number(at, &count);
		int64_t us = *end == ':' && is_digit(end[1]) ? read_clock(count, end) : read_unit(count, end);
		if (us > 0)
			return us;
		at = end - 1;
	}
	return 0;
}

int64_t policy_asked_us(const char *reply)
{
	for (const char *at = reply; *at; at++)
		for (size_t i = 0; i < COUNT_OF(words); i++) {
			int64_t us = text_starts_nocase(bytes_text(at), words[i]) ? read_time(at + strlen(words[i])) : 0;
			if (us > 0)
				return us < DAY_US ? us : DAY_US;
		}
	return 0;
}
