#include "base/text.h"
#include <uniwidth.h>

size_t text_decode(const char *data, size_t size, uint32_t *code_point)
{
	if (size == 0)
		return 0;
	const unsigned char *p = (const unsigned char *)data;
	if (p[0] < 0x80) {
		*code_point = p[0];
		return 1;
	}
	size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	if (p[0] < 0xc2 || p[0] > 0xf4 || size < length)
		return 0;
	uint32_t value = p[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3fu);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code_point = value;
	return length;
}

void text_encode(struct buffer *out, uint32_t c)
{
	char bytes[4];
	if (c < 0x80) {
		buffer_add_char(out, (char)c);
		return;
	}
	size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = length; i-- > 1; c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)((0xf00u >> length & 0xff) | c);
	buffer_add(out, bytes, length);
}

/* Past the ASCII at `at`, which needs no decoding. */
static size_t skip_ascii(struct bytes bytes, size_t at)
{
	while (at < bytes.size && (signed char)bytes.data[at] > 0)
		at++;
	return at;
}

bool text_is_utf8(struct bytes bytes)
{
	uint32_t c = 0;
	for (size_t at = skip_ascii(bytes, 0); at < bytes.size; at = skip_ascii(bytes, at)) {
		size_t n = text_decode(bytes.data + at, bytes.size - at, &c);
		if (n == 0 || c == 0)
			return false;
		at += n;
	}
	return true;
}

void text_mend_utf8(struct bytes bytes, struct buffer *out)
{
	uint32_t c = 0;
	size_t good = 0; /* start of the run not yet copied */
	size_t at = 0;
	while ((at = skip_ascii(bytes, at)) < bytes.size) {
		size_t n = text_decode(bytes.data + at, bytes.size - at, &c);
		if (n > 0 && c != 0) {
			at += n;
			continue;
		}
		buffer_add(out, bytes.data + good, at - good);
		buffer_add_text(out, "\xef\xbf\xbd");
		at++;
		/* One mark for one broken character: skip the continuation bytes it left behind. */
		while (n == 0 && at < bytes.size && ((unsigned char)bytes.data[at] & 0xc0) == 0x80)
			at++;
		good = at;
	}
	if (at > good)
		buffer_add(out, bytes.data + good, at - good);
}

void text_mend_cut(char *text)
{
	uint32_t c = 0;
	size_t size = strlen(text);
	for (size_t at = 0, n; at < size; at += n) {
		n = text_decode(text + at, size - at, &c);
		if (n == 0) {
			text[at] = '?';
			n = 1;
		}
	}
}

bool text_is_ascii(struct bytes bytes)
{
	for (size_t i = 0; i < bytes.size; i++)
		if ((unsigned char)bytes.data[i] >= 0x80)
			return false;
	return true;
}

bool text_has_control(struct bytes bytes)
{
	for (size_t i = 0; i < bytes.size; i++)
		if ((unsigned char)bytes.data[i] < 0x20 || bytes.data[i] == 0x7f)
			return true;
	return false;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct bytes text_trim(struct bytes bytes)
{
	while (bytes.size > 0 && is_space(bytes.data[0])) {
		bytes.data++;
		bytes.size--;
	}
	while (bytes.size > 0 && is_space(bytes.data[bytes.size - 1]))
		bytes.size--;
	return bytes;
}

/* The length of the white space at i, 0: none. */
static size_t space_at(struct bytes bytes, size_t i)
{
	if (bytes.data[i] == '\xc2' && i + 1 < bytes.size && bytes.data[i + 1] == '\xa0')
		return 2;
	return is_space(bytes.data[i]);
}

void text_squeeze(struct bytes bytes, struct buffer *out)
{
	size_t start = out->size;
	size_t n = 0;
	for (size_t i = 0; i < bytes.size;) {
		size_t from = i;
		while (i < bytes.size && space_at(bytes, i) == 0)
			i++;
		if (i > from && from > 0 && out->size > start)
			buffer_add_char(out, ' ');
		if (i > from)
			buffer_add(out, bytes.data + from, i - from);
		while (i < bytes.size && (n = space_at(bytes, i)))
			i += n;
	}
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

int text_compare_nocase(struct bytes a, struct bytes b)
{
	for (size_t i = 0; i < a.size && i < b.size; i++)
		if (lower(a.data[i]) != lower(b.data[i]))
			return lower(a.data[i]) - lower(b.data[i]);
	return a.size < b.size ? -1 : a.size > b.size;
}

bool text_equal_nocase(const char *a, const char *b)
{
	return text_compare_nocase(bytes_text(a), bytes_text(b)) == 0;
}

bool text_starts_nocase(struct bytes text, const char *prefix)
{
	size_t size = strlen(prefix);
	return text.size >= size && text_compare_nocase((struct bytes){ text.data, size }, (struct bytes){ prefix, size }) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t size = strlen(text);
	size_t end = strlen(suffix);
	return size >= end && memcmp(text + size - end, suffix, end) == 0;
}

void text_lower(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		text[i] = (char)lower(text[i]);
}

bool text_next_part(struct bytes *rest, const char *separators, struct bytes *part)
{
	while (rest->size > 0 && strchr(separators, rest->data[0])) {
		rest->data++;
		rest->size--;
	}
	size_t n = 0;
	while (n < rest->size && (rest->data[n] == '\0' || !strchr(separators, rest->data[n])))
		n++;
	*part = (struct bytes){ rest->data, n };
	if (n == 0)
		return false;
	rest->data += n;
	rest->size -= n;
	return true;
}

unsigned text_distance(const char *a, const char *b, unsigned limit)
{
	enum { LONGEST = 64 };
	size_t an = strlen(a);
	size_t bn = strlen(b);
	if (an > LONGEST || bn > LONGEST)
		return limit + 1;
	unsigned rows[3][LONGEST + 1] = { 0 }; /* this one and the two above it */
	for (size_t j = 0; j <= bn; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= an; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *above = rows[(i - 1) % 3];
		const unsigned *higher = rows[(i + 1) % 3];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= bn; j++) {
			unsigned change = above[j - 1] + (a[i - 1] != b[j - 1]);
			unsigned gap = (above[j] < row[j - 1] ? above[j] : row[j - 1]) + 1;
			row[j] = change < gap ? change : gap;
			/* Two letters in each other's place are one slip of the fingers. */
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && higher[j - 2] + 1 < row[j])
				row[j] = higher[j - 2] + 1;
		}
	}
	return rows[an % 3][bn] > limit ? limit + 1 : rows[an % 3][bn];
}

size_t text_columns(struct bytes utf8)
{
	size_t columns = 0;
	uint32_t c = 0;
	for (size_t at = 0; at < utf8.size;) {
		if (utf8.data[at] >= 0x20 && utf8.data[at] < 0x7f) {
			columns++;
			at++;
			continue;
		}
		size_t n = text_decode(utf8.data + at, utf8.size - at, &c);
		int width = n > 0 ? uc_width(c, "UTF-8") : 1;
		columns += width > 0 ? (size_t)width : 0;
		at += n > 0 ? n : 1;
	}
	return columns;
}
