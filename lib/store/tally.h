/* tally - changes of counters gathered while rows change, and written once in the same transaction (promise 7). Within the room only. */
#ifndef STORE_TALLY_H
#define STORE_TALLY_H
#include "model/state.h"
#include "store/db.h"

enum { TALLY_PLACES = 128 };

struct tally_place {
	int64_t campaign_id, node_id, provider;
	int64_t state[DELIVERY_STATES]; /* change of each state's number */
	int64_t returned, complaints;
};

struct tally {
	int64_t node;
	struct tally_place place[TALLY_PLACES];
	size_t count;
};

/* One delivery moved; from or to may be DELIVERY_NONE. Writes what is there first when it is full. */
MUST_CHECK int tally_move(struct db *db, struct tally *tally, int64_t campaign, int64_t provider, enum delivery_state from,
                          enum delivery_state to, int64_t n, struct error *err);
MUST_CHECK int tally_returned(struct db *db, struct tally *tally, int64_t campaign, int64_t provider, bool complaint, int64_t n,
                              struct error *err);
/* What a statement moved: its RETURNING columns. */
struct moved {
	int64_t campaign_id, provider;
};
#define MOVED .row = moved_fields, .row_bytes = sizeof(struct moved)
extern const struct field moved_fields[];
MUST_CHECK int tally_moved(struct db *db, struct tally *tally, const struct moved *rows, size_t n, enum delivery_state from,
                           enum delivery_state to, struct error *err);
MUST_CHECK int tally_write(struct db *db, struct tally *tally, struct error *err);
#endif
