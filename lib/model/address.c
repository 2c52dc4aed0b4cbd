#include "model/address.h"
#include "base/text.h"
#include <idn2.h>
#include <stdlib.h>
#include <uninorm.h>
#include <unicase.h>

enum { LOCAL_BYTES = 64, DOMAIN_BYTES = 255, LABEL_BYTES = 63 };

void address_copy(struct address *to, const struct address *from)
{
	memcpy(to, from, sizeof *to);
	to->domain = to->text + (from->domain - from->text);
}

/* RFC 5322 atext; bytes of UTF-8 are allowed by RFC 6531. */
static bool is_atext(unsigned char c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static int check_local(struct bytes local, struct error *err)
{
	if (local.size == 0)
		return error_set(err, ERROR_INPUT, "nothing stands before the @");
	if (local.size > LOCAL_BYTES)
		return error_set(err, ERROR_INPUT, "the part before the @ is longer than 64 bytes");
	if (local.data[0] == '"')
		return error_set(err, ERROR_INPUT, "addresses with quotes are not taken");
	if (local.data[0] == '-')
		return error_set(err, ERROR_INPUT, "an address must not begin with -");
	if (local.data[0] == '.' || local.data[local.size - 1] == '.')
		return error_set(err, ERROR_INPUT, "a dot stands at the edge of the part before the @");
	if (memchr(local.data, '@', local.size))
		return error_set(err, ERROR_INPUT, "there is more than one @");
	if (memchr(local.data, '<', local.size))
		return error_set(err, ERROR_INPUT, "the address has to stand alone, without a name and without < and >");
	for (size_t i = 0; i < local.size; i++) {
		unsigned char c = (unsigned char)local.data[i];
		if (c == '.' && local.data[i - 1] == '.')
			return error_set(err, ERROR_INPUT, "two dots stand together");
		if (c != '.' && !is_atext(c))
			return c > ' ' && c < 0x7f ? error_set(err, ERROR_INPUT, "a %c is not allowed before the @", c)
			                           : error_set(err, ERROR_INPUT, "a %s is not allowed before the @",
			                                       c == ' ' ? "blank" : "control character");
	}
	return text_is_utf8(local) ? 0 : error_set(err, ERROR_INPUT, "the part before the @ is no UTF-8");
}

static int check_labels(const char *domain, struct error *err)
{
	size_t labels = 0;
	size_t length = 0;
	const char *label = domain;
	for (const char *p = domain;; p++) {
		bool end = *p == '.' || *p == '\0';
		if (!end && !(*p == '-' || (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z')))
			return error_set(err, ERROR_INPUT, "the domain holds a character that host names do not have");
		if (!end) {
			length++;
			continue;
		}
		if (length == 0 || length > LABEL_BYTES || label[0] == '-' || p[-1] == '-')
			return error_set(err, ERROR_INPUT, "the domain has an empty or malformed part");
		labels++;
		if (*p == '\0')
			break;
		label = p + 1;
		length = 0;
	}
	if (labels < 2)
		return error_set(err, ERROR_INPUT, "the domain has no dot in it");
	/* A top level of digits only is an IP address, not a name. */
	if (label[strspn(label, "0123456789")] == '\0')
		return error_set(err, ERROR_INPUT, "the domain is an IP address");
	return 0;
}

int address_read_domain(struct bytes text, char out[256], struct error *err)
{
	char plain[512];
	char *ascii = NULL;
	text = text_trim(text);
	if (text.size == 0 || text.size >= sizeof plain)
		return error_set(err, ERROR_INPUT, text.size == 0 ? "nothing stands after the @" : "the domain is too long");
	if (!text_is_utf8(text))
		return error_set(err, ERROR_INPUT, "the domain is no UTF-8");
	memcpy(plain, text.data, text.size);
	plain[text.size] = '\0';
	if (text_is_ascii(text)) {
		if (text.size > DOMAIN_BYTES)
			return error_set(err, ERROR_INPUT, "the domain is longer than 255 bytes");
		text_lower(plain, text.size);
		memcpy(out, plain, text.size + 1);
		return check_labels(out, err);
	}
	int result = idn2_to_ascii_8z(plain, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (result != IDN2_OK)
		return error_set(err, ERROR_INPUT, "the domain is no internationalised name: %s", idn2_strerror(result));
	size_t size = strlen(ascii);
	if (size <= DOMAIN_BYTES)
		memcpy(out, ascii, size + 1);
	idn2_free(ascii);
	if (size > DOMAIN_BYTES)
		return error_set(err, ERROR_INPUT, "the domain is longer than 255 bytes");
	text_lower(out, size);
	return check_labels(out, err);
}

/* The local part in NFC and lower case: what makes two spellings one mailbox almost everywhere. */
static int write_key(struct bytes local, struct address *address, struct error *err)
{
	size_t domain_size = strlen(address->domain);
	if (!address->needs_smtputf8) { /* ASCII is NFC already */
		memcpy(address->key, address->text, local.size + 1 + domain_size + 1);
		text_lower(address->key, local.size);
		return 0;
	}
	size_t size = 0;
	uint8_t *folded = u8_tolower((const uint8_t *)local.data, local.size, NULL, UNINORM_NFC, NULL, &size);
	if (!folded)
		return error_set(err, ERROR_MEMORY, "out of memory");
	bool fits = size + 1 + domain_size < sizeof address->key;
	if (fits) {
		memcpy(address->key, folded, size);
		address->key[size] = '@';
		memcpy(address->key + size + 1, address->domain, domain_size + 1);
	}
	free(folded);
	return fits ? 0 : error_set(err, ERROR_INPUT, "the address is too long");
}

int address_read(struct bytes text, struct address *address, struct error *err)
{
	char domain[256];
	text = text_trim(text);
	if (text.size == 0)
		return error_set(err, ERROR_INPUT, "the address is empty");
	const char *at = memrchr(text.data, '@', text.size);
	if (!at)
		return error_set(err, ERROR_INPUT, "\"%.*s\" has no @", text.size > 80 ? 80 : (int)text.size,
		                 text_has_control(text) ? "?" : text.data);
	struct bytes local = { text.data, (size_t)(at - text.data) };
	struct bytes host = { at + 1, text.size - local.size - 1 };
	if (host.size > 0 && (host.data[0] == '[' || text_trim(host).size != host.size))
		return error_set(err, ERROR_INPUT, host.data[0] == '[' ? "the domain is an IP address" : "a blank stands after the @");
	if (check_local(local, err) < 0 || address_read_domain(host, domain, err) < 0)
		return -1;
	size_t domain_size = strlen(domain);
	if (local.size + 1 + domain_size > 254)
		return error_set(err, ERROR_INPUT, "the address is longer than 254 bytes");
	*address = (struct address){ .needs_smtputf8 = !text_is_ascii(local) };
	memcpy(address->text, local.data, local.size);
	address->text[local.size] = '@';
	memcpy(address->text + local.size + 1, domain, domain_size + 1);
	address->domain = address->text + local.size + 1;
	return write_key(local, address, err);
}

/* A display name: quoted-string or words, as typed. */
static int read_name(struct bytes text, struct buffer *name, struct error *err)
{
	text = text_trim(text);
	if (text.size == 0 || text.data[0] != '"') {
		text_squeeze(text, name);
		return buffer_check(name, err);
	}
	size_t i = 1;
	for (; i < text.size && text.data[i] != '"'; i++) {
		if (text.data[i] == '\\' && i + 1 < text.size)
			i++;
		buffer_add_char(name, text.data[i]);
	}
	if (i + 1 != text.size)
		return error_set(err, ERROR_INPUT, "the quotes round the name do not close");
	return buffer_check(name, err);
}

int address_read_mailbox(struct bytes text, struct buffer *name, struct address *address, struct error *err)
{
	text = text_trim(text);
	if (text.size == 0 || text.data[text.size - 1] != '>')
		return address_read(text, address, err);
	const char *open = memrchr(text.data, '<', text.size);
	if (!open)
		return error_set(err, ERROR_INPUT, "a > without a <: write it as Name <name@example.org>");
	struct bytes before = { text.data, (size_t)(open - text.data) };
	struct bytes inside = { open + 1, text.size - before.size - 2 };
	if (read_name(before, name, err) < 0)
		return -1;
	if (!text_is_utf8(buffer_bytes(name)) || text_has_control(buffer_bytes(name)))
		return error_set(err, ERROR_INPUT, "the name holds control characters or is no UTF-8");
	return address_read(inside, address, err);
}
