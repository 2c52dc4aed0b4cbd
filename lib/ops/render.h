/* render - templates outside a campaign's mail: pages, confirmations, and what `template render` shows. */
#ifndef OPS_RENDER_H
#define OPS_RENDER_H
#include "ops/ops.h"
#include "template/template.h"

/* Where files of templates are looked for: beside one (NULL: nowhere), then in a folder ("" or NULL: none), then among those built in. */
struct render_from {
	const char *beside; /* a folder that has parts/ and words/ */
	const char *folder; /* [daemon] template_dir: has mail/ and web/ */
};

/* A template's text by name: "mail/letter.html", "mail/words/he.json". NOT_FOUND; INPUT names the path and line of a fault. */
MUST_CHECK int render_read(const struct render_from *from, const char *name, struct buffer *out, struct error *err);

/* Renders `text`, called `label` in messages, as the template `name`, which says where its parts are: of "mail/x.txt" {{> head}} is
 * "mail/parts/head.txt". {{> words.NAME}} are the words of the language; lang, dir, start and end are added to *values. *missing, in the
 * arena, names a part that is nowhere; NULL: none. */
MUST_CHECK int render_text(const struct render_from *from, struct bytes text, const char *label, const char *name, const char *language,
                           json_t *values, enum template_escape escape, struct buffer *out, const char **missing, struct arena *arena,
                           struct error *err);

/* The same for a template of ours by name; one that ends in .txt is text, all else is HTML. */
MUST_CHECK int ops_render(const struct ops *ops, const char *name, const char *language, json_t *values, struct buffer *out,
                          struct error *err);
/* One of the words of a language, by its name in the file, with the values in it. Plain text; nothing for a word that is in no file. */
MUST_CHECK int ops_word(const struct ops *ops, const char *word, const char *language, json_t *values, struct buffer *out,
                        struct error *err);
/* The words of a language, from the configured folder or built in. NULL with err set. */
json_t *ops_words(const struct ops *ops, const char *language, struct error *err);
/* words_lacking() of those files. */
size_t render_words_lacking(const struct render_from *from, const char *language, struct buffer *names);
size_t ops_words_lacking(const struct ops *ops, const char *language, struct buffer *names);
/* Looks at every template and file of words in a folder: each fault is told, with path and line. Returns how many there were. */
size_t templates_check(const char *folder, void (*tell)(const char *fault));
#endif
