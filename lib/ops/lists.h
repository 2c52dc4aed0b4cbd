/* lists - making and changing newsletters. */
#ifndef OPS_LISTS_H
#define OPS_LISTS_H
#include "ops/ops.h"
#include "store/list.h"

enum { LIST_THEME_CHANGES = 40 };

/* What a person gives. NULL: default. */
struct list_in {
	const char *name;  /* [a-z][a-z0-9-]+, at least two letters, no reserved word */
	const char *title; /* default: the name */
	const char *description;
	const char *from; /* mailbox: "Example News <news@example.org>" */
	const char *reply_to, *owner, *postal, *language, *timezone, *return_path, *template, *testers, *list_id, *rate, *relay;
	/* Changes of the theme, in order: "light.link=#1d4f91", a JSON file's name, or "default" for none of those before. */
	const char *theme[LIST_THEME_CHANGES];
	size_t theme_count;
	const char *text_links; /* "notes", "inline" */
	const char *images;     /* "link", "inline" */
	const char *policy, *editors;
	int is_public, needs_approval; /* -1 unset */
};
/* CONFLICT: taken. INPUT names the field. Gives the id. */
MUST_CHECK int list_create(struct ops *ops, const struct list_in *in, struct actor actor, int64_t *id, struct error *err);
/* Only what is not NULL changes. */
MUST_CHECK int list_set(struct ops *ops, const char *name, const struct list_in *in, struct actor actor, struct error *err);
/* By name; ERROR_NOT_FOUND names near ones ("did you mean news?"). */
MUST_CHECK int list_find(struct ops *ops, const char *name, struct list *out, struct arena *arena, struct error *err);
/* Lays template, theme, text_links and images over *list, checked: what list_create() and list_set() do with them. */
MUST_CHECK int list_take_looks(const struct ops *ops, const struct list_in *in, struct list *list, struct arena *arena, struct error *err);
/* No more sign-ups, posts or sends; its sources are paused. Its readers' links go on working. 1 changed, 0 it was closed. */
MUST_CHECK int list_close(struct ops *ops, const char *name, struct actor actor, struct error *err);
/* A list that never mailed anybody, with its readers' consents, its posts, sources and drafts. The readers themselves stay. CONFLICT: it
 * has mailed people, whose links lead to it for good. */
MUST_CHECK int list_delete(struct ops *ops, const char *name, struct actor actor, struct error *err);
bool list_name_is_valid(const char *name, struct error *err);
#endif
