#include "store/arg.h"
#include "store/list.h"

/* Links in a mail that left name the list by its number: such a list stays. Tests lead nowhere, but while one is on its way it stays too.
 */
static const struct sql HAS_MAILED = {
	.name = "list has mailed",
	.text = "SELECT CASE WHEN EXISTS (SELECT 1 FROM campaign c WHERE c.list_id = $1 AND c.started_us > 0) OR EXISTS (SELECT 1 FROM "
		"notice n WHERE n.list_id = $1 AND ((n.kind <> 'test' AND n.state NOT IN ('queued', 'suppressed', 'cancelled')) OR n.state "
		"IN ('leased', 'inflight'))) THEN 1 "
		"ELSE 0 END AS a",
	.in = ARGS(ARG(a, INT)),
	.row = ARGS(ARG(a, INT)),
	.row_bytes = sizeof(struct arg),
};

#define CHUNK_OF(what) "SELECT " what " FROM subscription WHERE list_id = $1 ORDER BY id LIMIT $2"
#define CHUNK(name_, text_)                                                                                                                \
	{                                                                                                                                  \
		.name = (name_), .text = (text_), .in = ARGS(ARG(a, INT), ARG(b, INT))                                                     \
	}
/* The oldest readers with their proofs, which nobody has who is no reader; the last statement counts them. */
static const struct sql CHUNKS[] = {
	CHUNK("list delete consent", "DELETE FROM consent WHERE list_id = $1 AND subscriber_id IN (" CHUNK_OF("subscriber_id") ")"),
	CHUNK("list delete confirmation",
	      "DELETE FROM confirmation WHERE list_id = $1 AND subscriber_id IN (" CHUNK_OF("subscriber_id") ")"),
	CHUNK("list delete subscription", "DELETE FROM subscription WHERE id IN (" CHUNK_OF("id") ")"),
};

#define WHOLE(table, where)                                                                                                                \
	{                                                                                                                                  \
		.name = "list delete " table, .text = "DELETE FROM " table " WHERE " where, .in = ARGS(ARG(a, INT))                        \
	}
#define POSTS "post_id IN (SELECT id FROM post WHERE list_id = $1)"
/* What hangs on a list that never mailed anybody, then the list. */
static const struct sql REST[] = {
	WHOLE("attempt", "notice_id IN (SELECT id FROM notice WHERE list_id = $1)"),
	WHOLE("notice", "list_id = $1"),
	WHOLE("sign_up", "list_id = $1"),
	WHOLE("revocation", "list_id = $1"),
	WHOLE("campaign_post", "campaign_id IN (SELECT id FROM campaign WHERE list_id = $1)"),
	WHOLE("campaign", "list_id = $1"),
	WHOLE("digest_item", "digest_id IN (SELECT id FROM digest WHERE list_id = $1)"),
	WHOLE("digest", "list_id = $1"),
	WHOLE("attachment", POSTS),
	WHOLE("post_version", POSTS),
	WHOLE("post", "list_id = $1"),
	WHOLE("source", "list_id = $1"),
	WHOLE("list", "id = $1"),
};
const struct sql *const list_delete_statements[] = { &HAS_MAILED, &CHUNKS[0], &CHUNKS[1], &CHUNKS[2], &REST[0],  &REST[1],
	                                             &REST[2],    &REST[3],   &REST[4],   &REST[5],   &REST[6],  &REST[7],
	                                             &REST[8],    &REST[9],   &REST[10],  &REST[11],  &REST[12], NULL };

struct deleting {
	struct arg arg; /* a: the list, b: readers at once */
	int64_t readers;
};

int store_list_has_mailed(struct db *db, int64_t list, struct error *err)
{
	struct arg row = { 0 };
	return db_one(db, &HAS_MAILED, &(struct arg){ .a = list }, &row, NULL, err) < 0 ? -1 : row.a > 0;
}

static int delete_body(struct db *db, void *arg, struct error *err)
{
	struct deleting *deleting = arg;
	int mailed = store_list_has_mailed(db, deleting->arg.a, err);
	if (mailed != 0)
		return mailed < 0 ? -1 : error_set(err, ERROR_CONFLICT, "it has mailed people by now");
	for (size_t i = 0; i < COUNT_OF(CHUNKS); i++)
		if (db_run(db, &CHUNKS[i], &deleting->arg, &deleting->readers, err) < 0)
			return -1;
	for (size_t i = 0; i < COUNT_OF(REST) && deleting->readers == 0; i++)
		if (db_run(db, &REST[i], &deleting->arg, NULL, err) < 0)
			return -1;
	return 0;
}

int store_list_delete(struct db *db, int64_t list, size_t readers, struct error *err)
{
	struct deleting deleting = { .arg = { .a = list, .b = (int64_t)readers } };
	return db_write(db, delete_body, &deleting, err) < 0 ? -1 : deleting.readers > 0;
}
