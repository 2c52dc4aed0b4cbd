/* Posts. */
#include "ops/posts.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/groups.h"
#include "cli/post.h"
#include "ops/files.h"
#include "ops/lists.h"
#include "store/attachment.h"
#include "system/clock.h"
#include "system/file.h"
#include "system/http.h"
#include <stdio.h>
#include <stdlib.h>

enum { POSTS = 1000 };

static int said_added(struct cli *cli, const struct list *list, const struct post_added *added, struct arena *arena)
{
	struct stored_post post;
	struct error err;
	if (post_find(&cli->ops, added->id, &post, arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (added->same)
		cli_say(cli, "Post %" PRId64 " was there already, with the same words (%s).", post.id,
		        post.state == POST_USED ? "in a campaign" : post_state_words[post.state]);
	else if (added->revised)
		cli_say(cli, "Post %" PRId64 " has version %" PRId64 ".", post.id, post.version);
	else if (!post.in_digest)
		cli_say(cli, "Post %" PRId64 " is a draft.", post.id);
	if (post.in_digest && post.state == POST_HELD)
		cli_say(cli, "Post %" PRId64 " waits for the next digest of %s.", post.id, list->name);
	if (added->revised)
		post_say_way(cli, &post);
	if (post.in_digest && post.state == POST_HELD)
		cli_next(cli, "gazette digest show %s", list->name);
	else if (post.state != POST_USED)
		cli_next(cli, "gazette campaign create %s --post %" PRId64, list->name, post.id);
	return 0;
}

static int add(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	struct error err;
	struct post_added added;
	const struct post_in in = { .what = cli->argument[1],
		                    .base_url = cli_option(cli, "base-url"),
		                    .for_digest = cli_flag(cli, "digest") };
	const char *paths[FILES_MAX];
	struct edition_file files[FILES_MAX];
	size_t count = (size_t)cli_options(cli, "attach", paths, FILES_MAX);
	/* Looked at before anything is stored. */
	arena.max_bytes = 256 << 20;
	for (size_t i = 0; i < count; i++)
		if (file_attachment(paths[i], &files[i], &arena, &err) < 0)
			return cli_fail(cli, &err, NULL);
	if (list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0 ||
	    post_add(&cli->ops, &list, &in, cli->actor, &added, &arena, &err) < 0 ||
	    post_attach(&cli->ops, added.id, files, count, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_made(cli, "post", added.id);
	cli_note(cli, added.note);
	return said_added(cli, &list, &added, &arena);
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

static void show_json(const struct stored_post *post, const struct attachment *files, size_t n)
{
	json_t *object = field_json(stored_post_fields, post);
	json_t *array = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_pack("{s:s,s:s,s:I}", "name", files[i].name, "type", files[i].type, "bytes",
		                                       (json_int_t)files[i].content.size));
	json_object_set_new(object, "attachments", array);
	cli_json(object);
}

static void show_text(const struct cli *cli, const struct stored_post *post, const struct attachment *files, size_t n)
{
	char size[UNITS_TEXT];
	for (size_t i = 0; i < n; i++)
		printf("%-16s %s (%s, %s)\n", "attachment", files[i].name, files[i].type,
		       units_write_size((int64_t)files[i].content.size, size));
	/* The words come last: they are long. */
	cli_row(cli, stored_post_fields, post);
}

static int show(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct stored_post post;
	struct attachment files[FILES_MAX];
	struct error err;
	size_t n = 0;
	int64_t id = 0;
	int status = cli_id(cli, cli->argument[0], &id);
	if (status)
		return status;
	arena.max_bytes = 256 << 20;
	if (post_find(&cli->ops, id, &post, &arena, &err) < 0 || store_attachments(cli->ops.db, id, files, FILES_MAX, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (cli->json)
		show_json(&post, files, n);
	else
		show_text(cli, &post, files, n);
	return 0;
}

const struct command post_commands[] = {
	{ "post", "add", NEEDS_STORE, 2, 2, "LIST FILE|URL|- [--digest] [--base-url URL] [--attach FILE]...",
	  "digest base-url: attach:", "takes a post from Markdown or HTML", "gazette post add news post.md", add },
	{ "post", "ls", NEEDS_STORE, 0, 1, "[LIST]", "", "shows posts, newest first", "gazette post ls news", ls },
	{ "post", "show", NEEDS_STORE, 1, 1, "ID", "", "shows one", "gazette post show 41", show },
	{ "post", "inspect", NEEDS_NOTHING, 0, CLI_ARGUMENTS,
	  "FILE|URL... [--base-url URL] [--content-type TYPE] [--cases CASES.jsonl] [--dir DIR]", "base-url: content-type: cases: dir:",
	  "shows what would be read, storing nothing", "gazette post inspect feed.xml", post_inspect_command },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
