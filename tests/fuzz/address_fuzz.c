#include "base/text.h"
#include "fuzz.h"
#include "model/address.h"

/* What was read is an address, and reads as itself. */
static void check(const struct address *address)
{
	struct address again;
	struct error err = { 0 };
	struct bytes text = bytes_text(address->text);
	PROMISE(text.size > 0 && text.size < ADDRESS_BYTES && text_is_utf8(text) && !text_has_control(text));
	PROMISE(!strpbrk(address->text, " <>\"(),:;[]\\") && address->text[0] != '-');
	PROMISE(address_read(text, &again, &err) == 0);
	PROMISE(strcmp(again.text, address->text) == 0 && strcmp(again.key, address->key) == 0);
	PROMISE(address->domain > address->text && address->domain < address->text + ADDRESS_BYTES && address->domain[-1] == '@');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_clear) struct buffer name = BUFFER_INIT(4096);
	struct bytes text = { (const char *)data, size };
	struct address address;
	struct error err = { 0 };
	char domain[256];
	if (address_read(text, &address, &err) == 0)
		check(&address);
	if (address_read_mailbox(text, &name, &address, &err) == 0)
		check(&address);
	if (address_read_domain(text, domain, &err) == 0)
		PROMISE(text_is_ascii(bytes_text(domain)) && strlen(domain) < 256);
	return 0;
}
