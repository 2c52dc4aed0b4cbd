/* filetype - what a file is, by its bytes: never by its name, nor by what a server says. */
#ifndef MESSAGE_FILETYPE_H
#define MESSAGE_FILETYPE_H
#include "base/buffer.h"

struct filetype {
	const char *type;       /* "image/png", "application/pdf", "text/plain" …; "application/octet-stream" for what is none of them */
	unsigned width, height; /* of a picture that mails may show (PNG, JPEG, GIF), in pixels; else 0 */
	bool is_picture;
};
struct filetype filetype_of(struct bytes content);

/* A name that can go with a mail: the last part of a path, one line, at most 150 bytes. ERROR_INPUT: a program, or a page with scripts,
 * which mailbox providers refuse (support.google.com/mail/answer/6590). */
MUST_CHECK int filetype_check_name(const char *path, const char **name, struct error *err);
#endif
