#include "model/address.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* RULES A13. */
static void test_A13_what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = { "",
		                           "x",
		                           "@x.org",
		                           "a@",
		                           "a@b",
		                           "a b@x.org",
		                           "\"a\"@x.org",
		                           "a@b@x.org",
		                           "-a@x.org",
		                           ".a@x.org",
		                           "a..b@x.org",
		                           "a@[127.0.0.1]",
		                           "a@127.0.0.1",
		                           "a@x..org",
		                           "a@-x.org",
		                           "a\r\nRCPT TO:<b>@x.org",
		                           "a@x.org\r\n.b",
		                           "<a@x.org>",
		                           "a,b@x.org",
		                           "a@x_y.org" };
	struct address address;
	struct error err;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(address_read(bytes_text(bad[i]), &address, &err), -1);
		assert_int_equal(err.code, ERROR_INPUT);
	}
}

static void test_A13_domains_become_a_labels_and_local_parts_stay(void **state)
{
	static const struct {
		const char *in, *text, *key;
		bool utf8;
	} good[] = {
		{ " Ann.B+c@Example.ORG ", "Ann.B+c@example.org", "ann.b+c@example.org", false },
		{ "o'neil@x.org", "o'neil@x.org", "o'neil@x.org", false },
		{ "cara@m\xc3\xbcnchen.example", "cara@xn--mnchen-3ya.example", "cara@xn--mnchen-3ya.example", false },
		{ "J\xc3\xb6rg@x.org", "J\xc3\xb6rg@x.org", "j\xc3\xb6rg@x.org", true },
	};
	struct address address;
	struct error err;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_int_equal(address_read(bytes_text(good[i].in), &address, &err), 0);
		assert_string_equal(address.text, good[i].text);
		assert_string_equal(address.key, good[i].key);
		assert_int_equal(address.needs_smtputf8, good[i].utf8);
	}
}

static void test_two_spellings_are_one_key(void **state)
{
	struct address a;
	struct address b;
	struct error err;
	(void)state;
	/* Composed and decomposed. */
	assert_int_equal(address_read(BYTES_OF("J\xc3\xb6rg@x.org"), &a, &err), 0);
	assert_int_equal(address_read(BYTES_OF("jo\xcc\x88rg@X.org"), &b, &err), 0);
	assert_string_equal(a.key, b.key);
}

static void test_mailboxes_give_name_and_address(void **state)
{
	CLEANUP(buffer_clear) struct buffer name = BUFFER_INIT(1000);
	struct address address;
	struct error err;
	(void)state;
	assert_int_equal(address_read_mailbox(BYTES_OF("\"News, \\\"B\\\"\" <a@x.org>"), &name, &address, &err), 0);
	assert_string_equal(buffer_text(&name), "News, \"B\"");
	assert_string_equal(address.text, "a@x.org");
	buffer_reset(&name);
	assert_int_equal(address_read_mailbox(BYTES_OF("Evil\r\nBcc: x <a@x.org>"), &name, &address, &err), 0);
	assert_string_equal(buffer_text(&name), "Evil Bcc: x");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_A13_what_is_no_address_is_refused),
		                            cmocka_unit_test(test_A13_domains_become_a_labels_and_local_parts_stay),
		                            cmocka_unit_test(test_two_spellings_are_one_key),
		                            cmocka_unit_test(test_mailboxes_give_name_and_address) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
