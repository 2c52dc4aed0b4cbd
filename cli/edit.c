/* A post changed by hand: its words in a file or an editor, its fields, its history. */
#include "base/diff.h"
#include "base/text.h"
#include "cli/groups.h"
#include "cli/post.h"
#include "ops/digests.h"
#include "ops/posts.h"
#include "store/campaign.h"
#include "system/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POST_BYTES = 10 << 20, VERSIONS = 200 };

static int find(struct cli *cli, struct stored_post *out, struct arena *arena, int *status)
{
	struct error err;
	int64_t id = 0;
	*status = cli_id(cli, cli->argument[0], &id);
	if (*status)
		return -1;
	if (post_find(&cli->ops, id, out, arena, &err) == 0)
		return 0;
	*status = cli_fail(cli, &err, NULL);
	return -1;
}

void post_say_way(struct cli *cli, const struct stored_post *post)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct campaign campaign;
	struct error err;
	if (store_campaign_of_post(cli->ops.db, post->list_id, post->id, &campaign, &arena, &err) <= 0)
		return;
	int64_t id = campaign.id;
	if (campaign.state == CAMPAIGN_PAUSED)
		cli_say(cli, "Campaign %" PRId64 " is paused: gazette campaign refresh %" PRId64 " takes this to those not mailed yet.", id,
		        id);
	else if (campaign.state == CAMPAIGN_PREPARING || campaign.state == CAMPAIGN_SENDING)
		cli_say(cli,
		        "Campaign %" PRId64 " is under way with the old words: gazette campaign pause %" PRId64
		        ", then gazette campaign refresh %" PRId64 " takes this to those not mailed yet.",
		        id, id, id);
	else if (campaign.state == CAMPAIGN_SENT)
		cli_next(cli, "gazette campaign correct %" PRId64 " (for those who got the old words)", id);
}

static int keep(struct cli *cli, const struct stored_post *before, const struct post *words)
{
	struct error err;
	bool changed = false;
	if (post_revise(&cli->ops, before->id, words, cli->actor, &changed, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (!changed) {
		cli_done(cli, json_pack("{s:I,s:b}", "post", (json_int_t)before->id, "changed", 0), "Nothing was changed.");
		return 0;
	}
	cli_made(cli, "post", before->id);
	cli_say(cli, "Post %" PRId64 " has version %" PRId64 ".", before->id, before->version + 1);
	post_say_way(cli, before);
	return 0;
}

/* What an editor sees: the fields, an empty line, the body. */
static void write_draft(const struct post *post, struct buffer *out)
{
	buffer_format(out, "title: %s\nsubtitle: %s\nauthor: %s\n\n%s\n", post->title, post->subtitle ? post->subtitle : "",
	              post->author ? post->author : "", post->html);
}

static bool take_field(const char *line, size_t size, const char *name, const char **to, struct arena *arena)
{
	size_t skip = strlen(name);
	if (size < skip || strncmp(line, name, skip) != 0)
		return false;
	struct bytes value = text_trim((struct bytes){ line + skip, size - skip });
	*to = value.size ? arena_copy(arena, value.data, value.size) : NULL;
	return true;
}

static int read_draft(const char *text, struct post *out, struct arena *arena, struct error *err)
{
	while (*text && *text != '\n') {
		size_t size = strcspn(text, "\n");
		if (!take_field(text, size, "title:", &out->title, arena) && !take_field(text, size, "subtitle:", &out->subtitle, arena) &&
		    !take_field(text, size, "author:", &out->author, arena))
			return error_set(err, ERROR_INPUT, "\"%.*s\": before the empty line stand title:, subtitle: and author:",
			                 (int)(size < 60 ? size : 60), text);
		text += size + (text[size] == '\n');
	}
	out->html = arena_text(arena, text + (*text == '\n'));
	return 0;
}

static int run_editor(const char *path, struct error *err)
{
	const char *editor = getenv("VISUAL");
	editor = editor && *editor ? editor : getenv("EDITOR");
	editor = editor && *editor ? editor : "vi";
	pid_t child = fork();
	if (child == 0) {
		/* $EDITOR may hold options: the shell splits it, the path comes as a word of its own. */
		execl("/bin/sh", "sh", "-c", "exec $0 \"$1\"", editor, path, (char *)NULL);
		_exit(127);
	}
	int status = 0;
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, ERROR_INPUT, "the editor \"%.60s\" did not end well: nothing was changed", editor);
	return 0;
}

static int edit_in_editor(struct cli *cli, const struct stored_post *post, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer before = BUFFER_INIT(POST_BYTES);
	CLEANUP(buffer_clear) struct buffer after = BUFFER_INIT(POST_BYTES);
	char path[] = "/tmp/gazette-post-XXXXXX";
	struct post words = post->post;
	struct error err = { 0 };
	write_draft(&post->post, &before);
	int fd = mkstemp(path);
	int result =
		fd < 0 ? error_set(&err, ERROR_STORE, "no file can be made in /tmp") : file_write(path, buffer_bytes(&before), 0600, &err);
	file_close(&fd);
	if (result == 0)
		result = run_editor(path, &err) < 0 || file_read(path, &after, &err) < 0
		                 ? -1
		                 : read_draft(buffer_text(&after), &words, arena, &err);
	unlink(path);
	if (result < 0)
		return cli_fail(cli, &err, NULL);
	if (bytes_equal(buffer_bytes(&before), buffer_bytes(&after))) {
		cli_done(cli, json_pack("{s:I,s:b}", "post", (json_int_t)post->id, "changed", 0), "Nothing was changed.");
		return 0;
	}
	return keep(cli, post, &words);
}

/* What the file leaves open stays as it was. */
static struct post laid_over(const struct post *before, const struct post *file)
{
	struct post words = *before;
	words.html = file->html;
	words.files = file->files;
	words.file_count = file->file_count;
	words.note = file->note;
	words.title = file->title && *file->title ? file->title : words.title;
	words.subtitle = file->subtitle ? file->subtitle : words.subtitle;
	words.author = file->author ? file->author : words.author;
	words.language = file->language ? file->language : words.language;
	words.image = file->image ? file->image : words.image;
	words.image_alt = file->image_alt ? file->image_alt : words.image_alt;
	return words;
}

static int edit(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct stored_post post;
	struct content_feed feed = { 0 };
	struct error err;
	int status = 0;
	arena.max_bytes = 256 << 20;
	if (find(cli, &post, &arena, &status) < 0)
		return status;
	if (cli->arguments < 2) {
		if (isatty(STDIN_FILENO))
			return edit_in_editor(cli, &post, &arena);
		return cli_usage(cli, "where are the new words? gazette post edit %" PRId64 " FILE", post.id);
	}
	const struct post_look look = { .what = cli->argument[1], .base_url = post.post.url, .keeps = true };
	if (post_inspect(&cli->ops, &look, &arena, &feed, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (feed.count != 1) {
		error_set(&err, ERROR_INPUT, "%s holds %zu posts: one is wanted", cli->argument[1], feed.count);
		return cli_fail(cli, &err, NULL);
	}
	struct post words = laid_over(&post.post, &feed.posts[0]);
	cli_note(cli, words.note);
	return keep(cli, &post, &words);
}

static const char *chosen(const struct cli *cli, const char *option, const char *standard)
{
	const char *value = cli_option(cli, option);
	return !value ? standard : *value ? value : NULL;
}

/* --digest and --no-digest: what it waits for. 0, or the exit code. */
static int set_waiting(struct cli *cli, const struct stored_post *post)
{
	struct error err;
	bool waits = cli_flag(cli, "digest");
	if (digest_wait(&cli->ops, post->id, waits, cli->actor, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_say(cli, "Post %" PRId64 " waits for %s digest.", post->id, waits ? "the next" : "no");
	return 0;
}

static int set(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct stored_post post;
	int status = 0;
	if (find(cli, &post, &arena, &status) < 0)
		return status;
	if (cli->options == 0)
		return cli_usage(cli,
		                 "what is to change? --title, --subtitle, --author, --url, --language, --image, --image-alt or --digest");
	if (cli_flag(cli, "digest") && cli_flag(cli, "no-digest"))
		return cli_usage(cli, "--digest or --no-digest, not both");
	if (cli_flag(cli, "digest") || cli_flag(cli, "no-digest")) {
		status = set_waiting(cli, &post);
		if (status)
			return status;
		if (cli->options == 1) {
			cli_made(cli, "post", post.id);
			return 0;
		}
	}
	struct post words = post.post;
	words.title = chosen(cli, "title", words.title);
	words.subtitle = chosen(cli, "subtitle", words.subtitle);
	words.author = chosen(cli, "author", words.author);
	words.url = chosen(cli, "url", words.url);
	words.language = chosen(cli, "language", words.language);
	words.image = chosen(cli, "image", words.image);
	words.image_alt = chosen(cli, "image-alt", words.image_alt);
	return keep(cli, &post, &words);
}

/* A version as plain text, to be compared. */
static const char *as_text(struct arena *arena, const char *title, const char *subtitle, const char *html)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(POST_BYTES);
	struct error err;
	buffer_format(&text, "%s\n%s%s", title, subtitle ? subtitle : "", subtitle ? "\n\n" : "\n");
	if (content_plain_text(bytes_text(html), &(struct content_plain){ .width = 72 }, &text, &err) < 0)
		return html;
	return arena_text(arena, buffer_text(&text));
}

static int print_history(struct cli *cli, const struct stored_post *post, const struct stored_version *versions, size_t n,
                         struct arena *arena)
{
	const char *newer = as_text(arena, post->post.title, post->post.subtitle, post->post.html);
	int64_t number = post->version;
	for (size_t i = 0; i < n; i++) {
		CLEANUP(buffer_clear) struct buffer diff = BUFFER_INIT(POST_BYTES);
		char from[64];
		char to[64];
		char when[64];
		struct error err;
		const char *older = as_text(arena, versions[i].title, versions[i].subtitle, versions[i].html);
		cli_time(when, sizeof when, versions[i].until_us);
		snprintf(from, sizeof from, "version %" PRId64, versions[i].version);
		snprintf(to, sizeof to, "version %" PRId64 ", %s", number, when);
		if (!newer || !older || diff_unified(older, newer, from, to, &diff, &err) < 0)
			return cli_fail(cli, &err, NULL);
		fwrite(buffer_text(&diff), 1, diff.size, stdout);
		newer = older;
		number = versions[i].version;
	}
	return 0;
}

static int history(struct cli *cli)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct stored_post post;
	struct error err = { .code = ERROR_MEMORY, .text = "out of memory" };
	size_t n = 0;
	int status = 0;
	arena.max_bytes = 1 << 30;
	if (find(cli, &post, &arena, &status) < 0)
		return status;
	struct stored_version *versions = arena_alloc(&arena, VERSIONS * sizeof *versions);
	if (!versions || store_post_versions(cli->ops.db, post.id, versions, VERSIONS, &n, &arena, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (cli->json) {
		cli_rows(cli, stored_version_fields, NULL, versions, n, sizeof *versions);
		return 0;
	}
	if (n == 0)
		cli_say(cli, "Post %" PRId64 " was never changed.", post.id);
	return print_history(cli, &post, versions, n, &arena);
}

static int skip_or_not(struct cli *cli, bool skip, const char *said)
{
	struct error err;
	int64_t id = 0;
	int status = cli_id(cli, cli->argument[0], &id);
	if (status)
		return status;
	if (post_skip(&cli->ops, id, skip, cli->actor, &err) < 0)
		return cli_fail(cli, &err, NULL);
	cli_done(cli, json_pack("{s:I,s:b}", "post", (json_int_t)id, "skipped", skip), "Post %" PRId64 " %s.", id, said);
	return 0;
}

static int skip(struct cli *cli)
{
	return skip_or_not(cli, true, "is left out");
}

static int unskip(struct cli *cli)
{
	return skip_or_not(cli, false, "may be mailed");
}

const struct command edit_commands[] = {
	{ "post", "edit", NEEDS_STORE, 1, 2, "ID [FILE|-]", "", "new words for a post: from a file, or in $EDITOR",
	  "gazette post edit 41 post.md", edit },
	{ "post", "set", NEEDS_STORE, 1, 1,
	  "ID [--title T] [--subtitle S] [--author A] [--url U] [--language L] [--image U] [--image-alt T] [--digest|--no-digest]",
	  "title: subtitle: author: url: language: image: image-alt: digest no-digest", "changes what stands around the words",
	  "gazette post set 41 --title \"Storks over the caf\xc3\xa9\"", set },
	{ "post", "history", NEEDS_STORE, 1, 1, "ID", "", "what was changed, newest first", "gazette post history 41", history },
	{ "post", "skip", NEEDS_STORE, 1, 1, "ID", "", "leaves it out: no campaign or digest takes it by itself", "gazette post skip 41",
	  skip },
	{ "post", "unskip", NEEDS_STORE, 1, 1, "ID", "", "takes it in again, as a draft or into the digest it waited for",
	  "gazette post unskip 41", unskip },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
