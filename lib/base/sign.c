#include "base/sign.h"
#include "base/digest.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

enum { RSA_MOST_BITS = 4096, ED25519_BYTES = 32 };

struct sign_key {
	EVP_PKEY *key;
	EVP_PKEY_CTX *rsa; /* ready to sign: never used itself, a copy of it costs a tenth of a new one, and no look-up under a lock */
	enum sign_kind kind;
};

static int read_pem(struct bytes pem, EVP_PKEY **out, struct error *err)
{
	BIO *bio = pem.size > 0 && pem.size < 1 << 20 ? BIO_new_mem_buf(pem.data, (int)pem.size) : NULL;
	char none[] = "";
	/* An encrypted key must not ask anybody on the terminal. */
	*out = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, none) : NULL;
	BIO_free(bio);
	return *out ? 0 : error_set(err, ERROR_INPUT, "no private key in PEM form without a passphrase");
}

static int check_kind(struct sign_key *key, struct error *err)
{
	int bits = EVP_PKEY_get_bits(key->key);
	switch (EVP_PKEY_get_base_id(key->key)) {
	case EVP_PKEY_ED25519: key->kind = SIGN_ED25519; return 0;
	case EVP_PKEY_RSA:
		key->kind = SIGN_RSA;
		if (bits < SIGN_RSA_LEAST_BITS || bits > RSA_MOST_BITS)
			return error_set(err, ERROR_INPUT, "an RSA key of %d bits: make one of %d to %d", bits, SIGN_RSA_LEAST_BITS,
			                 RSA_MOST_BITS);
		return 0;
	default: return error_set(err, ERROR_INPUT, "neither an RSA nor an Ed25519 key");
	}
}

/* As RFC 6376 section 3.3.1 asks. */
static int make_ready(struct sign_key *key, struct error *err)
{
	if (key->kind != SIGN_RSA)
		return 0;
	key->rsa = EVP_PKEY_CTX_new(key->key, NULL);
	if (key->rsa && EVP_PKEY_sign_init(key->rsa) == 1 && EVP_PKEY_CTX_set_rsa_padding(key->rsa, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(key->rsa, EVP_sha256()) == 1)
		return 0;
	return error_set(err, ERROR_MEMORY, "the key can not be made ready to sign");
}

int sign_read(struct bytes pem, struct sign_key **out, struct error *err)
{
	CLEANUP(sign_free) struct sign_key *key = calloc(1, sizeof *key);
	if (!key)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (read_pem(pem, &key->key, err) < 0 || check_kind(key, err) < 0 || make_ready(key, err) < 0)
		return -1;
	*out = key;
	key = NULL;
	return 0;
}

void sign_free(struct sign_key **key)
{
	if (*key) {
		EVP_PKEY_CTX_free((*key)->rsa);
		EVP_PKEY_free((*key)->key);
	}
	free(*key);
	*key = NULL;
}

enum sign_kind sign_kind(const struct sign_key *key)
{
	return key->kind;
}

int sign_bits(const struct sign_key *key)
{
	return EVP_PKEY_get_bits(key->key);
}

static bool sign_rsa(const EVP_PKEY_CTX *ready, const uint8_t digest[32], uint8_t *out, size_t *size)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(ready);
	bool ok = context && EVP_PKEY_sign(context, out, size, digest, DIGEST_BYTES) == 1;
	EVP_PKEY_CTX_free(context);
	return ok;
}

static bool sign_ed25519(EVP_PKEY *key, const uint8_t digest[32], uint8_t *out, size_t *size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
	          EVP_DigestSign(context, out, size, digest, DIGEST_BYTES) == 1;
	EVP_MD_CTX_free(context);
	return ok;
}

int sign_digest(const struct sign_key *key, const uint8_t digest[32], uint8_t out[SIGN_BYTES], struct error *err)
{
	size_t size = SIGN_BYTES;
	bool ok = key->kind == SIGN_RSA ? sign_rsa(key->rsa, digest, out, &size) : sign_ed25519(key->key, digest, out, &size);
	return ok ? (int)size : error_set(err, ERROR_MEMORY, "the key did not sign");
}

int sign_public(const struct sign_key *key, struct buffer *out, struct error *err)
{
	uint8_t raw[ED25519_BYTES];
	size_t size = sizeof raw;
	if (key->kind == SIGN_ED25519) {
		if (EVP_PKEY_get_raw_public_key(key->key, raw, &size) != 1)
			return error_set(err, ERROR_MEMORY, "the key has no public part");
		digest_base64(raw, size, out);
		return buffer_check(out, err);
	}
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key->key, &der);
	if (n <= 0)
		return error_set(err, ERROR_MEMORY, "the key has no public part");
	digest_base64(der, (size_t)n, out);
	OPENSSL_free(der);
	return buffer_check(out, err);
}
