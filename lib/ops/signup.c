#include "ops/signup.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "message/flow.h"
#include "message/notice.h"
#include "model/address.h"
#include "ops/render.h"
#include "ops/subscribers.h"
#include "pacing/provider.h"
#include "policy/sign_up.h"
#include "store/delivery.h"
#include "store/event.h"
#include "system/clock.h"
#include "system/network.h"
#include "system/random.h"
#include <stdio.h>

enum { CONFIRM_BYTES = 16, MAILS_A_DAY = 1, MAILS_UNCONFIRMED = 3 };
#define CONFIRM_LIFE_US (7 * DAY_US)

static json_t *values_of(const struct list *list, const char *email, const char *url)
{
	return json_pack("{s:{s:s,s:s,s:s},s:s,s:{s:s}}", "list", "title", list->title, "postal", list->postal, "from_email",
	                 list->from_email, "confirm_url", url, "reader", "email", email);
}

/* "Please confirm: Example News", as the words say it. */
static int write_subject(struct ops *ops, const struct list *list, const json_t *values, struct buffer *out, struct error *err)
{
	CLEANUP(template_free) struct template *template = NULL;
	CLEANUP(json_free) json_t *words = ops_words(ops, list->language, err);
	const char *text = words ? json_text(words, "confirm_subject") : NULL;
	if (!words || template_compile(bytes_text(text ? text : "{{list.title}}"), "confirm_subject", &template, err) < 0)
		return -1;
	return template_render(template, values, NULL, TEMPLATE_TEXT, out, err);
}

/* The confirmation in its list's language. */
static int compose(struct ops *ops, const struct list *list, const char *email, const char *url, struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer subject = BUFFER_INIT(1024);
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer flowed = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(1 << 20);
	CLEANUP(json_free) json_t *values = values_of(list, email, url);
	char id[37];
	if (!values)
		return error_set(err, ERROR_INPUT, "a text of list %s is no UTF-8", list->name);
	if (write_subject(ops, list, values, &subject, err) < 0 ||
	    json_object_set_new(values, "subject", json_string(buffer_text(&subject))) < 0 ||
	    ops_render(ops, "mail/confirm.txt", list->language, values, &text, err) < 0 ||
	    flow_text(buffer_bytes(&text), &flowed, err) < 0 ||
	    ops_render(ops, "mail/confirm.html", list->language, values, &html, err) < 0)
		return -1;
	random_uuid(id);
	struct notice_in in = { .from_name = list->from_name,
		                .from_email = list->from_email,
		                .to_email = email,
		                .reply_to = list->reply_to,
		                .subject = buffer_text(&subject),
		                .text = buffer_text(&flowed),
		                .is_flowed = true,
		                .html = buffer_text(&html),
		                .message_id_left = id,
		                .date_us = clock_now().wall_us,
		                .auto_submitted = "auto-generated" };
	return notice_compose(&in, out, err);
}

int signup_mail(struct ops *ops, const struct list *list, int64_t subscriber, const char *email, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer token = BUFFER_INIT(64);
	CLEANUP(buffer_clear) struct buffer message = BUFFER_INIT(1 << 20);
	uint8_t secret[CONFIRM_BYTES];
	uint8_t hash[DIGEST_BYTES];
	char url[512];
	int64_t now_us = clock_now().wall_us;
	random_bytes(secret, sizeof secret);
	digest_base64url(secret, sizeof secret, &token);
	digest_sha256(buffer_bytes(&token), hash);
	snprintf(url, sizeof url, "%s/c/%s", ops->config->daemon.public_url, buffer_text(&token));
	if (compose(ops, list, email, url, &message, err) < 0)
		return error_wrap(err, "confirmation mail");
	struct notice notice = { .kind = "confirmation",
		                 .list_id = list->id,
		                 .subscriber_id = subscriber,
		                 .email = email,
		                 .sender = list->from_email,
		                 .message = buffer_bytes(&message) };
	int64_t id = 0;
	if (store_confirmation_add(ops->db, hash, list->id, subscriber, now_us, now_us + CONFIRM_LIFE_US, err) < 0)
		return -1;
	return store_notice_add(ops->db, &notice, now_us, &id, err);
}

/* RULES A2: one confirmation a day for an address and list; three in all while nobody confirms, whatever lists they are for. 1 may be
 * mailed. */
static int may_mail(struct ops *ops, const struct list *list, int64_t subscriber, int64_t now_us, struct error *err)
{
	int64_t today = 0;
	int64_t ever = 0;
	if (store_confirmation_count(ops->db, list->id, subscriber, now_us - DAY_US, &today, err) < 0 ||
	    store_confirmation_count(ops->db, 0, subscriber, 0, &ever, err) < 0)
		return -1;
	return today < MAILS_A_DAY && ever < MAILS_UNCONFIRMED;
}

/* What is kept of a person for an hour's counting is no use to anybody else. */
static void keyed(const struct ops *ops, const char *text, struct buffer *out)
{
	uint8_t mac[DIGEST_BYTES];
	digest_hmac((struct bytes){ (const char *)ops->keys.keys[0].secret, TOKEN_KEY_BYTES }, bytes_text(text), mac);
	digest_base64url(mac, 16, out);
}

int signup_ask(struct ops *ops, const struct list *list, const struct signup_in *in, enum sign_up_answer *answer, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer peer = BUFFER_INIT(64);
	CLEANUP(buffer_clear) struct buffer hash = BUFFER_INIT(64);
	struct address address;
	struct network host;
	char customer[NETWORK_TEXT];
	char how[128];
	int64_t before[SIGN_UP_DAYS];
	int64_t now_us = clock_now().wall_us;
	if (address_read(bytes_text(in->email), &address, err) < 0 || ops_room(ops, err) < 0 ||
	    store_sign_up_days(ops->db, list->id, now_us, before, SIGN_UP_DAYS, err) < 0)
		return -1;
	if (network_read(bytes_text(in->peer), &host)) {
		network_of_customer(&host, customer);
		keyed(ops, customer, &peer);
	}
	keyed(ops, address.key, &hash);
	snprintf(how, sizeof how, "form /%s", list->name);
	bool is_utf8 = in->name && text_is_utf8(bytes_text(in->name));
	struct sign_up row = { .form = in->form,
		               .list_id = list->id,
		               .peer = buffer_text(&peer),
		               .domain = address.domain,
		               .address = buffer_text(&hash),
		               .email = address.text,
		               .name = is_utf8 ? in->name : "",
		               .how = how,
		               .at_us = now_us };
	struct sign_up_limits limits =
		policy_sign_ups(before, ops->config->web.sign_ups_a_day, provider_of(ops->providers, address.domain) > 0);
	struct sign_up_most most = { limits.peer_an_hour, limits.domain_an_hour, limits.list_a_day, limits.fresh_a_day };
	return store_sign_up(ops->db, &row, &most, answer, err);
}

/* A sign-up as it was asked for. The answer was the same for all; the difference goes by mail only (RULES A4). */
static int request(struct ops *ops, const struct list *list, const char *email, const char *name, const char *how, const char *saw,
                   struct error *err)
{
	struct address address;
	int64_t now_us = clock_now().wall_us;
	CLEANUP(buffer_clear) struct buffer line = BUFFER_INIT(1024);
	if (address_read(bytes_text(email), &address, err) < 0)
		return -1;
	text_squeeze(bytes_text(name ? name : ""), &line);
	bool good_name = !line.failed && line.size <= 255 && text_is_utf8(buffer_bytes(&line)) && !text_has_control(buffer_bytes(&line));
	struct join join = { .email = address.text,
		             .email_key = address.key,
		             .name = good_name ? buffer_text(&line) : "",
		             .attributes = "{}",
		             .provider = provider_of(ops->providers, address.domain),
		             .event = SUBSCRIPTION_ON_REQUEST,
		             .how = how,
		             .text = saw,
		             .evidence = "" };
	if (ops_room(ops, err) < 0 || store_join(ops->db, list->id, &join, 1, now_us, err) < 0)
		return -1;
	/* A suppressed address gets no mail, an active reader needs none. */
	bool wants_mail = join.result == JOIN_PENDING || join.result == JOIN_NEW || join.result == JOIN_LEFT;
	if (!wants_mail)
		return 0;
	int allowed = may_mail(ops, list, join.subscriber_id, now_us, err);
	return allowed <= 0 ? allowed : signup_mail(ops, list, join.subscriber_id, address.text, err);
}

static int do_one(struct ops *ops, const struct sign_up *row, struct arena *arena, struct error *err)
{
	struct list list;
	int found = store_list_get(ops->db, row->list_id, &list, arena, err);
	if (found < 0 || (found > 0 && !list.closed_us && request(ops, &list, row->email, row->name, row->how, "list page", err) < 0))
		return -1;
	return store_sign_up_done(ops->db, row->id, clock_now().wall_us, err);
}

int signup_run(struct ops *ops, struct error *err)
{
	enum { PAGE = 50 };
	int64_t after = 0;
	int result = 0;
	size_t n = PAGE;
	while (n == PAGE) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct sign_up rows[PAGE];
		struct error why = { 0 };
		if (store_sign_up_waiting(ops->db, after, rows, PAGE, &n, &arena, err) < 0)
			return -1;
		/* One that fails, by a broken template, waits; the others go on. */
		for (size_t i = 0; i < n; i++) {
			if (do_one(ops, &rows[i], &arena, result < 0 ? &why : err) < 0)
				result = -1;
			after = rows[i].id;
		}
	}
	return result;
}

static void hash_of(const char *token, uint8_t hash[DIGEST_BYTES])
{
	digest_sha256(bytes_text(token), hash);
}

int signup_find(struct ops *ops, const char *token, int64_t *list, int64_t *subscriber, bool *used, struct error *err)
{
	uint8_t hash[DIGEST_BYTES];
	hash_of(token, hash);
	return store_confirmation_find(ops->db, hash, clock_now().wall_us, list, subscriber, used, err);
}

int signup_confirm(struct ops *ops, const char *token, const char *how, int64_t *list, int64_t *subscriber, struct error *err)
{
	uint8_t hash[DIGEST_BYTES];
	hash_of(token, hash);
	return store_confirmation_use(ops->db, hash, how, "", clock_now().wall_us, list, subscriber, err);
}
