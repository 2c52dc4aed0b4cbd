/* lint - judges the HTML of a mail: what mail programs drop, what readers can not see or reach (RULES M8, M12 to M19 and W1 to W9, CONTENT
 * section 3), and whether the plain text says the same. Pure. */
#ifndef CONTENT_LINT_H
#define CONTENT_LINT_H
#include "base/arena.h"
#include "model/finding.h"

struct content_lint_in {
	struct bytes html, text; /* both parts, decoded */
	const char *subject;
	const char *unsubscribe_url; /* "": not known */
	const char *postal, *recipient;
	bool may_track; /* this reader agreed to be counted */
};

struct content_link {
	const char *url;
	bool is_image;
	unsigned line; /* of the HTML */
};

/* Gives all links and pictures of the HTML; they live in the arena. -1 only when memory is out. */
MUST_CHECK int content_lint(const struct content_lint_in *in, struct arena *arena, struct content_link **links, size_t *n,
                            struct findings *findings, struct error *err);

/* The links and pictures of any HTML, without judging it. */
MUST_CHECK int content_links(struct bytes html, struct arena *arena, struct content_link **links, size_t *n, struct error *err);

/* What must not be left in a text that is sent: {{tag}}, lorem ipsum, [INSERT ...], TK. */
void content_lint_placeholders(struct bytes text, const char *where, struct findings *findings);
/* A subject's length and the marks of spam. is_answer: it may say Re: */
void content_lint_subject(const char *subject, bool is_answer, struct findings *findings);
#endif
