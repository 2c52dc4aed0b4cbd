/* subscribers - joining, leaving, importing, exporting. */
#ifndef OPS_SUBSCRIBERS_H
#define OPS_SUBSCRIBERS_H
#include "ops/ops.h"
#include "store/list.h"
#include "store/sign_up.h"
#include "store/subscriber.h"
#include <stdio.h>

/* One address by hand. confirm: mails a confirmation, else active at once with `consent` as the proof. Gives id and what happened. */
struct subscriber_in {
	const char *email, *name; /* name may be NULL */
	const char *attributes;   /* JSON object text or NULL */
	const char *consent;      /* where it came from */
	bool confirm;
};
MUST_CHECK int subscriber_add(struct ops *ops, const struct list *list, const struct subscriber_in *in, struct actor actor, int64_t *id,
                              enum join_result *result, struct error *err);

/* A sign-up on a page: counted, and kept for signup_run(), so that neither the answer nor its time tells whether the address is known
 * (RULES A2 to A4). INPUT: the address is no address. */
struct signup_in {
	const char *email, *name; /* name may be NULL */
	const char *peer;         /* IP address of who asks; "": unknown */
	int64_t form;             /* the number of the form, taken once */
};
MUST_CHECK int signup_ask(struct ops *ops, const struct list *list, const struct signup_in *in, enum sign_up_answer *answer,
                          struct error *err);
/* Clockwork: does what was asked for: the subscription, and the confirmation notice where one is due. */
MUST_CHECK int signup_run(struct ops *ops, struct error *err);
/* The page behind /c/TOKEN. 1 valid, 0 not (any more). */
MUST_CHECK int signup_find(struct ops *ops, const char *token, int64_t *list, int64_t *subscriber, bool *used, struct error *err);
MUST_CHECK int signup_confirm(struct ops *ops, const char *token, const char *how, int64_t *list, int64_t *subscriber, struct error *err);

/* Who a reader's link speaks of: verifies the token of /u/ or /v/. 1 good, 0 no such token. */
MUST_CHECK int reader_of_token(struct ops *ops, const char *text, enum token_purpose purpose, struct token *token, struct error *err);
/* Leaving by link, one-click, mail or the command line; list 0 in the token means all. Idempotent. */
MUST_CHECK int subscriber_leave(struct ops *ops, const struct token *token, const char *how, struct error *err);
MUST_CHECK int subscriber_undo_leave(struct ops *ops, const struct token *token, struct error *err);
/* name NULL: stays; cadence NULL: stays, else of `list` (NULL: all the reader's lists). NOT_FOUND: no such reader, or not on that list. */
MUST_CHECK int subscriber_set(struct ops *ops, const char *email, const char *list, const char *cadence, const char *name,
                              struct actor actor, struct error *err);
MUST_CHECK int subscriber_unsubscribe(struct ops *ops, const char *email, const char *list /* NULL all */, struct actor actor,
                                      struct error *err);

/* Whom the first unsubscribe link in a text, or in a whole mail, is for. NOT_FOUND: there is none of ours. */
MUST_CHECK int subscriber_of_text(struct ops *ops, struct bytes text, struct subscriber *out, struct arena *arena, struct error *err);
/* By address or id; ERROR_NOT_FOUND. */
MUST_CHECK int subscriber_find(struct ops *ops, const char *who, struct subscriber *out, struct arena *arena, struct error *err);

struct import_in {
	const char *path;    /* or "-" */
	const char *consent; /* never NULL */
	const char *from;    /* the program that wrote it: "mailchimp", ...; or NULL */
	const char *const
		*map; /* "COLUMN=email|name|first_name|last_name|state|left|subscribed|joined|attr:NAME|-", NULL-terminated, or NULL */
	bool update, confirm, dry_run;
	struct progress progress;
};
struct import_result {
	int64_t rows, added, updated, same, left, suppressed, rejected;
	char rejected_path[4096]; /* "" if none was rejected */
	char mapping[512];        /* "E-Mail=email, Name=name, City=attr:city" */
	char delimiter;
	int64_t bytes;
};
/* CSV (RFC 4180, delimiter and the e-mail column found by content, BOM and windows-1252 understood). Good rows are in, bad ones in
 * FILE.rejected.csv with line and reason; running it again changes nothing. */
MUST_CHECK int subscriber_import(struct ops *ops, const struct list *list, const struct import_in *in, struct actor actor,
                                 struct import_result *out, struct error *err);
/* CSV that import takes again; cells that a spreadsheet would run are quoted with ' unless raw (RULES A15). */
MUST_CHECK int subscriber_export(struct ops *ops, const struct list *list, FILE *to, bool raw, struct progress progress, int64_t *rows,
                                 struct error *err);
#endif
