/* signing - the DKIM keys of the configuration: which of them sign for a sender, and from when. */
#ifndef OPS_SIGNING_H
#define OPS_SIGNING_H
#include "message/dkim.h"
#include "ops/ops.h"
#include "system/dns.h"

struct signing; /* read-only once opened: threads share it */

/* Tells of each key that is none, and returns how many; one that this user may not read is passed over. */
size_t signing_check(const struct config *config, void (*tell)(const char *fault));
/* Reads all keys of the configuration (that may be a fresh one, not ops->config). ERROR_INPUT names the section and the file. */
MUST_CHECK int signing_open(struct ops *ops, const struct config *config, struct signing **out, struct error *err);
void signing_close(struct signing **signing);

/* Adds the DKIM-Signature fields of all keys that sign for the domain in From (their own or a subdomain of it) now; none is fine. */
MUST_CHECK int signing_sign(const struct signing *signing, enum relay_sign how, struct bytes message, int64_t at_us, int64_t now_us,
                            struct buffer *out, struct error *err);

/* Those that sign for this sender's domain now, at most CONFIG_DKIM; borrowed from `signing`. */
size_t signing_signers(const struct signing *signing, struct bytes domain, int64_t now_us, struct dkim_signer *out);

enum signing_state { SIGNING_ACTIVE, SIGNING_SOON, SIGNING_UNPUBLISHED, SIGNING_DIFFERS, SIGNING_UNKNOWN };
extern const char *const signing_state_words[];

struct signing_row {
	const char *domain, *selector, *kind;
	int64_t bits;
	enum signing_state state;
	int64_t active_from_us; /* 0: not known yet */
	const char *record;     /* to publish at selector._domainkey.domain */
};

/* One row for each key; with `dns` the records are looked up, and one seen for the first time is noted: the key signs an hour later,
 * when caches have forgotten that there was none. */
MUST_CHECK int signing_look(struct ops *ops, const struct config *config, struct dns *dns, struct arena *arena, struct signing_row *rows,
                            size_t *n, struct error *err);
#endif
