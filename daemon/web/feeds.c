#include "daemon/web/feeds.h"
#include "base/units.h"

#define KEPT_US MINUTE_US

const struct feed *feeds_find(struct feeds *feeds, int64_t list, const uint8_t stamp[DIGEST_BYTES], int64_t mono_us)
{
	for (size_t i = 0; i < FEEDS; i++) {
		struct feed *feed = &feeds->kept[i];
		if (!feed->body.data || feed->list != list || mono_us - feed->made_us >= KEPT_US ||
		    memcmp(feed->stamp, stamp, DIGEST_BYTES) != 0)
			continue;
		feed->asked = ++feeds->asked;
		return feed;
	}
	return NULL;
}

/* The list's own, else the one asked for longest ago: one that was never used before all others. */
static struct feed *find_room(struct feeds *feeds, int64_t list)
{
	struct feed *oldest = &feeds->kept[0];
	for (size_t i = 0; i < FEEDS; i++) {
		if (feeds->kept[i].list == list)
			return &feeds->kept[i];
		if (feeds->kept[i].asked < oldest->asked)
			oldest = &feeds->kept[i];
	}
	return oldest;
}

void feeds_keep(struct feeds *feeds, int64_t list, const uint8_t stamp[DIGEST_BYTES], int64_t changed_us, struct bytes body,
                int64_t mono_us)
{
	struct feed *feed = find_room(feeds, list);
	buffer_clear(&feed->body);
	*feed = (struct feed){ .list = list, .changed_us = changed_us, .made_us = mono_us, .body = BUFFER_INIT(FEED_BYTES) };
	memcpy(feed->stamp, stamp, DIGEST_BYTES);
	buffer_add_bytes(&feed->body, body);
	if (feed->body.failed)
		buffer_clear(&feed->body);
	else
		feed->asked = ++feeds->asked;
}

void feeds_clear(struct feeds *feeds)
{
	for (size_t i = 0; i < FEEDS; i++)
		buffer_clear(&feeds->kept[i].body);
	*feeds = (struct feeds){ 0 };
}
