/* archive - the posts a list has sent, as they are now. */
#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H
#include "model/post.h"
#include "store/db.h"

struct archived {
	int64_t id;
	int64_t sent_us; /* when the first campaign that carries it started; one that was cancelled counts for nothing */
	struct post post;
};
extern const struct field archived_fields[];

/* 1, 0 the list has not sent it, -1. */
MUST_CHECK int store_archive_get(struct db *db, int64_t list, int64_t post, struct archived *out, struct arena *arena, struct error *err);
/* What says, without its text, which version of a post there is. */
struct archived_version {
	int64_t id, sent_us, version;
};
/* Of the newest, in that order. */
MUST_CHECK int store_archive_versions(struct db *db, int64_t list, struct archived_version *out, size_t max, size_t *n, struct error *err);
/* The newest first, behind `before` (NULL: from the beginning). */
MUST_CHECK int store_archive_page(struct db *db, int64_t list, const struct archived *before, struct archived *out, size_t max, size_t *n,
                                  struct arena *arena, struct error *err);
#endif
