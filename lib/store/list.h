/* list - newsletters. */
#ifndef STORE_LIST_H
#define STORE_LIST_H
#include "store/db.h"

struct list {
	int64_t id;
	const char *name; /* [a-z][a-z0-9-]+, not reserved */
	const char *title;
	const char *description;
	const char *list_id; /* List-Id, never changes: "news.example.org" */
	const char *from_name;
	const char *from_email;
	const char *reply_to; /* or NULL */
	const char *owner_email;
	const char *postal; /* "": may not send */
	const char *language;
	const char *timezone;
	const char *return_path; /* pattern with {token}, or NULL: [inbound] return_path of the configuration */
	const char *template;    /* "letter", "news", or a file in the template folder */
	const char *theme;       /* message/theme.h; "" the default */
	const char *text_links;  /* "notes" or "inline": how links stand in the text part */
	const char *images;      /* "link", or "inline": pictures come with the mail */
	bool is_public;
	const char *testers;    /* addresses separated by blanks */
	const char *policy;     /* of new sources: "draft", "send", "hold=30m", "digest" */
	const char *editors;    /* who may mail posts in; addresses separated by blanks */
	const char *post_token; /* the secret part of the address they mail to */
	bool needs_approval;    /* nothing is sent before a second person said so */
	int64_t created_us;
	int64_t closed_us; /* 0: open */
	const char *rate;  /* "50/s, 1000/h" or "" */
	const char *relay; /* the one that carries it, or "": any */
};
extern const struct field list_fields[];

MUST_CHECK int store_list_create(struct db *db, const struct list *list, int64_t *id, struct error *err); /* CONFLICT: the name is taken */
/* By the secret part of its post address. 1, 0, -1. */
MUST_CHECK int store_list_of_token(struct db *db, const char *post_token, struct list *out, struct arena *arena, struct error *err);
MUST_CHECK int store_list_update(struct db *db, const struct list *list, struct error *err);
/* 1 found, 0 none (err says so, for those to whom that is a failure), -1 failure. */
MUST_CHECK int store_list_get(struct db *db, int64_t id, struct list *out, struct arena *arena, struct error *err);
MUST_CHECK int store_list_find(struct db *db, const char *name, struct list *out, struct arena *arena, struct error *err);
MUST_CHECK int store_list_all(struct db *db, struct list *out, size_t max, size_t *n, struct arena *arena, struct error *err);

/* Whether mail of it has left: links in it name the list by its number. 1, 0, -1. */
MUST_CHECK int store_list_has_mailed(struct db *db, int64_t list, struct error *err);
/* Deletes at most so many readers of a list, or when there are none all else of it and the list. 1: there is more, 0: it is gone, -1;
 * CONFLICT: it has mailed people. */
MUST_CHECK int store_list_delete(struct db *db, int64_t list, size_t readers, struct error *err);

struct list_counts {
	int64_t pending, active, paused, unsubscribed;
};
MUST_CHECK int store_list_count(struct db *db, int64_t list, struct list_counts *out, struct error *err);
#endif
