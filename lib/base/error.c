#include "base/error.h"
#include "base/text.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word;
	int exit;
	int http;
} codes[ERROR_CODES] = {
	[ERROR_NONE] = { "none", 0, 200 },        [ERROR_INPUT] = { "input", 65, 400 },       [ERROR_NOT_FOUND] = { "not_found", 66, 404 },
	[ERROR_DENIED] = { "denied", 77, 403 },   [ERROR_CONFLICT] = { "conflict", 65, 409 }, [ERROR_RETRY] = { "retry", 75, 503 },
	[ERROR_FULL] = { "full", 75, 507 },       [ERROR_CORRUPT] = { "corrupt", 70, 500 },   [ERROR_NETWORK] = { "network", 69, 502 },
	[ERROR_TIMEOUT] = { "timeout", 69, 504 }, [ERROR_MEMORY] = { "memory", 71, 500 },     [ERROR_STORE] = { "store", 70, 500 },
};

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
	if (!err)
		return -1;
	va_list args;
	va_start(args, format);
	err->code = code;
	vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	/* It may go into the store, which takes text only. */
	text_mend_cut(err->text);
	return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
	if (!err)
		return -1;
	char cause[sizeof err->text];
	char prefix[sizeof err->text];
	size_t cause_size = strlen(err->text);
	memcpy(cause, err->text, cause_size + 1);
	va_list args;
	va_start(args, format);
	vsnprintf(prefix, sizeof prefix, format, args);
	va_end(args);
	/* The root cause is what an admin acts on: it stays whole, the way there gives way. */
	int room = (int)(sizeof err->text - 1 - cause_size - 2);
	if (room > 0)
		snprintf(err->text, sizeof err->text, "%.*s: %.*s", room, prefix, (int)cause_size, cause);
	text_mend_cut(err->text);
	return -1;
}

int error_name(struct error *err, const char *name)
{
	return err && strstr(err->text, name) ? -1 : error_wrap(err, "%s", name);
}

int error_errno(struct error *err, enum error_code code, int errno_value, const char *format, ...)
{
	if (!err)
		return -1;
	char what[sizeof err->text];
	char reason[128];
	va_list args;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	switch (errno_value) {
	case ENOSPC:
	case EDQUOT: code = ERROR_FULL; break;
	case ENOMEM: code = ERROR_MEMORY; break;
	case EACCES:
	case EPERM: code = ERROR_DENIED; break;
	case ENOENT: code = ERROR_NOT_FOUND; break;
	default: break;
	}
	/* The GNU form gives the text as its result; it may or may not use the buffer. */
	const char *text = strerror_r(errno_value, reason, sizeof reason);
	return error_set(err, code, "%.*s: %s", 360, what, text);
}

const char *error_word(enum error_code code)
{
	return codes[code].word;
}

int error_exit(enum error_code code)
{
	return codes[code].exit;
}

int error_http(enum error_code code)
{
	return codes[code].http;
}
