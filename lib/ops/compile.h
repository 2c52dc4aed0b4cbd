/* compile - a campaign with its list and posts, read from the store and made into editions. Within the room only. */
#ifndef OPS_COMPILE_H
#define OPS_COMPILE_H
#include "ops/campaigns.h"
#include "ops/editions.h"
#include "store/post.h"

struct loaded {
	struct campaign campaign;
	struct list list;
	struct stored_post post[CAMPAIGN_POSTS]; /* in the order they are shown */
	size_t count;
	struct arena arena;
};
void loaded_clear(struct loaded *loaded); /* for CLEANUP; start with .arena = ARENA_INIT */
MUST_CHECK int loaded_read(struct ops *ops, int64_t id, struct loaded *out, struct error *err);
/* One edition, without the posts whose bit is in `had`. edition_free() it. */
MUST_CHECK int loaded_compile(struct ops *ops, const struct loaded *loaded, int64_t had, bool is_test, struct edition **out,
                              struct error *err);

/* Texts of a campaign go into headers: one line. INPUT names the field. */
MUST_CHECK int campaign_check_line(const char *field, const char *text, struct error *err);

/* Deliveries that never began follow the edition that replaced theirs. Gives how many. */
MUST_CHECK int campaign_move(struct ops *ops, int64_t id, int64_t *readers, struct error *err);

/* Editions ready to be stored. */
enum { EDITIONS = 1024 };
struct editions_new {
	struct edition_new edition[EDITIONS];
	struct buffer compiled[EDITIONS];
	int64_t posts[EDITIONS][CAMPAIGN_POSTS], versions[EDITIONS][CAMPAIGN_POSTS];
	size_t count;
};
void editions_new_free(struct editions_new **editions);
/* Compiles one for each set of posts in had[]. */
MUST_CHECK int loaded_compile_all(struct ops *ops, const struct loaded *loaded, const int64_t *had, size_t n, struct editions_new **out,
                                  struct error *err);
#endif
