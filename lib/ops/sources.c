/* Sources: added, changed, looked at. */
#include "base/text.h"
#include "content/next.h"
#include "ops/digests.h"
#include "ops/lists.h"
#include "ops/look.h"
#include "ops/posts.h"
#include "policy/filter.h"
#include "policy/pace.h"
#include "system/clock.h"
#include "system/random.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { SOURCES = 1000, FLOOD_MOST = 1000 };
/* A page without a feed costs a dozen requests a look. */
#define PAGE_LEAST_US HOUR_US

/* What is being looked at, for the question whether a post's page is worth fetching. */
struct looking {
	struct ops *ops;
	const struct source *source;
	struct arena *arena;
	int64_t asked; /* at the first look */
	/* Of the posts whose pages were wanted, what the feed said: the page's words are others. */
	const char *identity[CONTENT_PAGES_MAX], *said[CONTENT_PAGES_MAX];
	size_t count;
};

static bool is_wanted(struct looking *looking, const struct post *post, const char *said)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct stored_post known;
	struct error err;
	/* At the first look only what will be a draft, and what a sitemap lists: its pages have to be known to be marked seen. */
	if (!looking->source->is_seen)
		return !*post->title || looking->asked++ < looking->source->latest;
	int found = store_post_find(looking->ops->db, looking->source->list_id, post->identity, &known, &arena, &err);
	if (found <= 0)
		return found == 0;
	/* A sitemap says nothing about its posts; a feed is asked again when it says something else. */
	const char *before = post_source_hash(&known, &arena);
	return *post->title && before && strcmp(before, said) != 0;
}

static bool wants_page(void *arg, const struct post *post)
{
	struct looking *looking = arg;
	const char *said = post_said(post, looking->arena);
	if (!said || !is_wanted(looking, post, said))
		return false;
	if (looking->count < CONTENT_PAGES_MAX && *post->title) {
		looking->identity[looking->count] = post->identity;
		looking->said[looking->count++] = said;
	}
	return true;
}

static void note_said(const struct looking *looking, struct content_feed *feed)
{
	for (size_t i = 0; i < feed->count; i++)
		for (size_t j = 0; j < looking->count && !feed->posts[i].is_summary; j++)
			if (strcmp(feed->posts[i].identity, looking->identity[j]) == 0)
				feed->posts[i].said = looking->said[j];
}

static bool is_folder(const struct source *source)
{
	return strcmp(source->kind, "folder") == 0;
}

static void set_pace(const struct ops *ops, struct source *source, const struct looked *looked)
{
	int64_t now_us = source->checked_us;
	if (strcmp(source->kind, "mail") == 0) {
		source->due_us = INT64_MAX;
		source->paced_by = "it comes by itself";
		return;
	}
	struct pace_in in = { .set_us = source->interval_us,
		              .standard_us = is_folder(source) ? ops->config->source.folder_interval_us : ops->config->source.interval_us,
		              .ttl_us = source->ttl_us,
		              .max_age_us = pace_max_age(looked->cache_control),
		              .retry_after_us = pace_retry_after(looked->retry_after, now_us),
		              .failures = source->failures,
		              .random = random_below(UINT64_MAX) };
	bool no_feed = strcmp(source->kind, "page") == 0 && !source->feed_url;
	if (no_feed && in.ttl_us < PAGE_LEAST_US)
		in.ttl_us = PAGE_LEAST_US;
	source->due_us = now_us + pace_wait(&in, &source->paced_by);
}

/* A feed that moved for good is looked for at its new place, if that is no source of the list already. */
static int follow(struct ops *ops, struct source *source, const char *moved_to, struct arena *arena, struct error *err)
{
	size_t n = 0;
	struct source *others = arena_alloc(arena, SOURCES * sizeof *others);
	if (source->feed_url) {
		source->feed_url = moved_to;
		return 0;
	}
	if (!others || store_source_all(ops->db, source->list_id, others, SOURCES, &n, arena, err) < 0)
		return others ? -1 : error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (strcmp(others[i].url, moved_to) == 0)
			return 0;
	source->url = moved_to;
	return 0;
}

static void note_failure(struct source *source, const struct looked *looked, const struct error *why, struct arena *arena)
{
	source->failures++;
	source->state = source->state == SOURCE_PAUSED ? SOURCE_PAUSED : SOURCE_FAILING;
	source->error = arena_text(arena, why->text);
	source->note = NULL;
	/* The feed that the page named is not there any more: the page is asked again. */
	if (source->feed_url && (why->code == ERROR_NOT_FOUND || why->code == ERROR_INPUT)) {
		source->feed_url = NULL;
		source->etag = source->last_modified = NULL;
	} else if (looked->is_gone) {
		source->state = SOURCE_PAUSED;
		source->error = arena_format(arena, "%.400s: gone for good, so it is paused (gazette source resume %" PRId64 ")", why->text,
		                             source->id);
	}
}

/* Cleans links of their tracking, the same way in each look, so that a post is not taken for an edited one. */
static int strip_tracking(struct content_feed *feed, struct arena *arena, struct error *err)
{
	for (size_t i = 0; i < feed->count; i++) {
		CLEANUP(buffer_clear) struct buffer clean = BUFFER_INIT(16 << 20);
		CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(16 << 20);
		struct post *post = &feed->posts[i];
		if (!post->html || !*post->html)
			continue;
		if (content_sanitise(bytes_text(post->html), post->url, CONTENT_DROP_TRACKING, &clean, err) < 0 ||
		    content_plain_text(buffer_bytes(&clean), &(struct content_plain){ 0 }, &text, err) < 0)
			return -1;
		post->html = arena_text(arena, buffer_text(&clean));
		post->text = arena_text(arena, buffer_text(&text));
		if (!post->html || !post->text)
			return error_set(err, ERROR_MEMORY, "out of memory");
	}
	return 0;
}

/* What a look that went well says about the source itself. */
static void note_success(struct source *source, const struct looked *looked, struct arena *arena)
{
	source->failures = 0;
	source->error = NULL;
	source->state = source->state == SOURCE_PAUSED ? SOURCE_PAUSED : SOURCE_ACTIVE;
	if (!looked->is_unchanged)
		source->note = looked->note;
	if (looked->is_unchanged || is_folder(source))
		return;
	source->etag = looked->etag;
	source->last_modified = looked->last_modified;
	source->ttl_us = looked->feed.ttl_us;
	const char *kind = looked->feed.kind ? looked->feed.kind : "";
	bool is_feed = strcmp(kind, "page") != 0 && strcmp(kind, "sitemap") != 0;
	if (looked->feed.title && *looked->feed.title && (is_feed || !*source->title))
		source->title = looked->feed.title;
	/* Found behind a page: the page stays the source, in case it names another one some day. */
	if (is_feed && !source->feed_url && looked->found_at && strcmp(source->kind, "page") == 0)
		source->feed_url = arena_text(arena, looked->found_at);
}

static int take(struct ops *ops, struct source *source, const struct looking *looking, struct looked *looked, struct taken *out,
                struct arena *arena, struct error *err)
{
	note_said(looking, &looked->feed);
	if (source->strips_tracking && strip_tracking(&looked->feed, arena, err) < 0)
		return -1;
	return post_take(ops, source, looked->feed.posts, looked->feed.count, out, err);
}

int source_poll(struct ops *ops, struct http *http, struct source *source, struct taken *out, struct arena *arena, struct error *err)
{
	struct looked looked = { 0 };
	struct looking looking = { .ops = ops, .source = source, .arena = arena };
	struct look_in in = { .source = source, .wants = wants_page, .arg = &looking, .keeps = true };
	struct error why = { 0 };
	*out = (struct taken){ 0 };
	int result = source_look(ops, http, &in, arena, &looked, &why);
	source->checked_us = clock_now().wall_us;
	if (looked.moved_to && result == 0 && follow(ops, source, looked.moved_to, arena, err) < 0)
		return -1;
	if (result < 0)
		note_failure(source, &looked, &why, arena);
	else
		note_success(source, &looked, arena);
	set_pace(ops, source, &looked);
	if (result < 0 || looked.is_unchanged)
		return store_source_checked(ops->db, source, err);
	return take(ops, source, &looking, &looked, out, arena, err);
}

int source_policy_read(const char *text, struct source *source, struct error *err)
{
	if (strcmp(text, "draft") == 0)
		source->policy = SOURCE_DRAFT;
	else if (strcmp(text, "send") == 0)
		source->policy = SOURCE_SEND;
	else if (text_starts(text, "hold=") && units_duration(text + 5, &source->hold_us, err) == 0)
		source->policy = SOURCE_HOLD;
	else if (strcmp(text, "digest") == 0)
		source->policy = SOURCE_DIGEST;
	else
		return error_set(err, ERROR_INPUT, "policy \"%.64s\": write draft, send, hold=30m or digest", text);
	return 0;
}

/* A duration setting; "standard" is 0: what the configuration says. */
static int read_span(const char *name, const char *text, int64_t least_us, int64_t *out_us, struct error *err)
{
	if (!text)
		return 0;
	if (strcmp(text, "standard") == 0) {
		*out_us = 0;
		return 0;
	}
	if (units_duration(text, out_us, err) < 0)
		return error_wrap(err, "%s", name);
	if (*out_us < least_us || *out_us > 365 * DAY_US)
		return error_set(err, ERROR_INPUT, "%s %s: out of range (write standard for what the configuration says)", name, text);
	return 0;
}

static int read_settings(const struct source_in *in, struct source *source, struct error *err)
{
	if (in->policy && source_policy_read(in->policy, source, err) < 0)
		return -1;
	if ((in->only && filter_check(in->only, err) < 0) || (in->except && filter_check(in->except, err) < 0))
		return -1;
	source->only_posts = in->only ? in->only : source->only_posts;
	source->except_posts = in->except ? in->except : source->except_posts;
	if (read_span("interval", in->interval, SECOND_US, &source->interval_us, err) < 0 ||
	    read_span("max-age", in->max_age, MINUTE_US, &source->max_age_us, err) < 0)
		return -1;
	if (in->flood && strcmp(in->flood, "standard") == 0)
		source->flood = 0;
	else if (in->flood && units_integer(in->flood, 1, FLOOD_MOST, &source->flood, err) < 0)
		return error_wrap(err, "flood");
	if (in->strip_tracking)
		source->strips_tracking = strcmp(in->strip_tracking, "yes") == 0;
	if (in->strip_tracking && !source->strips_tracking && strcmp(in->strip_tracking, "no") != 0)
		return error_set(err, ERROR_INPUT, "strip-tracking: yes or no");
	return 0;
}

static int place(const char *what, struct source *source, struct arena *arena, struct error *err)
{
	struct stat st;
	source->url = what;
	if (strcmp(what, "mail") == 0) {
		source->kind = "mail";
		source->is_seen = true;
		return 0;
	}
	source->kind = is_web_address(what) ? "feed" : "folder";
	if (is_web_address(what))
		return 0;
	char *real = realpath(what, NULL);
	if (!real)
		return error_errno(err, ERROR_NOT_FOUND, errno, "%s is no http(s) URL and no folder", what);
	source->url = arena_text(arena, real);
	bool is_one = stat(real, &st) == 0 && S_ISDIR(st.st_mode);
	free(real);
	return is_one ? 0 : error_set(err, ERROR_INPUT, "%s is a file: name its folder, or gazette post add it", what);
}

/* Where the feed was found decides what kind of source it is: at its own address, or behind a page that names it. */
static void decide_kind(struct source *source, const struct looked *looked)
{
	const char *kind = looked->feed.kind ? looked->feed.kind : "";
	if (strcmp(source->kind, "feed") == 0 && (strcmp(kind, "page") == 0 || strcmp(kind, "sitemap") == 0 || looked->behind_page))
		source->kind = "page";
}

int source_add(struct ops *ops, const struct source_in *in, struct actor actor, int64_t *id, struct taken *first, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(http_free) struct http *http = http_new();
	struct list list;
	struct looked looked = { 0 };
	struct source source = {
		.title = "", .latest = in->latest, .only_posts = "", .except_posts = "", .paced_by = "", .created_us = clock_now().wall_us
	};
	struct looking looking = { .ops = ops, .source = &source, .arena = &arena };
	struct look_in look = { .source = &source, .wants = wants_page, .arg = &looking, .keeps = true };
	arena.max_bytes = 256 << 20;
	*first = (struct taken){ 0 };
	if (!http)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (list_find(ops, in->list, &list, &arena, err) < 0 || source_policy_read(list.policy, &source, err) < 0 ||
	    read_settings(in, &source, err) < 0 || place(in->what, &source, &arena, err) < 0)
		return -1;
	if (source.policy == SOURCE_DIGEST && digest_check_own(ops, &list, err) < 0)
		return -1;
	source.list_id = list.id;
	/* The first look comes before the row: what is no feed is refused here and now, with nothing half done. */
	if (source_look(ops, http, &look, &arena, &looked, err) < 0)
		return -1;
	decide_kind(&source, &looked);
	note_success(&source, &looked, &arena);
	source.checked_us = clock_now().wall_us;
	set_pace(ops, &source, &looked);
	if (store_source_add(ops->db, &source, id, err) < 0)
		return -1;
	source.id = *id;
	if (take(ops, &source, &looking, &looked, first, &arena, err) < 0)
		return -1;
	return ops_audit(ops, actor, "source add", in->list, in->what, err);
}

int source_find(struct ops *ops, int64_t id, struct source *out, struct arena *arena, struct error *err)
{
	int found = store_source_get(ops->db, id, out, arena, err);
	return found == 0  ? error_set(err, ERROR_NOT_FOUND, "there is no source %" PRId64 ": gazette source ls shows them", id)
	       : found < 0 ? -1
	                   : 0;
}

int source_set(struct ops *ops, int64_t id, const struct source_in *in, struct actor actor, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct source source;
	struct looked nothing = { 0 };
	char object[UNITS_TEXT];
	struct list list;
	if (source_find(ops, id, &source, &arena, err) < 0 || read_settings(in, &source, err) < 0 ||
	    store_list_get(ops->db, source.list_id, &list, &arena, err) <= 0 ||
	    (in->policy && source.policy == SOURCE_DIGEST && digest_check_own(ops, &list, err) < 0))
		return -1;
	if (in->what && (!is_web_address(in->what) || is_folder(&source)))
		return error_set(err, ERROR_INPUT, "url: an address that begins with http:// or https://, of a source that has one");
	if (in->what) {
		source.url = in->what;
		source.feed_url = source.etag = source.last_modified = NULL;
	}
	/* The next look follows the new pace from now on. */
	source.checked_us = clock_now().wall_us;
	if (in->interval)
		set_pace(ops, &source, &nothing);
	else if (in->what)
		source.due_us = source.checked_us;
	if (store_source_set(ops->db, &source, err) < 0)
		return -1;
	snprintf(object, sizeof object, "source %" PRId64, id);
	return ops_audit(ops, actor, "source set", object, "", err);
}

int source_try(struct ops *ops, const char *what, struct arena *arena, struct content_feed *out, const char **note, struct error *err)
{
	CLEANUP(http_free) struct http *http = http_new();
	struct source source = { .title = "" };
	struct looked looked;
	if (!http)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (place(what, &source, arena, err) < 0 || source_look(ops, http, &(struct look_in){ .source = &source }, arena, &looked, err) < 0)
		return -1;
	*out = looked.feed;
	*note = looked.note;
	return 0;
}
