#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "system/clock.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COLUMNS = 24, WIDTH_MOST = 48, ROWS_MOST = 50 };

static bool is_terminal(int fd)
{
	return isatty(fd);
}

static void say(const struct cli *cli, const char *format, va_list args)
{
	if (cli->quiet || cli->json)
		return;
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void cli_say(const struct cli *cli, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(cli, format, args);
	va_end(args);
}

void cli_done(const struct cli *cli, json_t *object, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(cli, format, args);
	va_end(args);
	if (cli->json)
		cli_json(object);
	else
		json_decref(object);
}

void cli_note(const struct cli *cli, const char *note)
{
	struct bytes rest = bytes_text(note);
	struct bytes line;
	(void)cli;
	while (text_next_part(&rest, "\n", &line))
		fprintf(stderr, "warning: %.*s\n", (int)line.size, line.data);
}

void cli_next(const struct cli *cli, const char *format, ...)
{
	va_list args;
	if (cli->quiet || cli->json || !is_terminal(STDERR_FILENO))
		return;
	fputs("Next: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void cli_json(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(object);
	puts(text ? text : "{}");
	free(text);
}

void cli_made(const struct cli *cli, const char *noun, int64_t id)
{
	if (cli->json)
		cli_json(json_pack("{s:I}", noun, (json_int_t)id));
	else
		printf("%" PRId64 "\n", id);
}

static void usage_line(const struct command *c, char out[512])
{
	snprintf(out, 512, "usage: gazette %s%s%s %s", c->group, *c->verb ? " " : "", c->verb, c->arguments);
}

/* What helps with an error of that kind, for programs that show a hint in a place of its own. Many texts hold their cure already. */
static const char *usual_hint(const struct cli *cli, const struct error *err, char out[512])
{
	const char *cure = strstr(err->text, "gazette ");
	switch (err->code) {
	case ERROR_DENIED: return cure ? cure : "run it as the user the data belongs to: sudo -u gazette gazette ...";
	case ERROR_RETRY: return cure ? cure : "try the same again in a moment";
	case ERROR_FULL: return "make room on the disk, then do the same again";
	case ERROR_CORRUPT: return "stop the daemon and look closer: gazette store check";
	case ERROR_NETWORK:
	case ERROR_TIMEOUT: return cure ? cure : "gazette status shows what is away";
	case ERROR_MEMORY: return "end other programs, then do the same again";
	case ERROR_STORE: return "gazette store check looks closer";
	default: break;
	}
	if (cure)
		return cure;
	if (!cli->command)
		return "gazette help shows the commands";
	usage_line(cli->command, out);
	return out;
}

int cli_fail(const struct cli *cli, const struct error *err, const char *hint)
{
	char usual[512];
	if (cli->json)
		cli_json(json_pack("{s:s,s:s}", "error", err->text, "hint", hint ? hint : usual_hint(cli, err, usual)));
	else
		fprintf(stderr, "gazette: %s%s%s\n", err->text, hint ? "\n" : "", hint ? hint : "");
	return error_exit(err->code);
}

int cli_usage(const struct cli *cli, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	char hint[512] = "gazette help shows the commands";
	if (cli->command)
		usage_line(cli->command, hint);
	struct error err = { .code = ERROR_INPUT };
	snprintf(err.text, sizeof err.text, "%s", text);
	cli_fail(cli, &err, hint);
	return EXIT_USAGE;
}

bool cli_confirm_name(const struct cli *cli, int *status, const char *name, const char *question)
{
	char answer[128];
	if (cli->yes || !is_terminal(STDIN_FILENO))
		return cli_confirm(cli, status, "%s", question);
	*status = 1;
	fprintf(stderr, "%s Type the list's name: ", question);
	if (!fgets(answer, sizeof answer, stdin))
		return false;
	answer[strcspn(answer, "\n")] = '\0';
	if (strcmp(answer, name) != 0) {
		cli_say(cli, "That is not its name: nothing was done.");
		return false;
	}
	*status = 0;
	return true;
}

const char *cli_count(int64_t n, const char *noun, char out[UNITS_TEXT])
{
	snprintf(out, UNITS_TEXT, "%" PRId64 " %s%s", n, noun, n == 1 ? "" : "s");
	return out;
}

bool cli_confirm(const struct cli *cli, int *status, const char *format, ...)
{
	char answer[64];
	va_list args;
	*status = 0;
	if (cli->yes)
		return true;
	if (!is_terminal(STDIN_FILENO)) {
		*status = cli_usage(cli, "this asks a question, and there is no terminal: add --yes to answer it");
		return false;
	}
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs(" [y/N] ", stderr);
	if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	*status = 1;
	cli_say(cli, "Nothing was done.");
	return false;
}

/* The fields a table shows, in the order of `columns`. */
static size_t choose(const struct field *fields, const char *columns, const struct field **out)
{
	size_t n = 0;
	if (!columns) {
		for (; fields->name && n < COLUMNS; fields++)
			out[n++] = fields;
		return n;
	}
	struct bytes rest = bytes_text(columns);
	struct bytes name;
	while (text_next_part(&rest, " ", &name) && n < COLUMNS)
		for (const struct field *field = fields; field->name; field++)
			if (bytes_equal(name, bytes_text(field->name)))
				out[n++] = field;
	return n;
}

static bool is_number(const struct field *field)
{
	return field->kind == FIELD_INT || field->kind == FIELD_ID || field->kind == FIELD_DURATION;
}

static void print_cell(const char *text, size_t width, bool right, bool last)
{
	size_t columns = text_columns(bytes_text(text));
	size_t pad = columns < width ? width - columns : 0;
	if (right)
		printf("%*s%s", (int)pad, "", text);
	else
		printf("%s%*s", text, last ? 0 : (int)pad, "");
	fputs(last ? "\n" : "  ", stdout);
}

/* A heading as people read it: published_us is "published". */
static const char *heading(const struct field *field, char out[64])
{
	/* Who or what it was: a name, or a reason. */
	const char *name = strcmp(field->name, "paused_by") == 0 ? "stopped by" : field->name;
	size_t size = strlen(name);
	size_t cut = text_ends(name, "_us") ? 3 : 0;
	snprintf(out, 64, "%.*s", (int)(size - cut < 63 ? size - cut : 63), name);
	for (char *p = out; *p; p++)
		if (*p == '_')
			*p = ' ';
	return out;
}

static const char *cell(const struct field *field, const void *row, bool is_last, struct arena *arena)
{
	const char *text = field_text(field, row, arena);
	size_t at = 0;
	size_t columns = 0;
	/* Long texts are cut on the screen, but for the last of a line; --json has them whole. */
	if (is_last)
		return text;
	while (text[at] && columns < WIDTH_MOST) {
		uint32_t c = 0;
		size_t n = text_decode(text + at, strlen(text + at), &c);
		columns += text_columns((struct bytes){ text + at, n ? n : 1 });
		at += n ? n : 1;
	}
	return text[at] ? arena_format(arena, "%.*s...", (int)at, text) : text;
}

static void print_table(const struct field *fields, const char *columns, const char *rows, size_t n, size_t row_bytes)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	const struct field *shown[COLUMNS];
	size_t width[COLUMNS];
	char name[64];
	size_t count = choose(fields, columns, shown);
	for (size_t c = 0; c < count; c++) {
		width[c] = strlen(heading(shown[c], name));
		for (size_t i = 0; i < n; i++) {
			size_t w = text_columns(bytes_text(cell(shown[c], rows + i * row_bytes, c + 1 == count, &arena)));
			width[c] = w > width[c] ? w : width[c];
		}
	}
	bool bold = is_terminal(STDOUT_FILENO) && !getenv("NO_COLOR");
	fputs(bold ? "\033[1m" : "", stdout);
	for (size_t c = 0; c < count; c++)
		print_cell(heading(shown[c], name), width[c], is_number(shown[c]), c + 1 == count);
	fputs(bold ? "\033[0m" : "", stdout);
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < count; c++)
			print_cell(cell(shown[c], rows + i * row_bytes, c + 1 == count, &arena), width[c], is_number(shown[c]),
			           c + 1 == count);
}

void cli_rows(const struct cli *cli, const struct field *fields, const char *columns, const void *rows, size_t n, size_t row_bytes)
{
	if (cli->json) {
		for (size_t i = 0; i < n; i++)
			cli_json(field_json(fields, (const char *)rows + i * row_bytes));
		return;
	}
	if (n == 0) {
		cli_say(cli, "Nothing to show.");
		return;
	}
	size_t shown = !cli->all && n > ROWS_MOST ? ROWS_MOST : n;
	print_table(fields, columns, rows, shown, row_bytes);
	/* What comes on stderr stands below the table, also where both go to one file. */
	fflush(stdout);
	if (shown < n)
		cli_say(cli, "%zu more: --all shows them", n - shown);
}

void cli_row(const struct cli *cli, const struct field *fields, const void *row)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	char name[64];
	if (cli->json) {
		cli_json(field_json(fields, row));
		return;
	}
	for (; fields->name; fields++)
		if (fields->kind != FIELD_BYTES)
			printf("%-16s %s\n", heading(fields, name), field_text(fields, row, &arena));
}

static struct {
	const char *what;
	int64_t began_us, said_us;
	bool shown, is_bytes;
} bar;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

void cli_catch_interrupt(void)
{
	struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND | SA_RESTART };
	sigaction(SIGINT, &action, NULL);
}

bool cli_interrupted(void)
{
	return interrupted;
}

static bool tell(void *context, int64_t done, int64_t total)
{
	const struct cli *cli = context;
	char left[UNITS_TEXT];
	int64_t now_us = clock_now().mono_us;
	bool terminal = is_terminal(STDERR_FILENO);
	if (interrupted)
		return false;
	if (cli->quiet || cli->json || now_us - bar.said_us < (terminal ? SECOND_US / 5 : 5 * SECOND_US))
		return true;
	bar.said_us = now_us;
	bar.shown = true;
	double seconds = (double)(now_us - bar.began_us) / (double)SECOND_US;
	double rate = seconds > 0 ? (double)done / seconds : 0;
	char pace[UNITS_TEXT];
	if (bar.is_bytes)
		units_write_size((int64_t)rate, pace);
	else
		snprintf(pace, sizeof pace, "%.0f", rate);
	int64_t left_us = rate > 0 && total > done ? (int64_t)((double)(total - done) / rate * (double)SECOND_US) : 0;
	int percent = total > 0 ? (int)(done * 100 / total) : 0;
	if (terminal) {
		char cells[31];
		for (int i = 0; i < 30; i++)
			cells[i] = i < percent * 30 / 100 ? '#' : '.';
		cells[30] = '\0';
		fprintf(stderr, "\r%s [%s] %3d%%  %s/s  %s left \033[K", bar.what, cells, percent, pace,
		        units_write_duration(left_us, left));
	} else {
		fprintf(stderr, "%s %d%% %s/s %s left\n", bar.what, percent, pace, units_write_duration(left_us, left));
	}
	return true;
}

struct progress cli_progress(const struct cli *cli, const char *what)
{
	bar.what = what;
	bar.began_us = bar.said_us = clock_now().mono_us;
	bar.shown = bar.is_bytes = false;
	return (struct progress){ tell, (void *)(uintptr_t)cli };
}

struct progress cli_progress_bytes(const struct cli *cli, const char *what)
{
	struct progress progress = cli_progress(cli, what);
	bar.is_bytes = true;
	return progress;
}

void cli_progress_end(const struct cli *cli)
{
	if (bar.shown && !cli->quiet && !cli->json && is_terminal(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	bar.shown = false;
}

void cli_time(char *out, size_t size, int64_t us)
{
	char text[UNITS_TEXT];
	snprintf(out, size, "%s", us ? units_write_time(us, text) : "");
}
