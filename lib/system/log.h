/* log - one line per event on stderr: key=value, or JSON. Whoever decides logs; rooms of lib/ return errors instead.
 * Ids, not addresses. Control characters of values are escaped, so that no line can be forged. */
#ifndef SYSTEM_LOG_H
#define SYSTEM_LOG_H
#include "base/error.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
extern const char *const log_words[]; /* "error" "warn" "info" "debug" NULL */

/* Set once before threads start; again on reload (atomic). */
void log_setup(enum log_level level, bool is_json);
/* format: the event's name, then key=value pairs: log_line(LOG_INFO, "sent delivery=%" PRId64, id). */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#endif
