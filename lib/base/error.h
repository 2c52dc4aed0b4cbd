/* error - what went wrong, in words for the log and the admin, with one code to decide by.
 * A failure of the world is -1 with *err filled where it happened and wrapped on the way up.
 * The text is never shown on a reader's page. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))

/* Marks a local that owns something: clear(&local) runs when it leaves scope. */
#define CLEANUP(clear) __attribute__((cleanup(clear)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum error_code {
	ERROR_NONE,
	ERROR_INPUT,     /* what was given is wrong: say what, where and the cure */
	ERROR_NOT_FOUND, /* no such thing */
	ERROR_DENIED,    /* not allowed */
	ERROR_CONFLICT,  /* clashes with what is there */
	ERROR_RETRY,     /* try the same again */
	ERROR_FULL,      /* disk, quota or a stated maximum */
	ERROR_CORRUPT,   /* stored data is not what we wrote */
	ERROR_NETWORK,   /* the other side, or the way there */
	ERROR_TIMEOUT,
	ERROR_MEMORY,
	ERROR_STORE, /* the database said no in a way we did not expect */
	ERROR_CODES
};

struct error {
	enum error_code code;
	char text[512]; /* one line, UTF-8, no trailing newline */
};

/* Fill *err; always returns -1, so that `return error_set(...)` reads well. err may be NULL. */
int error_set(struct error *err, enum error_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Put "prefix: " before the text, keeping the code. Too long: the prefix is cut, never the root cause. Returns -1. */
int error_wrap(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* error_wrap() with a name, such as a path, unless the text holds it already. Returns -1. */
int error_name(struct error *err, const char *name);

/* error_set with ": " and strerror(errno_value) behind. ENOSPC and EDQUOT become ERROR_FULL, ENOMEM ERROR_MEMORY,
 * EACCES and EPERM ERROR_DENIED, ENOENT ERROR_NOT_FOUND; others keep `code`. Returns -1. */
int error_errno(struct error *err, enum error_code code, int errno_value, const char *format, ...) PRINTF_LIKE(4, 5);

/* The word of a code, as in logs and JSON: "input", "not_found", ... */
const char *error_word(enum error_code code);

/* The exit status of sysexits.h that fits a code (INTERFACES: 65 data, 66 no such, 69 away, 75 later, 77 denied ...). */
int error_exit(enum error_code code);

/* The HTTP status that fits a code. */
int error_http(enum error_code code);
#endif
