#include "system/network.h"
#include "base/text.h"
#include "base/units.h"
#include <arpa/inet.h>
#include <stdio.h>

enum { V4_BITS = 96, HOST_BITS = 128 };
static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

/* The text without a port, and of an IPv6 address without brackets. */
static bool take_host(struct bytes text, char out[NETWORK_TEXT])
{
	const char *colon = memchr(text.data, ':', text.size);
	bool is_bracketed = text.size > 0 && text.data[0] == '[';
	const char *end = text.data + text.size;
	if (is_bracketed) {
		end = memchr(text.data, ']', text.size);
		text.data++;
	} else if (colon && !memchr(colon + 1, ':', (size_t)(end - colon) - 1)) {
		end = colon;
	}
	if (!end || end - text.data >= NETWORK_TEXT)
		return false;
	snprintf(out, NETWORK_TEXT, "%.*s", (int)(end - text.data), text.data);
	return true;
}

bool network_read(struct bytes text, struct network *out)
{
	char host[NETWORK_TEXT];
	char bits[8];
	int64_t n = 0;
	const char *slash = text.size > 0 ? memchr(text.data, '/', text.size) : NULL;
	struct bytes address = { text.data, slash ? (size_t)(slash - text.data) : text.size };
	if (address.size == 0 || !take_host(address, host))
		return false;
	bool is_v4 = inet_pton(AF_INET, host, out->address + sizeof mapped) == 1;
	if (is_v4)
		memcpy(out->address, mapped, sizeof mapped);
	else if (inet_pton(AF_INET6, host, out->address) != 1)
		return false;
	out->bits = HOST_BITS;
	if (!slash)
		return true;
	snprintf(bits, sizeof bits, "%.*s", (int)(text.data + text.size - slash) - 1, slash + 1);
	if (units_integer(bits, 0, is_v4 ? HOST_BITS - V4_BITS : HOST_BITS, &n, NULL) < 0)
		return false;
	out->bits = (int)n + (is_v4 ? V4_BITS : 0);
	return true;
}

bool network_holds(const struct network *network, const struct network *host)
{
	size_t whole = (size_t)network->bits / 8;
	uint8_t rest = (uint8_t)(0xff00 >> (network->bits % 8));
	return memcmp(network->address, host->address, whole) == 0 &&
	       (whole == sizeof host->address || ((network->address[whole] ^ host->address[whole]) & rest) == 0);
}

void network_of_customer(const struct network *host, char out[NETWORK_TEXT])
{
	uint8_t prefix[16] = { 0 };
	if (memcmp(host->address, mapped, sizeof mapped) == 0) {
		inet_ntop(AF_INET, host->address + sizeof mapped, out, NETWORK_TEXT);
		return;
	}
	memcpy(prefix, host->address, 8);
	inet_ntop(AF_INET6, prefix, out, NETWORK_TEXT - 4);
	memcpy(out + strlen(out), "/64", 4);
}
