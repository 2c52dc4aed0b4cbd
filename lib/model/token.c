#include "model/token.h"
#include <assert.h>

enum { VERSION = 1, MAC_BYTES = 16, VERP_MAC_BYTES = 10, TEST_FLAG = 0x80, BODY_MAX = 40 };

struct body {
	uint8_t bytes[BODY_MAX + DIGEST_BYTES];
	size_t size;
};

/* Little-endian base 128: short for the small numbers that ids are. */
static void put_number(struct body *body, int64_t number)
{
	uint64_t n = (uint64_t)number;
	do {
		assert(body->size < BODY_MAX);
		body->bytes[body->size++] = (uint8_t)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
		n >>= 7;
	} while (n > 0);
}

static bool get_number(const uint8_t **at, const uint8_t *end, int64_t *out)
{
	uint64_t n = 0;
	for (unsigned shift = 0; *at < end && shift < 63; shift += 7) {
		uint8_t byte = *(*at)++;
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*out = (int64_t)n;
			/* One number has one spelling: no empty high groups. */
			return byte != 0 || shift == 0;
		}
	}
	return false;
}

static struct body make_body(uint8_t key_id, const struct token *token)
{
	struct body body = { .size = 3 };
	body.bytes[0] = VERSION;
	body.bytes[1] = (uint8_t)(token->purpose | (token->is_test ? TEST_FLAG : 0));
	body.bytes[2] = key_id;
	put_number(&body, token->list);
	put_number(&body, token->subscriber);
	put_number(&body, token->extra);
	return body;
}

static void mac_of(const uint8_t *secret, const struct body *body, int64_t epoch, uint8_t mac[DIGEST_BYTES])
{
	uint8_t text[BODY_MAX + 8];
	memcpy(text, body->bytes, body->size);
	for (int i = 0; i < 8; i++)
		text[body->size + (size_t)i] = (uint8_t)((uint64_t)epoch >> (8 * i));
	digest_hmac((struct bytes){ (const char *)secret, TOKEN_KEY_BYTES }, (struct bytes){ (const char *)text, body->size + 8 }, mac);
}

static void finish(struct buffer *buffer, char out[TOKEN_TEXT])
{
	assert(!buffer->failed && buffer->size < TOKEN_TEXT);
	memcpy(out, buffer_text(buffer), buffer->size + 1);
	buffer_clear(buffer);
}

void token_write(const struct keyring *keys, const struct token *token, int64_t epoch, char out[TOKEN_TEXT])
{
	uint8_t mac[DIGEST_BYTES];
	struct buffer text = BUFFER_INIT(TOKEN_TEXT);
	assert(keys->count > 0);
	struct body body = make_body(keys->keys[0].id, token);
	mac_of(keys->keys[0].secret, &body, epoch, mac);
	memcpy(body.bytes + body.size, mac, MAC_BYTES);
	digest_base64url(body.bytes, body.size + MAC_BYTES, &text);
	finish(&text, out);
}

/* The claims of a body whose MAC has mac_size bytes; *body then holds what the MAC is over. */
static bool parse(const uint8_t *data, int size, size_t mac_size, struct body *body, struct token *out)
{
	if (size < (int)mac_size + 6 || (size_t)size > BODY_MAX + mac_size || data[0] != VERSION)
		return false;
	body->size = (size_t)size - mac_size;
	memcpy(body->bytes, data, (size_t)size);
	const uint8_t *at = data + 3;
	const uint8_t *end = data + body->size;
	int purpose = data[1] & ~TEST_FLAG;
	if (purpose < TOKEN_UNSUBSCRIBE || purpose > TOKEN_TEST)
		return false;
	*out = (struct token){ .purpose = (enum token_purpose)purpose, .is_test = (data[1] & TEST_FLAG) != 0 };
	return get_number(&at, end, &out->list) && get_number(&at, end, &out->subscriber) && get_number(&at, end, &out->extra) && at == end;
}

static bool verify(const struct keyring *keys, const struct body *body, size_t mac_size, int64_t epoch)
{
	for (size_t i = 0; i < keys->count; i++) {
		uint8_t mac[DIGEST_BYTES];
		if (keys->keys[i].id != body->bytes[2])
			continue;
		mac_of(keys->keys[i].secret, body, epoch, mac);
		return digest_equal(mac, body->bytes + body->size, mac_size);
	}
	return false;
}

bool token_claims(struct bytes text, struct token *out)
{
	uint8_t data[BODY_MAX + MAC_BYTES] = { 0 };
	struct body body;
	return text.size < TOKEN_TEXT && parse(data, digest_base64url_read(text, data, sizeof data), MAC_BYTES, &body, out);
}

bool token_verify(const struct keyring *keys, struct bytes text, enum token_purpose purpose, int64_t epoch, struct token *out)
{
	uint8_t data[BODY_MAX + MAC_BYTES] = { 0 };
	struct body body;
	return text.size < TOKEN_TEXT && parse(data, digest_base64url_read(text, data, sizeof data), MAC_BYTES, &body, out) &&
	       out->purpose == purpose && verify(keys, &body, MAC_BYTES, epoch);
}

void token_write_verp(const struct keyring *keys, const struct token *token, char out[TOKEN_TEXT])
{
	uint8_t mac[DIGEST_BYTES];
	struct buffer text = BUFFER_INIT(TOKEN_TEXT);
	struct token verp = *token;
	verp.purpose = TOKEN_VERP;
	assert(keys->count > 0);
	struct body body = make_body(keys->keys[0].id, &verp);
	mac_of(keys->keys[0].secret, &body, 0, mac);
	memcpy(body.bytes + body.size, mac, VERP_MAC_BYTES);
	digest_base32(body.bytes, body.size + VERP_MAC_BYTES, &text);
	finish(&text, out);
}

bool token_read_verp(const struct keyring *keys, struct bytes text, struct token *out)
{
	uint8_t data[BODY_MAX + VERP_MAC_BYTES] = { 0 };
	struct body body;
	return text.size < TOKEN_TEXT && parse(data, digest_base32_read(text, data, sizeof data), VERP_MAC_BYTES, &body, out) &&
	       out->purpose == TOKEN_VERP && verify(keys, &body, VERP_MAC_BYTES, 0);
}

int token_return_path(const char *pattern, const char *token, struct buffer *out, struct error *err)
{
	const char *place = strstr(pattern, "{token}");
	if (!place)
		return error_set(err, ERROR_INPUT, "the return path \"%s\" has no {token}", pattern);
	buffer_add(out, pattern, (size_t)(place - pattern));
	buffer_add_text(out, token);
	buffer_add_text(out, place + strlen("{token}"));
	return buffer_check(out, err);
}

bool token_in_address(const char *pattern, struct bytes address, struct bytes *token)
{
	const char *place = strstr(pattern, "{token}");
	if (!place)
		return false;
	size_t before = (size_t)(place - pattern);
	size_t after = strlen(place + strlen("{token}"));
	if (address.size <= before + after || strncasecmp(address.data, pattern, before) != 0 ||
	    strncasecmp(address.data + address.size - after, place + strlen("{token}"), after) != 0)
		return false;
	*token = (struct bytes){ address.data + before, address.size - before - after };
	return true;
}

void token_message_id(struct bytes salt, int64_t subscriber, char out[32])
{
	uint8_t mac[DIGEST_BYTES];
	uint8_t number[8];
	struct buffer text = BUFFER_INIT(32);
	for (int i = 0; i < 8; i++)
		number[i] = (uint8_t)((uint64_t)subscriber >> (8 * i));
	digest_hmac(salt, (struct bytes){ (const char *)number, sizeof number }, mac);
	digest_base32(mac, 16, &text);
	memcpy(out, buffer_text(&text), text.size + 1);
	buffer_clear(&text);
}
