/* letter - a mail that a person wrote, read for what it says: who, to whom, its subject and its words. Pure. */
#ifndef BOUNCE_LETTER_H
#define BOUNCE_LETTER_H
#include "base/arena.h"

enum { LETTER_TO = 16 };
struct letter {
	const char *from;          /* the bare address, or NULL */
	const char *to[LETTER_TO]; /* bare addresses of Delivered-To, X-Original-To, To and Cc */
	size_t to_count;
	const char *message_id;  /* without its <>; or NULL */
	const char *subject;     /* one line of UTF-8, "" if it has none */
	const char *text, *html; /* UTF-8; NULL: it has no such part */
	bool is_automatic;       /* RFC 3834: no answer may go out, and no person is behind it */
};

/* raw: at most 4 MB. Runs on a thread of its own, so that no nesting overflows the stack. ERROR_INPUT: no mail. */
MUST_CHECK int letter_read(struct bytes raw, struct arena *arena, struct letter *out, struct error *err);
/* Only the addresses it went to, by its header, without reading the rest: cheap, and safe on anything. */
void letter_recipients(struct bytes raw, struct arena *arena, struct letter *out);
#endif
