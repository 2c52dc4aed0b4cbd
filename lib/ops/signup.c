#include "ops/signup.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "message/notice.h"
#include "model/address.h"
#include "ops/subscribers.h"
#include "pacing/provider.h"
#include "store/delivery.h"
#include "store/event.h"
#include "system/clock.h"
#include "system/random.h"
#include "template/template.h"

enum { CONFIRM_BYTES = 16, MAILS_A_DAY = 1, MAILS_UNCONFIRMED = 3 };
#define CONFIRM_LIFE_US (7 * DAY_US)

/* What both templates of the confirmation see. */
static json_t *values(const struct list *list, const char *email, const char *url)
{
	return json_pack("{s:{s:s,s:s,s:s,s:s},s:s,s:{s:s}}", "list", "title", list->title, "postal", list->postal, "from_email",
	                 list->from_email, "language", list->language, "confirm_url", url, "reader", "email", email);
}

static int render(struct ops *ops, const char *name, const json_t *context, bool is_html, struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
	CLEANUP(template_free) struct template *template = NULL;
	if (ops_template(ops, name, &text, err) < 0 || template_compile(buffer_bytes(&text), name, &template, err) < 0)
		return -1;
	return template_render(template, context, NULL, is_html ? TEMPLATE_HTML : TEMPLATE_TEXT, out, err);
}

static int compose(struct ops *ops, const struct list *list, const char *email, const char *url, struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(1 << 20);
	CLEANUP(json_free) json_t *context = values(list, email, url);
	char subject[256];
	char id[37];
	snprintf(subject, sizeof subject, "Please confirm: %.200s", list->title);
	random_uuid(id);
	if (render(ops, "mail/confirm.txt", context, false, &text, err) < 0 ||
	    render(ops, "mail/confirm.html", context, true, &html, err) < 0)
		return -1;
	struct notice_in in = { .from_name = list->from_name,
		                .from_email = list->from_email,
		                .to_email = email,
		                .reply_to = list->reply_to,
		                .subject = subject,
		                .text = buffer_text(&text),
		                .html = buffer_text(&html),
		                .language = list->language,
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

/* RULES A2: one confirmation a day for an address, three in all while nobody confirms. 1 may be mailed. */
static int may_mail(struct ops *ops, const struct list *list, int64_t subscriber, int64_t now_us, struct error *err)
{
	int64_t today = 0;
	int64_t ever = 0;
	if (store_confirmation_count(ops->db, list->id, subscriber, now_us - DAY_US, &today, err) < 0 ||
	    store_confirmation_count(ops->db, list->id, subscriber, 0, &ever, err) < 0)
		return -1;
	return today < MAILS_A_DAY && ever < MAILS_UNCONFIRMED;
}

int signup_request(struct ops *ops, const struct list *list, const char *email, const char *name, const char *how, const char *saw,
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
	/* A suppressed address gets no mail, an active reader needs none; the page says the same to all (RULES A4). */
	bool wants_mail = join.result == JOIN_PENDING || join.result == JOIN_NEW || join.result == JOIN_LEFT;
	if (!wants_mail)
		return 0;
	int allowed = may_mail(ops, list, join.subscriber_id, now_us, err);
	return allowed <= 0 ? allowed : signup_mail(ops, list, join.subscriber_id, address.text, err);
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
