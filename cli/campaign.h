/* campaign - what the commands of the campaign group share. */
#ifndef CLI_CAMPAIGN_H
#define CLI_CAMPAIGN_H
#include "cli/cli.h"
#include "store/campaign.h"
#include "store/list.h"

/* Says subject, sender and number of readers, by provider. 0 or -1. */
MUST_CHECK int campaign_show_audience(struct cli *cli, const struct campaign *campaign, const struct list *list, int64_t *readers,
                                      struct error *err);

/* Says err, and how the daemon is started. Returns the exit status. */
int campaign_daemon_away(const struct cli *cli, const struct error *err);

/* A verb that changes a campaign's state (1 changed, 0 it was so), on cli->campaign; returns the exit status.
 * said: "is paused". */
int campaign_change(struct cli *cli, int (*verb)(struct ops *, int64_t, struct actor, struct error *), const char *said);
#endif
