/* cli - what every command gets: its arguments, the store behind it, and ways to speak. */
#ifndef CLI_CLI_H
#define CLI_CLI_H
#include "base/arena.h"
#include "base/field.h"
#include "ops/ops.h"

enum { CLI_ARGUMENTS = 8192, CLI_OPTIONS = 64 };
enum {
	EXIT_USAGE = 64,
	EXIT_DATA = 65,
	EXIT_NOTHING = 66,
	EXIT_NO_ADDRESS = 67,
	EXIT_AWAY = 69,
	EXIT_UNFINISHED = 75,
	EXIT_CONFIG = 78,
	EXIT_INTERRUPT = 130
};

/* NEEDS_CAMPAIGN: the one that the first argument names, or the last one, is in cli->campaign. */
enum cli_needs { NEEDS_NOTHING, NEEDS_CONFIG, NEEDS_STORE, NEEDS_CAMPAIGN };

struct cli;
struct command {
	const char *group, *verb; /* verb "": the group is the command */
	enum cli_needs needs;
	int least, most;       /* arguments */
	const char *arguments; /* for usage: "LIST FILE|-" */
	const char *options;   /* "title: from: yes": names, ":" takes a value */
	const char *help;      /* one line */
	const char *example;
	int (*run)(struct cli *cli); /* the exit status */
};

struct cli {
	const char *config_path;
	bool json, quiet, yes, all; /* all: no table is cut */
	const struct command *command;
	const char *argument[CLI_ARGUMENTS];
	int arguments;
	struct {
		const char *name, *value;
	} option[CLI_OPTIONS];
	int options;
	struct config *config;
	struct ops ops;
	struct actor actor;
	char user[64];
	const struct campaign *campaign; /* in the arena, which lives as long as the command */
	struct arena arena;
};

extern const struct command *const cli_commands[]; /* tables of the groups, each ended by a NULL group; NULL ends */

const char *cli_option(const struct cli *cli, const char *name); /* NULL: not given */
bool cli_flag(const struct cli *cli, const char *name);
int cli_options(const struct cli *cli, const char *name, const char **out, int max);
int cli_id(const struct cli *cli, const char *text, int64_t *out); /* 0, or the exit status when it was said what is wrong */
/* Finds cli->campaign: the one that the first argument names, or the last one. -1, or the exit status when it was said why there is none.
 */
MUST_CHECK int cli_load_campaign(struct cli *cli);

/* Says the error, and a hint if there is one; with --json there is always one. Returns the exit status. */
int cli_fail(const struct cli *cli, const struct error *err, const char *hint);
int cli_usage(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* A sentence on stderr, unless --quiet or --json. */
void cli_say(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* What went well but for this, one line a thing: on stderr, whatever is asked for. NULL: nothing. */
void cli_note(const struct cli *cli, const char *note);
/* The likely next command, on a terminal only. */
void cli_next(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* What a change says: a sentence on stderr, or with --json the object on stdout, whose first key is the noun and holds the id. Takes the
 * object. */
void cli_done(const struct cli *cli, json_t *object, const char *format, ...) PRINTF_LIKE(3, 4);
/* What create and add print: the id on stdout, or {"noun":id} with --json. */
void cli_made(const struct cli *cli, const char *noun, int64_t id);
/* Yes by --yes or by asking; without a terminal and --yes it is an error: false, with *status 64. */
bool cli_confirm(const struct cli *cli, int *status, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same for what can not be undone: a person types the name of the list. */
bool cli_confirm_name(const struct cli *cli, int *status, const char *name, const char *question);
/* "1 reader", "2 readers". */
const char *cli_count(int64_t n, const char *noun, char out[UNITS_TEXT]);

/* Rows as a table or JSON lines. columns: names of fields for the table, blanks between; NULL: all. */
void cli_rows(const struct cli *cli, const struct field *fields, const char *columns, const void *rows, size_t n, size_t row_bytes);
/* One row: name and value in lines, or one JSON object. */
void cli_row(const struct cli *cli, const struct field *fields, const void *row);
void cli_json(json_t *object); /* takes it; one line on stdout */

struct progress cli_progress(const struct cli *cli, const char *what);
struct progress cli_progress_bytes(const struct cli *cli, const char *what); /* what is counted are bytes */
void cli_progress_end(const struct cli *cli);
/* From here on the first Ctrl-C ends what goes on in good order: progress tells it to stop. A second one kills. */
void cli_catch_interrupt(void);
bool cli_interrupted(void);

/* Whether the daemon runs on this store: its last sign of life, or 0. */
int64_t cli_daemon_pid(struct cli *cli);
void cli_time(char *out, size_t size, int64_t us);
#endif
