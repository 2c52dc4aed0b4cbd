/* What a list has sent: its older issues, one post's page, the feed (INTERFACES "Links a reader sees"). */
#include "base/units.h"
#include "daemon/web/pages.h"
#include "message/words.h"
#include "ops/archive.h"
#include "ops/render.h"
#include "system/clock.h"
#include <stdio.h>

static void feed_path(const struct list *list, char *out, size_t size)
{
	snprintf(out, size, "/%s/feed.xml", list->name);
}

int get_older(struct web *web, const struct list *list, const char *before, struct httpd_reply *reply, struct error *err)
{
	struct archive_view view;
	char feed[200];
	int64_t id = 0;
	if (units_integer(before, 1, INT64_MAX, &id, NULL) < 0)
		return error_set(err, ERROR_NOT_FOUND, "before= wants a post's number");
	if (archive_list(web_ops(web), list, id, &view, err) < 0)
		return -1;
	json_object_set_new(view.values, "list", web_list_values(list));
	feed_path(list, feed, sizeof feed);
	reply->is_public = true;
	reply->changed_us = view.changed_us;
	return web_page(web, (struct page){ "web/archive.html", list->title, list->language, feed, NULL, view.values }, reply, err);
}

int get_post(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	/* The words of others: sanitised, and besides in a page where nothing runs, nothing is sent and no cookie is seen (RULES A9). */
	static const char post_csp[] = "default-src 'none'; style-src 'self'; img-src 'self' https: http:; frame-ancestors 'none'; "
				       "base-uri 'none'; form-action 'none'; sandbox allow-popups allow-same-origin";
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct archive_view view;
	struct list list;
	char feed[200];
	if (web_list(web, request, &list, &arena, err) < 0 ||
	    archive_post(web_ops(web), &list, httpd_segment(request, "slug"), &view, err) < 0)
		return -1;
	json_object_set_new(view.values, "list", web_list_values(&list));
	/* Who and when are said in the list's language, whatever the post's is. */
	json_object_set_new(view.values, "page_lang", json_string(list.language));
	json_object_set_new(view.values, "page_dir", json_string(words_is_rtl(list.language) ? "rtl" : "ltr"));
	feed_path(&list, feed, sizeof feed);
	reply->is_public = true;
	reply->changed_us = view.changed_us;
	reply->csp = post_csp;
	const char *title = arena_text(&arena, json_string_value(json_object_get(view.values, "title")));
	const char *canonical = arena_text(&arena, json_string_value(json_object_get(view.values, "canonical")));
	return web_page(web, (struct page){ "web/post.html", title, list.language, feed, canonical, view.values }, reply, err);
}

int get_digest(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct archive_view view;
	struct list list;
	char feed[200];
	if (web_list(web, request, &list, &arena, err) < 0 ||
	    archive_digest(web_ops(web), &list, httpd_segment(request, "slug"), &view, err) < 0)
		return -1;
	json_object_set_new(view.values, "list", web_list_values(&list));
	feed_path(&list, feed, sizeof feed);
	reply->is_public = true;
	reply->changed_us = view.changed_us;
	const char *title = arena_text(&arena, json_string_value(json_object_get(view.values, "title")));
	const char *canonical = arena_text(&arena, json_string_value(json_object_get(view.values, "canonical")));
	return web_page(web, (struct page){ "web/digest.html", title, list.language, feed, canonical, view.values }, reply, err);
}

static int render_feed(struct web *web, const struct list *list, struct httpd_reply *reply, struct error *err)
{
	struct archive_view view;
	if (archive_feed(web_ops(web), list, &view, err) < 0)
		return -1;
	CLEANUP(json_free) json_t *values = view.values;
	if (json_object_set_new(values, "list", web_list_values(list)) < 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	reply->changed_us = view.changed_us;
	return ops_render(web_ops(web), "web/feed.xml", list->language, values, &reply->body, err);
}

/* Feed readers ask every few minutes, and mostly nothing is new. */
int get_feed(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	uint8_t stamp[DIGEST_BYTES];
	int64_t now_us = clock_now().mono_us;
	if (web_list(web, request, &list, &arena, err) < 0 || archive_stamp(web_ops(web), &list, stamp, err) < 0)
		return -1;
	reply->is_public = true;
	reply->content_type = "application/atom+xml; charset=utf-8";
	const struct feed *kept = feeds_find(web_feeds(web), list.id, stamp, now_us);
	if (kept) {
		reply->changed_us = kept->changed_us;
		buffer_add_bytes(&reply->body, buffer_bytes(&kept->body));
		return buffer_check(&reply->body, err);
	}
	if (render_feed(web, &list, reply, err) < 0)
		return -1;
	feeds_keep(web_feeds(web), list.id, stamp, reply->changed_us, buffer_bytes(&reply->body), now_us);
	return 0;
}
