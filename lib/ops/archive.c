#include "ops/archive.h"
#include "base/text.h"
#include "message/generic.h"
#include "message/words.h"
#include "ops/render.h"
#include "store/archive.h"
#include "system/zone_file.h"

enum { ON_A_PAGE = 20, IN_THE_FEED = 30, HTML_BYTES = 16 << 20, ARENA_BYTES = 256 << 20 };

/* What all posts of a page are shown with. */
struct showing {
	const struct ops *ops;
	const struct list *list;
	struct zone *zone;
	json_t *words;
	struct arena arena;
};

static void showing_clear(struct showing *showing)
{
	zone_free(&showing->zone);
	json_free(&showing->words);
	arena_clear(&showing->arena);
}

static int begin(struct showing *showing, struct error *err)
{
	showing->arena.max_bytes = ARENA_BYTES;
	if (!showing->list->is_public)
		return error_set(err, ERROR_NOT_FOUND, "list %s is not public", showing->list->name);
	showing->words = ops_words(showing->ops, showing->list->language, err);
	return !showing->words || zone_load(showing->list->timezone, &showing->zone, err) < 0 ? -1 : 0;
}

/* XML, in which the feed is written, has no control characters, and a page needs none. */
static void clean(struct buffer *text)
{
	for (size_t i = 0; i < text->size; i++)
		if ((unsigned char)text->data[i] < 0x20 && !strchr("\t\n", text->data[i]))
			text->data[i] = ' ';
}

/* A text without its merge tags; one whose tags are wrong stays as it is written. */
static int set_text(json_t *value, const char *key, const char *text, bool is_ours, enum generic_form form, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(HTML_BYTES);
	struct error unsound;
	if (!is_ours || !text || generic_fill(bytes_text(text), form, &out, &unsound) < 0) {
		buffer_reset(&out);
		buffer_add_text(&out, text ? text : "");
	}
	clean(&out);
	if (buffer_check(&out, err) < 0)
		return -1;
	if (json_object_set_new(value, key, json_stringn(buffer_text(&out), out.size)) < 0)
		return error_set(err, ERROR_INPUT, "%s is no UTF-8", key);
	return 0;
}

static const char *url_of(const struct ops *ops, const struct list *list, char kind, int64_t id, const char *title, bool is_ours,
                          struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer slug = BUFFER_INIT(4096);
	CLEANUP(buffer_clear) struct buffer plain = BUFFER_INIT(64 << 10);
	struct error unsound;
	if (is_ours && generic_fill(bytes_text(title), GENERIC_TEXT, &plain, &unsound) == 0)
		title = buffer_text(&plain);
	post_slug(id, title, &slug);
	return arena_format(arena, "%s/%s/%c/%s", ops->config->daemon.public_url, list->name, kind, buffer_text(&slug));
}

const char *archive_url(const struct ops *ops, const struct list *list, const struct stored_post *post, struct arena *arena)
{
	return list->is_public ? url_of(ops, list, 'p', post->id, post->post.title, post->post.is_ours, arena) : NULL;
}

const char *archive_digest_url(const struct ops *ops, const struct list *list, const struct campaign *campaign, struct arena *arena)
{
	return list->is_public && campaign->id > 0 ? url_of(ops, list, 'd', campaign->id, campaign->subject, true, arena) : NULL;
}

/* A cell's "align", which mail needs and a page must not have (HTML Living Standard, 16.2); NULL: this tag has none. */
static const char *find_align(const char *tag)
{
	if (!text_starts(tag, "<td ") && !text_starts(tag, "<th "))
		return NULL;
	/* Within the tag: of a page of cells without one each would be looked for to the page's end. */
	size_t size = strcspn(tag, ">");
	const char *align = memmem(tag, size, " align=\"", strlen(" align=\""));
	return align ? align + 1 : NULL;
}

/* A post's h1 becomes an h2, as the page's own title is its h1, and where a cell stands a class of the page's style. */
static void fit_to_page(const char *html, struct buffer *out)
{
	const char *done = html;
	for (const char *p = html; (p = strchr(p, '<')); p++) {
		bool is_heading = text_starts(p, "<h1>") || text_starts(p, "<h1 ") || text_starts(p, "</h1>");
		const char *from = is_heading ? p + (p[1] == '/' ? 3 : 2) : find_align(p);
		if (!from)
			continue;
		buffer_add(out, done, (size_t)(from - done));
		buffer_add_text(out, is_heading ? "2" : "class");
		done = from + strlen(is_heading ? "1" : "align");
	}
	buffer_add_text(out, done);
}

static int set_body(json_t *value, const struct post *post, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(HTML_BYTES);
	fit_to_page(post->html, &html);
	bool has_image = post->image && *post->image && !post_begins_with_image(post);
	if (buffer_check(&html, err) < 0 || set_text(value, "html", buffer_text(&html), post->is_ours, GENERIC_HTML, err) < 0 ||
	    set_text(value, "image", has_image ? post->image : "", false, GENERIC_TEXT, err) < 0 ||
	    set_text(value, "image_alt", post->image_alt, post->is_ours, GENERIC_TEXT, err) < 0)
		return -1;
	return set_text(value, "original", post->url, false, GENERIC_TEXT, err);
}

static int set_times(json_t *value, const struct archived *row, struct error *err)
{
	char published[UNITS_TEXT];
	char updated[UNITS_TEXT];
	int64_t changed_us = row->post.updated_us > row->sent_us ? row->post.updated_us : row->sent_us;
	units_write_time(row->post.published_us ? row->post.published_us : row->sent_us, published);
	units_write_time(changed_us, updated);
	json_t *id = json_integer(row->id);
	return json_object_set_new(value, "id", id) < 0 || json_object_set_new(value, "published", json_string(published)) < 0 ||
	                       json_object_set_new(value, "updated", json_string(updated)) < 0
	               ? error_set(err, ERROR_MEMORY, "out of memory")
	               : 0;
}

static void add_attribute(const json_t *value, const char *attribute, const char *key, struct buffer *out)
{
	buffer_format(out, " %s=\"", attribute);
	template_escape_html(bytes_text(json_text(value, key)), out);
	buffer_add_char(out, '"');
}

/* A post in one piece, as a feed holds it: with its language and its picture. */
static int set_whole(json_t *value, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(HTML_BYTES);
	buffer_add_text(&out, "<div");
	add_attribute(value, "lang", "lang", &out);
	add_attribute(value, "dir", "dir", &out);
	buffer_add_char(&out, '>');
	if (*json_text(value, "image")) {
		buffer_add_text(&out, "<p><img");
		add_attribute(value, "src", "image", &out);
		add_attribute(value, "alt", "image_alt", &out);
		buffer_add_text(&out, "></p>");
	}
	buffer_format(&out, "%s</div>", json_text(value, "html"));
	return set_text(value, "whole", buffer_text(&out), false, GENERIC_HTML, err);
}

static json_t *post_value(struct showing *showing, const struct archived *row, bool with_body, struct error *err)
{
	CLEANUP(json_free) json_t *value = json_object();
	char date[80];
	const struct post *post = &row->post;
	const char *language = post->language && *post->language ? post->language : showing->list->language;
	int64_t when_us = post->published_us ? post->published_us : row->sent_us;
	words_date(showing->words, zone_local(showing->zone, when_us), date, sizeof date);
	const char *url = url_of(showing->ops, showing->list, 'p', row->id, post->title, post->is_ours, &showing->arena);
	bool ours = post->is_ours;
	if (!value || !url) {
		error_set(err, ERROR_MEMORY, "out of memory");
		return NULL;
	}
	if (set_text(value, "title", post->title, ours, GENERIC_TEXT, err) < 0 ||
	    set_text(value, "subtitle", post->subtitle, ours, GENERIC_TEXT, err) < 0 ||
	    set_text(value, "author", post->author, false, GENERIC_TEXT, err) < 0 ||
	    set_text(value, "date", date, false, GENERIC_TEXT, err) < 0 ||
	    set_text(value, "url", url + strlen(showing->ops->config->daemon.public_url), false, GENERIC_TEXT, err) < 0 ||
	    set_text(value, "canonical", url, false, GENERIC_TEXT, err) < 0 ||
	    set_text(value, "lang", language, false, GENERIC_TEXT, err) < 0 ||
	    set_text(value, "dir", words_is_rtl(language) ? "rtl" : "ltr", false, GENERIC_TEXT, err) < 0 ||
	    set_times(value, row, err) < 0 || (with_body && (set_body(value, post, err) < 0 || set_whole(value, err) < 0)))
		return NULL;
	json_t *whole = value;
	value = NULL;
	return whole;
}

static void note_change(struct archive_view *out, const struct archived *row)
{
	int64_t changed_us = row->post.updated_us > row->sent_us ? row->post.updated_us : row->sent_us;
	out->changed_us = changed_us > out->changed_us ? changed_us : out->changed_us;
}

/* The posts behind `before` as an array; *more: a further one follows. */
static json_t *page_of(struct showing *showing, const struct archived *before, size_t max, bool with_body, struct archive_view *out,
                       struct archived *rows, bool *more, struct error *err)
{
	CLEANUP(json_free) json_t *posts = json_array();
	size_t n = 0;
	if (!posts || store_archive_page(showing->ops->db, showing->list->id, before, rows, max + 1, &n, &showing->arena, err) < 0)
		return NULL;
	*more = n > max;
	for (size_t i = 0; i < n && i < max; i++) {
		json_t *value = post_value(showing, &rows[i], with_body, err);
		if (!value || json_array_append_new(posts, value) < 0)
			return NULL;
		note_change(out, &rows[i]);
	}
	json_t *whole = posts;
	posts = NULL;
	return whole;
}

int archive_list(struct ops *ops, const struct list *list, int64_t before, struct archive_view *out, struct error *err)
{
	CLEANUP(showing_clear) struct showing showing = { .ops = ops, .list = list };
	struct archived rows[ON_A_PAGE + 1];
	struct archived last;
	bool more = false;
	char older[200] = "";
	*out = (struct archive_view){ 0 };
	if (begin(&showing, err) < 0)
		return -1;
	int found = before ? store_archive_get(ops->db, list->id, before, &last, &showing.arena, err) : 1;
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, ERROR_NOT_FOUND, "list %s never sent post %" PRId64, list->name, before);
	json_t *posts = page_of(&showing, before ? &last : NULL, ON_A_PAGE, false, out, rows, &more, err);
	if (!posts)
		return -1;
	if (more)
		snprintf(older, sizeof older, "/%s?before=%" PRId64, list->name, rows[ON_A_PAGE - 1].id);
	out->values = json_pack("{s:b,s:o,s:s,s:b}", "has_posts", json_array_size(posts) > 0, "posts", posts, "older", older, "is_later",
	                        before > 0);
	return out->values ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

int archive_post(struct ops *ops, const struct list *list, const char *slug, struct archive_view *out, struct error *err)
{
	CLEANUP(showing_clear) struct showing showing = { .ops = ops, .list = list };
	struct archived row;
	*out = (struct archive_view){ 0 };
	if (begin(&showing, err) < 0)
		return -1;
	int64_t id = post_slug_id(slug);
	int found = id > 0 ? store_archive_get(ops->db, list->id, id, &row, &showing.arena, err) : 0;
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, ERROR_NOT_FOUND, "list %s never sent such a post", list->name);
	note_change(out, &row);
	out->values = post_value(&showing, &row, true, err);
	return out->values ? 0 : -1;
}

/* The posts of a campaign that went out, in its order. */
static json_t *digest_posts(struct showing *showing, int64_t campaign, struct archive_view *out, struct error *err)
{
	CLEANUP(json_free) json_t *posts = json_array();
	int64_t ids[CAMPAIGN_POSTS];
	struct archived row;
	size_t n = 0;
	if (!posts)
		error_set(err, ERROR_MEMORY, "out of memory");
	if (!posts || store_campaign_posts(showing->ops->db, campaign, ids, &n, err) < 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		int found = store_archive_get(showing->ops->db, showing->list->id, ids[i], &row, &showing->arena, err);
		json_t *value = found > 0 ? post_value(showing, &row, false, err) : NULL;
		if (found < 0 || (found > 0 && (!value || json_array_append_new(posts, value) < 0)))
			return NULL;
		if (found > 0)
			note_change(out, &row);
	}
	json_t *whole = posts;
	posts = NULL;
	return whole;
}

static int find_digest(struct showing *showing, const char *slug, struct campaign *out, struct error *err)
{
	int64_t id = post_slug_id(slug);
	int found = id > 0 ? store_campaign_get(showing->ops->db, id, out, &showing->arena, err) : 0;
	if (found < 0)
		return -1;
	if (found == 0 || out->list_id != showing->list->id || out->kind != CAMPAIGN_DIGEST || out->started_us == 0 ||
	    out->state == CAMPAIGN_CANCELLED)
		return error_set(err, ERROR_NOT_FOUND, "list %s never sent such a digest", showing->list->name);
	return 0;
}

int archive_digest(struct ops *ops, const struct list *list, const char *slug, struct archive_view *out, struct error *err)
{
	CLEANUP(showing_clear) struct showing showing = { .ops = ops, .list = list };
	CLEANUP(json_free) json_t *values = json_object();
	struct campaign campaign = { 0 };
	char date[80];
	char sent[UNITS_TEXT];
	*out = (struct archive_view){ 0 };
	if (begin(&showing, err) < 0 || find_digest(&showing, slug, &campaign, err) < 0)
		return -1;
	out->changed_us = campaign.started_us;
	words_date(showing.words, zone_local(showing.zone, campaign.started_us), date, sizeof date);
	const char *url = archive_digest_url(ops, list, &campaign, &showing.arena);
	if (!values || !url)
		return error_set(err, ERROR_MEMORY, "out of memory");
	json_t *posts = digest_posts(&showing, campaign.id, out, err);
	if (!posts)
		return -1;
	if (json_object_set_new(values, "posts", posts) < 0)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (set_text(values, "title", campaign.subject, true, GENERIC_TEXT, err) < 0 ||
	    set_text(values, "date", date, false, GENERIC_TEXT, err) < 0 ||
	    set_text(values, "sent", units_write_time(campaign.started_us, sent), false, GENERIC_TEXT, err) < 0 ||
	    set_text(values, "canonical", url, false, GENERIC_TEXT, err) < 0)
		return -1;
	out->values = values;
	values = NULL;
	return 0;
}

static void add_words(const struct list *list, struct buffer *out)
{
	const char *const words[] = { list->name,   list->title,    list->description, list->list_id,
		                      list->postal, list->language, list->timezone,    list->from_name };
	/* With the NUL behind each: where one ends is told apart. */
	for (size_t i = 0; i < COUNT_OF(words); i++)
		buffer_add(out, words[i], strlen(words[i]) + 1);
}

int archive_stamp(struct ops *ops, const struct list *list, uint8_t out[DIGEST_BYTES], struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
	struct archived_version rows[IN_THE_FEED];
	size_t n = 0;
	if (!list->is_public)
		return error_set(err, ERROR_NOT_FOUND, "list %s is not public", list->name);
	if (store_archive_versions(ops->db, list->id, rows, COUNT_OF(rows), &n, err) < 0)
		return -1;
	add_words(list, &text);
	for (size_t i = 0; i < n; i++)
		buffer_format(&text, "%" PRId64 " %" PRId64 " %" PRId64 "\n", rows[i].id, rows[i].version, rows[i].sent_us);
	digest_sha256(buffer_bytes(&text), out);
	return buffer_check(&text, err);
}

/* RFC 4151: a tag of the list's own identifier, which never changes, at the day it was made. */
static void write_tag(const struct list *list, char *out, size_t size)
{
	char made[UNITS_TEXT];
	units_write_time(list->created_us, made);
	snprintf(out, size, "tag:%.250s,%.10s:", list->list_id, made);
}

int archive_feed(struct ops *ops, const struct list *list, struct archive_view *out, struct error *err)
{
	CLEANUP(showing_clear) struct showing showing = { .ops = ops, .list = list };
	struct archived rows[IN_THE_FEED + 1];
	bool more = false;
	char tag[300];
	char updated[UNITS_TEXT];
	*out = (struct archive_view){ .changed_us = list->created_us };
	if (begin(&showing, err) < 0)
		return -1;
	json_t *entries = page_of(&showing, NULL, IN_THE_FEED, true, out, rows, &more, err);
	if (!entries)
		return -1;
	write_tag(list, tag, sizeof tag);
	const char *home = arena_format(&showing.arena, "%s/%s", ops->config->daemon.public_url, list->name);
	const char *self = arena_format(&showing.arena, "%s/%s/feed.xml", ops->config->daemon.public_url, list->name);
	out->values = json_pack("{s:o,s:s,s:s,s:s,s:s}", "entries", entries, "tag", tag, "home", home, "self", self, "updated",
	                        units_write_time(out->changed_us, updated));
	return out->values ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}
