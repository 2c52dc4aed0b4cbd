#include "ops/editions.h"
#include "base/text.h"
#include "content/content.h"
#include "message/words.h"
#include "ops/archive.h"
#include "ops/files.h"
#include "system/zone_file.h"
#include <stdio.h>

enum { LIST_TITLE = 240, POST_TITLE = 600, PREHEADER = 130, PREHEADER_LEAST = 40 }; /* bytes of what a digest is called by */

/* What is read for one edition lives until it is compiled. */
struct making {
	struct ops *ops;
	struct arena arena;
	struct post *posts;
	struct zone *zone;
	json_t *words;
	struct error fault; /* of a file of the templates that can not be read; code 0: none */
	struct edition_file pictures[FILES_MAX], attachments[FILES_MAX];
	struct edition_file sizes[SIZES_MAX];
	size_t picture_count, attachment_count, size_count;
};

static void making_clear(struct making *making)
{
	zone_free(&making->zone);
	json_free(&making->words);
	arena_clear(&making->arena);
}

const char *edition_return_path_of(const struct ops *ops, const struct list *list)
{
	if (list->return_path && *list->return_path)
		return list->return_path;
	return *ops->config->inbound.return_path ? ops->config->inbound.return_path : NULL;
}

/* A template's text, kept in the arena. */
static int read_template(struct making *making, const char *name, struct bytes *text, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT(4 << 20);
	if (ops_template(making->ops, name, &data, err) < 0)
		return -1;
	char *copy = arena_copy(&making->arena, data.data, data.size);
	if (!copy)
		return error_set(err, ERROR_MEMORY, "out of memory");
	*text = (struct bytes){ copy, data.size };
	return 0;
}

static bool look_up(void *context, const char *name, struct bytes *text)
{
	struct making *making = context;
	struct error err;
	if (read_template(making, name, text, &err) == 0)
		return true;
	if (err.code != ERROR_NOT_FOUND && !making->fault.code)
		making->fault = err;
	return false;
}

/* The post as the mail shows it: with its plain text, one line a paragraph, and its date as the list's clock shows it. */
static int take_post(struct making *making, const struct edition_of *of, size_t i, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(8 << 20);
	struct post *post = &making->posts[i];
	*post = of->posts[i]->post;
	struct content_plain how = { .links = strcmp(of->list->text_links, "inline") == 0 ? CONTENT_INLINE : CONTENT_NOTES,
		                     .links_word = json_text(making->words, "links"),
		                     .image_word = json_text(making->words, "image") };
	if (content_plain_text(bytes_text(post->html), &how, &text, err) < 0)
		return -1;
	post->text = arena_copy(&making->arena, buffer_text(&text), text.size);
	/* A post of our own that was published nowhere else is read in the archive. */
	const char *archived = post->url && *post->url ? NULL : archive_url(making->ops, of->list, of->posts[i], &making->arena);
	post->url = archived ? archived : post->url;
	if (post->published_us)
		post->published_us = zone_local(making->zone, post->published_us);
	return post->text ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

/* Titles are anybody's: one line without control characters, and not without end. */
static const char *one_line(const char *text, size_t most, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer line = BUFFER_INIT(1 << 20);
	char *plain = text ? arena_text(arena, text) : NULL;
	for (char *at = plain; at && *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = ' ';
	if (!plain)
		return NULL;
	text_squeeze(bytes_text(plain), &line);
	size_t size = line.size < most ? line.size : most;
	while (size > 0 && size < line.size && ((unsigned char)line.data[size] & 0xc0) == 0x80)
		size--;
	return buffer_check(&line, NULL) < 0 ? NULL : arena_copy(arena, buffer_text(&line), size);
}

/* What inboxes show of a digest behind its subject: the titles of the others, between words. Where they say too little it is left to how
 * the first post begins. */
static const char *other_titles(const struct stored_post *const *posts, size_t n, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer titles = BUFFER_INIT(1 << 20);
	for (size_t i = 1; i < n; i++)
		buffer_format(&titles, "%s%s", titles.size ? " \xc2\xb7 " : "", posts[i]->post.title);
	const char *whole = one_line(buffer_text(&titles), titles.size, arena);
	const char *line = one_line(buffer_text(&titles), PREHEADER, arena);
	if (!whole || !line || strlen(whole) < PREHEADER_LEAST)
		return line ? "" : NULL;
	if (strlen(line) == strlen(whole))
		return line;
	size_t size = strlen(line);
	while (size > PREHEADER_LEAST && line[size] != ' ')
		size--;
	while (size > PREHEADER_LEAST && line[size - 1] == ' ')
		size--;
	return arena_format(arena, "%.*s\xe2\x80\xa6", (int)(size > PREHEADER_LEAST ? size : strlen(line)), line);
}

bool edition_name_digest(const struct list *list, const struct stored_post *const *posts, size_t n, struct arena *arena,
                         const char **subject, const char **preheader)
{
	const char *name = one_line(list->title, LIST_TITLE, arena);
	const char *first = one_line(posts[0]->post.title, POST_TITLE, arena);
	if (!name || !first)
		return false;
	*subject = n == 1 ? arena_format(arena, "%s: %s", name, first) : arena_format(arena, "%s: %s +%zu", name, first, n - 1);
	*preheader = other_titles(posts, n, arena);
	return *subject && *preheader;
}

/* A digest that leaves out posts is not called by them either, unless a person gave it its name. */
static int name_digest(struct making *making, const struct edition_of *of, const char **subject, const char **preheader, struct error *err)
{
	struct stored_post rows[CAMPAIGN_POSTS];
	const struct stored_post *posts[CAMPAIGN_POSTS];
	int64_t ids[CAMPAIGN_POSTS];
	const char *whole[2];
	const char *part[2];
	size_t n = 0;
	*subject = of->campaign->subject;
	*preheader = of->campaign->preheader;
	if (of->campaign->kind != CAMPAIGN_DIGEST || of->count == 0)
		return 0;
	if (store_campaign_posts(making->ops->db, of->campaign->id, ids, &n, err) < 0)
		return -1;
	if (n <= of->count)
		return 0;
	for (size_t i = 0; i < n; i++) {
		posts[i] = &rows[i];
		if (store_post_get(making->ops->db, ids[i], &rows[i], &making->arena, err) <= 0)
			return -1;
	}
	if (!edition_name_digest(of->list, posts, n, &making->arena, &whole[0], &whole[1]) ||
	    !edition_name_digest(of->list, of->posts, of->count, &making->arena, &part[0], &part[1]))
		return error_set(err, ERROR_MEMORY, "out of memory");
	*subject = strcmp(*subject, whole[0]) == 0 ? part[0] : *subject;
	*preheader = strcmp(*preheader, whole[1]) == 0 ? part[1] : *preheader;
	return 0;
}

int edition_make(struct ops *ops, const struct edition_of *of, struct edition **out, struct error *err)
{
	CLEANUP(making_clear) struct making making = { .ops = ops };
	const struct list *list = of->list;
	const struct campaign *campaign = of->campaign;
	const char *template = of->count > 1 || campaign->kind == CAMPAIGN_DIGEST ? "digest" : list->template;
	making.arena.max_bytes = 256 << 20;
	making.posts = arena_alloc(&making.arena, (of->count + 1) * sizeof *making.posts);
	const char *html_name = arena_format(&making.arena, "mail/%.64s.html", template);
	const char *text_name = arena_format(&making.arena, "mail/%.64s.txt", template);
	struct bytes html;
	struct bytes text;
	if (!making.posts || !html_name || !text_name)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (zone_load(list->timezone, &making.zone, err) < 0)
		return error_wrap(err, "list %s: timezone", list->name);
	if (read_template(&making, html_name, &html, err) < 0 || read_template(&making, text_name, &text, err) < 0)
		return -1;
	making.words = words_for(&(struct words_files){ look_up, &making }, list->language, err);
	if (!making.words)
		return -1;
	for (size_t i = 0; i < of->count; i++)
		if (take_post(&making, of, i, err) < 0)
			return -1;
	if (files_attached(ops, of->posts, of->count, making.attachments, &making.attachment_count, &making.arena, err) < 0)
		return -1;
	if (strcmp(list->images, "inline") == 0 &&
	    files_pictures(ops, making.posts, of->count, making.pictures, &making.picture_count, &making.arena, err) < 0)
		return -1;
	if (files_sizes(ops, making.posts, of->count, making.sizes, &making.size_count, &making.arena, err) < 0)
		return -1;
	const char *subject = NULL;
	const char *preheader = NULL;
	if (name_digest(&making, of, &subject, &preheader, err) < 0)
		return -1;
	const char *archived_at = campaign->kind == CAMPAIGN_DIGEST ? archive_digest_url(ops, list, campaign, &making.arena)
	                          : of->count == 1                  ? archive_url(ops, list, of->posts[0], &making.arena)
	                                                            : NULL;
	bool ours = of->count > 0 && making.posts[0].is_ours;
	struct edition_in in = { .campaign = campaign->id,
		                 .list = list->id,
		                 .salt = campaign->salt,
		                 .list_name = list->name,
		                 .list_title = list->title,
		                 .list_id = list->list_id,
		                 .from_name = list->from_name,
		                 .from_email = list->from_email,
		                 .reply_to = list->reply_to,
		                 .owner_email = list->owner_email,
		                 .postal = list->postal,
		                 .language = list->language,
		                 .public_url = ops->config->daemon.public_url,
		                 .has_archive = list->is_public,
		                 .archived_at = archived_at,
		                 .return_path = edition_return_path_of(ops, list),
		                 .subject = subject,
		                 .preheader = preheader,
		                 /* A title that came with a feed is a feed's, also as a subject. */
		                 .subject_is_ours = ours || (of->count > 0 && strcmp(campaign->subject, making.posts[0].title) != 0),
		                 .posts = making.posts,
		                 .post_count = of->count,
		                 .html_template = html,
		                 .text_template = text,
		                 .html_name = html_name,
		                 .text_name = text_name,
		                 .lookup = look_up,
		                 .lookup_context = &making,
		                 .theme = list->theme,
		                 .links = strcmp(list->text_links, "inline") == 0 ? EDITION_INLINE : EDITION_NOTES,
		                 .answers_salt = of->answers_salt,
		                 .answers_host = of->answers_host,
		                 .pictures = making.pictures,
		                 .picture_count = making.picture_count,
		                 .sizes = making.sizes,
		                 .size_count = making.size_count,
		                 .attachments = making.attachments,
		                 .attachment_count = making.attachment_count,
		                 .is_test = of->is_test };
	int result = edition_compile(&in, out, err);
	/* A part with a fault would be left out: the mail is not made without it. */
	if (!making.fault.code)
		return result;
	if (result == 0)
		edition_free(out);
	*err = making.fault;
	return -1;
}
