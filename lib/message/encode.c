#include "message/encode.h"
#include "base/digest.h"
#include "base/text.h"
#include <stdio.h>

enum { QP_LINE = 76, WORD_MAX = 75, FOLD = 78, LINE_MAX = 998 };

static const char hex[] = "0123456789ABCDEF";

static void soft_break(size_t *column, struct buffer *out)
{
	buffer_add(out, "=\r\n", 3);
	*column = 0;
}

static bool is_literal(unsigned char c)
{
	return (c > 32 && c < 127 && c != '=') || c == ' ' || c == '\t';
}

/* What no transport may see at a line's start: a dot is stuffed, "From " is quoted by old mailbox formats. */
static bool is_risky_start(struct bytes rest)
{
	return rest.data[0] == '.' || (rest.size >= 5 && memcmp(rest.data, "From ", 5) == 0) || (rest.size < 5 && rest.data[0] == 'F');
}

void encode_quoted_printable(struct bytes text, size_t *column, bool is_last, struct buffer *out)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		bool crlf = c == '\r' && i + 1 < text.size && text.data[i + 1] == '\n';
		if (c == '\n' || crlf) {
			buffer_add(out, "\r\n", 2);
			*column = 0;
			i += crlf;
			continue;
		}
		struct bytes rest = { text.data + i, text.size - i };
		bool line_ends = i + 1 == text.size ? is_last
		                                    : text.data[i + 1] == '\n' ||
		                                              (text.data[i + 1] == '\r' && i + 2 < text.size && text.data[i + 2] == '\n');
		bool blank_at_end = (c == ' ' || c == '\t') && line_ends;
		bool plain = is_literal(c) && !blank_at_end && !(*column == 0 && is_risky_start(rest));
		/* One column is kept for the = of a soft break. */
		if (*column + (plain ? 1 : 3) > QP_LINE - 1) {
			soft_break(column, out);
			plain = is_literal(c) && !blank_at_end && !is_risky_start(rest);
		}
		if (plain) {
			buffer_add_char(out, (char)c);
			++*column;
		} else {
			char encoded[3] = { '=', hex[c >> 4], hex[c & 15] };
			buffer_add(out, encoded, 3);
			*column += 3;
		}
	}
}

void encode_base64_lines(struct bytes data, struct buffer *out)
{
	enum { PER_LINE = 57 };
	for (size_t at = 0; at < data.size; at += PER_LINE) {
		size_t n = data.size - at < PER_LINE ? data.size - at : PER_LINE;
		digest_base64((const uint8_t *)data.data + at, n, out);
		buffer_add(out, "\r\n", 2);
	}
}

bool encode_prefers_base64(struct bytes text)
{
	size_t escaped = 0;
	for (size_t i = 0; i < text.size; i++)
		escaped += (unsigned char)text.data[i] >= 0x80 || text.data[i] == '=';
	/* Three bytes for one against four for three. */
	return escaped * 2 > text.size / 3;
}

void encode_crlf(struct bytes text, struct buffer *out)
{
	size_t from = 0;
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] == '\n' && (i == 0 || text.data[i - 1] != '\r')) {
			buffer_add(out, text.data + from, i - from);
			buffer_add(out, "\r\n", 2);
			from = i + 1;
		}
	buffer_add(out, text.data + from, text.size - from);
}

static int refuse_breaks(struct bytes text, struct error *err)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] == '\r' || text.data[i] == '\n' || text.data[i] == '\0')
			return error_set(err, ERROR_INPUT, "a line break in a header field");
	return 0;
}

static void fold(size_t *column, struct buffer *out)
{
	buffer_add(out, "\r\n ", 3);
	*column = 1;
}

static bool is_word_byte(unsigned char c)
{
	/* RFC 2047 section 5 (3): what may stand bare inside an encoded word of a phrase; safe everywhere. */
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c != 0 && strchr("!*+-/", c));
}

static const char word_start[] = "=?UTF-8?Q?";

/* Encoded words, joined by folds. A word ends before it would pass 75 characters or the line 76. */
static void encoded_words(struct bytes text, size_t *column, struct buffer *out)
{
	size_t used = 0; /* of the open word, "?=" not counted; 0: none is open */
	for (size_t at = 0; at < text.size;) {
		uint32_t c = 0;
		size_t n = text_decode(text.data + at, text.size - at, &c);
		n = n > 0 ? n : 1;
		size_t need = 0;
		for (size_t i = 0; i < n; i++)
			need += is_word_byte((unsigned char)text.data[at + i]) || text.data[at + i] == ' ' ? 1 : 3;
		if (used > 0 && (used + need + 2 > WORD_MAX || *column + need + 2 > FOLD - 2)) {
			buffer_add(out, "?=", 2);
			fold(column, out);
			used = 0;
		}
		if (used == 0) {
			if (*column + sizeof word_start + need + 2 > FOLD - 2 && *column > 1)
				fold(column, out);
			buffer_add_text(out, word_start);
			used = sizeof word_start - 1;
			*column += used;
		}
		for (size_t i = 0; i < n; i++) {
			unsigned char byte = (unsigned char)text.data[at + i];
			if (byte == ' ')
				buffer_add_char(out, '_');
			else if (is_word_byte(byte))
				buffer_add_char(out, (char)byte);
			else
				buffer_add(out, (char[]){ '=', hex[byte >> 4], hex[byte & 15] }, 3);
		}
		used += need;
		*column += need;
		at += n;
	}
	if (used > 0) {
		buffer_add(out, "?=", 2);
		*column += 2;
	}
}

/* ASCII text folded at its blanks. */
static void plain_words(struct bytes text, size_t *column, struct buffer *out)
{
	bool first = true;
	struct bytes rest = text;
	struct bytes word;
	while (text_next_part(&rest, " \t", &word)) {
		if (!first && *column + 1 + word.size > FOLD) {
			fold(column, out);
		} else if (!first) {
			buffer_add_char(out, ' ');
			++*column;
		}
		buffer_add_bytes(out, word);
		*column += word.size;
		first = false;
	}
}

static bool needs_words(struct bytes text)
{
	struct bytes rest = text;
	struct bytes word;
	if (!text_is_ascii(text) || text_has_control(text) || memmem(text.data ? text.data : "", text.size, "=?", 2))
		return true;
	/* A word that no fold can break must not make a line too long; two blanks in a row would not survive. */
	while (text_next_part(&rest, " ", &word))
		if (word.size > LINE_MAX - 100)
			return true;
	return memmem(text.data ? text.data : "", text.size, "  ", 2) != NULL;
}

int encode_header_text(struct bytes text, size_t column, struct buffer *out, struct error *err)
{
	if (refuse_breaks(text, err) < 0)
		return -1;
	text = text_trim(text);
	if (needs_words(text))
		encoded_words(text, &column, out);
	else
		plain_words(text, &column, out);
	return buffer_check(out, err);
}

static void quoted_name(struct bytes name, struct buffer *out)
{
	bool atoms = true;
	for (size_t i = 0; i < name.size && atoms; i++)
		atoms = (name.data[i] >= '0' && name.data[i] <= '9') || (name.data[i] >= 'a' && name.data[i] <= 'z') ||
		        (name.data[i] >= 'A' && name.data[i] <= 'Z') || strchr(" !#$%&'*+-/=?^_`{|}~", name.data[i]);
	if (atoms) {
		buffer_add_bytes(out, name);
		return;
	}
	buffer_add_char(out, '"');
	for (size_t i = 0; i < name.size; i++) {
		if (name.data[i] == '"' || name.data[i] == '\\')
			buffer_add_char(out, '\\');
		buffer_add_char(out, name.data[i]);
	}
	buffer_add_char(out, '"');
}

int encode_mailbox(struct bytes name, struct bytes address, size_t column, struct buffer *out, struct error *err)
{
	if (refuse_breaks(name, err) < 0 || refuse_breaks(address, err) < 0)
		return -1;
	name = text_trim(name);
	size_t start = out->size;
	if (name.size == 0) {
		buffer_add_bytes(out, address);
		return buffer_check(out, err);
	}
	if (needs_words(name) || name.size > 60)
		encoded_words(name, &column, out);
	else
		quoted_name(name, out);
	if (column + (out->size - start) + address.size + 3 > FOLD)
		buffer_add(out, "\r\n ", 3);
	else
		buffer_add_char(out, ' ');
	buffer_add_char(out, '<');
	buffer_add_bytes(out, address);
	buffer_add_char(out, '>');
	return buffer_check(out, err);
}

int encode_field(const char *name, struct bytes value, struct buffer *out, struct error *err)
{
	size_t column = strlen(name) + 2;
	if (refuse_breaks(value, err) < 0)
		return error_wrap(err, "%s", name);
	if (!text_is_ascii(value))
		return error_set(err, ERROR_INPUT, "%s: must be ASCII", name);
	buffer_add_text(out, name);
	buffer_add(out, ": ", 2);
	plain_words(value, &column, out);
	buffer_add(out, "\r\n", 2);
	return buffer_check(out, err);
}
