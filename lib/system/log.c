#include "system/log.h"
#include "base/units.h"
#include "system/clock.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const log_words[] = { "error", "warn", "info", "debug", NULL };

static atomic_int threshold = LOG_INFO;
static atomic_bool json;

void log_setup(enum log_level level, bool is_json)
{
	atomic_store(&threshold, (int)level);
	atomic_store(&json, is_json);
}

/* No line break of a value may begin a line of the log; in JSON quotes and backslashes are escaped too. */
static void escape(const char *text, bool quotes, char *out, size_t size)
{
	size_t n = 0;
	for (; *text && n + 7 < size; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 0x20 || c == 0x7f)
			n += (size_t)snprintf(out + n, size - n, quotes ? "\\u%04x" : "\\x%02x", c);
		else if (quotes && (c == '"' || c == '\\'))
			n += (size_t)snprintf(out + n, size - n, "\\%c", c);
		else
			out[n++] = *text;
	}
	out[n] = '\0';
}

void log_line(enum log_level level, const char *format, ...)
{
	char text[1024];
	char safe[1600];
	char line[2048];
	char time[UNITS_TEXT];
	if ((int)level > atomic_load(&threshold))
		return;
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	bool is_json = atomic_load(&json);
	escape(text, is_json, safe, sizeof safe);
	units_write_time(clock_now().wall_us, time);
	int size = snprintf(line, sizeof line, is_json ? "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"%s\"}\n" : "%s %s %s\n", time,
	                    log_words[level], safe);
	/* One write, so that lines of threads do not mix. A full pipe is no reason to stop sending. */
	if (size > 0 && write(STDERR_FILENO, line, (size_t)size) < 0)
		return;
}
