#include "ops/signing.h"
#include "base/text.h"
#include "store/event.h"
#include "system/clock.h"
#include "system/file.h"
#include <stdlib.h>

enum { KEY_BYTES = 64 << 10 };
#define SETTLE_US HOUR_US
#define DNS_US (10 * SECOND_US)

struct signing_key {
	struct sign_key *key;
	const struct config_dkim *config;
	char domain[256], selector[128];
	int64_t active_from_us; /* INT64_MAX: not yet published */
};

struct signing {
	struct signing_key key[CONFIG_DKIM];
	size_t count;
};

const char *const signing_state_words[] = { "active", "soon", "unpublished", "differs", "unknown", NULL };

static int read_key(const struct config_dkim *dkim, struct sign_key **out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer pem = BUFFER_INIT(KEY_BYTES);
	if (file_read(dkim->key, &pem, err) < 0 || sign_read(buffer_bytes(&pem), out, err) < 0)
		return error_wrap(err, "[dkim:%s] %s", dkim->name, dkim->key);
	return 0;
}

size_t signing_check(const struct config *config, void (*tell)(const char *fault))
{
	size_t faults = 0;
	for (size_t i = 0; i < config->dkim_count; i++) {
		struct sign_key *key = NULL;
		struct error err;
		if (read_key(&config->dkim[i], &key, &err) < 0 && err.code == ERROR_INPUT) {
			tell(err.text);
			faults++;
		}
		sign_free(&key);
	}
	return faults;
}

/* When DNS first showed the record, as noted in the store; 0: never seen. */
static int published_us(struct ops *ops, const struct config_dkim *dkim, int64_t *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	char name[512];
	const char *value = NULL;
	snprintf(name, sizeof name, "dkim:%s", dkim->name);
	int found = store_meta_get(ops->db, name, &value, &arena, err);
	*out = found > 0 ? strtoll(value, NULL, 10) : 0;
	return found < 0 ? -1 : 0;
}

static int open_key(struct ops *ops, const struct config_dkim *dkim, struct signing_key *key, struct error *err)
{
	int64_t published = 0;
	if (read_key(dkim, &key->key, err) < 0 || (!dkim->always && published_us(ops, dkim, &published, err) < 0))
		return -1;
	snprintf(key->domain, sizeof key->domain, "%s", dkim->domain);
	snprintf(key->selector, sizeof key->selector, "%s", dkim->selector);
	key->active_from_us = dkim->always ? 0 : published ? published + SETTLE_US : INT64_MAX;
	return 0;
}

int signing_open(struct ops *ops, const struct config *config, struct signing **out, struct error *err)
{
	CLEANUP(signing_close) struct signing *signing = calloc(1, sizeof *signing);
	if (!signing)
		return error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; i < config->dkim_count; i++)
		if (open_key(ops, &config->dkim[i], &signing->key[signing->count++], err) < 0)
			return -1;
	*out = signing;
	signing = NULL;
	return 0;
}

void signing_close(struct signing **signing)
{
	for (size_t i = 0; *signing && i < (*signing)->count; i++)
		sign_free(&(*signing)->key[i].key);
	free(*signing);
	*signing = NULL;
}

/* The sender's own domain, or one above it: both are aligned (RFC 9989, relaxed). */
static bool covers(const char *domain, struct bytes sender)
{
	size_t size = strlen(domain);
	if (sender.size < size || text_compare_nocase((struct bytes){ sender.data + sender.size - size, size }, bytes_text(domain)) != 0)
		return false;
	return sender.size == size || sender.data[sender.size - size - 1] == '.';
}

size_t signing_signers(const struct signing *signing, struct bytes domain, int64_t now_us, struct dkim_signer *out)
{
	size_t n = 0;
	for (size_t i = 0; i < signing->count; i++) {
		const struct signing_key *key = &signing->key[i];
		if (key->active_from_us <= now_us && covers(key->domain, domain))
			out[n++] = (struct dkim_signer){ key->key, key->domain, key->selector };
	}
	return n;
}

int signing_sign(const struct signing *signing, enum relay_sign how, struct bytes message, int64_t at_us, int64_t now_us,
                 struct buffer *out, struct error *err)
{
	struct dkim_signer signers[CONFIG_DKIM];
	if (how == SIGN_OFF || signing->count == 0)
		return 0;
	size_t n = signing_signers(signing, dkim_from_domain(message), now_us, signers);
	return dkim_sign(signers, n, how == SIGN_NO_ID_DATE ? DKIM_NO_ID_DATE : DKIM_FULL, message, at_us, out, err);
}

/* The value of p= in one record of `text`, blanks dropped (RFC 6376 section 3.2 allows them); empty: none. */
static void record_key(struct bytes record, struct buffer *out)
{
	struct bytes part;
	while (text_next_part(&record, ";", &part)) {
		part = text_trim(part);
		if (part.size < 2 || part.data[0] != 'p' || part.data[1] != '=')
			continue;
		for (size_t i = 2; i < part.size; i++)
			if (part.data[i] != ' ' && part.data[i] != '\t')
				buffer_add_char(out, part.data[i]);
		return;
	}
}

static int look_up(struct dns *dns, const struct config_dkim *dkim, const struct sign_key *key, enum signing_state *state,
                   struct error *err)
{
	CLEANUP(buffer_clear) struct buffer records = BUFFER_INIT(64 << 10);
	CLEANUP(buffer_clear) struct buffer ours = BUFFER_INIT(4096);
	char name[512];
	struct error why = { 0 };
	struct bytes record;
	snprintf(name, sizeof name, "%s._domainkey.%s", dkim->selector, dkim->domain);
	if (sign_public(key, &ours, err) < 0)
		return -1;
	int n = dns_txt(dns, name, DNS_US, &records, &why);
	*state = n < 0 ? SIGNING_UNKNOWN : n == 0 ? SIGNING_UNPUBLISHED : SIGNING_DIFFERS;
	for (struct bytes rest = buffer_bytes(&records); n > 0 && text_next_part(&rest, "\n", &record);) {
		CLEANUP(buffer_clear) struct buffer theirs = BUFFER_INIT(4096);
		record_key(record, &theirs);
		if (bytes_equal(buffer_bytes(&theirs), buffer_bytes(&ours)))
			*state = SIGNING_ACTIVE;
	}
	return 0;
}

static int note_published(struct ops *ops, const struct config_dkim *dkim, int64_t now_us, struct error *err)
{
	char name[512];
	char value[32];
	snprintf(name, sizeof name, "dkim:%s", dkim->name);
	snprintf(value, sizeof value, "%" PRId64, now_us);
	return store_meta_set(ops->db, name, value, err);
}

static int look_at(struct ops *ops, const struct config_dkim *dkim, struct dns *dns, struct arena *arena, struct signing_row *row,
                   struct error *err)
{
	CLEANUP(sign_free) struct sign_key *key = NULL;
	CLEANUP(buffer_clear) struct buffer record = BUFFER_INIT(4096);
	int64_t published = 0;
	int64_t now_us = clock_now().wall_us;
	if (read_key(dkim, &key, err) < 0 || dkim_record(key, &record, err) < 0 || published_us(ops, dkim, &published, err) < 0)
		return -1;
	*row = (struct signing_row){ .domain = dkim->domain,
		                     .selector = dkim->selector,
		                     .kind = sign_kind(key) == SIGN_RSA ? "rsa" : "ed25519",
		                     .bits = sign_bits(key),
		                     .state = dkim->always || published ? SIGNING_ACTIVE : SIGNING_UNPUBLISHED,
		                     .record = arena_text(arena, buffer_text(&record)) };
	if (dns && look_up(dns, dkim, key, &row->state, err) < 0)
		return -1;
	if (row->state == SIGNING_ACTIVE && !dkim->always) {
		if (!published && note_published(ops, dkim, published = now_us, err) < 0)
			return -1;
		row->active_from_us = published + SETTLE_US;
		if (row->active_from_us > now_us)
			row->state = SIGNING_SOON;
	}
	return row->record ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

int signing_look(struct ops *ops, const struct config *config, struct dns *dns, struct arena *arena, struct signing_row *rows, size_t *n,
                 struct error *err)
{
	for (*n = 0; *n < config->dkim_count; ++*n)
		if (look_at(ops, &config->dkim[*n], dns, arena, &rows[*n], err) < 0)
			return -1;
	return 0;
}
