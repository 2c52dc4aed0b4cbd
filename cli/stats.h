/* stats - a campaign's numbers, printed. */
#ifndef CLI_STATS_H
#define CLI_STATS_H
#include "cli/cli.h"
#include "ops/campaigns.h"

json_t *stats_json(const struct campaign_stats *stats);
void stats_table(struct cli *cli, const struct campaign_stats *stats);
#endif
