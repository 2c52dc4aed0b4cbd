#include "cli/groups.h"

/* One a line. */
/* clang-format off */
const struct command *const cli_commands[] = {
	admin_commands,
	list_commands,
	source_commands,
	subscriber_commands,
	post_commands,
	edit_commands,
	campaign_commands,
	schedule_commands,
	digest_commands,
	stats_commands,
	queue_commands,
	suppression_commands,
	dkim_commands,
	sandbox_commands,
	provider_commands,
	relay_commands,
	template_commands,
	NULL,
};
/* clang-format on */
