#include "ops/letters.h"
#include "ops/lists.h"
#include "cli/groups.h"
#include "ops/digests.h"
#include "store/list.h"
#include <stdio.h>

enum { LISTS = 1000 };

static struct list_in options_in(const struct cli *cli)
{
	struct list_in in = { .name = cli->argument[0],
		              .title = cli_option(cli, "title"),
		              .description = cli_option(cli, "description"),
		              .from = cli_option(cli, "from"),
		              .reply_to = cli_option(cli, "reply-to"),
		              .owner = cli_option(cli, "owner"),
		              .postal = cli_option(cli, "postal"),
		              .language = cli_option(cli, "language"),
		              .timezone = cli_option(cli, "timezone"),
		              .return_path = cli_option(cli, "return-path"),
		              .template = cli_option(cli, "template"),
		              .testers = cli_option(cli, "testers"),
		              .rate = cli_option(cli, "rate"),
		              .relay = cli_option(cli, "relay"),
		              .policy = cli_option(cli, "policy"),
		              .editors = cli_option(cli, "editors"),
		              .needs_approval = cli_flag(cli, "approval")      ? 1
		                                : cli_flag(cli, "no-approval") ? 0
		                                                               : -1,
		              .list_id = cli_option(cli, "list-id"),
		              .text_links = cli_option(cli, "text-links"),
		              .images = cli_option(cli, "images"),
		              .is_public = cli_flag(cli, "public")    ? 1
		                           : cli_flag(cli, "private") ? 0
		                                                      : -1 };
	in.theme_count = (size_t)cli_options(cli, "theme", in.theme, LIST_THEME_CHANGES);
	return in;
}

/* The rhythms as options set them: "digest" is the list's own. */
static const char *const digest_options[DIGEST_CADENCES] = { "digest", "daily", "weekly" };

/* --digest, --daily and --weekly: the rhythms of the list's digests. */
static int set_digests(struct cli *cli, const char *name, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	if (list_find(&cli->ops, name, &list, &arena, err) < 0)
		return -1;
	for (int i = 0; i < DIGEST_CADENCES; i++) {
		const char *rhythm = cli_option(cli, digest_options[i]);
		if (rhythm && i == DIGEST_EACH && strcmp(rhythm, "off") == 0) {
			int64_t drafts = 0;
			if (digest_drop(&cli->ops, &list, cli->actor, &drafts, err) < 0)
				return -1;
			if (drafts > 0)
				cli_say(cli, "Posts that waited for its digest and are drafts now: %" PRId64 ".", drafts);
		} else if (rhythm && digest_set(&cli->ops, &list, (enum digest_cadence)i, rhythm, cli->actor, err) < 0)
			return error_wrap(err, "%s", digest_options[i]);
	}
	return 0;
}

static int create(struct cli *cli)
{
	struct list_in in = options_in(cli);
	struct error err;
	int64_t id = 0;
	if (list_create(&cli->ops, &in, cli->actor, &id, &err) < 0 || set_digests(cli, in.name, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (cli->json)
		cli_json(json_pack("{s:s,s:I}", "list", in.name, "id", (json_int_t)id));
	else
		puts(in.name);
	cli_say(cli, "List %s made.", in.name);
	cli_next(cli, "gazette subscriber import %s readers.csv --consent \"...\"", in.name);
	return 0;
}

static int ls(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list *lists = arena_alloc(&arena, LISTS * sizeof *lists);
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	size_t n = 0;
	if (!lists || store_list_all(cli->ops.db, lists, LISTS, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_rows(cli, list_fields, "name title from_email language is_public created_us", lists, n, sizeof *lists);
	return 0;
}

static int show(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct digest digests[DIGEST_CADENCES];
	size_t n = 0;
	struct list list;
	CLEANUP(buffer_clear) struct buffer address = BUFFER_INIT(512);
	struct list_counts counts;
	struct error err;
	if (list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0 || store_list_count(cli->ops.db, list.id, &counts, &err) < 0 ||
	    letter_address(&cli->ops, &list, &address, &err) < 0 || store_digest_of(cli->ops.db, list.id, digests, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (cli->json) {
		json_t *object = field_json(list_fields, &list);
		json_object_set_new(object, "post_address", json_string(buffer_text(&address)));
		for (size_t i = 0; i < n; i++)
			json_object_set_new(object, digest_options[digests[i].cadence], json_string(digests[i].rhythm));
		json_object_set_new(object, "active", json_integer(counts.active));
		json_object_set_new(object, "pending", json_integer(counts.pending));
		json_object_set_new(object, "paused", json_integer(counts.paused));
		json_object_set_new(object, "unsubscribed", json_integer(counts.unsubscribed));
		cli_json(object);
		return 0;
	}
	cli_row(cli, list_fields, &list);
	for (size_t i = 0; i < n; i++)
		printf("%-16s %s\n", digest_options[digests[i].cadence], digests[i].rhythm);
	if (address.size > 0)
		printf("%-16s %s\n", "post address", buffer_text(&address));
	printf("%-16s %" PRId64 " active, %" PRId64 " pending, %" PRId64 " paused, %" PRId64 " unsubscribed\n", "readers", counts.active,
	       counts.pending, counts.paused, counts.unsubscribed);
	return 0;
}

static int set(struct cli *cli)
{
	struct list_in in = options_in(cli);
	struct error err;
	if (cli->options == 0)
		return show(cli);
	if (list_set(&cli->ops, cli->argument[0], &in, cli->actor, &err) < 0 || set_digests(cli, in.name, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:s}", "list", cli->argument[0]), "List %s changed.", cli->argument[0]);
	return 0;
}

static int close_command(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	struct error err;
	int status = 0;
	if (list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (!list.closed_us &&
	    !cli_confirm(cli, &status, "Close %s (%s)? Nobody joins it and nothing is sent to it any more.", list.name, list.title))
		return status;
	int changed = list_close(&cli->ops, list.name, cli->actor, &err);
	if (changed < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:s,s:s,s:b}", "list", list.name, "state", "closed", "changed", changed), "List %s is closed%s.",
	         list.name, changed ? "" : " already");
	return 0;
}

static int delete_command(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	struct list_counts counts;
	struct error err;
	char question[512];
	char count[UNITS_TEXT];
	int status = 0;
	if (list_find(&cli->ops, cli->argument[0], &list, &arena, &err) < 0 || store_list_count(cli->ops.db, list.id, &counts, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_count(counts.active + counts.pending + counts.paused + counts.unsubscribed, "reader", count);
	snprintf(question, sizeof question,
	         "Delete %s (%.100s) for good: the consent of its %s (also who left it), its posts, sources and drafts?", list.name,
	         list.title, count);
	/* Asked only where it can be done. */
	int mailed = store_list_has_mailed(cli->ops.db, list.id, &err);
	if (mailed < 0 || (!mailed && !cli_confirm_name(cli, &status, list.name, question)))
		return mailed < 0 ? cli_fail(cli, &err, NULL) : status;
	if (list_delete(&cli->ops, list.name, cli->actor, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:s,s:s}", "list", list.name, "state", "deleted"), "List %s is deleted, with the consent of its %s.",
	         list.name, count);
	return 0;
}

#define SETTINGS                                                                                                                           \
	"title: description: from: reply-to: owner: postal: language: timezone: return-path: template: theme: text-links: images: "        \
	"testers: rate: relay: policy: editors: approval no-approval public private digest: daily: weekly:"
const struct command list_commands[] = {
	{ "list", "create", NEEDS_STORE, 1, 1, "NAME --from MAILBOX [--title T] [--postal ADDRESS] ...",
	  SETTINGS " list-id:", "makes a newsletter",
	  "gazette list create news --title \"Example News\" --from \"Example News <news@example.org>\" --postal \"1 Main St, "
	  "Springfield\"",
	  create },
	{ "list", "ls", NEEDS_STORE, 0, 0, "", "", "shows the newsletters", "gazette list ls", ls },
	{ "list", "show", NEEDS_STORE, 1, 1, "LIST", "", "shows one with its readers", "gazette list show news", show },
	{ "list", "set", NEEDS_STORE, 1, 1, "LIST [--title T] [--theme KEY=VALUE|FILE|default] ...", SETTINGS,
	  "changes settings; alone, shows them", "gazette list set news --reply-to editor@example.org", set },
	{ "list", "close", NEEDS_STORE, 1, 1, "LIST", "",
	  "ends a newsletter: no more sign-ups or sends; old unsubscribe links go on working", "gazette list close news", close_command },
	{ "list", "delete", NEEDS_STORE, 1, 1, "LIST", "",
	  "deletes a list that never mailed anybody, with its posts, sources and readers' consents", "gazette list delete test",
	  delete_command },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
