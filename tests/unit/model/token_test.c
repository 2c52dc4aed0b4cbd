#include "model/token.h"
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct keyring keys = { .keys = { { .id = 2, .secret = "second key, thirty-two bytes...." },
	                                       { .id = 1, .secret = "first key of thirty-two bytes..." } },
	                             .count = 2 };
static const struct keyring old_keys = { .keys = { { .id = 1, .secret = "first key of thirty-two bytes..." } }, .count = 1 };
static const struct token mine = { .purpose = TOKEN_UNSUBSCRIBE, .list = 3, .subscriber = INT64_C(123456789012), .extra = 77 };

static void test_a_token_says_who_and_which_list(void **state)
{
	char text[TOKEN_TEXT];
	struct token out;
	(void)state;
	token_write(&keys, &mine, 5, text);
	assert_true(token_verify(&keys, bytes_text(text), TOKEN_UNSUBSCRIBE, 5, &out));
	assert_int_equal(out.subscriber, mine.subscriber);
	assert_int_equal(out.list, 3);
	assert_int_equal(out.extra, 77);
}

static void test_A6_a_raised_epoch_or_another_purpose_revokes(void **state)
{
	char text[TOKEN_TEXT];
	struct token out;
	(void)state;
	token_write(&keys, &mine, 5, text);
	assert_false(token_verify(&keys, bytes_text(text), TOKEN_UNSUBSCRIBE, 6, &out));
	assert_false(token_verify(&keys, bytes_text(text), TOKEN_VIEW, 5, &out));
}

static void test_A6_old_keys_still_verify(void **state)
{
	char text[TOKEN_TEXT];
	struct token out;
	(void)state;
	token_write(&old_keys, &mine, 0, text);
	assert_true(token_verify(&keys, bytes_text(text), TOKEN_UNSUBSCRIBE, 0, &out));
	token_write(&keys, &mine, 0, text);
	assert_false(token_verify(&old_keys, bytes_text(text), TOKEN_UNSUBSCRIBE, 0, &out));
}

/* Every single changed character, and every cut, is refused. */
static void test_no_changed_token_passes(void **state)
{
	char text[TOKEN_TEXT];
	char verp[TOKEN_TEXT];
	struct token out;
	(void)state;
	token_write(&keys, &mine, 0, text);
	token_write_verp(&keys, &mine, verp);
	for (size_t i = 0; i < strlen(text); i++) {
		char bad[TOKEN_TEXT];
		memcpy(bad, text, sizeof bad);
		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		assert_false(token_verify(&keys, bytes_text(bad), TOKEN_UNSUBSCRIBE, 0, &out));
		assert_false(token_verify(&keys, (struct bytes){ text, i }, TOKEN_UNSUBSCRIBE, 0, &out));
	}
	for (size_t i = 0; i < strlen(verp); i++) {
		char bad[TOKEN_TEXT];
		memcpy(bad, verp, sizeof bad);
		bad[i] = bad[i] == 'a' ? 'b' : 'a';
		assert_false(token_read_verp(&keys, bytes_text(bad), &out));
	}
}

static void test_return_paths_survive_case_folding(void **state)
{
	char verp[TOKEN_TEXT];
	struct token out;
	struct bytes found;
	CLEANUP(buffer_clear) struct buffer address = BUFFER_INIT(400);
	struct error err;
	(void)state;
	token_write_verp(&keys, &mine, verp);
	assert_int_equal(token_return_path("bounce+{token}@example.org", verp, &address, &err), 0);
	assert_true(strchr(buffer_text(&address), '@') - buffer_text(&address) <= 64);
	for (char *p = address.data; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 32);
	assert_true(token_in_address("bounce+{token}@example.org", buffer_bytes(&address), &found));
	assert_true(token_read_verp(&keys, found, &out));
	assert_int_equal(out.subscriber, mine.subscriber);
	assert_false(token_in_address("bounce+{token}@example.org", BYTES_OF("bounce+x@example.com"), &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_token_says_who_and_which_list),
		                            cmocka_unit_test(test_A6_a_raised_epoch_or_another_purpose_revokes),
		                            cmocka_unit_test(test_A6_old_keys_still_verify), cmocka_unit_test(test_no_changed_token_passes),
		                            cmocka_unit_test(test_return_paths_survive_case_folding) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
