#include "ops/lists.h"
#include "ops/providers.h"
#include "base/digest.h"
#include "base/text.h"
#include "model/address.h"
#include "ops/digests.h"
#include "ops/posts.h"
#include "system/clock.h"
#include "system/random.h"
#include "system/zone_file.h"

enum { POST_TOKEN_BYTES = 10 };

static const char *const reserved[] = { "api", "desk", "metrics", "healthz", "c", "u", "s", "v", "l", "p", "style", "static" };

bool list_name_is_valid(const char *name, struct error *err)
{
	size_t size = strlen(name);
	bool good = size >= 2 && size <= 63 && name[0] >= 'a' && name[0] <= 'z';
	for (size_t i = 0; i < size && good; i++)
		good = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') || name[i] == '-';
	if (!good) {
		error_set(err, ERROR_INPUT, "\"%.64s\" is no list name: take a-z, 0-9 and -, a letter first, 2 to 63 characters", name);
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(reserved); i++)
		if (strcmp(name, reserved[i]) == 0) {
			error_set(err, ERROR_INPUT, "\"%s\" is a page of Gazette's own: take another list name", name);
			return false;
		}
	return true;
}

static int no_control(const char *field, const char *value, struct error *err)
{
	if (value && (!text_is_utf8(bytes_text(value)) || text_has_control(bytes_text(value))))
		return error_set(err, ERROR_INPUT, "%s: must be one line of UTF-8 text", field);
	return 0;
}

/* An address option: checked and written back in its normal form. */
static int take_address(const char *field, const char *value, const char **out, struct arena *arena, struct error *err)
{
	struct address address;
	if (!value)
		return 0;
	if (!*value) {
		*out = NULL;
		return 0;
	}
	if (address_read(bytes_text(value), &address, err) < 0)
		return error_wrap(err, "%s", field);
	*out = arena_text(arena, address.text);
	return *out ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

static int take_from(const char *from, struct list *list, struct arena *arena, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer name = BUFFER_INIT(1024);
	struct address address;
	if (!from)
		return 0;
	if (address_read_mailbox(bytes_text(from), &name, &address, err) < 0 || no_control("from", buffer_text(&name), err) < 0)
		return error_wrap(err, "from");
	if (strpbrk(buffer_text(&name), "<>"))
		return error_set(err, ERROR_INPUT, "from: one address: News <news@example.org>");
	list->from_email = arena_text(arena, address.text);
	list->from_name = arena_text(arena, buffer_text(&name));
	return list->from_email && list->from_name ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

static int take_return_path(const char *pattern, struct list *list, struct error *err)
{
	if (!pattern)
		return 0;
	if (*pattern && (!strstr(pattern, "{token}") || !strchr(pattern, '@')))
		return error_set(err, ERROR_INPUT, "return_path: write it as bounce+{token}@example.org");
	list->return_path = *pattern ? pattern : NULL;
	return 0;
}

static int take_pace(const struct ops *ops, const struct list_in *in, struct list *list, struct error *err)
{
	struct pacing_rates rates;
	bool is_known = !in->relay || !*in->relay;
	if (in->rate && rates_read(in->rate, &rates, err) < 0)
		return error_wrap(err, "rate");
	for (size_t i = 0; !is_known && i < ops->config->relay_count; i++)
		is_known = strcmp(ops->config->relay[i].name, in->relay) == 0;
	if (!is_known)
		return error_set(err, ERROR_INPUT, "relay: the configuration has no [relay:%.40s]", in->relay);
	list->rate = in->rate ? in->rate : list->rate;
	list->relay = in->relay ? in->relay : list->relay;
	return 0;
}

static int check_addresses(const char *what, const char *addresses, struct error *err)
{
	struct bytes rest = bytes_text(addresses ? addresses : "");
	struct bytes part;
	while (text_next_part(&rest, ", ", &part)) {
		struct address address;
		if (address_read(part, &address, err) < 0)
			return error_wrap(err, "%s", what);
	}
	return 0;
}

/* RFC 5646 as far as words and dates go: de, pt-BR. */
static int check_language(const char *language, struct error *err)
{
	size_t size = language ? strspn(language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;
	/* It becomes the name of a file of words, and stands in headers. */
	const char *rest = language ? language + size : "";
	bool is_tag = strlen(rest) < 32 && strspn(rest, "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(rest);
	if (!language || !*language || ((size == 2 || size == 3) && (!*rest || *rest == '-') && is_tag))
		return 0;
	return error_set(err, ERROR_INPUT, "language: \"%.40s\" is no language's code: en, he, ar, de, fr, es, ru, ...", language);
}

/* What decides about posts, checked before it is kept. */
static int check_flow(const struct list_in *in, struct error *err)
{
	CLEANUP(zone_free) struct zone *zone = NULL;
	struct source source;
	if (in->timezone && zone_load(in->timezone, &zone, err) < 0)
		return error_wrap(err, "timezone");
	if (in->policy && source_policy_read(in->policy, &source, err) < 0)
		return -1;
	if (check_addresses("editors", in->editors, err) < 0 || check_addresses("testers", in->testers, err) < 0)
		return -1;
	return check_language(in->language, err);
}

/* Lays what was given over *list. */
static int apply(const struct ops *ops, const struct list_in *in, struct list *list, struct arena *arena, struct error *err)
{
	const struct {
		const char *name, *value;
		const char **to;
		bool may_be_empty;
	} texts[] = {
		{ "title", in->title, &list->title, false },          { "description", in->description, &list->description, true },
		{ "postal", in->postal, &list->postal, true },        { "language", in->language, &list->language, false },
		{ "timezone", in->timezone, &list->timezone, false }, { "template", in->template, &list->template, false },
		{ "testers", in->testers, &list->testers, true },     { "policy", in->policy, &list->policy, false },
		{ "editors", in->editors, &list->editors, true },
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (no_control(texts[i].name, texts[i].value, err) < 0)
			return -1;
		if (texts[i].value && !texts[i].may_be_empty && text_trim(bytes_text(texts[i].value)).size == 0)
			return error_set(err, ERROR_INPUT, "%s: can not be empty", texts[i].name);
		if (texts[i].value)
			*texts[i].to = texts[i].value;
	}
	if (in->needs_approval >= 0)
		list->needs_approval = in->needs_approval;
	if (in->is_public >= 0)
		list->is_public = in->is_public;
	if (check_flow(in, err) < 0 || take_pace(ops, in, list, err) < 0 || list_take_looks(ops, in, list, arena, err) < 0 ||
	    take_from(in->from, list, arena, err) < 0 || take_return_path(in->return_path, list, err) < 0 ||
	    take_address("reply_to", in->reply_to, &list->reply_to, arena, err) < 0 ||
	    take_address("owner", in->owner, &list->owner_email, arena, err) < 0)
		return -1;
	return 0;
}

/* The secret part of the address that editors mail posts to. */
static void make_post_token(struct list *list, struct buffer *token)
{
	uint8_t secret[POST_TOKEN_BYTES];
	random_bytes(secret, sizeof secret);
	digest_base32(secret, sizeof secret, token);
	list->post_token = buffer_text(token);
}

int list_create(struct ops *ops, const struct list_in *in, struct actor actor, int64_t *id, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list = { .name = in->name,
		             .title = in->name,
		             .description = "",
		             .postal = "",
		             .language = "en",
		             .timezone = ops->config->daemon.timezone,
		             .template = "letter",
		             .theme = "",
		             .text_links = "notes",
		             .images = "link",
		             .testers = "",
		             .rate = "",
		             .relay = "",
		             .policy = "draft",
		             .editors = "",
		             .is_public = true,
		             .created_us = clock_now().wall_us };
	if (!in->name || !list_name_is_valid(in->name, err))
		return in->name ? -1 : error_set(err, ERROR_INPUT, "a list needs a name");
	if (!in->from)
		return error_set(err, ERROR_INPUT, "a list needs a sender: --from \"Example News <news@example.org>\"");
	if (apply(ops, in, &list, &arena, err) < 0)
		return -1;
	/* RFC 2919: a List-Id never changes, so it is fixed now, under the sender's own domain. */
	list.list_id = in->list_id ? in->list_id : arena_format(&arena, "%s.%s", in->name, strchr(list.from_email, '@') + 1);
	char domain[256];
	if (!list.list_id || address_read_domain(bytes_text(list.list_id), domain, err) < 0)
		return error_wrap(err, "list_id");
	CLEANUP(buffer_clear) struct buffer token = BUFFER_INIT(64);
	make_post_token(&list, &token);
	if (store_list_create(ops->db, &list, id, err) < 0 || digest_prepare(ops, *id, list.created_us, err) < 0)
		return -1;
	return ops_audit(ops, actor, "list create", in->name, "", err);
}

int list_set(struct ops *ops, const char *name, const struct list_in *in, struct actor actor, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	if (list_find(ops, name, &list, &arena, err) < 0 || apply(ops, in, &list, &arena, err) < 0)
		return -1;
	CLEANUP(buffer_clear) struct buffer token = BUFFER_INIT(64);
	if (in->editors && !*list.post_token)
		make_post_token(&list, &token);
	if (store_list_update(ops->db, &list, err) < 0 || (in->timezone && store_digest_forget_next(ops->db, list.id, err) < 0))
		return -1;
	return ops_audit(ops, actor, "list set", name, "", err);
}

static int not_found(struct ops *ops, const char *name, struct error *err)
{
	enum { NEAR = 256 };
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list *lists = arena_alloc(&arena, NEAR * sizeof *lists);
	size_t n = 0;
	const char *best = NULL;
	unsigned distance = 3;
	if (!lists || store_list_all(ops->db, lists, NEAR, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		unsigned d = text_distance(name, lists[i].name, distance);
		if (d < distance) {
			distance = d;
			best = lists[i].name;
		}
	}
	if (best)
		return error_set(err, ERROR_NOT_FOUND, "there is no list \"%.64s\" (did you mean %s?)", name, best);
	if (n == 0)
		return error_set(err, ERROR_NOT_FOUND, "there is no list \"%.64s\", and no other: gazette list create makes one", name);
	return error_set(err, ERROR_NOT_FOUND, "there is no list \"%.64s\": gazette list ls shows those there are", name);
}

int list_find(struct ops *ops, const char *name, struct list *out, struct arena *arena, struct error *err)
{
	int found = store_list_find(ops->db, name, out, arena, err);
	if (found < 0)
		return -1;
	return found ? 0 : not_found(ops, name, err);
}

static int pause_sources(struct ops *ops, int64_t list, struct error *err)
{
	enum { SOURCES = 1000 };
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct source *sources = arena_alloc(&arena, SOURCES * sizeof *sources);
	size_t n = 0;
	if (!sources)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (store_source_all(ops->db, list, sources, SOURCES, &n, &arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (store_source_set_state(ops->db, sources[i].id, SOURCE_PAUSED, sources[i].due_us, err) < 0)
			return -1;
	return 0;
}

int list_close(struct ops *ops, const char *name, struct actor actor, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	if (list_find(ops, name, &list, &arena, err) < 0 || pause_sources(ops, list.id, err) < 0)
		return -1;
	if (list.closed_us)
		return 0;
	list.closed_us = clock_now().wall_us;
	return store_list_update(ops->db, &list, err) < 0 || ops_audit(ops, actor, "list close", name, "", err) < 0 ? -1 : 1;
}

int list_delete(struct ops *ops, const char *name, struct actor actor, struct error *err)
{
	enum { AT_ONCE = 1000 };
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct list list;
	int more = list_find(ops, name, &list, &arena, err) < 0 ? -1 : store_list_has_mailed(ops->db, list.id, err);
	if (more > 0)
		return error_set(err, ERROR_CONFLICT,
		                 "list %s has mailed people, and their links lead to it for good: gazette list close %s ends it", name,
		                 name);
	do
		more = more < 0 ? -1 : store_list_delete(ops->db, list.id, AT_ONCE, err);
	while (more > 0);
	return more < 0 ? -1 : ops_audit(ops, actor, "list delete", name, "", err);
}
