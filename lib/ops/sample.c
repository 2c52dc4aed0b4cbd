#include "ops/sample.h"
#include "base/text.h"
#include "model/state.h"
#include "pacing/provider.h"
#include "store/list.h"
#include "store/subscriber.h"

enum { PAGE = 1000, LOOKED_AT = 20000, PROVIDERS = 16 };

enum kind { LONGEST, NO_NAME, RIGHT_TO_LEFT, QUOTES, OTHER_LETTERS, KINDS };

struct choice {
	int64_t of_kind[KINDS]; /* subscriber; 0: none yet */
	size_t longest;
	struct {
		int64_t provider, subscriber;
		uint64_t seen;
	} by[PROVIDERS];
	size_t providers;
	uint64_t chance; /* the state of it */
};

/* SplitMix64: even enough for a sample, and the same for the same campaign. */
static uint64_t below(struct choice *choice, uint64_t limit)
{
	uint64_t z = choice->chance += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % limit;
}

/* Hebrew, Arabic and their neighbours: U+0590 to U+08FF, and the presentation forms. */
static bool is_right_to_left(const char *name)
{
	for (size_t size = strlen(name); size > 0;) {
		uint32_t code = 0;
		size_t n = text_decode(name, size, &code);
		if ((code >= 0x590 && code <= 0x8ff) || (code >= 0xfb1d && code <= 0xfdff) || (code >= 0xfe70 && code <= 0xfefc))
			return true;
		name += n ? n : 1;
		size -= n ? n : 1;
	}
	return false;
}

static void take_kind(struct choice *choice, enum kind kind, const struct member *member)
{
	if (choice->of_kind[kind] == 0)
		choice->of_kind[kind] = member->subscriber_id;
}

/* Each of a provider's readers has the same chance. */
static void take_provider(struct choice *choice, const struct providers *providers, const struct member *member)
{
	const char *domain = strrchr(member->email, '@');
	int64_t provider = domain ? provider_of(providers, domain + 1) : 0;
	size_t i = 0;
	while (i < choice->providers && choice->by[i].provider != provider)
		i++;
	if (i == PROVIDERS)
		return;
	if (i == choice->providers)
		choice->by[choice->providers++].provider = provider;
	if (below(choice, ++choice->by[i].seen) == 0)
		choice->by[i].subscriber = member->subscriber_id;
}

static void take(struct choice *choice, const struct providers *providers, const struct member *member)
{
	const char *name = member->name ? member->name : "";
	if (member->suppressed)
		return;
	if (strlen(name) > choice->longest) {
		choice->longest = strlen(name);
		choice->of_kind[LONGEST] = member->subscriber_id;
	}
	if (!*name)
		take_kind(choice, NO_NAME, member);
	else if (is_right_to_left(name))
		take_kind(choice, RIGHT_TO_LEFT, member);
	else if (!text_is_ascii(bytes_text(name)))
		take_kind(choice, OTHER_LETTERS, member);
	if (strpbrk(name, "\"',<>()"))
		take_kind(choice, QUOTES, member);
	take_provider(choice, providers, member);
}

/* Reads on from a subscription; *last tells where it ended. */
static int look(struct ops *ops, int64_t list, int64_t after, size_t most, struct choice *choice, int64_t *last, struct error *err)
{
	size_t n = PAGE;
	*last = after;
	for (size_t seen = 0; seen < most && n == PAGE; seen += n) {
		CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
		struct member *members = arena_alloc(&arena, PAGE * sizeof *members);
		if (!members)
			return error_set(err, ERROR_MEMORY, "out of memory");
		if (store_member_page(ops->db, list, SUBSCRIPTION_ACTIVE, *last, members, PAGE, &n, &arena, err) < 0)
			return -1;
		for (size_t i = 0; i < n; i++)
			take(choice, ops->providers, &members[i]);
		*last = n ? members[n - 1].subscription_id : *last;
	}
	return 0;
}

static void add(struct sample *out, int64_t subscriber)
{
	for (size_t i = 0; i < out->count; i++)
		if (out->subscriber[i] == subscriber)
			return;
	if (subscriber && out->count < SAMPLE_READERS)
		out->subscriber[out->count++] = subscriber;
}

int sample_readers(struct ops *ops, int64_t list, int64_t campaign, struct sample *out, struct error *err)
{
	struct choice choice = { .chance = (uint64_t)campaign };
	struct list_counts counts;
	int64_t last = 0;
	*out = (struct sample){ .count = 0 };
	if (store_list_count(ops->db, list, &counts, err) < 0)
		return -1;
	bool is_long = counts.active > LOOKED_AT;
	if (look(ops, list, 0, is_long ? LOOKED_AT / 4 : LOOKED_AT, &choice, &last, err) < 0)
		return -1;
	/* Subscriptions of one list lie together, more or less: a step of at most their number lands among them. */
	if (is_long && look(ops, list, last + (int64_t)below(&choice, (uint64_t)(counts.active - LOOKED_AT) + 1), LOOKED_AT * 3 / 4,
	                    &choice, &last, err) < 0)
		return -1;
	for (size_t i = 0; i < KINDS; i++)
		add(out, choice.of_kind[i]);
	for (size_t i = 0; i < choice.providers; i++)
		add(out, choice.by[i].subscriber);
	return 0;
}
