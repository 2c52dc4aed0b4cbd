/* pages - what the handlers of the readers' pages share. Within the folder only. Every handler runs with the web's mutex held: it is short.
 */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H
#include "daemon/web/feeds.h"
#include "httpd/httpd.h"
#include "ops/ops.h"
#include "store/list.h"
#include <jansson.h>

struct web;
typedef int page_handler(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err);

struct ops *web_ops(struct web *web);
struct feeds *web_feeds(struct web *web);
/* The open list that the path names, or NOT_FOUND. */
MUST_CHECK int web_list(struct web *web, const struct httpd_request *request, struct list *list, struct arena *arena, struct error *err);
json_t *web_list_values(const struct list *list);

struct page {
	const char *template;         /* "web/list.html" */
	const char *title, *language; /* of the page's own words */
	const char *feed, *canonical; /* paths for its head, or NULL */
	json_t *values;               /* taken; NULL: memory was out */
};
/* A page in its frame. */
MUST_CHECK int web_page(struct web *web, struct page page, struct httpd_reply *reply, struct error *err);

/* archive.c */
int get_digest(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err);
int get_post(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err);
int get_feed(struct web *web, const struct httpd_request *request, struct httpd_reply *reply, struct error *err);
/* Older issues of a list: its page without the form. */
int get_older(struct web *web, const struct list *list, const char *before, struct httpd_reply *reply, struct error *err);
#endif
