/* groups - the tables of the command groups, one file each. */
#ifndef CLI_GROUPS_H
#define CLI_GROUPS_H
#include "cli/cli.h"

extern const struct command list_commands[], source_commands[], subscriber_commands[], post_commands[], campaign_commands[],
	stats_commands[], queue_commands[], admin_commands[], suppression_commands[], dkim_commands[], sandbox_commands[],
	provider_commands[], relay_commands[];
int post_inspect_command(struct cli *cli);
#endif
