/* source - where posts come from. */
#ifndef STORE_SOURCE_H
#define STORE_SOURCE_H
#include "store/db.h"

enum source_policy { SOURCE_DRAFT, SOURCE_SEND, SOURCE_HOLD, SOURCE_DIGEST };
enum source_state { SOURCE_ACTIVE, SOURCE_PAUSED, SOURCE_FAILING };
extern const char *const source_policy_words[];
extern const char *const source_state_words[];

struct source {
	int64_t id;
	int64_t list_id;
	const char *kind; /* "feed", "page", "folder", "mail" */
	const char *url;  /* as a person gave it, or moved to: absolute URL, folder path, "mail" */
	const char *title;
	int policy;
	int64_t hold_us;
	int64_t latest;      /* --latest N: so many of the first look become drafts instead of seen */
	int64_t interval_us; /* 0: its own pace */
	int64_t max_age_us;  /* 0, and flood 0: as the configuration says */
	int64_t flood;
	const char *only_posts; /* policy/filter.h; "" no rule */
	const char *except_posts;
	bool strips_tracking;
	int state;
	bool is_seen;         /* the first look is done */
	int64_t ttl_us;       /* how often it asked to be looked at, when it last said so */
	const char *feed_url; /* of a page: the feed that it named; NULL: none found yet, or it is the feed itself */
	const char *etag;
	const char *last_modified;
	int64_t failures;
	const char *error; /* the last failure, one line; NULL after a success */
	const char *note;  /* what the last look left out, though it went well, one line a thing; or NULL */
	int64_t taken;     /* posts in all */
	int64_t checked_us;
	int64_t due_us;
	const char *paced_by; /* whose wish due_us is */
	int64_t created_us;
	const char *looked_at; /* not stored: the url when it was read; NULL: whatever it is */
};
extern const struct field source_fields[];

MUST_CHECK int store_source_add(struct db *db, const struct source *source, int64_t *id, struct error *err); /* CONFLICT: already there */
MUST_CHECK int store_source_get(struct db *db, int64_t id, struct source *out, struct arena *arena, struct error *err);
MUST_CHECK int store_source_all(struct db *db, int64_t list /* 0 all */, struct source *out, size_t max, size_t *n, struct arena *arena,
                                struct error *err);
MUST_CHECK int store_source_due(struct db *db, int64_t now_us, struct source *out, size_t max, size_t *n, struct arena *arena,
                                struct error *err);
/* After a look: what a look changes (url when it moved, title, state, is_seen, feed_url, etag, last_modified, failures, error, note, taken,
 * checked_us, due_us, paced_by). A source that was paused meanwhile stays so; one whose url is no longer looked_at stays as it is. */
MUST_CHECK int store_source_checked(struct db *db, const struct source *source, struct error *err);
/* What a person sets: policy to strips_tracking, and due_us. CONFLICT: the URL is another source of the list. */
MUST_CHECK int store_source_set(struct db *db, const struct source *source, struct error *err);
/* The list's source of that kind: for mail. 1, 0, -1. */
MUST_CHECK int store_source_of_kind(struct db *db, int64_t list, const char *kind, struct source *out, struct arena *arena,
                                    struct error *err);
MUST_CHECK int store_source_set_due(struct db *db, int64_t id, int64_t due_us, struct error *err);
MUST_CHECK int store_source_set_state(struct db *db, int64_t id, enum source_state state, int64_t due_us, struct error *err);
MUST_CHECK int store_source_remove(struct db *db, int64_t id, struct error *err); /* its posts stay */
#endif
