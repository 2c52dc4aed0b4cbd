/* groups - the tables of the command groups, one file each. */
#ifndef CLI_GROUPS_H
#define CLI_GROUPS_H
#include "cli/cli.h"

extern const struct command admin_commands[];
extern const struct command list_commands[];
extern const struct command source_commands[];
extern const struct command subscriber_commands[];
extern const struct command post_commands[];
extern const struct command edit_commands[];
extern const struct command campaign_commands[];
extern const struct command schedule_commands[];
extern const struct command digest_commands[];
extern const struct command stats_commands[];
extern const struct command queue_commands[];
extern const struct command suppression_commands[];
extern const struct command dkim_commands[];
extern const struct command sandbox_commands[];
extern const struct command provider_commands[];
extern const struct command relay_commands[];
extern const struct command template_commands[];
int post_inspect_command(struct cli *cli);
#endif
