/* token - what links and return paths carry: who and which list, and a MAC nobody else can make.
 * Reader tokens (unsubscribe, view, preferences): base64url of version, purpose, key id, list, subscriber, extra and
 * 16 bytes of HMAC-SHA-256 over them and the subscriber's epoch. They never expire; raising the epoch revokes them (RULES A6).
 * VERP tokens: the same idea in lower-case base32 (a local part may be case-folded on its way) with 10 bytes of HMAC. */
#ifndef MODEL_TOKEN_H
#define MODEL_TOKEN_H
#include "base/digest.h"

enum token_purpose { TOKEN_UNSUBSCRIBE = 1, TOKEN_VIEW, TOKEN_PREFERENCES, TOKEN_VERP, TOKEN_FORM, TOKEN_TEST };

enum { TOKEN_KEYS = 8, TOKEN_KEY_BYTES = 32, TOKEN_TEXT = 96 };

/* The secrets of one store. The first key makes tokens; all verify them. Passed in; borrowed. */
struct keyring {
	struct {
		uint8_t id; /* 1..255 */
		uint8_t secret[TOKEN_KEY_BYTES];
	} keys[TOKEN_KEYS];
	size_t count;
};

struct token {
	enum token_purpose purpose;
	int64_t list;
	int64_t subscriber;
	int64_t extra; /* the campaign, or for a notice its id; 0 if it does not matter */
	bool is_test;  /* inert: its page works, changes nothing, and says so */
};

/* Writes the token's text with a NUL to `out`. `epoch` is the subscriber's. */
void token_write(const struct keyring *keys, const struct token *token, int64_t epoch, char out[TOKEN_TEXT]);

/* Reads the claims without believing them: the caller looks up the epoch and calls token_verify(). False if it is no token. */
bool token_claims(struct bytes text, struct token *out);
/* True if `text` is a token for `purpose` made with one of `keys` and this epoch; compared in constant time. */
bool token_verify(const struct keyring *keys, struct bytes text, enum token_purpose purpose, int64_t epoch, struct token *out);

/* VERP: at most 48 characters. The epoch plays no part: a late bounce must match after an epoch change.
 * Layout: key id, kind, then variable-length list, subscriber, campaign, then 10 bytes of HMAC. */
void token_write_verp(const struct keyring *keys, const struct token *token, char out[TOKEN_TEXT]);
bool token_read_verp(const struct keyring *keys, struct bytes text, struct token *out);

/* Puts a VERP token in place of "{token}" in a return path such as "bounce+{token}@example.org". */
MUST_CHECK int token_return_path(const char *pattern, const char *token, struct buffer *out, struct error *err);
/* Finds a VERP token in an address that was made from `pattern`; false if the address does not fit it. */
bool token_in_address(const char *pattern, struct bytes address, struct bytes *token);

/* The left side of a Message-ID: base32 of HMAC(salt, subscriber), the same on every retry. 26 characters and a NUL. */
void token_message_id(struct bytes salt, int64_t subscriber, char out[32]);
#endif
