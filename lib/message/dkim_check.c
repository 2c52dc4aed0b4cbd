/* Reading signatures back: what they cover, and whether they are what their key writes for these bytes. */
#include "base/text.h"
#include "message/canonical.h"
#include "message/dkim.h"

enum { FIELD_BYTES = 64 << 10 };

/* The value of a tag (RFC 6376 section 3.2) of a relaxed field, with all blanks taken out; "" if there is none. *at: where the value
 * stands in `list`. */
static const char *tag(struct bytes list, const char *name, struct bytes *at, struct arena *arena)
{
	struct bytes rest = list;
	struct bytes part;
	*at = (struct bytes){ list.data + list.size, 0 };
	while (text_next_part(&rest, ";", &part)) {
		struct bytes trimmed = text_trim(part);
		size_t size = strlen(name);
		const char *equals = memchr(trimmed.data, '=', trimmed.size);
		if (!equals || text_trim((struct bytes){ trimmed.data, (size_t)(equals - trimmed.data) }).size != size ||
		    memcmp(trimmed.data, name, size) != 0)
			continue;
		*at = (struct bytes){ equals + 1, (size_t)(part.data + part.size - equals - 1) };
		char *copy = arena_copy(arena, at->data, at->size);
		size_t n = 0;
		for (size_t i = 0; copy && i < at->size; i++)
			if (copy[i] != ' ')
				copy[n++] = copy[i];
		if (copy)
			copy[n] = '\0';
		return copy ? copy : "";
	}
	return "";
}

/* The fields h= names, relaxed; of one that is there more than once the lowest that was not taken yet (section 5.4.2). */
static void add_named(const struct canonical *head, const char *names, struct buffer *out)
{
	bool taken[CANONICAL_FIELDS] = { false };
	struct bytes rest = bytes_text(names);
	struct bytes name;
	while (text_next_part(&rest, ":", &name))
		for (size_t f = head->count; f-- > 0;) {
			if (taken[f] || text_compare_nocase(head->fields[f].name, name) != 0)
				continue;
			taken[f] = true;
			canonical_write(head->fields[f].name, head->fields[f].value, out);
			buffer_add_text(out, "\r\n");
			break;
		}
}

static const struct dkim_signer *signer_of(const struct dkim_signer *signers, size_t n, const struct dkim_seen *seen)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(signers[i].domain, seen->domain) == 0 && strcmp(signers[i].selector, seen->selector) == 0)
			return &signers[i];
	return NULL;
}

static bool is_signature(const struct dkim_signer *signer, struct bytes hashed, const char *b, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer base64 = BUFFER_INIT(1024);
	uint8_t digest[DIGEST_BYTES];
	uint8_t signature[SIGN_BYTES];
	digest_sha256(hashed, digest);
	int size = sign_digest(signer->key, digest, signature, err);
	if (size < 0)
		return false;
	digest_base64(signature, (size_t)size, &base64);
	return strcmp(buffer_text(&base64), b) == 0;
}

static int check_one(const struct dkim_signer *signers, size_t signer_count, const struct canonical *head, size_t field,
                     const char *body_hash, struct dkim_seen *seen, struct arena *arena, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer relaxed = BUFFER_INIT(FIELD_BYTES);
	CLEANUP(buffer_clear) struct buffer hashed = BUFFER_INIT(4 * FIELD_BYTES);
	struct bytes at;
	canonical_write(head->fields[field].name, head->fields[field].value, &relaxed);
	if (buffer_check(&relaxed, err) < 0)
		return -1;
	struct bytes list = { relaxed.data + strlen("dkim-signature:"), relaxed.size - strlen("dkim-signature:") };
	*seen = (struct dkim_seen){ .domain = tag(list, "d", &at, arena), .selector = tag(list, "s", &at, arena) };
	char *names = arena_text(arena, tag(list, "h", &at, arena));
	seen->has_length = *tag(list, "l", &at, arena) != '\0';
	seen->fields = names ? names : "";
	if (names)
		text_lower(names, strlen(names));
	const struct dkim_signer *signer = signer_of(signers, signer_count, seen);
	if (strcmp(tag(list, "bh", &at, arena), body_hash) != 0)
		seen->fault = "the body is not the one that was signed";
	const char *b = tag(list, "b", &at, arena);
	add_named(head, seen->fields, &hashed);
	buffer_add(&hashed, relaxed.data, (size_t)(at.data - relaxed.data));
	buffer_add(&hashed, at.data + at.size, (size_t)(relaxed.data + relaxed.size - at.data - at.size));
	if (buffer_check(&hashed, err) < 0)
		return -1;
	if (!seen->fault && !signer)
		seen->fault = "none of the keys that sign for this sender wrote it";
	if (!seen->fault && !is_signature(signer, buffer_bytes(&hashed), b, err))
		seen->fault = "a signed field is not the one that was signed";
	return 0;
}

int dkim_check(const struct dkim_signer *signers, size_t signer_count, struct bytes message, struct dkim_seen *out, size_t max, size_t *n,
               struct arena *arena, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer body_hash = BUFFER_INIT(64);
	struct canonical head = { .count = 0 };
	uint8_t digest[DIGEST_BYTES];
	*n = 0;
	if (canonical_head(message, &head, err) < 0 || canonical_body_hash(head.body, digest, err) < 0)
		return -1;
	digest_base64(digest, sizeof digest, &body_hash);
	for (size_t i = 0; i < head.count && *n < max; i++)
		if (text_compare_nocase(head.fields[i].name, BYTES_OF("dkim-signature")) == 0 &&
		    check_one(signers, signer_count, &head, i, buffer_text(&body_hash), &out[(*n)++], arena, err) < 0)
			return -1;
	return 0;
}
