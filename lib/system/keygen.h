/* keygen - new private keys for DKIM: the only place that draws on the machine's randomness for them. */
#ifndef SYSTEM_KEYGEN_H
#define SYSTEM_KEYGEN_H
#include "base/sign.h"

/* Adds the key as PEM (PKCS#8). bits: of an RSA key. */
MUST_CHECK int keygen(enum sign_kind kind, int bits, struct buffer *out, struct error *err);
#endif
