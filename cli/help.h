/* help - the table of commands, searched and told. */
#ifndef CLI_HELP_H
#define CLI_HELP_H
#include "cli/cli.h"

const struct command *command_find(const char *group, const char *verb); /* NULL: there is none */
bool command_is_group(const char *group);
/* The nearest group, or, of a group, the nearest verb; NULL: none is near. */
const char *command_nearest(const char *group, const char *word);

/* On stdout. They return the exit status; help_topic may become `man`. */
void help_all(void);
void help_one(const struct command *c);
int help_group(const char *group);
int help_topic(const struct cli *cli, const char *topic);
#endif
