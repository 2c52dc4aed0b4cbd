/* arg - parameters of statements that are too few for a struct of their own. Within the room only. */
#ifndef STORE_ARG_H
#define STORE_ARG_H
#include "store/db.h"

struct arg {
	int64_t a, b, c, d, e, f, g, h, i;
	const char *s, *t, *u, *v, *w;
	struct bytes x;
};
#define ARG(member, kind)                                                                                                                  \
	{                                                                                                                                  \
#member, FIELD_##kind, offsetof(struct arg, member), NULL                                                                  \
	}
#define ARGS(...) ((const struct field[]){ __VA_ARGS__, FIELD_END })
/* One number as a result column. */
#define COLUMN_NUMBER(column) ((const struct field[]){ { column, FIELD_INT, 0, NULL }, FIELD_END })

/* Who was cancelled before the post went may get it by another campaign; not if a copy of it is in doubt. */
#define FORGET_RECEIVED                                                                                                                    \
	"DELETE FROM received WHERE subscriber_id = $1 AND campaign_id = $2 AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.campaign_id " \
	"= received.campaign_id AND d.subscriber_id = received.subscriber_id AND d.resends > 0)"

/* A delivery that waits again, untried, takes the edition that a refresh put in the place of its own meanwhile. */
#define FOLLOW_EDITION                                                                                                                     \
	"edition_id = coalesce((SELECT e.replaced_by FROM edition e WHERE e.id = delivery.edition_id AND e.replaced_by > 0 AND "           \
	"delivery.first_us = 0 AND delivery.is_tried = 0), edition_id)"

/* Each file of the room gives its statements to the registry (statements.c). */
extern const struct sql *const alert_statements[], *const archive_statements[], *const missed_statements[], *const refusal_statements[];
extern const struct sql *const list_statements[], *const list_delete_statements[], *const timeline_statements[];
extern const struct sql *const subscriber_statements[];
extern const struct sql *const join_statements[];
extern const struct sql *const sign_up_statements[];
extern const struct sql *const source_statements[];
extern const struct sql *const post_statements[];
extern const struct sql *const attachment_statements[];
extern const struct sql *const file_statements[];
extern const struct sql *const campaign_statements[];
extern const struct sql *const edition_statements[];
extern const struct sql *const digest_statements[];
extern const struct sql *const audience_statements[];
extern const struct sql *const lease_statements[];
extern const struct sql *const due_statements[];
extern const struct sql *const record_statements[];
extern const struct sql *const notice_statements[];
extern const struct sql *const event_statements[];
extern const struct sql *const meta_statements[];
extern const struct sql *const queue_statements[];
extern const struct sql *const tally_statements[];
extern const struct sql *const expire_statements[];
extern const struct sql *const pace_statements[];
extern const struct sql *const db_statements[];

/* Runs one statement in a write transaction of its own; *changed may be NULL. */
MUST_CHECK int store_run(struct db *db, const struct sql *sql, const void *in, int64_t *changed, struct error *err);
/* The same for one that returns an id. */
MUST_CHECK int store_insert(struct db *db, const struct sql *sql, const void *in, int64_t *id, struct error *err);
#endif
