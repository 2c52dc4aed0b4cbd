/* files - what comes along with a mail: attachments of posts, and the pictures of a list that wants them in its mails. */
#ifndef OPS_FILES_H
#define OPS_FILES_H
#include "message/edition.h"
#include "ops/ops.h"
#include "store/post.h"

enum { FILES_MAX = 30, SIZES_MAX = 200 };

/* A file that can be an attachment: read and looked at. Content and name live in the arena; type is static. ERROR_INPUT says what is
 * wrong with it: empty, too large (10 MB with its siblings), or of a kind that nobody lets in. */
MUST_CHECK int file_attachment(const char *path, struct edition_file *out, struct arena *arena, struct error *err);
/* Keeps them with the post; what has the same name is replaced. */
MUST_CHECK int post_attach(struct ops *ops, int64_t post, const struct edition_file *files, size_t n, struct error *err);

/* Those of the posts, at most FILES_MAX. */
MUST_CHECK int files_attached(struct ops *ops, const struct stored_post *const *posts, size_t count, struct edition_file *out, size_t *n,
                              struct arena *arena, struct error *err);
/* Fetches the pictures that the posts show, at most FILES_MAX of 1 MB, 5 MB in all. What can not be had, or is no PNG, JPEG or GIF, is left
 * out and stays a link. */
MUST_CHECK int files_pictures(struct ops *ops, const struct post *posts, size_t count, struct edition_file *out, size_t *n,
                              struct arena *arena, struct error *err);
/* Width and height of those that came from beside their posts and stay on our pages, at most SIZES_MAX: url, width, height. */
MUST_CHECK int files_sizes(struct ops *ops, const struct post *posts, size_t count, struct edition_file *out, size_t *n,
                           struct arena *arena, struct error *err);
#endif
