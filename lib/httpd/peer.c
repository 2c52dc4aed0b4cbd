#include "httpd/peer.h"
#include "base/text.h"
#include <stdio.h>

static bool is_proxy(const struct network *host, const char *proxies)
{
	struct bytes rest = bytes_text(proxies);
	struct bytes one;
	struct network network;
	while (text_next_part(&rest, ", \t", &one))
		if (network_read(one, &network) && network_holds(&network, host))
			return true;
	return false;
}

/* Takes the last part off. */
static struct bytes last_hop(struct bytes *list)
{
	size_t at = list->size;
	while (at > 0 && list->data[at - 1] != ',')
		at--;
	struct bytes hop = text_trim((struct bytes){ list->data + at, list->size - at });
	list->size = at > 0 ? at - 1 : 0;
	return hop;
}

void peer_find(const char *connection, const char *forwarded, const char *proxies, char out[NETWORK_TEXT])
{
	struct bytes rest = bytes_text(forwarded);
	struct network host;
	snprintf(out, NETWORK_TEXT, "%s", connection);
	/* A hop that is no address ends it: what stands before it was told by who can not even say who he is. */
	while (rest.size > 0 && (!*out || (network_read(bytes_text(out), &host) && is_proxy(&host, proxies)))) {
		struct bytes hop = last_hop(&rest);
		if (!network_read(hop, &host) || host.bits != 128 || hop.size >= NETWORK_TEXT)
			return;
		snprintf(out, NETWORK_TEXT, "%.*s", (int)hop.size, hop.data);
	}
}
