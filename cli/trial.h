/* trial - gazette campaign test: one mail to testers, and what the relay says of it. */
#ifndef CLI_TRIAL_H
#define CLI_TRIAL_H
#include "cli/cli.h"

int campaign_test_command(struct cli *cli);
#endif
