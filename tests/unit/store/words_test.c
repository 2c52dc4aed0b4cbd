/* The other words of the store: lists, readers, sources, posts, suppressions, keys. */
#include "fixture.h"
#include "store/source.h"
#include "system/random.h"
#include <stdio.h>

static struct join row(const char *email, int event)
{
	return (struct join){ .email = email,
		              .email_key = email,
		              .name = "",
		              .attributes = "{}",
		              .event = event,
		              .how = "test",
		              .text = "",
		              .evidence = "" };
}

static void test_a_list_name_is_taken_once(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct error why = { 0 };
	struct list list = { 0 };
	int64_t id = 0;
	assert_int_equal(store_list_find(f->db, "news", &list, &arena, &why), 1);
	assert_string_equal(list.list_id, "news.example.org");
	assert_null(list.reply_to);
	assert_int_equal(store_list_create(f->db, &list, &id, &why), -1);
	assert_int_equal(why.code, ERROR_CONFLICT);
	list.title = "Other";
	OK(store_list_update(f->db, &list, err));
	OK(store_list_get(f->db, f->list, &list, &arena, err));
	assert_string_equal(list.title, "Other");
	assert_int_equal(store_list_find(f->db, "none", &list, &arena, &why), 0);
	assert_int_equal(store_list_get(f->db, f->list + 1, &list, &arena, &why), 0);
	assert_int_equal(why.code, ERROR_NOT_FOUND);
}

/* Links in test mails name both by number. */
static void test_numbers_of_what_was_deleted_are_not_given_again(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct list list = { 0 };
	int64_t again = 0;
	int64_t id = fixture_draft(f);
	OK(store_campaign_delete(f->db, id, err));
	assert_true(fixture_draft(f) > id);
	OK(store_list_get(f->db, f->list, &list, &arena, err));
	OK(store_list_delete(f->db, f->list, 100, err));
	OK(store_list_create(f->db, &list, &again, err));
	assert_true(again > f->list);
}

static void test_a_batch_may_hold_one_reader_twice(void **state)
{
	struct fixture *f = *state;
	struct join rows[] = { row("a@example.org", SUBSCRIPTION_ON_IMPORT), row("b@example.org", SUBSCRIPTION_ON_REQUEST),
		               row("a@example.org", SUBSCRIPTION_ON_IMPORT), row("b@example.org", SUBSCRIPTION_ON_IMPORT) };
	OK(store_join(f->db, f->list, rows, COUNT_OF(rows), NOW_US, err));
	assert_int_equal(rows[0].result, JOIN_NEW);
	assert_int_equal(rows[1].result, JOIN_PENDING);
	assert_int_equal(rows[2].result, JOIN_SAME);
	assert_int_equal(rows[3].result, JOIN_ACTIVATED);
	assert_int_equal(rows[0].subscriber_id, rows[2].subscriber_id);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM subscriber"), 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM consent"), 3);
}

/* Rows are written in runs of one kind: whatever ends a run, each reader stands as if he had come alone. */
static void test_a_batch_of_all_kinds(void **state)
{
	static const struct {
		const char *email;
		int left, is_other, result;
	} cases[] = {
		{ "d@example.org", 0, 0, JOIN_NEW },        { "b@example.org", 0, 0, JOIN_NEW },
		{ "c@example.org", 0, 0, JOIN_SUPPRESSED }, { "e@example.org", 1, 0, JOIN_LEFT },
		{ "d@example.org", 1, 0, JOIN_LEFT },       { "reader0@example.org", 0, 0, JOIN_NEW },
		{ "a@example.org", 0, 1, JOIN_NEW },        { "reader1@example.org", 0, 0, JOIN_NEW },
		{ "reader2@example.org", 0, 0, JOIN_NEW },  { "reader2@example.org", 0, 0, JOIN_SAME },
		{ "f@example.org", 0, 0, JOIN_SUPPRESSED }, { "reader3@example.org", 0, 0, JOIN_SUPPRESSED },
		{ "reader3@example.org", 1, 0, JOIN_LEFT }, { "f@example.org", 1, 0, JOIN_SUPPRESSED },
		{ "c0@example.org", 0, 0, JOIN_NEW },       { "b@example.org", 0, 0, JOIN_SAME },
	};
	struct fixture *f = *state;
	struct error why = { 0 };
	struct list list = { 0 };
	struct join rows[COUNT_OF(cases)];
	int64_t other = 0;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	fixture_join(f, 0, 4);
	OK(store_list_get(f->db, f->list, &list, &arena, err));
	list.name = "other";
	list.list_id = "other.example.org";
	OK(store_list_create(f->db, &list, &other, err));
	static const char *const suppressed[] = { "c@example.org", "f@example.org", "reader3@example.org" };
	for (size_t i = 0; i < COUNT_OF(suppressed); i++) {
		struct suppression suppression = {
			.email = suppressed[i], .email_key = suppressed[i], .reason = "by hand", .created_us = NOW_US
		};
		OK(store_suppression_add(f->db, &suppression, err));
	}
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		rows[i] = row(cases[i].email, SUBSCRIPTION_ON_IMPORT);
		rows[i].left = cases[i].left;
		rows[i].text = cases[i].is_other ? "another" : "one";
	}
	OK(store_join(f->db, other, rows, COUNT_OF(rows), NOW_US, err));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(rows[i].result, cases[i].result);
		for (size_t k = 0; k < i; k++)
			assert_true((rows[k].subscriber_id == rows[i].subscriber_id) ==
			            (strcmp(rows[k].email, rows[i].email) == 0 || rows[k].subscriber_id + rows[i].subscriber_id == 0));
	}
	assert_int_equal(store_subscription_state(f->db, other, rows[1].subscriber_id, &why), SUBSCRIPTION_ACTIVE);
	assert_int_equal(store_subscription_state(f->db, other, rows[3].subscriber_id, &why), SUBSCRIPTION_UNSUBSCRIBED);
	assert_int_equal(store_subscription_state(f->db, other, rows[4].subscriber_id, &why), SUBSCRIPTION_UNSUBSCRIBED);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM subscriber"), 4 + 5);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM subscription WHERE list_id = 2"), 9);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM subscription WHERE list_id = 2 AND state = 'active'"), 6);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM consent WHERE list_id = 2"), 10);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM consent WHERE list_id = 2 AND what = 'left'"), 3);
	assert_int_equal(fixture_number(f, "SELECT c.subscriber_id FROM consent c WHERE c.text = 'another'"), rows[6].subscriber_id);
}

static void test_nobody_who_left_or_is_suppressed_comes_back(void **state)
{
	struct fixture *f = *state;
	enum subscription_state was = SUBSCRIPTION_NONE;
	struct error why = { 0 };
	fixture_join(f, 0, 1);
	OK(store_leave(f->db, f->list, fixture_reader(f, 0), 0, "link", NOW_US, &was, err));
	assert_int_equal(was, SUBSCRIPTION_ACTIVE);
	OK(store_leave(f->db, f->list, fixture_reader(f, 0), 0, "link", NOW_US, &was, err));
	assert_int_equal(was, SUBSCRIPTION_UNSUBSCRIBED);
	struct suppression suppression = {
		.email = "x@example.org", .email_key = "x@example.org", .reason = "by hand", .created_us = NOW_US
	};
	OK(store_suppression_add(f->db, &suppression, err));
	OK(store_suppression_add(f->db, &suppression, err));
	struct join rows[] = { row("reader0@example.org", SUBSCRIPTION_ON_IMPORT), row("x@example.org", SUBSCRIPTION_ON_IMPORT),
		               row("y@example.org", SUBSCRIPTION_ON_IMPORT) };
	rows[0].is_update = true;
	rows[2].left = 1;
	OK(store_join(f->db, f->list, rows, COUNT_OF(rows), NOW_US, err));
	assert_int_equal(rows[0].result, JOIN_LEFT);
	assert_int_equal(rows[1].result, JOIN_SUPPRESSED);
	assert_int_equal(rows[2].result, JOIN_LEFT);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM subscription WHERE state = 'active'"), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE kind = 'unsubscribe'"), 1);
	/* only by an own wish, confirmed */
	assert_int_equal(
		store_subscription_apply(f->db, f->list, fixture_reader(f, 0), SUBSCRIPTION_ON_REQUEST, "form", "", "", NOW_US, &why), 0);
	assert_int_equal(
		store_subscription_apply(f->db, f->list, fixture_reader(f, 0), SUBSCRIPTION_ON_CONFIRM, "link", "", "", NOW_US, &why), 1);
}

static void test_attributes_are_kept_unless_asked(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct subscriber who = { 0 };
	struct join again = row("reader0@example.org", SUBSCRIPTION_ON_IMPORT);
	fixture_join(f, 0, 1);
	again.attributes = "{\"plan\":\"gold\"}";
	again.name = "New Name";
	OK(store_join(f->db, f->list, &again, 1, NOW_US, err));
	assert_int_equal(again.result, JOIN_SAME);
	OK(store_subscriber_get(f->db, fixture_reader(f, 0), &who, &arena, err));
	assert_string_equal(who.name, "Reader");
	again.is_update = true;
	OK(store_join(f->db, f->list, &again, 1, NOW_US, err));
	assert_int_equal(again.result, JOIN_UPDATED);
	OK(store_subscriber_get(f->db, fixture_reader(f, 0), &who, &arena, err));
	assert_string_equal(who.name, "New Name");
	assert_string_equal(who.attributes, "{\"city\":\"Rome\",\"plan\":\"gold\"}");
}

static void test_a_confirmation_counts_once(void **state)
{
	struct fixture *f = *state;
	struct error why = { 0 };
	struct join wish = row("a@example.org", SUBSCRIPTION_ON_REQUEST);
	uint8_t hash[32] = { 7 };
	uint8_t other[32] = { 8 };
	int64_t list = 0;
	int64_t subscriber = 0;
	int64_t n = 0;
	bool used = false;
	OK(store_join(f->db, f->list, &wish, 1, NOW_US, err));
	OK(store_confirmation_add(f->db, hash, f->list, wish.subscriber_id, NOW_US, NOW_US + DAY_US, err));
	OK(store_confirmation_count(f->db, f->list, wish.subscriber_id, NOW_US - 1, &n, err));
	assert_int_equal(n, 1);
	assert_int_equal(store_confirmation_find(f->db, other, NOW_US, &list, &subscriber, &used, &why), 0);
	assert_int_equal(store_confirmation_use(f->db, hash, "link", "", NOW_US + DAY_US, &list, &subscriber, &why), 0);
	assert_int_equal(store_confirmation_use(f->db, hash, "link", "", NOW_US, &list, &subscriber, &why), 1);
	assert_int_equal(subscriber, wish.subscriber_id);
	assert_int_equal(store_subscription_state(f->db, f->list, subscriber, &why), SUBSCRIPTION_ACTIVE);
	assert_int_equal(store_confirmation_use(f->db, hash, "link", "", NOW_US, &list, &subscriber, &why), 0);
	assert_int_equal(store_confirmation_find(f->db, hash, NOW_US, &list, &subscriber, &used, &why), 1);
	assert_true(used);
}

static void test_members_come_in_pages(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct member page[4];
	struct membership all[2];
	struct consent consents[4];
	struct list_counts counts = { 0 };
	size_t n = 0;
	size_t total = 0;
	int64_t after = 0;
	fixture_join(f, 0, 10);
	do {
		OK(store_member_page(f->db, f->list, SUBSCRIPTION_ACTIVE, after, page, COUNT_OF(page), &n, &arena, err));
		total += n;
		after = n ? page[n - 1].subscription_id : after;
	} while (n == COUNT_OF(page));
	assert_int_equal(total, 10);
	OK(store_member_page(f->db, f->list, SUBSCRIPTION_PENDING, 0, page, COUNT_OF(page), &n, &arena, err));
	assert_int_equal(n, 0);
	OK(store_list_count(f->db, f->list, &counts, err));
	assert_int_equal(counts.active, 10);
	OK(store_membership_all(f->db, fixture_reader(f, 3), all, COUNT_OF(all), &n, &arena, err));
	assert_int_equal(n, 1);
	assert_string_equal(all[0].list, "news");
	OK(store_consent_all(f->db, fixture_reader(f, 3), consents, COUNT_OF(consents), &n, &arena, err));
	assert_int_equal(n, 1);
	assert_int_equal(consents[0].what, CONSENT_IMPORTED);
}

static void test_an_edited_post_keeps_its_old_words(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct stored_post post = { 0 };
	struct error why = { 0 };
	int64_t twin = 0;
	int64_t ids[2];
	size_t n = 0;
	assert_int_equal(store_post_find(f->db, f->list, "urn:1", &post, &arena, &why), 1);
	post.post.title = "Two";
	post.title_hash = "t2";
	post.version = 2;
	OK(store_post_take(f->db, &post, 1, NULL, err));
	OK(store_post_get(f->db, f->post, &post, &arena, err));
	assert_string_equal(post.post.title, "Two");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM post_version WHERE title = 'One' AND version = 1"), 1);
	assert_int_equal(store_post_twin(f->db, f->list, "t2", "none", &twin, &why), 1);
	assert_int_equal(twin, f->post);
	assert_int_equal(store_post_twin(f->db, f->list, "none", "none", &twin, &why), 0);
	fixture_sql(f, "UPDATE post SET state = 'held', hold_until_us = 5");
	OK(store_post_due(f->db, 4, ids, 2, &n, err));
	assert_int_equal(n, 0);
	OK(store_post_due(f->db, 5, ids, 2, &n, err));
	assert_int_equal(n, 1);
}

static void test_posts_and_their_source_are_one_commit(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct source source = { .list_id = f->list,
		                 .kind = "feed",
		                 .url = "https://example.org/feed",
		                 .title = "",
		                 .policy = SOURCE_SEND,
		                 .created_us = NOW_US };
	struct source due[2];
	struct error why = { 0 };
	size_t n = 0;
	OK(store_source_add(f->db, &source, &source.id, err));
	assert_int_equal(store_source_add(f->db, &source, &source.id, &why), -1);
	assert_int_equal(why.code, ERROR_CONFLICT);
	OK(store_source_due(f->db, NOW_US, due, 2, &n, &arena, err));
	assert_int_equal(n, 1);
	source = due[0];
	source.is_seen = true;
	source.due_us = NOW_US + HOUR_US;
	struct stored_post posts[2] = { 0 };
	for (int i = 0; i < 2; i++)
		posts[i] = (struct stored_post){ .list_id = f->list,
			                         .source_id = source.id,
			                         .state = POST_SEEN,
			                         .version = 1,
			                         .seen_us = NOW_US,
			                         .title_hash = "x",
			                         .text_hash = "y",
			                         .post = { .identity = "same", .title = "", .html = "", .text = "" } };
	assert_int_equal(store_post_take(f->db, posts, 2, &source, &why), -1);
	assert_int_equal(fixture_number(f, "SELECT is_seen FROM source"), 0);
	posts[0].id = posts[1].id = 0;
	posts[1].post.identity = "other";
	OK(store_post_take(f->db, posts, 2, &source, err));
	assert_int_equal(fixture_number(f, "SELECT is_seen FROM source"), 1);
	assert_true(posts[1].id > posts[0].id);
	OK(store_source_remove(f->db, source.id, err));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM post"), 3);
}

static void test_a_scheduled_campaign_is_found_when_due(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct campaign campaign = { 0 };
	struct error why = { 0 };
	int64_t ids[2];
	size_t n = 0;
	int64_t id = fixture_draft(f);
	OK(store_campaign_schedule(f->db, id, NOW_US + HOUR_US, NULL, "editor", err));
	OK(store_campaign_update(f->db, id, "Other", "words", err));
	OK(store_campaign_due(f->db, NOW_US, ids, 2, &n, err));
	assert_int_equal(n, 0);
	OK(store_campaign_due(f->db, NOW_US + HOUR_US, ids, 2, &n, err));
	assert_int_equal(n, 1);
	OK(store_campaign_start(f->db, id, BYTES_OF("compiled"), "editor", NOW_US, err));
	assert_int_equal(store_campaign_start(f->db, id, BYTES_OF("compiled"), "editor", NOW_US, &why), -1);
	assert_int_equal(why.code, ERROR_CONFLICT);
	assert_int_equal(store_campaign_update(f->db, id, "Late", "", &why), -1);
	OK(store_campaign_of_post(f->db, f->list, f->post, &campaign, &arena, err));
	assert_int_equal(campaign.id, id);
	assert_string_equal(campaign.subject, "Other");
	assert_int_equal(campaign.salt.size, 16);
	struct bytes compiled = { 0 };
	assert_int_equal(store_edition_get(f->db, campaign.edition_id, &compiled, &arena, &why), 1);
	assert_true(bytes_equal(compiled, BYTES_OF("compiled")));
}

static void test_keys_are_made_once(void **state)
{
	struct fixture *f = *state;
	struct keyring first;
	struct keyring second;
	OK(store_keyring(f->db, NOW_US, &first, err));
	fixture_reopen(f);
	OK(store_keyring(f->db, NOW_US, &second, err));
	assert_int_equal(first.count, 1);
	assert_memory_equal(first.keys[0].secret, second.keys[0].secret, TOKEN_KEY_BYTES);
	fixture_sql(f, "UPDATE secret SET value = x'00'");
	struct error why = { 0 };
	assert_int_equal(store_keyring(f->db, NOW_US, &first, &why), -1);
	assert_int_equal(why.code, ERROR_CORRUPT);
}

static void test_small_words_are_kept(void **state)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct fixture *f = *state;
	struct error why = { 0 };
	const char *value = NULL;
	struct relay_state relays[2];
	struct relay_state relay = { .name = "main", .state = "paused", .reason = "refused", .at_us = NOW_US };
	struct event events[2];
	bool is_new = false;
	size_t n = 0;
	assert_int_equal(store_meta_get(f->db, "paused", &value, &arena, &why), 0);
	OK(store_meta_set(f->db, "paused", "disk", err));
	assert_int_equal(store_meta_get(f->db, "paused", &value, &arena, &why), 1);
	assert_string_equal(value, "disk");
	OK(store_meta_set(f->db, "paused", NULL, err));
	assert_int_equal(store_meta_get(f->db, "paused", &value, &arena, &why), 0);
	OK(store_relay_say(f->db, &relay, err));
	relay.state = "ok";
	OK(store_relay_say(f->db, &relay, err));
	OK(store_relay_all(f->db, relays, 2, &n, &arena, err));
	assert_int_equal(n, 1);
	assert_string_equal(relays[0].state, "ok");
	OK(store_audit(f->db, "cli dana", "list create", "news", "", NOW_US, err));
	struct event alert = { .kind = EVENT_ALERT, .detail = "look here", .at_us = NOW_US };
	OK(store_event_apply(f->db, &alert, NULL, &is_new, err));
	OK(store_event_apply(f->db, &alert, NULL, &is_new, err));
	assert_true(is_new); /* without evidence nothing tells two apart */
	OK(store_event_page(f->db, 0, 0, events, 2, &n, &arena, err));
	assert_int_equal(n, 2);
	assert_string_equal(events[0].detail, "look here");
}

#define WORD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		WORD(test_a_list_name_is_taken_once),
		WORD(test_numbers_of_what_was_deleted_are_not_given_again),
		WORD(test_a_batch_may_hold_one_reader_twice),
		WORD(test_a_batch_of_all_kinds),
		WORD(test_nobody_who_left_or_is_suppressed_comes_back),
		WORD(test_attributes_are_kept_unless_asked),
		WORD(test_a_confirmation_counts_once),
		WORD(test_members_come_in_pages),
		WORD(test_an_edited_post_keeps_its_old_words),
		WORD(test_posts_and_their_source_are_one_commit),
		WORD(test_a_scheduled_campaign_is_found_when_due),
		WORD(test_keys_are_made_once),
		WORD(test_small_words_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
