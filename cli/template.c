/* template: those built in, and what one of them makes of values. */
#include "base/json.h"
#include "base/text.h"
#include "cli/groups.h"
#include "ops/render.h"
#include "system/file.h"
#include <stdio.h>
#include <unistd.h>

enum { TEMPLATE_BYTES = 4 << 20, OUT_BYTES = 16 << 20, PATH_BYTES = 4096 };

static int ls(struct cli *cli)
{
	for (size_t i = 0; template_builtin_name(i); i++)
		if (cli->json)
			cli_json(json_pack("{s:s}", "template", template_builtin_name(i)));
		else
			puts(template_builtin_name(i));
	return 0;
}

/* --data: JSON as it is, or what stands in @FILE, FILE or - (standard input). NULL with err set. */
static json_t *read_values(const char *data, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(TEMPLATE_BYTES);
	const char *label = "--data";
	data = data ? data : "{}";
	struct bytes json = text_trim(bytes_text(data));
	if (json.size == 0 || !strchr("{[\"", json.data[0])) {
		label = data + (data[0] == '@');
		if (file_read(label, &text, err) < 0)
			return NULL;
		json = buffer_bytes(&text);
	}
	json_t *values = json_read(json, err);
	if (!values)
		error_wrap(err, "%s", label);
	else if (!json_is_object(values)) {
		json_free(&values);
		error_set(err, ERROR_INPUT, "%s: a template wants an object: {\"name\": \"value\"}", label);
	}
	return values;
}

/* The configured folder of templates, if there is a configuration. */
static const char *template_folder(struct cli *cli)
{
	struct config_faults faults;
	struct error err;
	if (access(cli->config_path, R_OK) != 0)
		return NULL;
	if (config_read(cli->config_path, &cli->config, &faults, &err) == 0)
		return cli->config->daemon.template_dir;
	cli_say(cli, "%s\nWithout a configuration only the parts beside the file and those built in are there.", err.text);
	return NULL;
}

/* Where a file stands, and what it is called among the templates: "own/mail/x.txt.mustache" is "mail/x.txt" beside own/mail/parts. */
static void place_of(const char *path, char folder[PATH_BYTES], char name[PATH_BYTES])
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	snprintf(folder, PATH_BYTES, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	size_t size = strlen(base) - (text_ends(base, ".mustache") ? strlen(".mustache") : 0);
	bool is_web = strcmp(folder, "web") == 0 || text_ends(folder, "/web");
	snprintf(name, PATH_BYTES, "%s/%.*s", is_web ? "web" : "mail", (int)size, base);
}

static int render(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(TEMPLATE_BYTES);
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(OUT_BYTES);
	CLEANUP(buffer_clear) struct buffer lacking = BUFFER_INIT(8192);
	struct error err;
	char folder[PATH_BYTES];
	char name[PATH_BYTES];
	const char *path = cli->argument[0];
	const char *missing = NULL;
	struct render_from from = { .beside = folder, .folder = template_folder(cli) };
	CLEANUP(json_free) json_t *values = read_values(cli_option(cli, "data"), &err);
	if (!values)
		return cli_fail(cli, &err, "--data takes JSON: '{\"subject\": \"Storks\"}', or a file of it: @values.json");
	place_of(path, folder, name);
	/* One of ours goes by its name. */
	bool is_file = strcmp(path, "-") == 0 || access(path, F_OK) == 0;
	if (!is_file) {
		from.beside = NULL;
		snprintf(name, sizeof name, "%.*s", (int)(strlen(path) - (text_ends(path, ".mustache") ? strlen(".mustache") : 0)), path);
	}
	if ((is_file ? file_read(path, &text, &err) : render_read(&from, name, &text, &err)) < 0)
		return cli_fail(cli, &err, NULL);
	const char *language = cli_option(cli, "language");
	if (!language)
		language = json_text(values, "lang") ? json_text(values, "lang") : "en";
	bool as_text = cli_flag(cli, "text") || text_ends(name, ".txt");
	if (render_text(&from, buffer_bytes(&text), path, name, language, values, as_text ? TEMPLATE_TEXT : TEMPLATE_HTML, &out, &missing,
	                &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (render_words_lacking(&from, language, &lacking) > 0)
		cli_say(cli, "The file of words for %s lacks these, which are taken from those built in: %s", language,
		        buffer_text(&lacking));
	if (missing)
		cli_say(cli, "%s: there is no part {{> %s}}: it was left out", path, missing);
	fwrite(out.data, 1, out.size, stdout);
	return 0;
}

/* Where the i-th one goes, as in the build's own folder. */
static void path_of(const struct cli *cli, size_t i, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s", cli->argument[0], template_builtin_name(i));
}

static int export(struct cli *cli)
{
	struct error err;
	char path[PATH_BYTES];
	struct bytes data;
	/* All or nothing: a folder half old and half new helps nobody. */
	for (size_t i = 0; template_builtin_name(i); i++) {
		path_of(cli, i, path);
		if (access(path, F_OK) != 0)
			continue;
		error_set(&err, ERROR_CONFLICT, "%s is there already: nothing was written", path);
		return cli_fail(cli, &err,
		                "Name an empty folder, and take over by hand what you want of it (diff -r OLD NEW); or delete the file.");
	}
	for (size_t i = 0; template_builtin_name(i); i++) {
		path_of(cli, i, path);
		char *slash = strrchr(path, '/');
		*slash = '\0';
		if (file_make_folder(path, 0755, &err) < 0)
			return cli_fail(cli, &err, NULL);
		*slash = '/';
		if (!template_builtin(template_builtin_name(i), &data) || file_create(path, data, 0644, &err) < 0)
			return cli_fail(cli, &err, NULL);
	}
	cli_done(cli, json_pack("{s:s}", "template_dir", cli->argument[0]),
	         "Templates are in %s: name it in [daemon] template_dir. Delete those you do not change: they then follow new versions.",
	         cli->argument[0]);
	return 0;
}

const struct command template_commands[] = {
	{ "template", "ls", NEEDS_NOTHING, 0, 0, "", "", "shows the templates built in", "gazette template ls", ls },
	{ "template", "render", NEEDS_NOTHING, 1, 1, "FILE|NAME [--data JSON|@FILE] [--language TAG] [--text]", "data: language: text",
	  "renders a template with its parts",
	  "gazette template render mail/confirm.txt --data '{\"reader\": {\"email\": \"ann@example.org\"}}'", render },
	{ "template", "export", NEEDS_NOTHING, 1, 1, "FOLDER", "", "writes the built-in templates, to start from",
	  "gazette template export templates", export },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
