/* Posts and the sources they come from. */
#include "ops/posts.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/groups.h"
#include "ops/lists.h"
#include "system/clock.h"
#include "system/file.h"
#include "system/http.h"
#include <stdio.h>
#include <stdlib.h>

enum { POSTS = 1000, SOURCES = 1000 };

static int add(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	struct error err;
	int64_t id = 0;
	bool revised = false;
	if (list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0 ||
	    post_add(&cli->ops, &list, cli->argument[1], cli_option(cli, "base-url"), cli->actor, &id, &revised, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_made(cli, "post", id);
	cli_say(cli, revised ? "Post %" PRId64 " has a new version." : "Post %" PRId64 " is a draft.", id);
	cli_next(cli, "gazette campaign create %s --post %" PRId64, list.name, id);
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
	{ "post", "add", NEEDS_STORE, 2, 2, "LIST FILE|URL|- [--base-url URL]", "base-url:", "takes a post from Markdown or HTML",
	  "gazette post add news post.md", add },
	{ "post", "ls", NEEDS_STORE, 0, 1, "[LIST]", "", "shows posts, newest first", "gazette post ls news", ls },
	{ "post", "show", NEEDS_STORE, 1, 1, "ID", "", "shows one", "gazette post show 41", show },
	{ "post", "inspect", NEEDS_NOTHING, 0, CLI_ARGUMENTS,
	  "FILE|URL... [--base-url URL] [--content-type TYPE] [--cases CASES.jsonl] [--dir DIR]", "base-url: content-type: cases: dir:",
	  "shows what would be read, storing nothing", "gazette post inspect feed.xml", post_inspect_command },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};

static int source_add_command(struct cli *cli)
{
	struct error err;
	struct taken first;
	int64_t id = 0;
	int64_t latest = 0;
	const char *text = cli_option(cli, "latest");
	if (text && units_integer(text, 0, 100, &latest, &err) < 0)
		return cli_fail(cli, &err, NULL);
	struct source_in in = { cli->argument[0], cli->argument[1], cli_option(cli, "policy"), latest };
	if (source_add(&cli->ops, &in, cli->actor, &id, &first, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_made(cli, "source", id);
	cli_say(cli, "Found %s; %" PRId64 " posts marked seen, none of them will be mailed; %" PRId64 " drafts.", in.what, first.seen,
	        first.added);
	cli_next(cli, first.added ? "gazette post ls %s" : "gazette source ls %s", in.list);
	return 0;
}

static int source_ls(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list = { 0 };
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	struct source *sources = arena_alloc(&arena, SOURCES * sizeof *sources);
	size_t n = 0;
	if (!sources || (cli->arguments && list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0) ||
	    store_source_all(cli->ops.db, list.id, sources, SOURCES, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_rows(cli, source_fields, "id kind url policy state failures checked_us error", sources, n, sizeof *sources);
	return 0;
}

static int find_source(struct cli *cli, struct source *out, struct arena *arena, int *status)
{
	struct error err;
	int64_t id = 0;
	*status = cli_id(cli, cli->argument[0], &id);
	if (*status)
		return -1;
	int found = store_source_get(cli->ops.db, id, out, arena, &err);
	if (found == 0)
		error_set(&err, ERROR_NOT_FOUND, "there is no source %" PRId64 ": gazette source ls shows them", id);
	if (found <= 0)
		*status = cli_fail(cli, &err, NULL);
	return found > 0 ? 0 : -1;
}

static int source_show(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct source source;
	int status = 0;
	if (find_source(cli, &source, &arena, &status) < 0)
		return status;
	cli_row(cli, source_fields, &source);
	return 0;
}

static int source_poll_command(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(http_free) struct http *http = http_new();
	struct source source;
	struct taken taken;
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	int status = 0;
	arena.max_bytes = 1 << 30;
	if (find_source(cli, &source, &arena, &status) < 0)
		return status;
	if (!http || source_poll(&cli->ops, http, &source, &taken, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (source.error) {
		error_set(&err, ERROR_NETWORK, "%s", source.error);
		return cli_fail(cli, &err, "The source is marked failing and will be tried again.");
	}
	if (cli->json)
		cli_json(json_pack("{s:I,s:I,s:I,s:I,s:s}", "source", (json_int_t)source.id, "new", (json_int_t)taken.added, "revised",
		                   (json_int_t)taken.revised, "same", (json_int_t)taken.same, "alert", taken.alert));
	else
		printf("%" PRId64 " new, %" PRId64 " revised, %" PRId64 " known%s%s\n", taken.added, taken.revised, taken.same,
		       taken.alert[0] ? "; drafts because: " : "", taken.alert);
	return 0;
}

static int source_try_command(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_feed feed;
	struct error err;
	arena.max_bytes = 1 << 30;
	if (source_try(&cli->ops, cli->argument[0], &arena, &feed, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_say(cli, "%s: %zu posts.", feed.title ? feed.title : cli->argument[0], feed.count);
	cli_rows(cli, post_fields, "title url author published", feed.posts, feed.count, sizeof *feed.posts);
	return 0;
}

static int set_state(struct cli *cli, enum source_state state, const char *said)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct source source;
	struct error err;
	int status = 0;
	if (find_source(cli, &source, &arena, &status) < 0)
		return status;
	if (store_source_set_state(cli->ops.db, source.id, state, clock_now().wall_us, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_say(cli, "Source %" PRId64 " %s.", source.id, said);
	return 0;
}

static int source_pause(struct cli *cli)
{
	return set_state(cli, SOURCE_PAUSED, "is paused");
}

static int source_resume(struct cli *cli)
{
	return set_state(cli, SOURCE_ACTIVE, "is looked at again");
}

static int source_remove(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct source source;
	struct error err;
	int status = 0;
	if (find_source(cli, &source, &arena, &status) < 0 ||
	    !cli_confirm(cli, &status, "Remove the source %s? Its posts stay.", source.url))
		return status;
	if (store_source_remove(cli->ops.db, source.id, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_say(cli, "Source %" PRId64 " is removed.", source.id);
	return 0;
}

const struct command source_commands[] = {
	{ "source", "add", NEEDS_STORE, 2, 2, "LIST URL|FOLDER [--policy draft|send|hold=30m] [--latest N]", "policy: latest:",
	  "adds a feed or a folder", "gazette source add news https://example.org/feed.xml --policy hold=30m", source_add_command },
	{ "source", "ls", NEEDS_STORE, 0, 1, "[LIST]", "", "shows the sources", "gazette source ls news", source_ls },
	{ "source", "show", NEEDS_STORE, 1, 1, "ID", "", "shows one", "gazette source show 1", source_show },
	{ "source", "try", NEEDS_STORE, 1, 1, "URL|FOLDER", "", "looks once, storing nothing",
	  "gazette source try https://example.org/feed.xml", source_try_command },
	{ "source", "poll", NEEDS_STORE, 1, 1, "ID", "", "looks now", "gazette source poll 1", source_poll_command },
	{ "source", "pause", NEEDS_STORE, 1, 1, "ID", "", "stops looking", "gazette source pause 1", source_pause },
	{ "source", "resume", NEEDS_STORE, 1, 1, "ID", "", "looks again", "gazette source resume 1", source_resume },
	{ "source", "remove", NEEDS_STORE, 1, 1, "ID", "", "removes it; its posts stay", "gazette source remove 1", source_remove },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
