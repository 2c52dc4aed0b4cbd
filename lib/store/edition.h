/* edition - what campaigns and digests share when they are written. Within the room only. */
#ifndef STORE_EDITION_H
#define STORE_EDITION_H
#include "store/campaign.h"

struct campaign_new {
	const struct campaign *campaign;
	const int64_t *posts;
	size_t count;
	int64_t id; /* out */
};
/* Inside a write transaction. */
MUST_CHECK int campaign_insert(struct db *db, struct campaign_new *in, struct error *err);
#endif
