#include "httpd/peer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_A2_only_our_proxies_are_believed(void **state)
{
	static const struct {
		const char *connection, *forwarded, *proxies, *peer;
	} cases[] = {
		{ "203.0.113.9", "", "127.0.0.1", "203.0.113.9" },
		{ "203.0.113.9", "192.0.2.7", "127.0.0.1", "203.0.113.9" },
		{ "127.0.0.1", "192.0.2.7", "", "127.0.0.1" },
		{ "127.0.0.1", "", "127.0.0.1", "127.0.0.1" },
		{ "127.0.0.1", "192.0.2.7", "127.0.0.1", "192.0.2.7" },
		/* What stands before the hop that our proxy saw, the client may have made up. */
		{ "127.0.0.1", "6.6.6.6, 192.0.2.7", "127.0.0.1", "192.0.2.7" },
		{ "127.0.0.1", "127.0.0.1, 192.0.2.7", "127.0.0.1", "192.0.2.7" },
		{ "127.0.0.1", "6.6.6.6, 192.0.2.7, 10.1.2.3", "127.0.0.1, 10.0.0.0/8", "192.0.2.7" },
		{ "127.0.0.1", "10.1.2.3", "127.0.0.1 10.0.0.0/8", "10.1.2.3" },
		{ "2001:db8::9", "2001:db8:7::1", "2001:db8::/64", "2001:db8:7::1" },
		/* No address is no hop. */
		{ "127.0.0.1", "unknown", "127.0.0.1", "127.0.0.1" },
		{ "127.0.0.1", "192.0.2.7, _hidden", "127.0.0.1", "127.0.0.1" },
		{ "127.0.0.1", "192.0.2.7,", "127.0.0.1", "127.0.0.1" },
		{ "127.0.0.1", "10.0.0.0/8", "127.0.0.1", "127.0.0.1" },
		{ "127.0.0.1", ",,,", "127.0.0.1", "127.0.0.1" },
		/* Behind a socket of the machine stands a proxy. */
		{ "", "6.6.6.6, 192.0.2.7", "127.0.0.1", "192.0.2.7" },
		{ "", "", "127.0.0.1", "" },
	};
	char peer[NETWORK_TEXT];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		peer_find(cases[i].connection, cases[i].forwarded, cases[i].proxies, peer);
		assert_string_equal(peer, cases[i].peer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_A2_only_our_proxies_are_believed) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
