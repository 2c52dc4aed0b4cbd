/* template - Mustache (the official specification without its optional modules): variables, sections, inverted sections, partials,
 * comments, delimiters, dotted names, implicit iterators. Values are JSON; a template sees only what it is given: no files, no environment.
 *
 * What differs from reader to reader can be left open: a tag whose name begins with `reader` is handed to a slot function instead
 * of being rendered, so that a message is rendered once for a campaign and only its slots are filled for each reader. */
#ifndef TEMPLATE_TEMPLATE_H
#define TEMPLATE_TEMPLATE_H
#include "base/json.h"

enum template_escape { TEMPLATE_HTML, TEMPLATE_TEXT };

struct template;

/* `name` is for messages: "mail/letter.html:12: section \"items\" is never closed". Copies the text. ERROR_INPUT. */
MUST_CHECK int template_compile(struct bytes text, const char *name, struct template **out, struct error *err);
void template_free(struct template **template);

struct template_options {
	/* A partial's text by name; false if there is none (it renders as nothing). May be NULL. */
	bool (*partial)(void *context, const char *name, struct bytes *text);
	/* A tag of the reader: its source, itself a template. Writes what stands for it. May be NULL: rendered as any other. */
	int (*slot)(void *context, struct bytes source, struct buffer *out, struct error *err);
	void *context;
};

/* Adds to *out. Errors: a depth over 64, an output over out->max_bytes. options may be NULL. */
MUST_CHECK int template_render(const struct template *template, const json_t *values, const struct template_options *options,
                               enum template_escape escape, struct buffer *out, struct error *err);

/* & < > " ' as entities. */
void template_escape_html(struct bytes text, struct buffer *out);

/* A template built in, by name without ".mustache": "mail/letter.html". */
bool template_builtin(const char *name, struct bytes *out);
/* The i-th of their names, or NULL. */
const char *template_builtin_name(size_t i);
#endif
