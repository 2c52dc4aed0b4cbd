#include "cli/help.h"
#include "base/text.h"
#include "config/option.h"
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

const struct command *command_find(const char *group, const char *verb)
{
	for (const struct command *const *table = cli_commands; *table; table++)
		for (const struct command *c = *table; c->group; c++)
			if (strcmp(c->group, group) == 0 && strcmp(c->verb, verb) == 0)
				return c;
	return NULL;
}

bool command_is_group(const char *group)
{
	for (const struct command *const *table = cli_commands; *table; table++)
		for (const struct command *c = *table; c->group; c++)
			if (strcmp(c->group, group) == 0)
				return true;
	return false;
}

/* The nearest group, or the nearest verb of a group. */
const char *command_nearest(const char *group, const char *word)
{
	const char *best = NULL;
	/* What shares no letter with it is not near. */
	unsigned distance = strlen(word) < 3 ? (unsigned)strlen(word) : 3;
	for (const struct command *const *table = cli_commands; *table; table++)
		for (const struct command *c = *table; c->group; c++) {
			if (group && strcmp(c->group, group) != 0)
				continue;
			unsigned d = text_distance(group ? c->verb : c->group, word, distance);
			if (d < distance) {
				distance = d;
				best = group ? c->verb : c->group;
			}
		}
	return best;
}

void help_all(void)
{
	bool was_verb = false;
	const char *group = "";
	puts("usage: gazette [-c FILE] [--json] [--quiet] [--yes] COMMAND ...\n\nCommands:");
	for (const struct command *const *table = cli_commands; *table; table++)
		for (const struct command *c = *table; c->group; c++) {
			if (*group && strcmp(group, c->group) != 0 && (was_verb || *c->verb))
				puts("");
			group = c->group;
			was_verb = *c->verb != '\0';
			printf("  gazette %s%s%-*s %s\n", c->group, *c->verb ? " " : "", (int)(24 - strlen(c->group)), c->verb, c->help);
		}
	puts("\ngazette COMMAND --help shows one with an example; man gazette has all of it.");
}

void help_one(const struct command *c)
{
	printf("usage: gazette %s%s%s %s\n%s\n", c->group, *c->verb ? " " : "", c->verb, c->arguments, c->help);
	if (*c->options) {
		fputs("Options:", stdout);
		struct bytes rest = bytes_text(c->options);
		struct bytes name;
		while (text_next_part(&rest, " ", &name)) {
			bool value = name.data[name.size - 1] == ':';
			printf(" --%.*s%s", (int)(name.size - value), name.data, value ? " VALUE" : "");
		}
		puts("");
	}
	printf("Example: %s\n", c->example);
}

int help_group(const char *group)
{
	for (const struct command *const *table = cli_commands; *table; table++)
		for (const struct command *c = *table; c->group; c++)
			if (strcmp(c->group, group) == 0)
				printf("  gazette %s%s%s %s\n      %s\n", c->group, *c->verb ? " " : "", c->verb, c->arguments, c->help);
	return 0;
}

static void help_daemon(void)
{
	puts("usage: gazetted [-c FILE] [--check] [--foreground]\n"
	     "The daemon: sends what is due, looks at sources, serves the readers' pages, takes returned mail.\n"
	     "  -c FILE       the configuration; $GAZETTE_CONFIG or /etc/gazette/gazette.conf otherwise\n"
	     "  --check       reads the configuration, says every fault, and exits\n"
	     "  --foreground  stays in the foreground\n"
	     "SIGHUP reads the configuration again, SIGTERM stops it in good order, SIGUSR1 logs how things stand.");
}

/* Every setting, from the table that reads them. */
static void help_config(void)
{
	const struct config_option *o = NULL;
	const char *section = "";
	puts("Sections and settings of a configuration, each with its standard value; gazette config shows what is in force.");
	for (size_t i = 0; (o = config_option(i)); i++) {
		bool is_named = strcmp(o->section, "relay") == 0 || strcmp(o->section, "provider") == 0;
		const char *name = is_named ? ":NAME" : strcmp(o->section, "dkim") == 0 ? ":DOMAIN/SELECTOR" : "";
		if (strcmp(o->section, section) != 0)
			printf("\n[%s%s]\n", o->section, name);
		section = o->section;
		printf("%s = %s\n    %s\n", o->key, o->standard, o->help);
	}
}

static bool is_installed(const char *page)
{
	const char *const words[] = { "man", "-w", page, NULL };
	posix_spawn_file_actions_t quiet;
	pid_t child = 0;
	int status = 1;
	if (posix_spawn_file_actions_init(&quiet) != 0)
		return false;
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&quiet, STDOUT_FILENO, STDERR_FILENO);
	bool found = posix_spawnp(&child, "man", &quiet, NULL, (char *const *)(uintptr_t)words, environ) == 0 &&
	             waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	posix_spawn_file_actions_destroy(&quiet);
	return found;
}

/* A group's commands, or a manual page; where there is no man, what is built in. */
int help_topic(const struct cli *cli, const char *topic)
{
	static const char *const pages[] = { "gazette", "gazetted", "gazette.conf" };
	static void (*const texts[])(void) = { help_all, help_daemon, help_config };
	if (command_is_group(topic))
		return help_group(topic);
	for (size_t i = 0; i < COUNT_OF(pages); i++) {
		if (strcmp(topic, pages[i]) != 0)
			continue;
		if (is_installed(topic))
			execlp("man", "man", topic, (char *)NULL);
		texts[i]();
		return 0;
	}
	const char *near = command_nearest(NULL, topic);
	return cli_usage(cli, "there is no help on \"%s\": take a command, gazette, gazetted or gazette.conf%s%s%s", topic,
	                 near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}
