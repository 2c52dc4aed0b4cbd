#include "ops/ledger.h"
#include "store/campaign.h"

enum { PAGE = 256 };

static int check_page(struct ops *ops, int64_t *before, size_t *n, struct ledger *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct campaign *campaigns = arena_alloc(&arena, PAGE * sizeof *campaigns);
	if (!campaigns)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (store_campaign_page(ops->db, 0, *before, campaigns, PAGE, n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++) {
		bool is_right = false;
		*before = campaigns[i].id;
		if (store_campaign_check(ops->db, campaigns[i].id, &is_right, err) < 0)
			return -1;
		if (is_right)
			continue;
		if (out->wrong < LEDGER_SHOWN)
			out->campaign[out->wrong] = campaigns[i].id;
		out->wrong++;
	}
	return 0;
}

int ledger_check(struct ops *ops, struct ledger *out, struct error *err)
{
	int64_t before = 0;
	size_t n = PAGE;
	*out = (struct ledger){ 0 };
	if (db_integrity(ops->db, err) < 0)
		return -1;
	while (n == PAGE)
		if (check_page(ops, &before, &n, out, err) < 0)
			return -1;
	return 0;
}
