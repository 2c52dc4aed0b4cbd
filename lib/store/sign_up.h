/* sign_up - what readers ask for on our pages: counted, taken once a form, and done by the clockwork after the answer, so that neither the
 * answer nor its time tells whether an address is known (RULES A2 to A4). */
#ifndef STORE_SIGN_UP_H
#define STORE_SIGN_UP_H
#include "store/db.h"

struct sign_up {
	int64_t id;
	int64_t form; /* the form's own number: it is taken once */
	int64_t list_id;
	const char *peer;    /* a keyed hash of who asks; "": nobody knows */
	const char *domain;  /* of the address */
	const char *address; /* a keyed hash of it */
	const char *email, *name, *how;
	int64_t at_us;
};

enum sign_up_answer {
	SIGN_UP_TAKEN, /* or the same form with the same address once more: nothing is done twice */
	SIGN_UP_USED,  /* the form was taken before, for another address */
	SIGN_UP_PEER,  /* too many from there */
	SIGN_UP_DOMAIN,
	SIGN_UP_LIST
};
struct sign_up_most {
	int64_t peer, domain; /* within an hour */
	int64_t list;         /* within a day, */
	int64_t fresh;        /* and for who asks for the first time within a day */
};
MUST_CHECK int store_sign_up(struct db *db, const struct sign_up *row, const struct sign_up_most *most, enum sign_up_answer *answer,
                             struct error *err);
/* What is older than eight days goes, also what could not be done. */
MUST_CHECK int store_sign_up_forget(struct db *db, int64_t now_us, struct error *err);
/* How many were taken for the list on each of the n days before the last 24 hours. */
MUST_CHECK int store_sign_up_days(struct db *db, int64_t list, int64_t now_us, int64_t *days, size_t n, struct error *err);
/* Those that wait to be done, after id `after`. */
MUST_CHECK int store_sign_up_waiting(struct db *db, int64_t after, struct sign_up *out, size_t max, size_t *n, struct arena *arena,
                                     struct error *err);
/* Done: address and name are forgotten. */
MUST_CHECK int store_sign_up_done(struct db *db, int64_t id, int64_t now_us, struct error *err);
#endif
