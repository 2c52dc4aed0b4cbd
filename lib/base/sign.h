/* sign - private keys that sign: RSA (PKCS#1 v1.5 with SHA-256, RFC 8017 section 8.2) and Ed25519 (RFC 8032). The same input gives the
 * same signature. A key is read-only once read: threads share it. */
#ifndef BASE_SIGN_H
#define BASE_SIGN_H
#include "base/buffer.h"

enum sign_kind { SIGN_RSA, SIGN_ED25519 };
enum { SIGN_BYTES = 512 /* of an RSA-4096 signature */, SIGN_RSA_LEAST_BITS = 2048 /* RFC 8301 section 3.2 asks 1024, receivers 2048 */ };

struct sign_key;

/* From PEM. ERROR_INPUT: no private key, another kind, or an RSA key that is too short (or longer than 4096 bits). sign_free() it. */
MUST_CHECK int sign_read(struct bytes pem, struct sign_key **out, struct error *err);
void sign_free(struct sign_key **key);
enum sign_kind sign_kind(const struct sign_key *key);
int sign_bits(const struct sign_key *key);

/* RSA: the signature of the data whose SHA-256 this is. Ed25519: of the 32 bytes themselves (what RFC 8463 section 3 asks for).
 * Returns the signature's size. */
MUST_CHECK int sign_digest(const struct sign_key *key, const uint8_t digest[32], uint8_t out[SIGN_BYTES], struct error *err);

/* The public key, base64, as DKIM publishes it: SubjectPublicKeyInfo for RSA (RFC 6376 section 3.6.1), 32 bytes for Ed25519. */
MUST_CHECK int sign_public(const struct sign_key *key, struct buffer *out, struct error *err);
#endif
