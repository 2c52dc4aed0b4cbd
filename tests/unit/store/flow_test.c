/* What becomes of a post in the store: editions that follow an edit, digests without what was had, corrections for exactly the right ones.
 */
#include "fixture.h"
#include "store/digest.h"
#include "store/source.h"
#include <stdio.h>

static int64_t add_post(struct fixture *f, const char *identity, bool in_digest)
{
	struct stored_post post = { .list_id = f->list,
		                    .state = in_digest ? POST_HELD : POST_DRAFT,
		                    .in_digest = in_digest,
		                    .version = 1,
		                    .seen_us = NOW_US,
		                    .title_hash = identity,
		                    .text_hash = identity,
		                    .post = { .identity = identity, .title = identity, .html = "", .text = "" } };
	OK(store_post_take(f->db, &post, 1, NULL, err));
	return post.id;
}

/* The words change: version 2. */
static void edit(struct fixture *f, int64_t id)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct stored_post post;
	OK(store_post_get(f->db, id, &post, &arena, err));
	post.version++;
	post.post.title = "Edited";
	OK(store_post_take(f->db, &post, 1, NULL, err));
}

static void cadence(struct fixture *f, int reader, const char *word)
{
	char text[256];
	snprintf(text, sizeof text, "UPDATE subscription SET cadence = '%s' WHERE subscriber_id = %" PRId64, word,
	         fixture_reader(f, reader));
	fixture_sql(f, text);
}

static int64_t edition_of(const struct fixture *f, int64_t campaign, const char *where)
{
	char query[256];
	snprintf(query, sizeof query,
	         "SELECT count(*) FROM delivery d JOIN edition e ON e.id = d.edition_id WHERE d.campaign_id = %" PRId64 " AND %s", campaign,
	         where);
	return fixture_number(f, query);
}

static void prepare(struct fixture *f, int64_t campaign)
{
	bool done = false;
	while (!done)
		OK(store_campaign_prepare(f->db, campaign, 3, NOW_US, &done, err));
}

static int64_t move_all(struct fixture *f, int64_t campaign)
{
	int64_t after = 0;
	int64_t all = 0;
	int more = 1;
	while (more > 0) {
		int64_t moved = 0;
		struct error err = { 0 };
		more = store_campaign_move(f->db, campaign, 3, &after, &moved, &err);
		if (more < 0)
			fail_msg("%s", err.text);
		all += moved;
	}
	return all;
}

static void test_who_began_keeps_his_edition_and_the_rest_gets_the_new_one(void **state)
{
	struct fixture *f = *state;
	struct job jobs[4];
	struct error why = { 0 };
	struct edition_row rows[4];
	struct edition_new next = { .compiled = BYTES_OF("second") };
	size_t n = 0;
	fixture_join(f, 0, 10);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, jobs, 4, NOW_US), 4);
	/* One sent, one in flight, one deferred, one only leased. */
	for (int i = 0; i < 3; i++)
		assert_true(fixture_mark(f, &jobs[i]));
	assert_true(fixture_say(f, &jobs[0], OUTCOME_ACCEPTED, (struct verdict){ .kind = VERDICT_SENT, .counts_attempt = true }));
	assert_true(
		fixture_say(f, &jobs[2], OUTCOME_REPLY,
	                    (struct verdict){ .kind = VERDICT_DEFER, .due_us = NOW_US + 5, .counts_attempt = true, .reason = "later" }));
	OK(store_campaign_editions(f->db, f->campaign, rows, 4, &n, err));
	assert_int_equal(n, 1);
	next.replaces = rows[0].id;
	assert_int_equal(store_campaign_refresh(f->db, f->campaign, &next, 1, "Edited", NOW_US, &why), -1);
	assert_int_equal(why.code, ERROR_CONFLICT);
	assert_int_equal(move_all(f, f->campaign), 0);
	assert_int_equal(store_campaign_pause(f->db, f->campaign, "test", NOW_US, &why), 1);
	edit(f, f->post);
	OK(store_campaign_refresh(f->db, f->campaign, &next, 1, "Edited", NOW_US, err));
	assert_int_equal(move_all(f, f->campaign), 6);
	assert_int_equal(edition_of(f, f->campaign, "e.number = 1"), 4);
	assert_int_equal(edition_of(f, f->campaign, "e.number = 2 AND d.state = 'queued'"), 6);
	/* What was only leased comes back and goes with the others; what was tried stays as it was. */
	fixture_sql(f, "UPDATE delivery SET state = 'queued', lease_id = 0 WHERE state = 'leased'");
	assert_int_equal(move_all(f, f->campaign), 1);
	assert_int_equal(move_all(f, f->campaign), 0);
	assert_int_equal(edition_of(f, f->campaign, "e.number = 1"), 3);
	/* Twice from the same edition is somebody else's refresh. */
	assert_int_equal(store_campaign_refresh(f->db, f->campaign, &next, 1, "Edited", NOW_US, &why), -1);
	assert_int_equal(why.code, ERROR_CONFLICT);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM edition"), 2);
}

static void test_a_correction_goes_to_exactly_those_who_got_the_old_words(void **state)
{
	struct fixture *f = *state;
	struct job jobs[6];
	int64_t outdated = 0;
	fixture_join(f, 0, 6);
	fixture_start(f);
	assert_int_equal(fixture_lease(f, jobs, 6, NOW_US), 6);
	for (int i = 0; i < 4; i++) {
		assert_true(fixture_mark(f, &jobs[i]));
		assert_true(fixture_say(f, &jobs[i], OUTCOME_ACCEPTED, (struct verdict){ .kind = VERDICT_SENT, .counts_attempt = true }));
	}
	OK(store_campaign_outdated(f->db, f->campaign, &outdated, err));
	assert_int_equal(outdated, 0);
	edit(f, f->post);
	/* One came back, one left. */
	char text[128];
	snprintf(text, sizeof text, "UPDATE delivery SET returned_us = 1, returned_class = 'hard' WHERE id = %" PRId64, jobs[0].delivery);
	fixture_sql(f, text);
	snprintf(text, sizeof text, "UPDATE subscription SET state = 'unsubscribed' WHERE subscriber_id = %" PRId64, jobs[1].subscriber);
	fixture_sql(f, text);
	OK(store_campaign_outdated(f->db, f->campaign, &outdated, err));
	assert_int_equal(outdated, 3);
	struct campaign correction = { .list_id = f->list,
		                       .post_id = f->post,
		                       .state = CAMPAIGN_DRAFT,
		                       .subject = "Re: One",
		                       .preheader = "",
		                       .salt = BYTES_OF("fedcba9876543210"),
		                       .is_again = true,
		                       .schedule = "",
		                       .paused_by = "",
		                       .created_by = "",
		                       .kind = CAMPAIGN_CORRECTION,
		                       .corrects_id = f->campaign };
	struct campaign_counts by[4];
	size_t n = 0;
	OK(store_campaign_create(f->db, &correction, &correction.id, err));
	correction.cadences = CADENCE_ALL;
	OK(store_campaign_audience(f->db, &correction, by, 4, &n, err));
	int64_t readers = 0;
	for (size_t i = 0; i < n; i++)
		readers += by[i].queued;
	assert_int_equal(readers, 2);
	OK(store_campaign_start(f->db, correction.id, BYTES_OF("corrected"), "test", NOW_US, err));
	prepare(f, correction.id);
	f->campaign = correction.id;
	fixture_check_counts(f, 2);
	for (int i = 2; i < 4; i++) {
		snprintf(text, sizeof text, "SELECT count(*) FROM delivery WHERE campaign_id = %" PRId64 " AND subscriber_id = %" PRId64,
		         correction.id, jobs[i].subscriber);
		assert_int_equal(fixture_number(f, text), 1);
	}
}

static void test_a_digest_leaves_out_what_its_reader_had(void **state)
{
	struct fixture *f = *state;
	struct digest digests[DIGEST_CADENCES];
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	int64_t posts[CAMPAIGN_POSTS];
	int64_t rest[CAMPAIGN_POSTS];
	int64_t had[8];
	size_t n = 0;
	int64_t id = 0;
	fixture_join(f, 0, 5);
	int64_t two = add_post(f, "two", true);
	int64_t three = add_post(f, "three", true);
	int64_t four = add_post(f, "four", true);
	OK(store_digest_set(f->db, f->list, DIGEST_EACH, "daily 07:00", NOW_US, err));
	OK(store_digest_order(f->db, f->list, (int64_t[]){ four, two }, 2, err));
	OK(store_digest_of(f->db, f->list, digests, &n, &arena, err));
	assert_int_equal(n, 1);
	OK(store_digest_posts(f->db, &digests[0], NOW_US, posts, &n, err));
	assert_int_equal(n, 3);
	assert_int_equal(posts[0], four);
	assert_int_equal(posts[1], two);
	assert_int_equal(posts[2], three);
	/* Reader 0 had the second, reader 1 had all, reader 2 wants one mail a week. */
	char text[256];
	snprintf(text, sizeof text, "INSERT INTO received VALUES (%" PRId64 ", %" PRId64 ", 0)", fixture_reader(f, 0), two);
	fixture_sql(f, text);
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof text, "INSERT INTO received VALUES (%" PRId64 ", %" PRId64 ", 0)", fixture_reader(f, 1), posts[i]);
		fixture_sql(f, text);
	}
	cadence(f, 2, "weekly");
	struct campaign digest = { .list_id = f->list,
		                   .state = CAMPAIGN_DRAFT,
		                   .subject = "Digest",
		                   .preheader = "",
		                   .salt = BYTES_OF("fedcba9876543210"),
		                   .schedule = "",
		                   .paused_by = "",
		                   .created_by = "",
		                   .kind = CAMPAIGN_DIGEST,
		                   .cadences = CADENCE_EACH | CADENCE_DAILY };
	OK(store_digest_make(f->db, &digests[0], &digest, posts, 3, NOW_US + DAY_US, NOW_US, &id, err));
	digest.id = id;
	OK(store_digest_posts(f->db, &digests[0], NOW_US, rest, &n, err));
	assert_int_equal(n, 0);
	OK(store_campaign_had(f->db, &digest, had, 8, &n, err));
	assert_int_equal(n, 3);
	struct edition_new editions[] = {
		{ .compiled = BYTES_OF("all"), .posts = posts, .versions = (int64_t[]){ 1, 1, 1 }, .count = 3 },
		{ .compiled = BYTES_OF("two"), .had = 2, .posts = (int64_t[]){ four, three }, .versions = (int64_t[]){ 1, 1 }, .count = 2 },
		{ .compiled = BYTES_OF("three"), .had = 3, .posts = (int64_t[]){ three }, .versions = (int64_t[]){ 1 }, .count = 1 }
	};
	OK(store_campaign_start_with(f->db, id, editions, 3, "test", NOW_US, err));
	/* Reader 3 got the first meanwhile: no edition is made for him, and the next best has all that he lacks but one. */
	snprintf(text, sizeof text, "INSERT INTO received VALUES (%" PRId64 ", %" PRId64 ", 0)", fixture_reader(f, 3), four);
	fixture_sql(f, text);
	prepare(f, id);
	f->campaign = id;
	fixture_check_counts(f, 4);
	assert_int_equal(edition_of(f, id, "e.had = 0 AND d.state = 'queued'"), 1);
	assert_int_equal(edition_of(f, id, "e.had = 2 AND d.state = 'queued'"), 1);
	assert_int_equal(edition_of(f, id, "e.had = 3 AND d.state = 'queued'"), 1);
	assert_int_equal(edition_of(f, id, "d.state = 'suppressed' AND d.reason = 'already got it'"), 1);
	/* 3 readers of 3 posts, one of them before; and two of the fourth reader's. */
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM received"), 11);
	/* Taken back, what was not sent may come again; what came before stays had. */
	bool done = false;
	while (!done)
		OK(store_campaign_cancel(f->db, id, "test", 2, NOW_US, &done, err));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM received"), 5);
}

static void test_slower_readers_get_what_the_others_got(void **state)
{
	struct fixture *f = *state;
	struct digest digests[DIGEST_CADENCES];
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	int64_t posts[CAMPAIGN_POSTS];
	size_t n = 0;
	fixture_join(f, 0, 3);
	cadence(f, 1, "daily");
	OK(store_digest_set(f->db, f->list, DIGEST_DAILY, "daily 07:00", NOW_US - 1, err));
	OK(store_digest_of(f->db, f->list, digests, &n, &arena, err));
	OK(store_digest_posts(f->db, &digests[0], NOW_US + 1, posts, &n, err));
	assert_int_equal(n, 0);
	fixture_start(f); /* for all cadences: the daily readers have it */
	OK(store_digest_posts(f->db, &digests[0], NOW_US + 1, posts, &n, err));
	assert_int_equal(n, 0);
	fixture_sql(f, "UPDATE campaign SET cadences = 1");
	OK(store_digest_posts(f->db, &digests[0], NOW_US + 1, posts, &n, err));
	assert_int_equal(n, 1);
	assert_int_equal(posts[0], f->post);
	/* Neither what is cancelled nor what was before the last digest. */
	fixture_sql(f, "UPDATE campaign SET state = 'cancelled'");
	OK(store_digest_posts(f->db, &digests[0], NOW_US + 1, posts, &n, err));
	assert_int_equal(n, 0);
	fixture_sql(f, "UPDATE campaign SET state = 'sent'");
	digests[0].last_us = NOW_US;
	OK(store_digest_posts(f->db, &digests[0], NOW_US + 1, posts, &n, err));
	assert_int_equal(n, 0);
}

static void test_drafts_are_deleted_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct error why = { 0 };
	fixture_join(f, 0, 1);
	int64_t draft = fixture_draft(f);
	OK(store_campaign_delete(f->db, draft, err));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM campaign") + fixture_number(f, "SELECT count(*) FROM campaign_post"), 0);
	fixture_start(f);
	assert_int_equal(store_campaign_delete(f->db, f->campaign, &why), -1);
	assert_int_equal(why.code, ERROR_CONFLICT);
	assert_int_equal(store_campaign_unschedule(f->db, f->campaign, "", &why), -1);
	assert_int_equal(why.code, ERROR_CONFLICT);
}

static void test_a_look_does_not_undo_what_a_person_set(void **state)
{
	struct fixture *f = *state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct source source = {
		.list_id = f->list, .kind = "feed", .url = "https://example.org/feed", .title = "", .policy = SOURCE_SEND
	};
	struct source back = { 0 };
	OK(store_source_add(f->db, &source, &source.id, err));
	OK(store_source_get(f->db, source.id, &back, &arena, err));
	assert_string_equal(back.only_posts, "");
	back.policy = SOURCE_DIGEST;
	back.interval_us = HOUR_US;
	OK(store_source_set(f->db, &back, err));
	back.state = SOURCE_FAILING;
	OK(store_source_set_state(f->db, source.id, SOURCE_PAUSED, NOW_US, err));
	OK(store_source_checked(f->db, &back, err));
	OK(store_source_get(f->db, source.id, &back, &arena, err));
	assert_int_equal(back.state, SOURCE_PAUSED);
	assert_int_equal(back.policy, SOURCE_DIGEST);
	assert_int_equal(back.interval_us, HOUR_US);
}

static void test_a_look_at_an_address_that_was_changed_meanwhile_counts_for_nothing(void **state)
{
	struct fixture *f = *state;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct source source = { .list_id = f->list, .kind = "feed", .url = "https://example.org/old", .title = "" };
	struct source looked = { 0 };
	struct source now = { 0 };
	struct stored_post post = { .list_id = f->list,
		                    .version = 1,
		                    .title_hash = "x",
		                    .text_hash = "x",
		                    .post = { .identity = "x", .title = "x", .html = "", .text = "" } };
	struct error why = { 0 };
	OK(store_source_add(f->db, &source, &source.id, err));
	OK(store_source_get(f->db, source.id, &looked, &arena, err));
	now = looked;
	now.url = "https://example.org/new";
	OK(store_source_set(f->db, &now, err));
	looked.etag = "of the old one";
	OK(store_source_checked(f->db, &looked, err));
	assert_int_equal(store_post_take(f->db, &post, 1, &looked, &why), -1);
	assert_int_equal(why.code, ERROR_CONFLICT);
	OK(store_source_get(f->db, source.id, &now, &arena, err));
	assert_string_equal(now.url, "https://example.org/new");
	assert_null(now.etag);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM post WHERE identity = 'x'"), 0);
	/* Where it is still the same, it counts; also where the feed said that it moved. */
	now.url = "https://example.org/moved";
	OK(store_source_checked(f->db, &now, err));
	OK(store_source_get(f->db, source.id, &now, &arena, err));
	assert_string_equal(now.url, "https://example.org/moved");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_who_began_keeps_his_edition_and_the_rest_gets_the_new_one),
		TEST(test_a_correction_goes_to_exactly_those_who_got_the_old_words),
		TEST(test_a_digest_leaves_out_what_its_reader_had),
		TEST(test_slower_readers_get_what_the_others_got),
		TEST(test_drafts_are_deleted_and_nothing_else),
		TEST(test_a_look_does_not_undo_what_a_person_set),
		TEST(test_a_look_at_an_address_that_was_changed_meanwhile_counts_for_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
