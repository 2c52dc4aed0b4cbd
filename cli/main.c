/* gazette - the command line: the table of commands, and the way into each. */
#include "base/text.h"
#include "cli/help.h"
#include "content/content.h"
#include "system/file.h"
#include "system/http.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *alias, *verb;
} aliases[] = { { "add", "create" }, { "create", "add" }, { "remove", "delete" }, { "delete", "remove" },
	        { "rm", "remove" },  { "rm", "delete" },  { "list", "ls" },       { "flush", "retry" } };

/* 1: takes a value, 0: does not, -1: unknown. */
static int option_kind(const struct command *c, const char *name)
{
	struct bytes rest = bytes_text(c->options);
	struct bytes one;
	while (text_next_part(&rest, " ", &one)) {
		bool value = one.data[one.size - 1] == ':';
		if (one.size - value == strlen(name) && memcmp(one.data, name, one.size - value) == 0)
			return value;
	}
	return strcmp(name, "all") == 0 ? 0 : -1;
}

static int unknown_option(const struct cli *cli, const char *name)
{
	struct bytes rest = bytes_text(cli->command->options);
	struct bytes one;
	char word[64];
	char best[64] = "";
	unsigned distance = 3;
	while (text_next_part(&rest, " :", &one)) {
		snprintf(word, sizeof word, "%.*s", (int)one.size, one.data);
		unsigned d = text_distance(word, name, distance);
		if (d >= distance)
			continue;
		distance = d;
		memcpy(best, word, sizeof best);
	}
	return *best ? cli_usage(cli, "--%s is no option here (did you mean --%s?)", name, best)
	             : cli_usage(cli, "--%s is no option here", name);
}

/* Options stand anywhere; "--" ends them. Returns -1, or an exit status. */
static int read_options(struct cli *cli, int argc, char **argv)
{
	bool only_arguments = false;
	for (int i = 0; i < argc; i++) {
		char *word = argv[i];
		if (only_arguments || word[0] != '-' || !word[1]) {
			if (cli->arguments == CLI_ARGUMENTS)
				return cli_usage(cli, "too many arguments");
			cli->argument[cli->arguments++] = word;
			continue;
		}
		if (strcmp(word, "--") == 0) {
			only_arguments = true;
			continue;
		}
		char *name = word + 1 + (word[1] == '-');
		if (strcmp(word, "-n") == 0)
			name = (char *)"changed";
		if (strcmp(name, "help") == 0 || strcmp(word, "-h") == 0) {
			help_one(cli->command);
			return 0;
		}
		char *equals = strchr(name, '=');
		if (equals)
			*equals = '\0';
		int kind = option_kind(cli->command, name);
		if (kind < 0)
			return unknown_option(cli, name);
		if (kind && !equals && i + 1 == argc)
			return cli_usage(cli, "--%s wants a value", name);
		if (!kind && equals)
			return cli_usage(cli, "--%s takes no value", name);
		if (cli->options == CLI_OPTIONS)
			return cli_usage(cli, "too many options");
		cli->all |= strcmp(name, "all") == 0;
		cli->option[cli->options].name = name;
		cli->option[cli->options++].value = kind ? (equals ? equals + 1 : argv[++i]) : "";
	}
	if (cli->arguments < cli->command->least)
		return cli_usage(cli, "something is missing");
	if (cli->arguments > cli->command->most)
		return cli_usage(cli, "\"%s\" is too much", cli->argument[cli->command->most]);
	return -1;
}

/* Takes the options that all commands know out of the line. */
static int take_globals(struct cli *cli, int argc, char **argv)
{
	int n = 0;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0)
			cli->config_path = i + 1 < argc ? argv[++i] : NULL;
		else if (strcmp(argv[i], "--json") == 0)
			cli->json = true;
		else if (strcmp(argv[i], "--quiet") == 0 || strcmp(argv[i], "-q") == 0)
			cli->quiet = true;
		else if (strcmp(argv[i], "--yes") == 0 || strcmp(argv[i], "-y") == 0)
			cli->yes = true;
		else
			argv[n++] = argv[i];
	}
	return n;
}

static int find_command(struct cli *cli, int argc, char **argv, int *used)
{
	const char *group = argv[0];
	const char *verb = argc > 1 ? argv[1] : "";
	cli->command = argc > 1 ? command_find(group, verb) : NULL;
	for (size_t i = 0; i < COUNT_OF(aliases) && !cli->command && argc > 1; i++)
		if (strcmp(aliases[i].alias, verb) == 0)
			cli->command = command_find(group, aliases[i].verb);
	*used = 2;
	if (!cli->command) {
		cli->command = command_find(group, "");
		*used = 1;
	}
	if (cli->command)
		return -1;
	if (!command_is_group(group)) {
		const char *near = command_nearest(NULL, group);
		return cli_usage(cli, "there is no command \"%s\"%s%s%s", group, near ? " (did you mean " : "", near ? near : "",
		                 near ? "?)" : "");
	}
	if (argc < 2 || strcmp(verb, "--help") == 0)
		return help_group(group) + (argc < 2 ? EXIT_USAGE : 0);
	const char *near = command_nearest(group, verb);
	return cli_usage(cli, "gazette %s has no \"%s\"%s%s%s", group, verb, near ? " (did you mean " : "", near ? near : "",
	                 near ? "?)" : "");
}

/* Data belongs to the user gazette: a file of another's beside the store would stop the daemon. */
static int become_owner(struct cli *cli)
{
	struct stat st;
	const struct passwd *user = getpwnam("gazette");
	if (!user || stat(cli->config->daemon.data_dir, &st) < 0 || st.st_uid != user->pw_uid || geteuid() == user->pw_uid)
		return -1;
	if (geteuid() == 0 && initgroups("gazette", user->pw_gid) == 0 && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0)
		return -1;
	if (access(cli->config->daemon.data_dir, W_OK) == 0)
		return -1;
	struct error err = { .code = ERROR_DENIED, .text = "the data belongs to the user gazette" };
	return cli_fail(cli, &err, "Run: sudo -u gazette gazette ...");
}

static int read_config(struct cli *cli)
{
	struct config_faults faults;
	struct error err;
	if (config_read(cli->config_path, &cli->config, &faults, &err) == 0)
		return -1;
	for (size_t i = 1; i < faults.count && i < CONFIG_FAULTS && !cli->json; i++)
		fprintf(stderr, "%s\n", faults.fault[i].text);
	cli_fail(cli, &err, cli->json ? "gazetted --check names every fault, with file and line" : NULL);
	return EXIT_CONFIG;
}

static int open_store(struct cli *cli)
{
	struct error err;
	if (ops_open(&cli->ops, cli->config, false, false, &err) == 0)
		return -1;
	return cli_fail(cli, &err, NULL);
}

/* What was asked for did not arrive, as on a full disk. Who closed a pipe himself need not be told. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	if (poll(&out, 1, 0) <= 0 || !(out.revents & POLLERR))
		fprintf(stderr, "gazette: standard output could not be written\n");
	return status == 0 ? 74 : status;
}

/* A closed stream's number would be the next file's, and that file get what is printed. */
static void fill_streams(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	file_close(&fd);
}

static int run(struct cli *cli)
{
	int status = -1;
	if (cli->command->needs >= NEEDS_CONFIG)
		status = read_config(cli);
	if (status < 0 && cli->command->needs >= NEEDS_STORE) {
		status = become_owner(cli);
		if (status < 0)
			status = open_store(cli);
	}
	if (status < 0 && cli->command->needs == NEEDS_CAMPAIGN)
		status = cli_load_campaign(cli);
	if (status < 0)
		status = cli->command->run(cli);
	ops_close(&cli->ops);
	arena_clear(&cli->arena);
	config_free(&cli->config);
	return finish(status);
}

/* The account of the person: behind sudo to root or to the data's own user, the one that sudo was called from. */
static const char *who_calls(void)
{
	const struct passwd *user = getpwuid(getuid());
	const char *person = getenv("SUDO_USER");
	bool is_shared = user && (user->pw_uid == 0 || strcmp(user->pw_name, "gazette") == 0);
	return is_shared && person && *person ? person : user ? user->pw_name : "unknown";
}

int main(int argc, char **argv)
{
	const char *from_environment = getenv("GAZETTE_CONFIG");
	struct cli cli = { .config_path = from_environment ? from_environment : "/etc/gazette/gazette.conf" };
	int used = 0;
	fill_streams();
	signal(SIGPIPE, SIG_IGN);
	snprintf(cli.user, sizeof cli.user, "%s", who_calls());
	cli.actor = (struct actor){ ACTOR_CLI, cli.user };
	int left = take_globals(&cli, argc, argv);
	if (!cli.config_path)
		return cli_usage(&cli, "-c wants a file");
	if (left > 1 && strcmp(argv[0], "help") == 0)
		return help_topic(&cli, argv[1]);
	if (left == 0 || strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0) {
		help_all();
		return finish(left == 0 ? EXIT_USAGE : 0);
	}
	if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "version") == 0) {
		puts("gazette 0.1.0");
		return finish(0);
	}
	int status = find_command(&cli, left, argv, &used);
	if (status < 0)
		status = read_options(&cli, left - used, argv + used);
	if (status >= 0)
		return status;
	http_global_init();
	content_global_init();
	return run(&cli);
}
