/* Joining by hand, and leaving by whatever way. */
#include "base/json.h"
#include "base/text.h"
#include "model/address.h"
#include "ops/lists.h"
#include "ops/signup.h"
#include "ops/subscribers.h"
#include "pacing/provider.h"
#include "store/delivery.h"
#include "system/clock.h"

static int check_attributes(const char *text, struct error *err)
{
	CLEANUP(json_free) json_t *object = text ? json_read(bytes_text(text), err) : json_object();
	if (!object)
		return error_wrap(err, "attributes");
	return json_is_object(object) ? 0 : error_set(err, ERROR_INPUT, "attributes: write a JSON object, such as {\"city\":\"Bonn\"}");
}

int subscriber_add(struct ops *ops, const struct list *list, const struct subscriber_in *in, struct actor actor, int64_t *id,
                   enum join_result *result, struct error *err)
{
	struct address address;
	const char *name = in->name ? in->name : "";
	if (address_read(bytes_text(in->email), &address, err) < 0 || check_attributes(in->attributes, err) < 0)
		return -1;
	if (strlen(name) > 255 || text_has_control(bytes_text(name)) || !text_is_utf8(bytes_text(name)))
		return error_set(err, ERROR_INPUT, "name: must be one line of UTF-8 text, at most 255 bytes");
	if (!in->consent || !*in->consent)
		return error_set(err, ERROR_INPUT, "say where the consent came from: --consent \"asked by phone, 2026-05-01\"");
	struct join join = { .email = address.text,
		             .email_key = address.key,
		             .name = name,
		             .attributes = in->attributes ? in->attributes : "{}",
		             .provider = provider_of(ops->providers, address.domain),
		             .event = in->confirm ? SUBSCRIPTION_ON_REQUEST : SUBSCRIPTION_ON_IMPORT,
		             .is_update = true,
		             .how = "added by hand",
		             .text = in->consent,
		             .evidence = "" };
	if (ops_room(ops, err) < 0 || store_join(ops->db, list->id, &join, 1, clock_now().wall_us, err) < 0)
		return -1;
	*id = join.subscriber_id;
	*result = (enum join_result)join.result;
	if (join.result == JOIN_PENDING && signup_mail(ops, list, join.subscriber_id, address.text, err) < 0)
		return -1;
	return ops_audit(ops, actor, "subscriber add", list->name, "", err);
}

int reader_of_token(struct ops *ops, const char *text, enum token_purpose purpose, struct token *token, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct subscriber subscriber;
	if (!token_claims(bytes_text(text), token) || token->purpose != purpose)
		return 0;
	/* The sample reader of a test mail is nobody, and its links work like anybody's. */
	if (token->is_test && token->subscriber == 0)
		return token_verify(&ops->keys, bytes_text(text), purpose, 0, token);
	int found = store_subscriber_get(ops->db, token->subscriber, &subscriber, &arena, err);
	if (found <= 0)
		return found;
	return token_verify(&ops->keys, bytes_text(text), purpose, subscriber.epoch, token);
}

int subscriber_leave(struct ops *ops, const struct token *token, const char *how, struct error *err)
{
	enum subscription_state was = SUBSCRIPTION_NONE;
	int64_t now_us = clock_now().wall_us;
	if (token->is_test)
		return 0;
	if (store_leave(ops->db, token->list, token->subscriber, token->extra, how, now_us, &was, err) < 0)
		return -1;
	/* Who leaves by a mail's link had the mail. */
	if (token->extra > 0 && store_delivery_proved(ops->db, token->extra, token->subscriber, now_us, err) < 0)
		return -1;
	return 0;
}

int subscriber_undo_leave(struct ops *ops, const struct token *token, struct error *err)
{
	if (token->is_test)
		return 0;
	int changed = store_subscription_apply(ops->db, token->list, token->subscriber, SUBSCRIPTION_ON_CONFIRM, "undo", "", "",
	                                       clock_now().wall_us, err);
	return changed < 0 ? -1 : 0;
}

int subscriber_of_text(struct ops *ops, struct bytes text, struct subscriber *out, struct arena *arena, struct error *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	struct token token;
	const char *at = text.data;
	while ((at = memmem(at, (size_t)(text.data + text.size - at), "/u/", 3))) {
		char link[TOKEN_TEXT] = "";
		size_t n = 0;
		for (at += 3; at < text.data + text.size && n + 1 < sizeof link && *at && strchr(letters, *at); at++)
			link[n++] = *at;
		int found = reader_of_token(ops, link, TOKEN_UNSUBSCRIBE, &token, err);
		if (found > 0)
			found = store_subscriber_get(ops->db, token.subscriber, out, arena, err);
		if (found != 0)
			return found < 0 ? -1 : 0;
	}
	return error_set(err, ERROR_NOT_FOUND, "there is no unsubscribe link of a reader of ours in it");
}

int subscriber_find(struct ops *ops, const char *who, struct subscriber *out, struct arena *arena, struct error *err)
{
	struct address address;
	int64_t id = 0;
	if (units_integer(who, 1, INT64_MAX, &id, NULL) == 0) {
		int found = store_subscriber_get(ops->db, id, out, arena, err);
		return found == 0 ? error_set(err, ERROR_NOT_FOUND, "there is no subscriber %s", who) : found > 0 ? 0 : -1;
	}
	if (address_read(bytes_text(who), &address, err) < 0)
		return -1;
	int found = store_subscriber_find(ops->db, address.key, out, arena, err);
	return found == 0 ? error_set(err, ERROR_NOT_FOUND, "there is no subscriber %s", address.text) : found > 0 ? 0 : -1;
}

int subscriber_unsubscribe(struct ops *ops, const char *email, const char *list, struct actor actor, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct subscriber subscriber;
	struct list found = { 0 };
	enum subscription_state was = SUBSCRIPTION_NONE;
	if (subscriber_find(ops, email, &subscriber, &arena, err) < 0 || (list && list_find(ops, list, &found, &arena, err) < 0))
		return -1;
	if (store_leave(ops->db, found.id, subscriber.id, 0, "by hand", clock_now().wall_us, &was, err) < 0)
		return -1;
	char id[UNITS_TEXT];
	snprintf(id, sizeof id, "%" PRId64, subscriber.id);
	return ops_audit(ops, actor, "subscriber unsubscribe", id, list ? list : "all lists", err);
}

static int set_cadence(struct ops *ops, int64_t subscriber, const char *list, const char *cadence, struct error *err)
{
	enum { LISTS = 1000 };
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct membership *rows = arena_alloc(&arena, LISTS * sizeof *rows);
	int64_t changed = 0;
	size_t n = 0;
	if (strcmp(cadence, "each") != 0 && strcmp(cadence, "daily") != 0 && strcmp(cadence, "weekly") != 0)
		return error_set(err, ERROR_INPUT, "cadence \"%.20s\": write each, daily or weekly", cadence);
	if (!rows)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (store_membership_all(ops->db, subscriber, rows, LISTS, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int64_t one = 0;
		if (list && strcmp(rows[i].list, list) != 0)
			continue;
		if (store_subscription_set_cadence(ops->db, rows[i].list_id, subscriber, cadence, &one, err) < 0)
			return -1;
		changed += one;
	}
	return changed ? 0 : error_set(err, ERROR_NOT_FOUND, "the reader is not on %s", list ? list : "any list");
}

int subscriber_set(struct ops *ops, const char *email, const char *list, const char *cadence, const char *name, struct actor actor,
                   struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct subscriber subscriber;
	struct list found;
	char id[UNITS_TEXT];
	if (subscriber_find(ops, email, &subscriber, &arena, err) < 0 || (list && list_find(ops, list, &found, &arena, err) < 0))
		return -1;
	if (name && (strlen(name) >= JOB_NAME_BYTES || text_has_control(bytes_text(name)) || !text_is_utf8(bytes_text(name))))
		return error_set(err, ERROR_INPUT, "the name is longer than 255 bytes, holds control characters or is no UTF-8");
	if (cadence && set_cadence(ops, subscriber.id, list, cadence, err) < 0)
		return -1;
	if (name && store_subscriber_set_name(ops->db, subscriber.id, name, clock_now().wall_us, err) < 0)
		return -1;
	snprintf(id, sizeof id, "%" PRId64, subscriber.id);
	return ops_audit(ops, actor, "subscriber set", id, cadence ? cadence : "", err);
}
