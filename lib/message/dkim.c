#include "message/dkim.h"
#include "base/digest.h"
#include "base/text.h"

enum { FIELDS = 64, HEAD_BYTES = 64 << 10, LINE = 72 };

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

/* A field of the message: its name and its value as they stand, folds included, without the last CRLF. */
struct field_text {
	struct bytes name, value;
};

struct head {
	struct field_text fields[FIELDS];
	size_t count;
	struct bytes body;
};

static int read_head(struct bytes message, struct head *head, struct error *err)
{
	const char *at = message.data;
	const char *end = message.data + message.size;
	while (at < end && !(end - at >= 2 && at[0] == '\r' && at[1] == '\n')) {
		const char *line = at;
		for (;;) {
			const char *lf = memchr(at, '\n', (size_t)(end - at));
			if (!lf)
				return error_set(err, ERROR_INPUT, "the message has no end of its header");
			at = lf + 1;
			if (at == end || (*at != ' ' && *at != '\t'))
				break;
		}
		const char *colon = memchr(line, ':', (size_t)(at - line));
		if (!colon || at - line < 2 || head->count == FIELDS)
			return error_set(err, ERROR_INPUT, "the message has more than %d fields, or a line that is none", FIELDS);
		head->fields[head->count++] =
			(struct field_text){ { line, (size_t)(colon - line) }, { colon + 1, (size_t)(at - 2 - colon - 1) } };
	}
	if (at >= end)
		return error_set(err, ERROR_INPUT, "the message has no body");
	head->body = (struct bytes){ at + 2, (size_t)(end - at) - 2 };
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* RFC 6376 section 3.4.2: name in lower case, unfolded, runs of blanks as one, none at the ends. Without CRLF. */
static void add_relaxed_field(struct bytes name, struct bytes value, struct buffer *out)
{
	char *to = buffer_reserve(out, name.size + value.size + 1);
	size_t n = 0;
	if (!to)
		return;
	for (size_t i = 0; i < name.size; i++)
		if (!is_blank(name.data[i]))
			to[n++] = (char)(name.data[i] >= 'A' && name.data[i] <= 'Z' ? name.data[i] + 32 : name.data[i]);
	to[n++] = ':';
	size_t first = n;
	bool pending = false;
	for (size_t i = 0; i < value.size; i++) {
		char c = value.data[i];
		if (is_blank(c) || c == '\r' || c == '\n') {
			pending = pending || is_blank(c);
			continue;
		}
		if (pending && n > first)
			to[n++] = ' ';
		to[n++] = c;
		pending = false;
	}
	buffer_commit(out, n);
}

/* One byte of a body that is not in its relaxed form: a tab, or a blank before another or before the line's end. */
static unsigned char is_odd(char c, char then)
{
	return (unsigned char)(((c == ' ') & ((then == ' ') | (then == '\r'))) | (c == '\t'));
}

/* Whether a stretch is its own relaxed form; `n` bytes, one more is read. In blocks without a branch, so that the compiler can look at
 * many bytes at once. */
static bool is_relaxed(const char *data, size_t n)
{
	enum { BLOCK = 16 };
	unsigned char odd = 0;
	size_t i = 0;
	for (; i + BLOCK <= n; i += BLOCK)
		for (size_t j = 0; j < BLOCK; j++)
			odd |= is_odd(data[i + j], data[i + j + 1]);
	for (; i < n; i++)
		odd |= is_odd(data[i], data[i + 1]);
	return odd == 0;
}

/* RFC 6376 section 3.4.4, for the stretches that are not in that form already. */
static void hash_slowly(struct digest *hash, struct bytes body)
{
	char out[4096];
	size_t used = 0;
	for (size_t i = 0; i < body.size; i++) {
		char c = body.data[i];
		if (is_blank(c)) {
			while (i + 1 < body.size && is_blank(body.data[i + 1]))
				i++;
			if (i + 1 < body.size && body.data[i + 1] == '\r')
				continue;
			c = ' ';
		}
		out[used++] = c;
		if (used == sizeof out) {
			digest_add(hash, (struct bytes){ out, used });
			used = 0;
		}
	}
	digest_add(hash, (struct bytes){ out, used });
}

static int hash_body(struct bytes body, uint8_t out[DIGEST_BYTES], struct error *err)
{
	enum { STRETCH = 4096 };
	/* Empty lines at the end do not count, and an empty body is one without even a CRLF (section 3.4.4). */
	while (body.size >= 4 && memcmp(body.data + body.size - 4, "\r\n\r\n", 4) == 0)
		body.size -= 2;
	if (body.size == 2 && memcmp(body.data, "\r\n", 2) == 0)
		body.size = 0;
	struct digest *hash = digest_begin();
	if (!hash)
		return error_set(err, ERROR_MEMORY, "out of memory");
	while (body.size > 0) {
		/* Cut behind a line feed, which no rule reaches across. */
		size_t n = body.size;
		const char *lf = n > STRETCH ? memrchr(body.data, '\n', STRETCH) : NULL;
		if (lf)
			n = (size_t)(lf - body.data) + 1;
		if (is_relaxed(body.data, n - 1) && !is_blank(body.data[n - 1]))
			digest_add(hash, (struct bytes){ body.data, n });
		else
			hash_slowly(hash, (struct bytes){ body.data, n });
		body.data += n;
		body.size -= n;
	}
	digest_end(&hash, out);
	return 0;
}

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
static void choose_fields(const struct head *head, enum dkim_fields which, struct buffer *names, struct buffer *data)
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
			add_relaxed_field(head->fields[f].name, head->fields[f].value, data);
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
	add_relaxed_field(BYTES_OF(name), buffer_bytes(&field), &hashed);
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
	struct head head = { .count = 0 };
	uint8_t digest[DIGEST_BYTES];
	if (n == 0)
		return 0;
	if (read_head(message, &head, err) < 0 || hash_body(head.body, digest, err) < 0)
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

struct bytes dkim_from_domain(struct bytes message)
{
	struct head head = { .count = 0 };
	struct error err;
	if (read_head(message, &head, &err) < 0)
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
		while (size < left && at[1 + size] != '>' && !is_blank(at[1 + size]) && at[1 + size] != '\r')
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
