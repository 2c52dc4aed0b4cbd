#include "message/dkim.h"
#include "base/text.h"
#include "message/canonical.h"

enum { HEAD_BYTES = 64 << 10, LINE = 72 };

/* In the order they are listed. Oversigned: listed once more than present; a field that is absent too, so that none can be added. */
static const struct {
	const char *name;
	enum { ONCE, OVERSIGNED, OVERSIGNED_IF_PRESENT, OVERSIGNED_EVEN_ABSENT } how;
	bool id_or_date;
} signed_fields[] = {
	{ "from", OVERSIGNED_EVEN_ABSENT, false },
	{ "sender", OVERSIGNED_IF_PRESENT, false },
	{ "reply-to", OVERSIGNED_EVEN_ABSENT, false },
	{ "to", OVERSIGNED_EVEN_ABSENT, false },
	{ "cc", OVERSIGNED_EVEN_ABSENT, false },
	{ "subject", OVERSIGNED_EVEN_ABSENT, false },
	{ "date", OVERSIGNED_EVEN_ABSENT, true },
	{ "message-id", OVERSIGNED_EVEN_ABSENT, true },
	{ "in-reply-to", OVERSIGNED_IF_PRESENT, false },
	{ "references", OVERSIGNED_IF_PRESENT, false },
	{ "mime-version", OVERSIGNED_EVEN_ABSENT, false },
	{ "content-type", OVERSIGNED_EVEN_ABSENT, false },
	{ "content-transfer-encoding", OVERSIGNED_IF_PRESENT, false }, /* a relay may add a missing one */
	{ "list-id", OVERSIGNED_EVEN_ABSENT, false },
	{ "list-unsubscribe", OVERSIGNED_EVEN_ABSENT, false },
	{ "list-unsubscribe-post", OVERSIGNED_EVEN_ABSENT, false },
	{ "list-help", ONCE, false },
	{ "list-subscribe", ONCE, false },
	{ "list-post", ONCE, false },
	{ "list-owner", ONCE, false },
	{ "list-archive", ONCE, false },
	{ "archived-at", ONCE, false },
	{ "auto-submitted", ONCE, false },
	{ "feedback-id", OVERSIGNED_EVEN_ABSENT, false },
	{ "cfbl-address", OVERSIGNED_EVEN_ABSENT, false },
	{ "cfbl-feedback-id", OVERSIGNED_EVEN_ABSENT, false },
};

/* A list of names, folded; *column is where the line stands. */
static void list_name(struct buffer *out, const char *name, size_t *column, bool *first)
{
	size_t size = strlen(name) + 1;
	if (*column + size > LINE) {
		buffer_add_text(out, *first ? "\r\n\t" : ":\r\n\t");
		*column = 8;
	} else if (!*first) {
		buffer_add_char(out, ':');
	}
	buffer_add_text(out, name);
	*column += size;
	*first = false;
}

/* h= into `names`, and the fields it names, in that order and relaxed, into `data`. A name that is there more than once is taken from
 * the bottom up (section 5.4.2), and once more for the one that must not be added. */
static void choose_fields(const struct canonical *head, enum dkim_fields which, struct buffer *names, struct buffer *data)
{
	size_t column = 11;
	bool first = true;
	for (size_t i = 0; i < COUNT_OF(signed_fields); i++) {
		if (which == DKIM_NO_ID_DATE && signed_fields[i].id_or_date)
			continue;
		size_t present = 0;
		size_t size = strlen(signed_fields[i].name);
		for (size_t f = head->count; f-- > 0;) {
			if (head->fields[f].name.size != size ||
			    text_compare_nocase(head->fields[f].name, (struct bytes){ signed_fields[i].name, size }) != 0)
				continue;
			list_name(names, signed_fields[i].name, &column, &first);
			canonical_write(head->fields[f].name, head->fields[f].value, data);
			buffer_add_text(data, "\r\n");
			present++;
		}
		if (signed_fields[i].how == OVERSIGNED_EVEN_ABSENT || (signed_fields[i].how == OVERSIGNED_IF_PRESENT && present > 0))
			list_name(names, signed_fields[i].name, &column, &first);
	}
}

static void add_folded(struct buffer *out, struct bytes text)
{
	for (size_t at = 0; at < text.size; at += LINE) {
		buffer_add_text(out, "\r\n\t");
		buffer_add(out, text.data + at, text.size - at < LINE ? text.size - at : LINE);
	}
}

struct signing {
	struct bytes names, data; /* h=, and what it names */
	struct bytes body_hash;   /* base64 */
	int64_t at_s;
};

static int sign_one(const struct dkim_signer *signer, const struct signing *signing, struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer field = BUFFER_INIT(HEAD_BYTES);
	CLEANUP(buffer_clear) struct buffer hashed = BUFFER_INIT(2 * HEAD_BYTES);
	CLEANUP(buffer_clear) struct buffer base64 = BUFFER_INIT(1024);
	uint8_t digest[DIGEST_BYTES];
	uint8_t signature[SIGN_BYTES];
	static const char name[] = "DKIM-Signature";
	buffer_format(&field, " v=1; a=%s; c=relaxed/relaxed; d=%s;\r\n\ts=%s; t=%" PRId64 ";\r\n\th=",
	              sign_kind(signer->key) == SIGN_RSA ? "rsa-sha256" : "ed25519-sha256", signer->domain, signer->selector,
	              signing->at_s);
	buffer_add_bytes(&field, signing->names);
	buffer_add_text(&field, ";\r\n\tbh=");
	buffer_add_bytes(&field, signing->body_hash);
	buffer_add_text(&field, ";\r\n\tb=");
	buffer_add_bytes(&hashed, signing->data);
	canonical_write(BYTES_OF(name), buffer_bytes(&field), &hashed);
	if (buffer_check(&field, err) < 0 || buffer_check(&hashed, err) < 0)
		return -1;
	digest_sha256(buffer_bytes(&hashed), digest);
	int size = sign_digest(signer->key, digest, signature, err);
	if (size < 0)
		return -1;
	digest_base64(signature, (size_t)size, &base64);
	buffer_add_text(out, name);
	buffer_add_char(out, ':');
	buffer_add_bytes(out, buffer_bytes(&field));
	add_folded(out, buffer_bytes(&base64));
	buffer_add_text(out, "\r\n");
	return buffer_check(out, err);
}

int dkim_sign(const struct dkim_signer *signers, size_t n, enum dkim_fields fields, struct bytes message, int64_t at_us, struct buffer *out,
              struct error *err)
{
	CLEANUP(buffer_clear) struct buffer names = BUFFER_INIT(HEAD_BYTES);
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT(HEAD_BYTES);
	CLEANUP(buffer_clear) struct buffer body_hash = BUFFER_INIT(64);
	struct canonical head = { .count = 0 };
	uint8_t digest[DIGEST_BYTES];
	if (n == 0)
		return 0;
	if (canonical_head(message, &head, err) < 0 || canonical_body_hash(head.body, digest, err) < 0)
		return -1;
	choose_fields(&head, fields, &names, &data);
	digest_base64(digest, sizeof digest, &body_hash);
	if (buffer_check(&names, err) < 0 || buffer_check(&data, err) < 0 || buffer_check(&body_hash, err) < 0)
		return -1;
	struct signing signing = { buffer_bytes(&names), buffer_bytes(&data), buffer_bytes(&body_hash), at_us / 1000000 };
	for (size_t i = 0; i < n; i++)
		if (sign_one(&signers[i], &signing, out, err) < 0)
			return error_wrap(err, "DKIM %s/%s", signers[i].domain, signers[i].selector);
	return 0;
}

const char *dkim_oversigned(enum dkim_fields fields, size_t i)
{
	for (size_t at = 0; at < COUNT_OF(signed_fields); at++) {
		bool left_out = fields == DKIM_NO_ID_DATE && signed_fields[at].id_or_date;
		if (signed_fields[at].how == OVERSIGNED_EVEN_ABSENT && !left_out && i-- == 0)
			return signed_fields[at].name;
	}
	return NULL;
}

struct bytes dkim_from_domain(struct bytes message)
{
	struct canonical head = { .count = 0 };
	struct error err;
	if (canonical_head(message, &head, &err) < 0)
		return (struct bytes){ "", 0 };
	for (size_t i = 0; i < head.count; i++) {
		if (text_compare_nocase(head.fields[i].name, BYTES_OF("from")) != 0)
			continue;
		/* Behind the last @: a quoted name may hold others. */
		struct bytes value = head.fields[i].value;
		const char *at = memrchr(value.data, '@', value.size);
		if (!at)
			break;
		size_t left = value.size - (size_t)(at + 1 - value.data);
		size_t size = 0;
		while (size < left && at[1 + size] != '>' && at[1 + size] != ' ' && at[1 + size] != '\t' && at[1 + size] != '\r')
			size++;
		return (struct bytes){ at + 1, size };
	}
	return (struct bytes){ "", 0 };
}

int dkim_record(const struct sign_key *key, struct buffer *out, struct error *err)
{
	buffer_format(out, "v=DKIM1; k=%s; p=", sign_kind(key) == SIGN_RSA ? "rsa" : "ed25519");
	return sign_public(key, out, err);
}
