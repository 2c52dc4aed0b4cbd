/* archive - what a public list has sent, for everybody to read on the web: the same for all, and as a post is now, edits with it. */
#ifndef OPS_ARCHIVE_H
#define OPS_ARCHIVE_H
#include "base/digest.h"
#include "ops/ops.h"
#include "store/campaign.h"
#include "store/list.h"
#include "store/post.h"
#include <jansson.h>

/* A page's values for its template, json_free() them, and when what it shows changed last. */
struct archive_view {
	json_t *values;
	int64_t changed_us;
};

/* posts[].{title,subtitle,author,date,url,lang,dir}, newest first, older (a path, or ""), is_later. Behind the post `before`, 0: from the
 * newest. NOT_FOUND: the list is not public, or never sent that post. */
MUST_CHECK int archive_list(struct ops *ops, const struct list *list, int64_t before, struct archive_view *out, struct error *err);
/* The same with html, image, image_alt, original (its URL) and canonical, of the post that a slug begins with. */
MUST_CHECK int archive_post(struct ops *ops, const struct list *list, const char *slug, struct archive_view *out, struct error *err);
/* A digest with what it carried, as it is now: title, canonical, date, posts[] as in archive_list(). The slug begins with its campaign's
 * id. NOT_FOUND: no such digest was sent, or it was cancelled. */
MUST_CHECK int archive_digest(struct ops *ops, const struct list *list, const char *slug, struct archive_view *out, struct error *err);
/* The newest as web/feed.xml shows them (RFC 4287): id, self, home, updated, entries[]. */
MUST_CHECK int archive_feed(struct ops *ops, const struct list *list, struct archive_view *out, struct error *err);
/* Another one whenever the list's words or the posts that archive_feed() shows are others. Reads no post's text. */
MUST_CHECK int archive_stamp(struct ops *ops, const struct list *list, uint8_t out[DIGEST_BYTES], struct error *err);

/* Where a post stands, or will once it is sent: "https://…/news/p/41-storks". In the arena. NULL: the list is not
 * public, or memory is out. */
const char *archive_url(const struct ops *ops, const struct list *list, const struct stored_post *post, struct arena *arena);
/* The same of a digest: "https://…/news/d/12-news-storks-2". */
const char *archive_digest_url(const struct ops *ops, const struct list *list, const struct campaign *campaign, struct arena *arena);
#endif
