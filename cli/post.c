/* Posts. */
#include "ops/posts.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/groups.h"
#include "ops/files.h"
#include "ops/lists.h"
#include "system/clock.h"
#include "system/file.h"
#include "system/http.h"
#include <stdio.h>
#include <stdlib.h>

enum { POSTS = 1000 };

static int add(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	struct error err;
	struct post_added added;
	const char *paths[FILES_MAX];
	struct edition_file files[FILES_MAX];
	size_t count = (size_t)cli_options(cli, "attach", paths, FILES_MAX);
	/* Looked at before anything is stored. */
	arena.max_bytes = 256 << 20;
	for (size_t i = 0; i < count; i++)
		if (file_attachment(paths[i], &files[i], &arena, &err) < 0)
			return cli_fail(cli, &err, NULL);
	if (list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0 ||
	    post_add(&cli->ops, &list, cli->argument[1], cli_option(cli, "base-url"), cli->actor, &added, &arena, &err) < 0 ||
	    post_attach(&cli->ops, added.id, files, count, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_made(cli, "post", added.id);
	cli_note(cli, added.note);
	cli_say(cli, added.revised ? "Post %" PRId64 " has a new version." : "Post %" PRId64 " is a draft.", added.id);
	cli_next(cli, "gazette campaign create %s --post %" PRId64, list.name, added.id);
	return 0;
}

static int ls(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list = { 0 };
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	size_t n = 0;
	arena.max_bytes = 1 << 30;
	struct stored_post *posts = arena_alloc(&arena, POSTS * sizeof *posts);
	if (!posts || (cli->arguments && list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0) ||
	    store_post_page(cli->ops.db, list.id, 0, posts, POSTS, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_rows(cli, stored_post_fields, "id state title url published_us alert", posts, n, sizeof *posts);
	return 0;
}

static int show(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct stored_post post;
	struct error err;
	int64_t id = 0;
	int status = cli_id(cli, cli->argument[0], &id);
	if (status)
		return status;
	int found = store_post_get(cli->ops.db, id, &post, &arena, &err);
	if (found == 0)
		error_set(&err, ERROR_NOT_FOUND, "there is no post %" PRId64, id);
	if (found <= 0)
		return cli_fail(cli, &err, NULL);
	cli_row(cli, stored_post_fields, &post);
	return 0;
}

const struct command post_commands[] = {
	{ "post", "add", NEEDS_STORE, 2, 2, "LIST FILE|URL|- [--base-url URL] [--attach FILE]...",
	  "base-url: attach:", "takes a post from Markdown or HTML", "gazette post add news post.md", add },
	{ "post", "ls", NEEDS_STORE, 0, 1, "[LIST]", "", "shows posts, newest first", "gazette post ls news", ls },
	{ "post", "show", NEEDS_STORE, 1, 1, "ID", "", "shows one", "gazette post show 41", show },
	{ "post", "inspect", NEEDS_NOTHING, 0, CLI_ARGUMENTS,
	  "FILE|URL... [--base-url URL] [--content-type TYPE] [--cases CASES.jsonl] [--dir DIR]", "base-url: content-type: cases: dir:",
	  "shows what would be read, storing nothing", "gazette post inspect feed.xml", post_inspect_command },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
