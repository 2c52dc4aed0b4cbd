/* lists - making and changing newsletters. */
#ifndef OPS_LISTS_H
#define OPS_LISTS_H
#include "ops/ops.h"
#include "store/list.h"

/* What a person gives. NULL: default. */
struct list_in {
	const char *name;  /* [a-z][a-z0-9-]+, at least two letters, no reserved word */
	const char *title; /* default: the name */
	const char *description;
	const char *from; /* mailbox: "Example News <news@example.org>" */
	const char *reply_to, *owner, *postal, *language, *timezone, *return_path, *template, *testers, *list_id, *rate, *relay;
	int is_public; /* -1 unset */
};
/* CONFLICT: taken. INPUT names the field. Gives the id. */
MUST_CHECK int list_create(struct ops *ops, const struct list_in *in, struct actor actor, int64_t *id, struct error *err);
/* Only what is not NULL changes. */
MUST_CHECK int list_set(struct ops *ops, const char *name, const struct list_in *in, struct actor actor, struct error *err);
/* By name; ERROR_NOT_FOUND names near ones ("did you mean news?"). */
MUST_CHECK int list_find(struct ops *ops, const char *name, struct list *out, struct arena *arena, struct error *err);
bool list_name_is_valid(const char *name, struct error *err);
#endif
