/* source - where posts come from. */
#ifndef STORE_SOURCE_H
#define STORE_SOURCE_H
#include "store/db.h"

enum source_policy { SOURCE_DRAFT, SOURCE_SEND, SOURCE_HOLD };
enum source_state { SOURCE_ACTIVE, SOURCE_PAUSED, SOURCE_FAILING };
extern const char *const source_policy_words[];
extern const char *const source_state_words[];

struct source {
	int64_t id;
	int64_t list_id;
	const char *kind; /* "feed", "folder" */
	const char *url;  /* absolute URL or folder path */
	const char *title;
	int policy;
	int64_t hold_us;
	int64_t latest; /* --latest N: so many of the first look become drafts instead of seen */
	int state;
	bool is_seen; /* the first look is done */
	const char *etag;
	const char *last_modified;
	int64_t failures;
	const char *error; /* the last failure, one line; NULL after a success */
	int64_t checked_us;
	int64_t due_us;
	int64_t created_us;
};
extern const struct field source_fields[];

MUST_CHECK int store_source_add(struct db *db, const struct source *source, int64_t *id, struct error *err); /* CONFLICT: already there */
MUST_CHECK int store_source_get(struct db *db, int64_t id, struct source *out, struct arena *arena, struct error *err);
MUST_CHECK int store_source_all(struct db *db, int64_t list /* 0 all */, struct source *out, size_t max, size_t *n, struct arena *arena,
                                struct error *err);
MUST_CHECK int store_source_due(struct db *db, int64_t now_us, struct source *out, size_t max, size_t *n, struct arena *arena,
                                struct error *err);
/* After a look: etag, last_modified, title, state, failures, error, checked_us, due_us, is_seen, url (moved) as in *source. */
MUST_CHECK int store_source_checked(struct db *db, const struct source *source, struct error *err);
MUST_CHECK int store_source_set_state(struct db *db, int64_t id, enum source_state state, int64_t due_us, struct error *err);
MUST_CHECK int store_source_remove(struct db *db, int64_t id, struct error *err); /* its posts stay */
#endif
