#include "daemon/web/web.h"
#include "base/text.h"
#include "daemon/web/pages.h"
#include "ops/archive.h"
#include "ops/campaigns.h"
#include "ops/render.h"
#include "ops/subscribers.h"
#include "store/file.h"
#include "system/clock.h"
#include "system/log.h"
#include "system/random.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAGE_BYTES = 8 << 20, LISTS = 256, HOUR_S = 3600 };
#define FORM_LEAST_US (3 * SECOND_US)
#define FORM_MOST_US (2 * HOUR_US)

struct web {
	struct daemon *daemon;
	struct ops ops;
	pthread_mutex_t mutex; /* handlers come from several threads and share one handle on the store */
	struct httpd *httpd;
	struct feeds feeds;
};

/* Every handler below runs with the mutex held: they are short. */
static int locked(void *context, page_handler *handler, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	struct web *web = context;
	pthread_mutex_lock(&web->mutex);
	int result = handler(web, request, reply, err);
	pthread_mutex_unlock(&web->mutex);
	return result;
}

struct ops *web_ops(struct web *web)
{
	return &web->ops;
}

struct feeds *web_feeds(struct web *web)
{
	return &web->feeds;
}

int web_page(struct web *web, struct page page, struct httpd_reply *reply, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer content = BUFFER_INIT(PAGE_BYTES);
	CLEANUP(json_free) json_t *inner = page.values;
	if (!inner)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (ops_render(&web->ops, page.template, page.language, inner, &content, err) < 0)
		return -1;
	CLEANUP(json_free)
	json_t *outer = json_pack("{s:s,s:s,s:s,s:s}", "title", page.title, "content", buffer_text(&content), "feed",
	                          page.feed ? page.feed : "", "canonical", page.canonical ? page.canonical : "");
	return outer ? ops_render(&web->ops, "web/page.html", page.language, outer, &reply->body, err)
	             : error_set(err, ERROR_MEMORY, "out of memory");
}

json_t *web_list_values(const struct list *list)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "name", list->name, "title", list->title, "description", list->description, "postal",
	                 list->postal, "language", list->language, "from_name", list->from_name);
}

/* A page in a list's language, whose title is one of the words. Takes the values. */
static int page(struct web *web, const char *name, const char *title_word, const char *language, json_t *values, struct httpd_reply *reply,
                struct error *err)
{
	CLEANUP(buffer_clear) struct buffer title = BUFFER_INIT(PAGE_BYTES);
	if (values && ops_word(&web->ops, title_word, language, values, &title, err) < 0) {
		json_free(&values);
		return -1;
	}
	return web_page(web, (struct page){ .template = name, .title = buffer_text(&title), .language = language, .values = values }, reply,
	                err);
}

/* What a page says that says one thing: names of words, and where to write. */
struct saying {
	const char *heading, *text;
	const char *more, *mail; /* or NULL */
};

static int add_word(struct web *web, const char *name, const char *word, const char *language, json_t *values, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(PAGE_BYTES);
	if (!word)
		return 0;
	if (ops_word(&web->ops, word, language, values, &text, err) < 0)
		return -1;
	return json_object_set_new(values, name, json_string(buffer_text(&text))) < 0 ? error_set(err, ERROR_MEMORY, "out of memory") : 0;
}

static int message(struct web *web, const struct list *list, struct saying say, struct httpd_reply *reply, struct error *err)
{
	CLEANUP(json_free) json_t *values = json_pack("{s:o}", "list", web_list_values(list));
	char link[sizeof "mailto:" + ADDRESS_BYTES];
	if (!values)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (add_word(web, "heading", say.heading, list->language, values, err) < 0 ||
	    add_word(web, "text", say.text, list->language, values, err) < 0 ||
	    add_word(web, "more", say.more, list->language, values, err) < 0)
		return -1;
	if (say.mail) {
		snprintf(link, sizeof link, "mailto:%s", say.mail);
		json_object_set_new(values, "link", json_string(link));
		json_object_set_new(values, "link_text", json_string(link + strlen("mailto:")));
	}
	return page(web, "web/message.html", say.heading, list->language, json_incref(values), reply, err);
}

static int too_many(struct web *web, const struct list *list, const char *word, struct httpd_reply *reply, struct error *err)
{
	reply->status = 429;
	reply->retry_after_s = HOUR_S;
	return message(web, list, (struct saying){ .heading = "later", .text = word }, reply, err);
}

/* Unknown, used up or mangled: the same page for all, which tells nothing about anybody (RULES U11, A4), so not in a list's language, and
 * with 200 for all, as a one-click POST has to have it (U7). */
static int neutral(struct web *web, struct httpd_reply *reply, struct error *err)
{
	static const char heading[] = "This link does not work any more";
	json_t *values = json_pack("{s:s,s:s,s:s}", "heading", heading, "text", "It may be incomplete, or it was used already.", "more",
	                           "If you want to leave a newsletter, open the link at the end of its newest issue.");
	return web_page(web, (struct page){ .template = "web/message.html", .title = heading, .language = "en", .values = values }, reply,
	                err);
}

static int get_index(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list *lists = arena_alloc(&arena, LISTS * sizeof *lists);
	size_t n = 0;
	(void)request;
	if (!lists || store_list_all(web->ops.db, lists, LISTS, &n, &arena, err) < 0)
		return -1;
	json_t *array = json_array();
	for (size_t i = 0; i < n; i++)
		if (lists[i].is_public && !lists[i].closed_us && json_array_append_new(array, web_list_values(&lists[i])) != 0)
			return error_set(err, ERROR_MEMORY, "out of memory");
	reply->is_public = true;
	json_t *values = json_pack("{s:o}", "lists", array);
	return web_page(web, (struct page){ .template = "web/index.html", .title = "Newsletters", .language = "en", .values = values },
	                reply, err);
}

int web_list(struct web *web, const struct httpd_request *request, struct list *list, struct arena *arena, struct error *err)
{
	int found = store_list_find(web->ops.db, httpd_segment(request, "list"), list, arena, err);
	if (found < 0)
		return -1;
	if (found == 0 || list->closed_us)
		return error_set(err, ERROR_NOT_FOUND, "no such list");
	return 0;
}

/* What somebody typed, as a field can show it again. */
static const char *typed(const char *text)
{
	return text && text_is_utf8(bytes_text(text)) ? text : "";
}

/* The list with its form and, if it is public, what it sent last. */
static int form_page(struct web *web, const struct list *list, const char *wrong /* the word that says it, or NULL */,
                     const struct signup_in *in, struct httpd_reply *reply, struct error *err)
{
	char form[TOKEN_TEXT];
	char feed[200];
	struct archive_view view = { 0 };
	struct token token = { .purpose = TOKEN_FORM,
		               .list = list->id,
		               .subscriber = (int64_t)random_below(INT64_MAX), /* nobody: the form's own number */
		               .extra = clock_now().wall_us / SECOND_US };
	token_write(&web->ops.keys, &token, 0, form);
	if (wrong)
		reply->status = 422;
	if (list->is_public && archive_list(&web->ops, list, 0, &view, err) < 0)
		return -1;
	json_t *values = view.values ? view.values : json_object();
	CLEANUP(json_free)
	json_t *more = json_pack("{s:o,s:s,s:b,s:s,s:s}", "list", web_list_values(list), "form_token", form, "is_wrong", wrong != NULL,
	                         "email", typed(in->email), "name", typed(in->name));
	if (wrong)
		json_object_set_new(more, wrong, json_true());
	json_object_update(values, more);
	snprintf(feed, sizeof feed, "/%s/feed.xml", list->name);
	reply->is_public = list->is_public;
	reply->is_form = true;
	return web_page(web, (struct page){ "web/list.html", list->title, list->language, view.values ? feed : NULL, NULL, values }, reply,
	                err);
}

static int get_list(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	const char *before = httpd_query(request, "before");
	if (web_list(web, request, &list, &arena, err) < 0)
		return -1;
	return before ? get_older(web, &list, before, reply, err) : form_page(web, &list, NULL, &(struct signup_in){ 0 }, reply, err);
}

/* A form of ours, for this list, filled in by hand: neither in no time nor from yesterday. */
static bool form_is_ours(struct web *web, const struct list *list, const char *text, int64_t *form)
{
	struct token token;
	if (!text || !token_verify(&web->ops.keys, bytes_text(text), TOKEN_FORM, 0, &token) || token.list != list->id)
		return false;
	int64_t age_us = clock_now().wall_us - token.extra * SECOND_US;
	*form = token.subscriber;
	return age_us >= FORM_LEAST_US - SECOND_US && age_us <= FORM_MOST_US;
}

/* More than ten times the usual: who means it can write. */
static int closed_for_today(struct web *web, const struct list *list, struct httpd_reply *reply, struct error *err)
{
	reply->status = 429;
	reply->retry_after_s = HOUR_S;
	return message(web, list,
	               (struct saying){ "write", "write_text", "write_more", list->owner_email ? list->owner_email : list->from_email },
	               reply, err);
}

static int check_mail(struct web *web, const struct list *list, struct httpd_reply *reply, struct error *err)
{
	return message(web, list, (struct saying){ "mailbox", "mailbox_text", "mailbox_more", NULL }, reply, err);
}

/* Whether a browser says that the form was on a page of somebody else. Our pages send no Referer, which makes a browser's Origin "null". */
static bool is_from_elsewhere(struct web *web, const struct httpd_request *request)
{
	const char *site = httpd_header(request, "Sec-Fetch-Site");
	const char *origin = httpd_header(request, "Origin");
	const char *host = httpd_header(request, "Host");
	const char *ours = web->ops.config->daemon.public_url;
	if (site && strcmp(site, "cross-site") == 0)
		return true;
	if (!origin || strcmp(origin, "null") == 0)
		return false;
	size_t size = strlen(origin);
	const char *name = strstr(origin, "://");
	bool is_ours = text_starts(ours, origin) && (!ours[size] || ours[size] == '/');
	return !is_ours && !(name && host && text_equal_nocase(name + 3, host));
}

/* RULES A3: what of a form is not as a person fills it in; NULL: nothing. */
static const char *wrong_form(struct web *web, const struct httpd_request *request, const struct list *list, int64_t *form)
{
	if (is_from_elsewhere(web, request))
		return "other_site";
	if (!form_is_ours(web, list, httpd_form(request, "form"), form))
		return "old_form";
	return NULL;
}

static int post_list(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	struct error why;
	struct signup_in in = { .email = httpd_form(request, "email"), .name = httpd_form(request, "name"), .peer = httpd_peer(request) };
	enum sign_up_answer answer = SIGN_UP_TAKEN;
	const char *trap = httpd_form(request, "website");
	if (web_list(web, request, &list, &arena, err) < 0)
		return -1;
	if (!in.email || !*in.email)
		return form_page(web, &list, "no_address", &in, reply, err);
	const char *wrong = wrong_form(web, request, &list, &in.form);
	if (wrong)
		return form_page(web, &list, wrong, &in, reply, err);
	/* A robot that fills every field is told the same as everybody. */
	if (trap && *trap)
		return check_mail(web, &list, reply, err);
	if (signup_ask(&web->ops, &list, &in, &answer, &why) < 0) {
		if (why.code == ERROR_INPUT)
			return form_page(web, &list, "bad_address", &in, reply, err);
		*err = why;
		return -1;
	}
	switch (answer) {
	case SIGN_UP_USED: return form_page(web, &list, "used_form", &in, reply, err);
	case SIGN_UP_PEER: return too_many(web, &list, "later_peer", reply, err);
	case SIGN_UP_DOMAIN: return too_many(web, &list, "later_domain", reply, err);
	case SIGN_UP_LIST: return closed_for_today(web, &list, reply, err);
	case SIGN_UP_TAKEN: break;
	}
	return check_mail(web, &list, reply, err);
}

static int confirm_page(struct web *web, const char *token, bool do_it, struct httpd_reply *reply, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	struct subscriber subscriber;
	int64_t list_id = 0;
	int64_t subscriber_id = 0;
	bool used = false;
	char action[600];
	int found = signup_find(&web->ops, token, &list_id, &subscriber_id, &used, err);
	if (found == 0)
		return neutral(web, reply, err);
	if (found < 0 || store_list_get(web->ops.db, list_id, &list, &arena, err) <= 0 ||
	    store_subscriber_get(web->ops.db, subscriber_id, &subscriber, &arena, err) <= 0)
		return -1;
	if (do_it && !used && signup_confirm(&web->ops, token, "link", &list_id, &subscriber_id, err) < 0)
		return -1;
	if (do_it || used)
		return message(web, &list, (struct saying){ "joined", "joined_text", "joined_more", NULL }, reply, err);
	snprintf(action, sizeof action, "/c/%s", token);
	return page(web, "web/confirm.html", "confirm_title", list.language,
	            json_pack("{s:o,s:s,s:s}", "list", web_list_values(&list), "email", subscriber.email, "action", action), reply, err);
}

static int get_confirm(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	return confirm_page(web, httpd_segment(request, "token"), false, reply, err);
}

static int post_confirm(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	return confirm_page(web, httpd_segment(request, "token"), true, reply, err);
}

static int leave_page(struct web *web, const char *name, const char *title_word, const char *text, const struct token *token,
                      bool is_undone, struct httpd_reply *reply, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list = { .title = "", .name = "", .description = "", .postal = "", .language = "en", .from_name = "" };
	char action[600];
	if (token->list && store_list_get(web->ops.db, token->list, &list, &arena, err) < 0)
		return -1;
	snprintf(action, sizeof action, "/u/%s", text);
	return page(web, name, title_word, list.language,
	            json_pack("{s:o,s:s,s:b,s:b,s:b}", "list", web_list_values(&list), "action", action, "is_test", token->is_test,
	                      "is_undone", is_undone, "can_undo", !token->is_test && token->list > 0),
	            reply, err);
}

static int get_unsubscribe(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	struct token token;
	const char *text = httpd_segment(request, "token");
	int found = reader_of_token(&web->ops, text, TOKEN_UNSUBSCRIBE, &token, err);
	if (found <= 0)
		return found < 0 ? -1 : neutral(web, reply, err);
	return leave_page(web, "web/unsubscribe.html", "unsubscribe_short", text, &token, false, reply, err);
}

/* RFC 8058: takes effect before the answer, which is 200; without cookies, Origin or Referer. */
static int post_unsubscribe(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	struct token token;
	const char *text = httpd_segment(request, "token");
	const char *undo = httpd_form(request, "undo");
	const char *one_click = httpd_form(request, "List-Unsubscribe");
	int found = reader_of_token(&web->ops, text, TOKEN_UNSUBSCRIBE, &token, err);
	if (found <= 0)
		return found < 0 ? -1 : neutral(web, reply, err);
	bool undone = undo && strcmp(undo, "1") == 0;
	int result = undone ? subscriber_undo_leave(&web->ops, &token, err)
	                    : subscriber_leave(&web->ops, &token, one_click ? "one-click" : "link", err);
	if (result < 0)
		return -1;
	return leave_page(web, "web/unsubscribed.html", undone ? "again" : "left", text, &token, undone, reply, err);
}

static int get_view(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	/* A mail's own page: its styles are inline and its pictures lie elsewhere; nothing in it runs. */
	static const char mail_csp[] =
		"default-src 'none'; style-src 'unsafe-inline'; img-src https: http:; frame-ancestors 'none'; base-uri 'none'; "
		"form-action 'none'; sandbox allow-popups";
	struct token token;
	int found = reader_of_token(&web->ops, httpd_segment(request, "token"), TOKEN_VIEW, &token, err);
	if (found <= 0 || token.extra <= 0)
		return found < 0 ? -1 : neutral(web, reply, err);
	reply->csp = mail_csp;
	return campaign_web_view(&web->ops, token.extra, &reply->body, err);
}

static const char *picture_type(const char *type)
{
	static const char *const types[] = { "image/png", "image/jpeg", "image/gif" };
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (strcmp(type, types[i]) == 0)
			return types[i];
	return NULL;
}

/* A picture that lay beside a post. Its address never shows another: it may be kept for good, and who has it costs no reading of it. */
static int get_picture(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct stored_file file = { 0 };
	const char *name = httpd_segment(request, "picture");
	const char *key = arena_copy(&arena, name, strcspn(name, "."));
	const char *type = NULL;
	int found = key && text_is_utf8(bytes_text(key)) ? store_file_type(web->ops.db, key, &type, &arena, err) : 0;
	if (found < 0)
		return -1;
	reply->content_type = found ? picture_type(type) : NULL;
	if (!reply->content_type)
		return error_set(err, ERROR_NOT_FOUND, "no such picture");
	reply->is_public = reply->is_forever = true;
	snprintf(reply->etag, sizeof reply->etag, "\"%.37s\"", key);
	if (httpd_has(request, reply->etag))
		return 0;
	found = store_file_get(web->ops.db, key, &file, &arena, err);
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, ERROR_NOT_FOUND, "no such picture");
	buffer_add_bytes(&reply->body, file.content);
	return buffer_check(&reply->body, err);
}

static int get_health(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	int64_t sending[1];
	size_t n = 0;
	(void)request;
	reply->content_type = "text/plain; charset=utf-8";
	if (store_campaign_sending(web->ops.db, 0, sending, 1, &n, err) < 0)
		return -1;
	buffer_add_text(&reply->body, "ok\n");
	return 0;
}

static int get_style(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)
{
	(void)request;
	reply->content_type = "text/css; charset=utf-8";
	reply->is_public = true;
	return ops_template(&web->ops, "web/style.css", &reply->body, err);
}

#define ROUTE(handler)                                                                                                                     \
	static int handler##_route(void *context, const struct httpd_request *request, struct httpd_reply *reply, struct error *err)       \
	{                                                                                                                                  \
		return locked(context, handler, request, reply, err);                                                                      \
	}
ROUTE(get_index)
ROUTE(get_list)
ROUTE(post_list)
ROUTE(get_confirm)
ROUTE(post_confirm)
ROUTE(get_unsubscribe)
ROUTE(post_unsubscribe)
ROUTE(get_view)
ROUTE(get_picture)
ROUTE(get_health)
ROUTE(get_style)
ROUTE(get_post)
ROUTE(get_digest)
ROUTE(get_feed)

static const struct httpd_route routes[] = {
	{ "GET", "/", get_index_route },
	{ "GET", "/healthz", get_health_route },
	{ "GET", "/style.css", get_style_route },
	{ "GET", "/c/{token}", get_confirm_route },
	{ "POST", "/c/{token}", post_confirm_route },
	{ "GET", "/u/{token}", get_unsubscribe_route },
	{ "POST", "/u/{token}", post_unsubscribe_route },
	{ "GET", "/v/{token}", get_view_route },
	{ "GET", "/i/{picture}", get_picture_route },
	{ "GET", "/{list}/feed.xml", get_feed_route },
	{ "GET", "/{list}/p/{slug}", get_post_route },
	{ "GET", "/{list}/d/{slug}", get_digest_route },
	{ "GET", "/{list}", get_list_route },
	{ "POST", "/{list}", post_list_route },
	{ NULL, NULL, NULL },
};

static void on_error(void *context, const struct error *err)
{
	(void)context;
	log_error("page failed error=%s text=\"%s\"", error_word(err->code), err->text);
}

int web_start(struct daemon *daemon, struct web **out, struct error *err)
{
	struct web *web = calloc(1, sizeof *web);
	if (!web)
		return error_set(err, ERROR_MEMORY, "out of memory");
	web->daemon = daemon;
	pthread_mutex_init(&web->mutex, NULL);
	*out = web;
	struct httpd_options options = { .listen = daemon->config->web.listen,
		                         .routes = routes,
		                         .context = web,
		                         .on_error = on_error,
		                         .trusted_proxies = daemon->config->web.trusted_proxies,
		                         .is_https = text_starts(daemon->config->daemon.public_url, "https:") };
	if (ops_again(&web->ops, &daemon->ops, err) == 0) {
		if (httpd_start(&options, &web->httpd, err) == 0)
			return 0;
		error_wrap(err, "[web] listen");
	}
	web_stop(out);
	return -1;
}

void web_stop(struct web **out)
{
	struct web *web = *out;
	if (!web)
		return;
	httpd_stop(&web->httpd);
	feeds_clear(&web->feeds);
	ops_close(&web->ops);
	pthread_mutex_destroy(&web->mutex);
	free(web);
	*out = NULL;
}
