#include "ops/links.h"
#include "base/text.h"
#include "message/lint.h"
#include "system/clock.h"
#include "system/http.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { HANDS = 8, ENOUGH_BYTES = 64 << 10 };

enum seen { NOT_SEEN, GOOD, DEAD, UNREACHED, REFUSED, NO_PICTURE };

struct look {
	const struct content_link *link;
	enum seen seen;
	int status;
	char why[160];
};

struct looks {
	struct look look[LINKS_MOST];
	size_t count;
	atomic_size_t next;
	int64_t until_us;
	bool allow_private;
};

/* Some servers answer HEAD with anything: what it says against a page is asked again with GET. */
static void look_at(struct http *http, const struct looks *looks, struct look *look)
{
	for (int i = 0; i < 2; i++) {
		struct http_reply reply = { 0 };
		struct error err = { 0 };
		struct http_request request = { .url = look->link->url,
			                        .accept = look->link->is_image ? "image/*" : "text/html, */*",
			                        .max_bytes = ENOUGH_BYTES,
			                        .timeout_us = looks->until_us - clock_now().mono_us,
			                        .allow_private = looks->allow_private,
			                        .head_only = i == 0 };
		if (request.timeout_us < SECOND_US / 10)
			return;
		int done = http_fetch(http, &request, &reply, &err);
		look->status = reply.status;
		snprintf(look->why, sizeof look->why, "%s", err.text);
		if (done < 0)
			look->seen = err.code == ERROR_FULL      ? GOOD /* more than we asked for: it is there */
			             : err.code == ERROR_DENIED  ? REFUSED
			             : err.code == ERROR_TIMEOUT ? NOT_SEEN
			                                         : UNREACHED;
		else if (reply.status >= 400)
			look->seen = reply.status == 404 || reply.status == 410 ? DEAD : UNREACHED;
		else
			look->seen =
				look->link->is_image && reply.content_type && !text_starts_nocase(bytes_text(reply.content_type), "image/")
					? NO_PICTURE
					: GOOD;
		http_reply_clear(&reply);
		if (look->seen == GOOD || look->seen == REFUSED || look->seen == NOT_SEEN)
			return;
	}
}

static void *hand(void *arg)
{
	struct looks *looks = arg;
	struct http *http = http_new();
	size_t i = 0;
	while (http && (i = atomic_fetch_add(&looks->next, 1)) < looks->count && clock_now().mono_us < looks->until_us)
		look_at(http, looks, &looks->look[i]);
	http_free(&http);
	return NULL;
}

static bool is_known(const struct looks *looks, const char *url)
{
	for (size_t i = 0; i < looks->count; i++)
		if (strcmp(looks->look[i].link->url, url) == 0)
			return true;
	return false;
}

/* Our own pages are not asked: their links belong to a reader, and we know that they are there. */
static size_t choose(const struct content_link *links, size_t n, const char *ours, struct looks *looks)
{
	char host[256];
	char own[256] = "";
	size_t left_out = 0;
	lint_host(ours, own);
	for (size_t i = 0; i < n; i++) {
		if (!lint_host(links[i].url, host) || strcmp(host, own) == 0 || is_known(looks, links[i].url))
			continue;
		if (looks->count < LINKS_MOST)
			looks->look[looks->count++].link = &links[i];
		else
			left_out++;
	}
	return left_out;
}

static void say(const struct look *look, const char *main_url, struct findings *findings)
{
	const char *url = look->link->url;
	bool is_image = look->link->is_image;
	bool is_main = main_url && strcmp(url, main_url) == 0;
	char where[40];
	snprintf(where, sizeof where, "HTML, line %u", look->link->line);
	switch (look->seen) {
	case DEAD:
		findings_add(findings, is_image || is_main ? FINDING_FAULT : FINDING_WARNING, is_image ? "image" : "link", where,
		             is_image ? "upload it, or take it out" : "mend the address", "%.180s is not there (%d)", url, look->status);
		break;
	case NO_PICTURE:
		findings_add(findings, FINDING_FAULT, "image", where, "give the address of the picture itself", "%.180s is no picture",
		             url);
		break;
	case REFUSED:
		findings_add(findings, FINDING_FAULT, is_image ? "image" : "link", where, "write an address that readers can reach",
		             "%.200s", look->why);
		break;
	case UNREACHED:
		if (look->status)
			findings_add(findings, FINDING_WARNING, is_image ? "image" : "link", where, "look at it in a browser",
			             "%.180s answers %d", url, look->status);
		else
			findings_add(findings, FINDING_WARNING, is_image ? "image" : "link", where, "look at it in a browser", "%.200s",
			             look->why);
		break;
	default: break;
	}
}

int links_check(struct ops *ops, const struct content_link *links, size_t n, const char *main_url, int64_t budget_us,
                struct findings *findings, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct looks *looks = arena_alloc(&arena, sizeof *looks);
	pthread_t thread[HANDS];
	size_t hands = 0;
	if (!looks)
		return error_set(err, ERROR_MEMORY, "out of memory");
	size_t unseen = choose(links, n, ops->config->daemon.public_url, looks);
	looks->until_us = clock_now().mono_us + budget_us;
	looks->allow_private = ops->config->source.allow_private;
	while (hands < HANDS && hands < looks->count && pthread_create(&thread[hands], NULL, hand, looks) == 0)
		hands++;
	for (size_t i = 0; i < hands; i++)
		pthread_join(thread[i], NULL);
	for (size_t i = 0; i < looks->count; i++) {
		say(&looks->look[i], main_url, findings);
		unseen += looks->look[i].seen == NOT_SEEN;
	}
	if (unseen > 0)
		findings_add(findings, FINDING_WARNING, "link", "", "look at them yourself, or check again",
		             "%zu links or pictures could not be looked at in time", unseen);
	return 0;
}
