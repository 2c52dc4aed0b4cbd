#include "ops/editions.h"
#include "base/text.h"
#include "content/content.h"
#include "ops/files.h"
#include "system/zone_file.h"
#include <stdio.h>

/* What is read for one edition lives until it is compiled. */
struct making {
	struct ops *ops;
	struct arena arena;
	struct post *posts;
	struct zone *zone;
	struct edition_file pictures[FILES_MAX], attachments[FILES_MAX];
	size_t picture_count, attachment_count;
};

static void making_clear(struct making *making)
{
	zone_free(&making->zone);
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
	return read_template(making, name, text, &err) == 0;
}

/* The post as the mail shows it: with its plain text, one line a paragraph, and its date as the list's clock shows it. */
static int take_post(struct making *making, const struct edition_of *of, size_t i, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(8 << 20);
	struct post *post = &making->posts[i];
	*post = of->posts[i]->post;
	struct content_plain how = { .links = strcmp(of->list->text_links, "inline") == 0 ? CONTENT_INLINE : CONTENT_NOTES };
	if (content_plain_text(bytes_text(post->html), &how, &text, err) < 0)
		return -1;
	post->text = arena_copy(&making->arena, buffer_text(&text), text.size);
	if (post->published_us)
		post->published_us = zone_local(making->zone, post->published_us);
	return post->text ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
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
	for (size_t i = 0; i < of->count; i++)
		if (take_post(&making, of, i, err) < 0)
			return -1;
	if (files_attached(ops, of->posts, of->count, making.attachments, &making.attachment_count, &making.arena, err) < 0)
		return -1;
	if (strcmp(list->images, "inline") == 0 &&
	    files_pictures(ops, making.posts, of->count, making.pictures, &making.picture_count, &making.arena, err) < 0)
		return -1;
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
		                 .return_path = edition_return_path_of(ops, list),
		                 .subject = campaign->subject,
		                 .preheader = campaign->preheader,
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
		                 .attachments = making.attachments,
		                 .attachment_count = making.attachment_count,
		                 .is_test = of->is_test };
	return edition_compile(&in, out, err);
}
