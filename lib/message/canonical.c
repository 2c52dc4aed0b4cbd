#include "message/canonical.h"
#include "base/text.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

int canonical_head(struct bytes message, struct canonical *head, struct error *err)
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
		if (!colon || at - line < 2 || at[-2] != '\r' || head->count == CANONICAL_FIELDS)
			return error_set(err, ERROR_INPUT, "the message has more than %d fields, or a line that is none", CANONICAL_FIELDS);
		head->fields[head->count++] =
			(struct canonical_field){ { line, (size_t)(colon - line) }, { colon + 1, (size_t)(at - 2 - colon - 1) } };
	}
	if (at >= end)
		return error_set(err, ERROR_INPUT, "the message has no body");
	head->body = (struct bytes){ at + 2, (size_t)(end - at) - 2 };
	return 0;
}

/* RFC 6376 section 3.4.2: name in lower case, unfolded, runs of blanks as one, none at the ends. Without CRLF. */
void canonical_write(struct bytes name, struct bytes value, struct buffer *out)
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

int canonical_body_hash(struct bytes body, uint8_t out[DIGEST_BYTES], struct error *err)
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
