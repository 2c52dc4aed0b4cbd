#include "system/keygen.h"
#include <openssl/evp.h>
#include <openssl/pem.h>

int keygen(enum sign_kind kind, int bits, struct buffer *out, struct error *err)
{
	EVP_PKEY *key = kind == SIGN_RSA ? EVP_RSA_gen((unsigned)bits) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *bio = key ? BIO_new(BIO_s_mem()) : NULL;
	char *text = NULL;
	long size = 0;
	if (bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
		size = BIO_get_mem_data(bio, &text);
	if (size > 0)
		buffer_add(out, text, (size_t)size);
	BIO_free(bio);
	EVP_PKEY_free(key);
	return size > 0 ? buffer_check(out, err) : error_set(err, ERROR_MEMORY, "no key could be made");
}
