/* beside - what lies beside a post's own file and goes with it: the pictures it shows, the attachments its front matter names. They come
 * from its folder and from nowhere else, are looked at byte for byte, and are kept in the store. Within the room only. */
#ifndef OPS_BESIDE_H
#define OPS_BESIDE_H
#include "content/content.h"
#include "ops/ops.h"

enum { BESIDE_MOST = 100 };

/* One file being read. */
struct beside {
	struct ops *ops;    /* NULL: nothing is kept */
	const char *folder; /* NULL: standard input, which has none */
	struct arena *arena;
	const char *notes, *keys; /* as struct post has them */
	size_t count, bytes;
	bool lacks_pictures;
};

/* For content_beside.picture: the public address of a picture in the folder (INTERFACES "Links a reader sees": /i/KEY.png); where there is
 * none what the path means on the web, and else a note. */
const char *beside_picture(void *beside, const char *src, const char *otherwise);
void beside_link(void *beside, const char *href); /* for content_beside.link: a note */
/* Fills post->files, keys and note. ERROR_INPUT names the line of what can not go with the mail. */
MUST_CHECK int beside_finish(struct beside *beside, struct bytes file, const struct content_front *front, struct post *post,
                             struct error *err);
/* The key of an address that beside_picture() gave, in the arena; NULL: it is none of ours. */
const char *beside_key(const struct ops *ops, const char *url, struct arena *arena);
#endif
