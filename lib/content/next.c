#include "content/next.h"
#include "base/text.h"
#include "content/lead.h"
#include <libxml/parser.h>

enum { GUESSES_MAX = 32 };

enum stage {
	STAGE_FIRST,   /* what the source's URL gives */
	STAGE_GUESS,   /* is one of the guessed places a feed? */
	STAGE_SITEMAP, /* is there a sitemap? */
	STAGE_LISTED,  /* a page out of the sitemap */
	STAGE_COMPLETE /* the page of a post that the feed only summarises */
};

struct content_look_state {
	enum stage stage;
	const char *urls[GUESSES_MAX]; /* to be tried */
	size_t count, next;
	size_t pages; /* fetched so far */
	size_t post;  /* STAGE_COMPLETE: the one whose page was asked for */
	const char *found_at;
	struct content_feed feed; /* what there is so far */
	struct content_feed page; /* the first page, if it is all that comes of it */
	const char *page_url;
};

/* CONTENT section 5: where site builders put their feeds. */
static const char *const guesses[] = {
	"/feed", "/rss", "/rss.xml", "/feed.xml", "/index.xml", "/atom.xml", "/feed.json", "/posts/index.xml"
};

static bool is_fetched(const struct content_reply *reply)
{
	return reply->status >= 200 && reply->status < 300;
}

static void ask(struct content_step *out, const char *url)
{
	*out = (struct content_step){ .turn = CONTENT_FETCH, .url = url };
}

static bool is_feed(const struct content_reply *reply, struct arena *arena, struct content_feed *feed)
{
	struct error why;
	return is_fetched(reply) && content_feed(reply->body, reply->content_type, reply->url, arena, feed, &why) == 0;
}

/* The next post whose page is wanted; false: there is none. */
static bool next_to_complete(struct content_look *look, struct content_step *out)
{
	struct content_look_state *s = look->state;
	for (; s->post < s->feed.count && look->wants && s->pages < CONTENT_PAGES_MAX; s->post++) {
		const struct post *post = &s->feed.posts[s->post];
		bool whole = !post->is_summary && post->html && *post->html;
		if (whole || !post->url || !look->wants(look->arg, post))
			continue;
		s->stage = STAGE_COMPLETE;
		s->pages++;
		ask(out, post->url);
		return true;
	}
	return false;
}

static int done(struct content_look *look, struct content_step *out)
{
	*out = (struct content_step){ .turn = CONTENT_DONE, .found_at = look->state->found_at, .feed = look->state->feed };
	return 0;
}

static int have_feed(struct content_look *look, const char *url, struct content_step *out)
{
	look->state->found_at = arena_text(look->arena, url);
	return next_to_complete(look, out) ? 0 : done(look, out);
}

/* What the feed says stays; the page gives the body, and what was left open. A page that can not be read leaves the summary, which is
 * better than nothing. */
static void complete(struct post *post, const struct content_reply *reply, struct arena *arena)
{
	const struct content_from from = { .content_type = reply->content_type, .base_url = reply->url };
	struct post page;
	struct error why;
	if (!is_fetched(reply) || content_page(reply->body, &from, arena, &page, NULL, &why) < 0)
		return;
	if (!page.text || !*page.text || (post->text && strlen(page.text) < strlen(post->text)))
		return;
	post->html = page.html;
	post->text = page.text;
	post->is_summary = false;
	post->subtitle = post->subtitle ? post->subtitle : page.subtitle;
	post->author = post->author ? post->author : page.author;
	post->language = post->language ? post->language : page.language;
	post->published_us = post->published_us ? post->published_us : page.published_us;
	if (!post->image) {
		post->image = page.image;
		post->image_alt = page.image_alt;
	}
	lead_settle(post, arena);
}

/* The page's own feeds, then the usual places, then the sitemap. */
static void list_guesses(struct content_look *look, const struct content_head *head, const char *url)
{
	struct content_look_state *s = look->state;
	for (size_t i = 0; i < head->feed_count && s->count < GUESSES_MAX / 2; i++)
		s->urls[s->count++] = head->feeds[i];
	for (size_t i = 0; i < COUNT_OF(guesses) && head->feed_count == 0; i++)
		s->urls[s->count++] = html_url(guesses[i], url, false, look->arena);
	s->stage = STAGE_GUESS;
}

static int try_next_guess(struct content_look *look, struct content_step *out)
{
	struct content_look_state *s = look->state;
	while (s->next < s->count && !s->urls[s->next])
		s->next++;
	if (s->next < s->count) {
		ask(out, s->urls[s->next++]);
		return 0;
	}
	const char *sitemap = s->stage == STAGE_GUESS ? html_url("/sitemap.xml", s->page_url, false, look->arena) : NULL;
	if (sitemap) {
		s->stage = STAGE_SITEMAP;
		ask(out, sitemap);
		return 0;
	}
	s->feed = s->page;
	s->found_at = s->page_url;
	return done(look, out);
}

static void doc_free(xmlDoc **doc)
{
	if (*doc)
		xmlFreeDoc(*doc);
}

static bool is_post_address(const char *url)
{
	static const char *const parts[] = { "/p/", "/posts/", "/blog/" };
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		const char *at = strstr(url, parts[i]);
		if (at && at[strlen(parts[i])])
			return true;
	}
	return false;
}

/* The posts a sitemap lists, as posts that have nothing but an address yet. */
static int read_sitemap(struct content_look *look, const struct content_reply *reply, struct error *err)
{
	struct content_look_state *s = look->state;
	size_t room = 0;
	CLEANUP(doc_free)
	xmlDoc *doc = xmlReadMemory(reply->body.data, (int)reply->body.size, NULL, NULL,
	                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_RECOVER);
	xmlNode *root = doc && !doc->intSubset ? xmlDocGetRootElement(doc) : NULL;
	for (xmlNode *entry = root ? root->children : NULL; entry; entry = entry->next)
		room++;
	s->feed = (struct content_feed){ .kind = "sitemap", .posts = arena_alloc(look->arena, (room + 1) * sizeof *s->feed.posts) };
	if (!s->feed.posts)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (xmlNode *entry = root ? root->children : NULL; entry; entry = entry->next) {
		CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(8192);
		xmlNode *place = html_is(entry, "url") ? html_find_element(entry, "loc") : NULL;
		if (place)
			html_text(place, &text);
		const char *url = html_url(buffer_text(&text), reply->url, false, look->arena);
		if (url && is_post_address(url))
			s->feed.posts[s->feed.count++] = (struct post){ .identity = url, .url = url, .title = "", .html = "", .text = "" };
	}
	return 0;
}

/* A page that can not be read stays an address. */
static void take_listed(struct post *post, const struct content_reply *reply, struct arena *arena)
{
	const struct content_from from = { .content_type = reply->content_type, .base_url = reply->url };
	struct post page;
	struct error why;
	if (!is_fetched(reply) || content_page(reply->body, &from, arena, &page, NULL, &why) < 0)
		return;
	page.identity = post->identity;
	*post = page;
}

/* Only the pages that are wanted become posts: of the others there is nothing but an address. */
static int next_listed(struct content_look *look, struct content_step *out)
{
	struct content_look_state *s = look->state;
	for (; s->post < s->feed.count && s->pages < CONTENT_PAGES_MAX; s->post++) {
		if (look->wants && !look->wants(look->arg, &s->feed.posts[s->post]))
			continue;
		s->stage = STAGE_LISTED;
		s->pages++;
		ask(out, s->feed.posts[s->post].url);
		return 0;
	}
	size_t kept = 0;
	for (size_t i = 0; i < s->feed.count; i++)
		if (s->feed.posts[i].text[0])
			s->feed.posts[kept++] = s->feed.posts[i];
	s->feed.count = kept;
	return done(look, out);
}

static int first(struct content_look *look, const struct content_reply *reply, struct content_step *out, struct error *err)
{
	struct content_look_state *s = look->state;
	if (!is_fetched(reply))
		return reply->status ? error_set(err, ERROR_NETWORK, "it answered %d", reply->status)
		                     : error_set(err, ERROR_NETWORK, "it could not be fetched");
	if (look->only_feed) {
		int result = content_feed(reply->body, reply->content_type, reply->url, look->arena, &s->feed, err);
		return result < 0 ? -1 : have_feed(look, reply->url, out);
	}
	const struct content_from from = { .content_type = reply->content_type, .base_url = reply->url };
	if (content_file(reply->body, &from, look->arena, &s->page, err) < 0)
		return -1;
	s->page_url = arena_text(look->arena, reply->url);
	if (s->page.head) {
		list_guesses(look, s->page.head, reply->url);
		return try_next_guess(look, out);
	}
	s->feed = s->page;
	return have_feed(look, reply->url, out);
}

int content_next(struct content_look *look, const struct content_reply *reply, struct content_step *out, struct error *err)
{
	if (!look->state)
		look->state = arena_alloc(look->arena, sizeof *look->state);
	struct content_look_state *s = look->state;
	if (!s)
		return error_set(err, ERROR_MEMORY, "out of memory");
	switch (s->stage) {
	case STAGE_FIRST: return first(look, reply, out, err);
	case STAGE_GUESS: return is_feed(reply, look->arena, &s->feed) ? have_feed(look, reply->url, out) : try_next_guess(look, out);
	case STAGE_SITEMAP:
		if (is_fetched(reply) && read_sitemap(look, reply, err) < 0)
			return -1;
		s->found_at = arena_text(look->arena, reply->url);
		return s->feed.count > 0 ? next_listed(look, out) : try_next_guess(look, out);
	case STAGE_LISTED: take_listed(&s->feed.posts[s->post++], reply, look->arena); return next_listed(look, out);
	case STAGE_COMPLETE:
		complete(&s->feed.posts[s->post++], reply, look->arena);
		return next_to_complete(look, out) ? 0 : done(look, out);
	}
	return error_set(err, ERROR_INPUT, "no step is left");
}
