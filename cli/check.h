/* check - what the pre-flight found, as people and programs read it. */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H
#include "cli/cli.h"
#include "model/finding.h"
#include <stdio.h>

enum { IGNORED = 32 };

/* A line for what, and one for where and how to mend it; with --json one object a finding on stdout. */
void findings_print(const struct cli *cli, const struct findings *findings, FILE *to);

int campaign_check_command(struct cli *cli);
#endif
