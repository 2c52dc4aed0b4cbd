#include "base/digest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void assert_hex(const uint8_t *data, size_t size, const char *expected)
{
	CLEANUP(buffer_clear) struct buffer hex = BUFFER_INIT(256);
	digest_hex(data, size, &hex);
	assert_string_equal(buffer_text(&hex), expected);
}

/* FIPS 180-4, by NIST's examples; the whole and its parts give the same. */
static void test_sha256(void **state)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t out[DIGEST_BYTES];
	(void)state;
	digest_sha256(BYTES_OF("abc"), out);
	assert_hex(out, sizeof out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	struct digest *digest = digest_begin();
	assert_non_null(digest);
	digest_add(digest, (struct bytes){ two, 20 });
	digest_add(digest, (struct bytes){ two + 20, sizeof two - 1 - 20 });
	digest_end(&digest, out);
	assert_hex(out, sizeof out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	assert_null(digest);
}

/* RFC 4231 sections 4.2, 4.3, 4.7: a short key, an ASCII one, one longer than a block. */
static void test_hmac(void **state)
{
	char key[131];
	uint8_t out[DIGEST_BYTES];
	(void)state;
	memset(key, 0x0b, 20);
	digest_hmac((struct bytes){ key, 20 }, BYTES_OF("Hi There"), out);
	assert_hex(out, sizeof out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	digest_hmac(BYTES_OF("Jefe"), BYTES_OF("what do ya want for nothing?"), out);
	assert_hex(out, sizeof out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	digest_hmac((struct bytes){ key, sizeof key }, BYTES_OF("Test Using Larger Than Block-Size Key - Hash Key First"), out);
	assert_hex(out, sizeof out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 4648 section 10, and what must not be read: foreign letters, bits that are left over, more than there is room for. */
static void test_text_forms(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(256);
	uint8_t out[16];
	(void)state;
	digest_base32((const uint8_t *)"foobar", 6, &text);
	assert_string_equal(buffer_text(&text), "mzxw6ytboi");
	assert_int_equal(digest_base32_read(BYTES_OF("MZXW6YTBOI"), out, sizeof out), 6);
	assert_memory_equal(out, "foobar", 6);
	assert_int_equal(digest_base32_read(BYTES_OF("mzxw6ytbo1"), out, sizeof out), -1);
	buffer_reset(&text);
	digest_base64((const uint8_t *)"fooba", 5, &text);
	assert_string_equal(buffer_text(&text), "Zm9vYmE=");
	buffer_reset(&text);
	digest_base64url((const uint8_t *)"\xff\xef\xbe", 3, &text);
	assert_string_equal(buffer_text(&text), "_---");
	assert_int_equal(digest_base64url_read(BYTES_OF("_---"), out, sizeof out), 3);
	assert_int_equal(digest_base64url_read(BYTES_OF("_-+-"), out, sizeof out), -1);
	assert_int_equal(digest_base64url_read(BYTES_OF("Zh"), out, sizeof out), -1);
	assert_int_equal(digest_base64url_read(BYTES_OF("_---"), out, 2), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sha256), cmocka_unit_test(test_hmac), cmocka_unit_test(test_text_forms) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
