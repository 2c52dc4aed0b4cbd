/* missed - who did not get a campaign, and sending it to those of them who may still get it. */
#ifndef STORE_MISSED_H
#define STORE_MISSED_H
#include "store/db.h"

/* Who was not sent, or was returned. Keyset by delivery id. */
struct missed {
	int64_t delivery_id;
	const char *email;
	int state;            /* enum delivery_state */
	const char *returned; /* class or "" */
	const char *reason;
	int64_t code;
	const char *status;
	const char *reply;
	int64_t provider;
	int64_t attempts;
	int64_t last_attempt_us;
	bool resend_reaches; /* expired, in doubt, or returned for a while; and still subscribed, and not suppressed */
};
extern const struct field missed_fields[];
MUST_CHECK int store_missed_page(struct db *db, int64_t campaign, int64_t after, struct missed *out, size_t max, size_t *n,
                                 struct arena *arena, struct error *err);
/* Queues those of the rows again that a resend reaches, as things stand now; a campaign that was sent is sending again. What is in doubt
 * keeps Message-ID and bytes. At most 1,000 rows. CONFLICT: the campaign is not under way or sent. */
MUST_CHECK int store_missed_resend(struct db *db, int64_t campaign, const struct missed *rows, size_t n, int64_t now_us, int64_t *queued,
                                   struct error *err);
#endif
