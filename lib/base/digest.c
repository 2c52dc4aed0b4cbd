#include "base/digest.h"
#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

enum { BLOCK_BYTES = 64 };

static const EVP_MD *sha256;

static void fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	assert(sha256);
}

/* EVP_sha256() is looked up by its name at each use, under a lock. This one stays to the end of the process. */
static const EVP_MD *fetched(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fetch);
	return sha256;
}

void digest_sha256(struct bytes data, uint8_t out[DIGEST_BYTES])
{
	unsigned size = 0;
	int good = EVP_Digest(data.data, data.size, out, &size, fetched(), NULL);
	assert(good == 1 && size == DIGEST_BYTES);
}

void digest_sha1(struct bytes data, uint8_t out[DIGEST_SHA1_BYTES])
{
	unsigned size = 0;
	int good = EVP_Digest(data.data, data.size, out, &size, EVP_sha1(), NULL);
	assert(good == 1 && size == DIGEST_SHA1_BYTES);
}

/* The library's own context under another name. */
struct digest *digest_begin(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (context && EVP_DigestInit_ex(context, fetched(), NULL) == 1)
		return (struct digest *)context;
	EVP_MD_CTX_free(context);
	return NULL;
}

void digest_add(struct digest *digest, struct bytes data)
{
	int good = EVP_DigestUpdate((EVP_MD_CTX *)digest, data.data, data.size);
	assert(good == 1);
}

void digest_end(struct digest **digest, uint8_t out[DIGEST_BYTES])
{
	unsigned size = 0;
	int good = EVP_DigestFinal_ex((EVP_MD_CTX *)*digest, out, &size);
	assert(good == 1 && size == DIGEST_BYTES);
	EVP_MD_CTX_free((EVP_MD_CTX *)*digest);
	*digest = NULL;
}

/* RFC 2104 by hand: the library's own HMAC costs five times as much, and a mail has eight. `from` is hashed behind the padded key. */
static void hash_padded(const uint8_t key[BLOCK_BYTES], uint8_t pad, struct bytes from, uint8_t out[DIGEST_BYTES])
{
	uint8_t block[BLOCK_BYTES];
	for (size_t i = 0; i < BLOCK_BYTES; i++)
		block[i] = key[i] ^ pad;
	struct digest *digest = digest_begin();
	assert(digest);
	digest_add(digest, (struct bytes){ (const char *)block, sizeof block });
	digest_add(digest, from);
	digest_end(&digest, out);
	OPENSSL_cleanse(block, sizeof block);
}

void digest_hmac(struct bytes key, struct bytes data, uint8_t out[DIGEST_BYTES])
{
	uint8_t padded[BLOCK_BYTES] = { 0 };
	uint8_t inner[DIGEST_BYTES];
	if (key.size > BLOCK_BYTES)
		digest_sha256(key, padded);
	else
		memcpy(padded, key.data, key.size);
	hash_padded(padded, 0x36, data, inner);
	hash_padded(padded, 0x5c, (struct bytes){ (const char *)inner, sizeof inner }, out);
	OPENSSL_cleanse(padded, sizeof padded);
}

bool digest_equal(const void *a, const void *b, size_t size)
{
	return CRYPTO_memcmp(a, b, size) == 0;
}

void digest_hex(const uint8_t *data, size_t size, struct buffer *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < size; i++) {
		buffer_add_char(out, digits[data[i] >> 4]);
		buffer_add_char(out, digits[data[i] & 15]);
	}
}

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(const uint8_t *data, size_t size, const char *alphabet, unsigned bits, struct buffer *out)
{
	uint32_t held = 0;
	unsigned have = 0;
	for (size_t i = 0; i < size; i++) {
		held = held << 8 | data[i];
		for (have += 8; have >= bits; have -= bits)
			buffer_add_char(out, alphabet[held >> (have - bits) & ((1u << bits) - 1)]);
	}
	if (have > 0)
		buffer_add_char(out, alphabet[held << (bits - have) & ((1u << bits) - 1)]);
}

static int decode(struct bytes text, const char *alphabet, unsigned bits, bool fold, uint8_t *out, size_t max)
{
	uint32_t held = 0;
	unsigned have = 0;
	size_t n = 0;
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (fold && c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		const char *at = c ? strchr(alphabet, c) : NULL;
		if (!at)
			return -1;
		held = held << bits | (uint32_t)(at - alphabet);
		have += bits;
		if (have >= 8) {
			if (n == max)
				return -1;
			have -= 8;
			out[n++] = (uint8_t)(held >> have);
		}
	}
	/* Left-over bits must be zero, else two texts would name the same bytes. */
	if (have >= bits || (held & ((1u << have) - 1)) != 0)
		return -1;
	return (int)n;
}

void digest_base32(const uint8_t *data, size_t size, struct buffer *out)
{
	encode(data, size, base32, 5, out);
}

int digest_base32_read(struct bytes text, uint8_t *out, size_t max)
{
	return decode(text, base32, 5, true, out, max);
}

void digest_base64url(const uint8_t *data, size_t size, struct buffer *out)
{
	encode(data, size, base64url, 6, out);
}

int digest_base64url_read(struct bytes text, uint8_t *out, size_t max)
{
	return decode(text, base64url, 6, false, out, max);
}

void digest_base64(const uint8_t *data, size_t size, struct buffer *out)
{
	encode(data, size, base64, 6, out);
	for (size_t pad = (3 - size % 3) % 3; pad > 0; pad--)
		buffer_add_char(out, '=');
}
