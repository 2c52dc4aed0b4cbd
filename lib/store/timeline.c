#include "store/arg.h"
#include "store/campaign.h"

#define S(member, kind) FIELD(struct campaign_slot, member, FIELD_##kind)
const struct field campaign_slot_fields[] = { S(from_us, TIME), S(sent, INT), S(refused, INT), FIELD_END };

static const struct sql SLOTS = {
	.name = "campaign over time",
	.text = "SELECT $1 + (finished_us - $1) / $2 * $2 AS from_us, SUM(CASE WHEN state = 'sent' THEN 1 ELSE 0 END) AS sent, SUM(CASE "
		"WHEN state = 'sent' THEN 0 ELSE 1 END) AS refused FROM delivery WHERE campaign_id = $3 AND finished_us >= $1 AND state IN "
		"('sent', 'bounced', 'expired') GROUP BY 1 ORDER BY 1",
	.in = ARGS(ARG(a, INT), ARG(b, INT), ARG(c, INT)),
	.row = campaign_slot_fields,
	.row_bytes = sizeof(struct campaign_slot),
};
const struct sql *const timeline_statements[] = { &SLOTS, NULL };

int store_campaign_slots(struct db *db, int64_t campaign, int64_t start_us, int64_t length_us, struct campaign_slot *out, size_t max,
                         size_t *n, struct error *err)
{
	return db_all(db, &SLOTS, &(struct arg){ .a = start_us, .b = length_us, .c = campaign }, out, max, n, NULL, err);
}
