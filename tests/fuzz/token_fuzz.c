/* Nobody makes a token without the secret, and whatever is no token is no claim. */
#include "fuzz.h"
#include "model/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct keyring keys = { .keys = { { 7, "a secret nobody could guess" } }, .count = 1 };
	struct bytes text = { (const char *)data, size };
	struct bytes found;
	struct token token = { 0 };
	token_claims(text, &token);
	for (int purpose = TOKEN_UNSUBSCRIBE; purpose <= TOKEN_TEST; purpose++)
		PROMISE(!token_verify(&keys, text, (enum token_purpose)purpose, 0, &token));
	PROMISE(!token_read_verp(&keys, text, &token));
	if (token_in_address("bounce+{token}@news.example", text, &found))
		PROMISE(found.data >= text.data && found.data + found.size <= text.data + text.size);
	/* What we make, with numbers from the input, reads back. */
	struct token made = { .purpose = TOKEN_VERP, .list = 1, .subscriber = 1 };
	for (size_t i = 0; i < size && i < 7; i++)
		made.subscriber = made.subscriber * 256 + data[i];
	for (size_t i = 7; i < size && i < 10; i++)
		made.list = made.list * 256 + data[i];
	char verp[TOKEN_TEXT];
	token_write_verp(&keys, &made, verp);
	PROMISE(token_read_verp(&keys, bytes_text(verp), &token));
	PROMISE(token.list == made.list && token.subscriber == made.subscriber);
	return 0;
}
