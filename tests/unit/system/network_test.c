#include "system/network.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct network read_good(const char *text)
{
	struct network network;
	if (!network_read(bytes_text(text), &network))
		fail_msg("%s was not read", text);
	return network;
}

static void test_what_is_an_address_and_what_is_not(void **state)
{
	static const char *const good[] = { "192.0.2.7",     "192.0.2.7:4711", "10.0.0.0/8",    "0.0.0.0/0",     "2001:db8::1",
		                            "[2001:db8::1]", "[::1]:80",       "2001:db8::/32", "::ffff:1.2.3.4" };
	static const char *const bad[] = { "",
		                           " ",
		                           "unknown",
		                           "192.0.2",
		                           "192.0.2.256",
		                           "10.0.0.0/33",
		                           "10.0.0.0/",
		                           "10.0.0.0/x",
		                           "2001:db8::/129",
		                           "[2001:db8::1",
		                           "example.org",
		                           "_hidden",
		                           "1.2.3.4, 5.6.7.8" };
	struct network network;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		if (!network_read(bytes_text(good[i]), &network))
			fail_msg("%s is one", good[i]);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (network_read(bytes_text(bad[i]), &network))
			fail_msg("%s is none", bad[i]);
}

static void test_which_hosts_a_network_holds(void **state)
{
	static const struct {
		const char *network, *host;
		bool holds;
	} cases[] = {
		{ "127.0.0.1", "127.0.0.1", true },         { "127.0.0.1", "127.0.0.2", false },
		{ "127.0.0.1", "::ffff:127.0.0.1", true },  { "10.0.0.0/8", "10.255.1.2", true },
		{ "10.0.0.0/8", "11.0.0.1", false },        { "192.168.4.0/22", "192.168.7.255", true },
		{ "192.168.4.0/22", "192.168.8.0", false }, { "2001:db8::/32", "2001:db8:1::5", true },
		{ "2001:db8::/32", "2001:db9::5", false },  { "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },      { "::/0", "2001:db8::1", true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct network network = read_good(cases[i].network);
		struct network host = read_good(cases[i].host);
		if (network_holds(&network, &host) != cases[i].holds)
			fail_msg("%s in %s", cases[i].host, cases[i].network);
	}
}

static void test_a_customer_is_an_IPv4_address_or_an_IPv6_64(void **state)
{
	static const char *const cases[][2] = {
		{ "192.0.2.7", "192.0.2.7" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
		{ "2001:db8:1:2::", "2001:db8:1:2::/64" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff::/64" },
	};
	char out[NETWORK_TEXT];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct network host = read_good(cases[i][0]);
		network_of_customer(&host, out);
		assert_string_equal(out, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_is_an_address_and_what_is_not),
		                            cmocka_unit_test(test_which_hosts_a_network_holds),
		                            cmocka_unit_test(test_a_customer_is_an_IPv4_address_or_an_IPv6_64) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
