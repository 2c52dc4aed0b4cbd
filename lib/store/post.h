/* post - what was taken in, by identity, with its versions. */
#ifndef STORE_POST_H
#define STORE_POST_H
#include "model/post.h"
#include "store/db.h"

enum post_state { POST_SEEN, POST_DRAFT, POST_HELD, POST_USED, POST_SKIPPED };
extern const char *const post_state_words[];

struct stored_post {
	int64_t id;
	int64_t list_id;
	int64_t source_id; /* 0 none */
	int state;
	int64_t hold_until_us;
	int64_t version;
	const char *alert; /* why it became a draft although its source sends: or NULL */
	int64_t seen_us;
	const char *title_hash; /* hex SHA-256 of the squeezed title / text */
	const char *text_hash;
	bool in_digest;          /* held for the list's digest, not for hold_until_us */
	int64_t digest_order;    /* 0: by its date */
	const char *source_hash; /* both hashes of what the source said last, where a person changed it here; or NULL */
	struct post post;
};
extern const struct field stored_post_fields[];

/* 1, 0, -1. */
MUST_CHECK int store_post_get(struct db *db, int64_t id, struct stored_post *out, struct arena *arena, struct error *err);
MUST_CHECK int store_post_find(struct db *db, int64_t list, const char *identity, struct stored_post *out, struct arena *arena,
                               struct error *err);
/* Is there a post of this list with that title or text, under another identity? */
MUST_CHECK int store_post_twin(struct db *db, int64_t list, const char *title_hash, const char *text_hash, int64_t *id, struct error *err);
MUST_CHECK int store_post_page(struct db *db, int64_t list /* 0 all */, int64_t before_id /* 0 newest */, struct stored_post *out,
                               size_t max, size_t *n, struct arena *arena, struct error *err);
/* Inserts (id 0) or updates by id: an update whose hashes differ keeps the old text as a post_version and raises version.
 * Several posts of one poll, together with *source's new state (NULL: none), are one transaction. Gives ids in place. */
struct source;
MUST_CHECK int store_post_take(struct db *db, struct stored_post *posts, size_t n, const struct source *source, struct error *err);
MUST_CHECK int store_post_set_state(struct db *db, int64_t id, enum post_state state, struct error *err);
/* What a post said before it was edited; newest first. */
struct stored_version {
	int64_t version;
	const char *title, *subtitle, *html, *text;
	int64_t until_us;
};
extern const struct field stored_version_fields[];
MUST_CHECK int store_post_versions(struct db *db, int64_t id, struct stored_version *out, size_t max, size_t *n, struct arena *arena,
                                   struct error *err);
MUST_CHECK int store_post_version(struct db *db, int64_t id, int64_t version, struct stored_version *out, struct arena *arena,
                                  struct error *err);
/* Held posts whose time has come; none that waits for a digest. */
MUST_CHECK int store_post_due(struct db *db, int64_t now_us, int64_t *ids, size_t max, size_t *n, struct error *err);
#endif
