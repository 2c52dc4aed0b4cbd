/* editions - the mail of a campaign, made from its list, its posts and the templates: once, when it starts. */
#ifndef OPS_EDITIONS_H
#define OPS_EDITIONS_H
#include "message/edition.h"
#include "ops/ops.h"
#include "store/campaign.h"
#include "store/list.h"
#include "store/post.h"

/* All borrowed. One post is laid out by the list's template, several, and a digest, by "digest", in this order. */
struct edition_of {
	const struct campaign *campaign; /* id, salt, subject, preheader */
	const struct list *list;
	const struct stored_post *const *posts;
	size_t count;
	struct bytes answers_salt; /* a correction: as in edition_in */
	const char *answers_host;
	bool is_test;
};

/* Reads templates, theme and words, the posts' plain text, dates in the list's time zone, attachments and, if the list wants them in
 * the mail, pictures (fetched; one that can not be had stays a link). ERROR_INPUT: a template's fault. */
MUST_CHECK int edition_make(struct ops *ops, const struct edition_of *of, struct edition **out, struct error *err);
/* What a digest is called: its list and its first post, and how many more; the others' titles as preheader. In the arena; false: out of
 * memory. */
bool edition_name_digest(const struct list *list, const struct stored_post *const *posts, size_t n, struct arena *arena,
                         const char **subject, const char **preheader);
/* The list's return path, or the configuration's; NULL: there is none. */
const char *edition_return_path_of(const struct ops *ops, const struct list *list);
#endif
