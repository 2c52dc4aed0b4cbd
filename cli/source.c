/* Sources: where posts come from. */
#include "base/when.h"
#include "cli/groups.h"
#include "ops/letters.h"
#include "ops/lists.h"
#include "ops/posts.h"
#include "system/clock.h"
#include "system/http.h"
#include <stdio.h>

enum { SOURCES = 1000, LATEST_MOST = 100 };
#define CLAIM_US (2 * MINUTE_US)

static int settings(struct cli *cli, struct source_in *in)
{
	struct error err;
	const char *latest = cli_option(cli, "latest");
	*in = (struct source_in){ .policy = cli_option(cli, "policy"),
		                  .interval = cli_option(cli, "interval"),
		                  .max_age = cli_option(cli, "max-age"),
		                  .flood = cli_option(cli, "flood"),
		                  .only = cli_option(cli, "only"),
		                  .except = cli_option(cli, "except"),
		                  .strip_tracking = cli_option(cli, "strip-tracking") };
	return latest && units_integer(latest, 0, LATEST_MOST, &in->latest, &err) < 0 ? cli_fail(cli, &err, NULL) : 0;
}

/* Where editors mail posts to, and what still stands in their way. */
static int said_mail(struct cli *cli, const char *name, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer address = BUFFER_INIT(512);
	struct list list;
	struct error err;
	char note[256] = "";
	if (list_find(&cli->ops, name, &list, arena, &err) < 0 || letter_address(&cli->ops, &list, &address, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (!*list.editors) {
		snprintf(note, sizeof note,
		         "list %s has no editors, and nobody else's mail is taken: gazette list set %s --editors ADDRESS", name, name);
		cli_note(cli, note);
	}
	if (address.size == 0)
		cli_note(cli, "there is no address to mail to yet: set return_path = bounce+{token}@your.domain in [inbound], whose domain "
		              "it is in");
	else
		cli_say(cli, "Mail of the list's editors to %s becomes posts.", buffer_text(&address));
	return 0;
}

static int add(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	static const char *const next[] = { "becomes a draft", "goes out", "goes out when its time to be corrected is over",
		                            "waits for the digest" };
	struct source source;
	struct source_in in;
	struct taken first;
	struct error err;
	char seen[UNITS_TEXT];
	char added[UNITS_TEXT];
	int64_t id = 0;
	int status = settings(cli, &in);
	if (status)
		return status;
	in.list = cli->argument[0];
	in.what = cli->argument[1];
	if (source_add(&cli->ops, &in, cli->actor, &id, &first, &err) < 0 || source_find(&cli->ops, id, &source, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_made(cli, "source", id);
	cli_note(cli, source.note);
	if (strcmp(source.kind, "mail") == 0)
		return said_mail(cli, in.list, &arena);
	cli_say(cli, "%s found: %s; %s marked seen, none will be mailed; %s; the next one %s.",
	        source.feed_url                    ? "Feed"
	        : strcmp(source.kind, "page") == 0 ? "Page without a feed"
	                                           : source.kind,
	        source.feed_url ? source.feed_url : source.url, cli_count(first.seen, "post", seen),
	        cli_count(first.added, "new draft", added), next[source.policy]);
	cli_next(cli, first.added ? "gazette post ls %s" : "gazette source ls %s", in.list);
	return 0;
}

static int ls(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list = { 0 };
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	struct source *sources = arena_alloc(&arena, SOURCES * sizeof *sources);
	size_t n = 0;
	if (!sources || (cli->arguments && list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0) ||
	    store_source_all(cli->ops.db, list.id, sources, SOURCES, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	for (size_t i = 0; i < n; i++)
		sources[i].due_us = sources[i].due_us == INT64_MAX ? 0 : sources[i].due_us; /* never: its mail comes by itself */
	cli_rows(cli, source_fields, "id kind url policy state taken failures checked_us due_us error note", sources, n, sizeof *sources);
	return 0;
}

static int find(struct cli *cli, struct source *out, struct arena *arena, int *status)
{
	struct error err;
	int64_t id = 0;
	*status = cli_id(cli, cli->argument[0], &id);
	if (*status)
		return -1;
	if (source_find(&cli->ops, id, out, arena, &err) == 0)
		return 0;
	*status = cli_fail(cli, &err, NULL);
	return -1;
}

static void print_looks(const struct source *source)
{
	char when[WHEN_TEXT];
	char ago[UNITS_TEXT];
	int64_t now_us = clock_now().wall_us;
	if (source->checked_us)
		printf("%-16s %s ago\n", "last look", units_write_duration(now_us - source->checked_us, ago));
	if (strcmp(source->kind, "mail") == 0)
		printf("%-16s when a mail comes\n", "next look");
	else if (source->state == SOURCE_PAUSED)
		printf("%-16s none: it is paused\n", "next look");
	else
		printf("%-16s %s, because of %s\n", "next look", when_write(source->due_us, NULL, now_us, when), source->paced_by);
	if (source->failures)
		printf("%-16s %" PRId64 " in a row: %s\n", "failures", source->failures, source->error ? source->error : "");
	if (source->note)
		printf("%-16s %s\n", "left out", source->note);
	printf("%-16s %" PRId64 "\n", "posts taken", source->taken);
}

static int show(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct source source;
	int status = 0;
	if (find(cli, &source, &arena, &status) < 0)
		return status;
	source.due_us = source.due_us == INT64_MAX ? 0 : source.due_us;
	cli_row(cli, source_fields, &source);
	if (!cli->json)
		print_looks(&source);
	return 0;
}

static int set(struct cli *cli)
{
	struct source_in in;
	struct error err;
	int64_t id = 0;
	int status = cli_id(cli, cli->argument[0], &id);
	if (status)
		return status;
	if (cli->options == 0)
		return show(cli);
	status = settings(cli, &in);
	if (status)
		return status;
	in.what = cli_option(cli, "url");
	if (source_set(&cli->ops, id, &in, cli->actor, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:I}", "source", (json_int_t)id), "Source %" PRId64 " changed.", id);
	return 0;
}

static void print_taken(struct cli *cli, const struct source *source, const struct taken *taken)
{
	if (cli->json)
		cli_json(json_pack("{s:I,s:I,s:I,s:I,s:I,s:s,s:s,s:s?}", "source", (json_int_t)source->id, "new", (json_int_t)taken->added,
		                   "revised", (json_int_t)taken->revised, "same", (json_int_t)taken->same, "left_out",
		                   (json_int_t)taken->left_out, "alert", taken->alert, "error", source->error ? source->error : "", "note",
		                   source->note));
	else if (!source->error)
		printf("source %" PRId64 ": %" PRId64 " new, %" PRId64 " revised, %" PRId64 " known, %" PRId64 " left out%s%s\n",
		       source->id, taken->added, taken->revised, taken->same, taken->left_out, taken->alert[0] ? "; drafts because: " : "",
		       taken->alert);
}

static int poll_one(struct cli *cli, struct http *http, struct source *source, struct arena *arena)
{
	struct taken taken = { 0 };
	struct error err;
	/* Claimed first, so that the daemon does not look at the same time. */
	if (strcmp(source->kind, "mail") != 0 && (store_source_set_due(cli->ops.db, source->id, clock_now().wall_us + CLAIM_US, &err) < 0 ||
	                                          source_poll(&cli->ops, http, source, &taken, arena, &err) < 0))
		return cli_fail(cli, &err, NULL);
	print_taken(cli, source, &taken);
	cli_note(cli, cli->json ? NULL : source->note);
	if (!source->error)
		return 0;
	error_set(&err, ERROR_NETWORK, "%s", source->error);
	return cli->json ? error_exit(err.code) : cli_fail(cli, &err, "The source is marked failing and will be tried again.");
}

static int poll(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(http_free) struct http *http = http_new();
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	struct source *sources = arena_alloc(&arena, SOURCES * sizeof *sources);
	size_t n = 1;
	int status = 0;
	arena.max_bytes = 1 << 30;
	if (!http || !sources)
		return cli_fail(cli, &err, NULL);
	if (cli->arguments && find(cli, &sources[0], &arena, &status) < 0)
		return status;
	if (!cli->arguments && store_source_all(cli->ops.db, 0, sources, SOURCES, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	for (size_t i = 0; i < n; i++) {
		if (!cli->arguments && sources[i].state == SOURCE_PAUSED)
			continue;
		int one = poll_one(cli, http, &sources[i], &arena);
		status = one ? one : status;
	}
	return status;
}

static int try(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_feed feed;
	const char *note = NULL;
	struct error err;
	char count[UNITS_TEXT];
	arena.max_bytes = 1 << 30;
	if (source_try(&cli->ops, cli->argument[0], &arena, &feed, &note, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_say(cli, "%s (%s): %s.", feed.title ? feed.title : cli->argument[0], feed.kind ? feed.kind : "folder",
	        cli_count((int64_t)feed.count, "post", count));
	cli_note(cli, note);
	cli_rows(cli, post_fields, "title url author published", feed.posts, feed.count, sizeof *feed.posts);
	return 0;
}

static int set_state(struct cli *cli, enum source_state state, const char *said)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct source source;
	struct error err;
	int status = 0;
	if (find(cli, &source, &arena, &status) < 0)
		return status;
	int64_t due_us = strcmp(source.kind, "mail") == 0 ? source.due_us : clock_now().wall_us;
	if (store_source_set_state(cli->ops.db, source.id, state, due_us, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:I,s:s}", "source", (json_int_t)source.id, "state", source_state_words[state]), "Source %" PRId64 " %s.",
	         source.id, said);
	return 0;
}

static int pause_command(struct cli *cli)
{
	return set_state(cli, SOURCE_PAUSED, "is paused");
}

static int resume(struct cli *cli)
{
	return set_state(cli, SOURCE_ACTIVE, "is looked at again");
}

static int remove_command(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct source source;
	struct error err;
	int status = 0;
	if (find(cli, &source, &arena, &status) < 0 || !cli_confirm(cli, &status, "Remove the source %s? Its posts stay.", source.url))
		return status;
	if (store_source_remove(cli->ops.db, source.id, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:I,s:s}", "source", (json_int_t)source.id, "state", "removed"), "Source %" PRId64 " is removed.",
	         source.id);
	return 0;
}

#define SETTINGS                                                                                                                           \
	"[--policy draft|send|hold=30m|digest] [--interval D] [--only category=X,author=Y] [--except ...] [--max-age D] [--flood N] "      \
	"[--strip-tracking yes|no]"
#define OPTIONS "policy: interval: only: except: max-age: flood: strip-tracking:"
const struct command source_commands[] = {
	{ "source", "add", NEEDS_STORE, 2, 2, "LIST URL|FOLDER|mail [--latest N] " SETTINGS,
	  OPTIONS " latest:", "adds a feed, a page (its feed is found), a folder, or the editors' mail",
	  "gazette source add news https://example.org/ --policy hold=30m --only category=News", add },
	{ "source", "ls", NEEDS_STORE, 0, 1, "[LIST]", "", "shows the sources", "gazette source ls news", ls },
	{ "source", "show", NEEDS_STORE, 1, 1, "ID", "", "shows one, with its last and next look", "gazette source show 1", show },
	{ "source", "set", NEEDS_STORE, 1, 1, "ID [--url U] " SETTINGS, OPTIONS " url:",
	  "changes settings (standard: as the configuration says); alone, shows them", "gazette source set 1 --interval 5m", set },
	{ "source", "try", NEEDS_STORE, 1, 1, "URL|FOLDER", "", "looks once, storing nothing",
	  "gazette source try https://example.org/feed.xml", try },
	{ "source", "poll", NEEDS_STORE, 0, 1, "[ID]", "", "looks now, at one or at all", "gazette source poll 1", poll },
	{ "source", "pause", NEEDS_STORE, 1, 1, "ID", "", "stops looking", "gazette source pause 1", pause_command },
	{ "source", "resume", NEEDS_STORE, 1, 1, "ID", "", "looks again", "gazette source resume 1", resume },
	{ "source", "remove", NEEDS_STORE, 1, 1, "ID", "", "removes it; its posts stay", "gazette source remove 1", remove_command },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
