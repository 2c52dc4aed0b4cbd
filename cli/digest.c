/* Digests: what the next one carries, and when it goes. */
#include "ops/digests.h"
#include "base/when.h"
#include "cli/groups.h"
#include "ops/lists.h"
#include "ops/posts.h"
#include "system/clock.h"
#include "system/zone_file.h"
#include <stdio.h>

static int find_list(struct cli *cli, struct list *out, struct arena *arena, int *status)
{
	struct error err;
	if (list_find(&cli->ops, cli->argument[0], out, arena, &err) == 0)
		return 0;
	*status = cli_fail(cli, &err, NULL);
	return -1;
}

static const char *const names[DIGEST_CADENCES] = { "the list's own", "daily, for who wants one mail a day",
	                                            "weekly, for who wants one a week" };

static json_t *view_json(const struct digest_view *view)
{
	json_t *object = field_json(digest_fields, &view->digest);
	json_t *posts = json_array();
	for (size_t i = 0; i < view->count; i++)
		json_array_append_new(posts, json_integer(view->posts[i]));
	json_object_set_new(object, "posts", posts);
	json_t *skipped = json_array();
	for (size_t i = 0; i < view->skipped_count; i++)
		json_array_append_new(skipped, json_integer(view->skipped[i]));
	json_object_set_new(object, "skipped", skipped);
	return object;
}

static int print_view(struct cli *cli, const struct list *list, const struct digest_view *view, struct error *err)
{
	CLEANUP(zone_free) struct zone *zone = NULL;
	char when[WHEN_TEXT];
	if (zone_load(list->timezone, &zone, err) < 0)
		return -1;
	printf("%s: %s, next %s\n", names[view->digest.cadence], view->digest.rhythm,
	       when_write(view->digest.next_us, zone, clock_now().wall_us, when));
	for (size_t i = 0; i < view->count; i++) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct stored_post post;
		if (post_find(&cli->ops, view->posts[i], &post, &arena, err) < 0)
			return -1;
		printf("  %zu. post %" PRId64 ": %s\n", i + 1, post.id, post.post.title);
	}
	for (size_t i = 0; i < view->skipped_count; i++)
		printf("  left out: post %" PRId64 "\n", view->skipped[i]);
	if (view->count == 0)
		puts("  nothing new yet: without it, none goes out");
	return 0;
}

static int show(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct digest_view views[DIGEST_CADENCES];
	struct list list;
	struct error err;
	size_t n = 0;
	int status = 0;
	if (find_list(cli, &list, &arena, &status) < 0)
		return status;
	if (digest_view(&cli->ops, &list, views, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	for (size_t i = 0; i < n; i++)
		if (cli->json)
			cli_json(view_json(&views[i]));
		else if (print_view(cli, &list, &views[i], &err) < 0)
			return cli_fail(cli, &err, NULL);
	return 0;
}

static int read_ids(struct cli *cli, int64_t *ids, size_t *n)
{
	for (int i = 1; i < cli->arguments && *n < CAMPAIGN_POSTS; i++) {
		int status = cli_id(cli, cli->argument[i], &ids[(*n)++]);
		if (status)
			return status;
	}
	return 0;
}

/* The list, the cadence and the posts of skip and order. */
struct asked {
	struct list list;
	enum digest_cadence cadence;
	int64_t ids[CAMPAIGN_POSTS];
	size_t n;
};

static int read_asked(struct cli *cli, struct asked *out, struct arena *arena)
{
	const char *which = cli_option(cli, "cadence");
	int cadence = which ? field_word(digest_cadence_words, which) : DIGEST_EACH;
	*out = (struct asked){ .cadence = (enum digest_cadence)cadence };
	int status = read_ids(cli, out->ids, &out->n);
	if (status || find_list(cli, &out->list, arena, &status) < 0)
		return status;
	return cadence < 0 ? cli_usage(cli, "--cadence daily or weekly: that of its readers") : 0;
}

static int skip(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct asked asked;
	struct error err;
	bool undo = cli_flag(cli, "undo");
	int status = read_asked(cli, &asked, &arena);
	if (status)
		return status;
	if (undo && asked.n == 0)
		return cli_usage(cli, "--undo takes back in the posts that are named");
	if (asked.n == 0 && digest_skip(&cli->ops, &asked.list, asked.cadence, cli->actor, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (asked.n > 0 && asked.cadence != DIGEST_EACH &&
	    digest_skip_posts(&cli->ops, &asked.list, asked.cadence, asked.ids, asked.n, !undo, cli->actor, &err) < 0)
		return cli_fail(cli, &err, "gazette digest show shows what it carries");
	for (size_t i = 0; i < asked.n && asked.cadence == DIGEST_EACH; i++)
		if (post_skip(&cli->ops, asked.ids[i], !undo, cli->actor, &err) < 0)
			return cli_fail(cli, &err,
			                err.code == ERROR_CONFLICT ? "To leave it out of a mail a day or a week: --cadence daily, or weekly"
			                                           : NULL);
	json_t *told = json_pack("{s:s,s:I}", "digest", asked.list.name, undo ? "unskipped" : "skipped", (json_int_t)asked.n);
	if (undo)
		cli_done(cli, told, "%zu taken back in.", asked.n);
	else if (asked.n > 0)
		cli_done(cli, told, "%zu left out. To take one back in, the same with --undo.", asked.n);
	else
		cli_done(cli, told, "The next digest falls out; what waits goes with the one after.");
	return 0;
}

static int order(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct asked asked;
	struct error err;
	int status = read_asked(cli, &asked, &arena);
	if (status)
		return status;
	if (digest_order(&cli->ops, &asked.list, asked.cadence, asked.ids, asked.n, cli->actor, &err) < 0)
		return cli_fail(cli, &err, "gazette digest show shows what waits");
	cli_done(cli, json_pack("{s:s,s:I}", "digest", asked.list.name, "ordered", (json_int_t)asked.n),
	         "The digest begins with them, in this order.");
	return 0;
}

const struct command digest_commands[] = {
	{ "digest", "show", NEEDS_STORE, 1, 1, "LIST", "", "what the next digests carry, and when they go", "gazette digest show news",
	  show },
	{ "digest", "skip", NEEDS_STORE, 1, CLI_ARGUMENTS, "LIST [POST...] [--cadence daily|weekly] [--undo]", "cadence: undo",
	  "leaves posts out, or the whole next digest", "gazette digest skip news 41 --cadence daily", skip },
	{ "digest", "order", NEEDS_STORE, 2, CLI_ARGUMENTS, "LIST POST... [--cadence daily|weekly]",
	  "cadence:", "puts these posts first, in this order", "gazette digest order news 43 41", order },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
