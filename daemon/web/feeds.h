/* feeds - bodies of feeds that were rendered, so that who asks again costs no rendering. Each is kept with a stamp of what it was made of,
 * and for a minute at most, after which files it was made with may have changed too. Bounded: FEEDS of FEED_BYTES each, the one asked for
 * longest ago making room. */
#ifndef WEB_FEEDS_H
#define WEB_FEEDS_H
#include "base/buffer.h"
#include "base/digest.h"

enum { FEEDS = 16, FEED_BYTES = 4 << 20 };

struct feed {
	int64_t list;
	uint8_t stamp[DIGEST_BYTES];
	int64_t changed_us; /* wall time, for Last-Modified */
	int64_t made_us;    /* monotonic */
	uint64_t asked;     /* the number of the call that asked for it last */
	struct buffer body;
};

struct feeds {
	struct feed kept[FEEDS];
	uint64_t asked;
};

/* Borrowed until the next feeds_keep(); NULL: there is none of that stamp, or it is too old. */
const struct feed *feeds_find(struct feeds *feeds, int64_t list, const uint8_t stamp[DIGEST_BYTES], int64_t mono_us);
/* In place of the list's last one. One that is too large, or finds no memory, is not kept. */
void feeds_keep(struct feeds *feeds, int64_t list, const uint8_t stamp[DIGEST_BYTES], int64_t changed_us, struct bytes body,
                int64_t mono_us);
void feeds_clear(struct feeds *feeds);
#endif
