/* digest - SHA-256, HMAC-SHA-256 (RFC 2104) and the text forms of bytes: hex, base32, base64 (RFC 4648). */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H
#include "base/buffer.h"

enum { DIGEST_BYTES = 32 };

void digest_sha256(struct bytes data, uint8_t out[DIGEST_BYTES]);
/* Only where others compare by it: it protects nothing. */
enum { DIGEST_SHA1_BYTES = 20 };
void digest_sha1(struct bytes data, uint8_t out[DIGEST_SHA1_BYTES]);
/* SHA-256 of bytes that come in parts: digest_begin() (NULL: out of memory), digest_add(), then digest_end(), which frees it. */
struct digest *digest_begin(void);
void digest_add(struct digest *digest, struct bytes data);
void digest_end(struct digest **digest, uint8_t out[DIGEST_BYTES]);
void digest_hmac(struct bytes key, struct bytes data, uint8_t out[DIGEST_BYTES]);
/* Takes the same time wherever the difference is. */
bool digest_equal(const void *a, const void *b, size_t size);

void digest_hex(const uint8_t *data, size_t size, struct buffer *out);
/* Lower-case base32 without padding: safe in a local part, which may be case-folded on its way. */
void digest_base32(const uint8_t *data, size_t size, struct buffer *out);
/* Reads base32 of either case; returns the number of bytes written, or -1 if not base32 or more than `max`. */
int digest_base32_read(struct bytes text, uint8_t *out, size_t max);
/* URL-safe base64 without padding (RFC 4648 section 5). */
void digest_base64url(const uint8_t *data, size_t size, struct buffer *out);
int digest_base64url_read(struct bytes text, uint8_t *out, size_t max);
/* Standard base64 with padding, no line breaks. */
void digest_base64(const uint8_t *data, size_t size, struct buffer *out);
#endif
