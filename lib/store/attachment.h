/* attachment - files that go with a post. */
#ifndef STORE_ATTACHMENT_H
#define STORE_ATTACHMENT_H
#include "store/db.h"

struct attachment {
	int64_t id, post_id;
	const char *name; /* as people see it; once a post */
	const char *type; /* decided by us from the content */
	struct bytes content;
	const char *file_key; /* of what its post's own file names; NULL: it was attached by hand */
};
extern const struct field attachment_fields[];

/* One of that name takes the place of what was there. */
MUST_CHECK int store_attachment_set(struct db *db, const struct attachment *attachment, struct error *err);
MUST_CHECK int store_attachments(struct db *db, int64_t post, struct attachment *out, size_t max, size_t *n, struct arena *arena,
                                 struct error *err);
/* 1, or 0: there is none of that name. */
MUST_CHECK int store_attachment_remove(struct db *db, int64_t post, const char *name, struct error *err);
#endif
