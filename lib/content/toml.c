#include "content/toml.h"
#include "base/text.h"
#include <stdlib.h>

enum { VALUE_BYTES = 64 << 10, KEY_BYTES = 128, LEVELS = 8 };

struct toml {
	const char *at, *end;
	toml_take *take;
	void *arg;
};

static char peek(const struct toml *t)
{
	return t->at < t->end ? *t->at : '\0';
}

static bool starts(const struct toml *t, const char *word)
{
	size_t n = strlen(word);
	return (size_t)(t->end - t->at) >= n && memcmp(t->at, word, n) == 0;
}

static void skip_blanks(struct toml *t)
{
	while (t->at < t->end && (*t->at == ' ' || *t->at == '\t' || *t->at == '\r'))
		t->at++;
}

/* Blanks, line ends and comments: between lines, and within arrays. */
static void skip_lines(struct toml *t)
{
	for (skip_blanks(t); t->at < t->end && (*t->at == '\n' || *t->at == '#'); skip_blanks(t)) {
		while (t->at < t->end && *t->at != '\n')
			t->at++;
		t->at += t->at < t->end;
	}
}

/* Behind a backslash. */
static bool escaped(struct toml *t, struct buffer *out)
{
	static const char from[] = "btnfr\"\\";
	static const char to[] = " \t\n  \"\\";
	char c = t->at < t->end ? *t->at++ : '\0';
	const char *known = c ? strchr(from, c) : NULL;
	if (known) {
		buffer_add_char(out, to[known - from]);
		return true;
	}
	size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
	char hex[9] = "";
	if (digits == 0 || (size_t)(t->end - t->at) < digits)
		return false;
	memcpy(hex, t->at, digits);
	char *stop = NULL;
	unsigned long code = strtoul(hex, &stop, 16);
	t->at += digits;
	if (stop != hex + digits || code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return false;
	text_encode(out, (uint32_t)code);
	return true;
}

/* Basic or literal, of one line or of several. False: it does not end, or an escape means nothing. */
static bool string(struct toml *t, struct buffer *out)
{
	char mark[4] = { *t->at, *t->at, *t->at, '\0' };
	bool is_long = starts(t, mark);
	mark[is_long ? 3 : 1] = '\0';
	t->at += strlen(mark);
	while (t->at < t->end) {
		if (starts(t, mark)) {
			t->at += strlen(mark);
			return true;
		}
		char c = *t->at++;
		if (c == '\n' && !is_long)
			return false;
		if (c != '\\' || mark[0] == '\'') {
			buffer_add_char(out, c);
		} else if (is_long && t->at < t->end && strchr(" \t\r\n", *t->at)) {
			/* A backslash at the end of a line joins it to the next word. */
			while (t->at < t->end && strchr(" \t\r\n", *t->at))
				t->at++;
		} else if (!escaped(t, out)) {
			return false;
		}
	}
	return false;
}

/* A key's last name in `name`, the one before it, if any, in `table`. */
static bool key(struct toml *t, char table[KEY_BYTES], char name[KEY_BYTES])
{
	for (table[0] = name[0] = '\0';; t->at++) {
		CLEANUP(buffer_clear) struct buffer part = BUFFER_INIT(KEY_BYTES - 1);
		memcpy(table, name, KEY_BYTES);
		skip_blanks(t);
		if (peek(t) == '"' || peek(t) == '\'') {
			if (!string(t, &part))
				return false;
		} else {
			static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
			while (peek(t) && strchr(bare, peek(t)))
				buffer_add_char(&part, *t->at++);
		}
		if (part.failed || part.size == 0)
			return false;
		memcpy(name, part.data, part.size + 1);
		skip_blanks(t);
		if (peek(t) != '.')
			return true;
	}
}

static bool value(struct toml *t, const char *table, const char *name, int depth);

static bool array(struct toml *t, const char *table, const char *name, int depth)
{
	for (t->at++;;) {
		skip_lines(t);
		if (peek(t) == ']') {
			t->at++;
			return true;
		}
		if (!value(t, table, name, depth + 1))
			return false;
		skip_lines(t);
		if (peek(t) == ',')
			t->at++;
		else if (peek(t) != ']')
			return false;
	}
}

static bool inline_table(struct toml *t, const char *name, int depth)
{
	char before[KEY_BYTES];
	char inner[KEY_BYTES];
	for (t->at++;;) {
		skip_blanks(t);
		if (peek(t) == '}') {
			t->at++;
			return true;
		}
		if (!key(t, before, inner) || peek(t) != '=')
			return false;
		t->at++;
		if (!value(t, before[0] ? before : name, inner, depth + 1))
			return false;
		skip_blanks(t);
		if (peek(t) == ',')
			t->at++;
		else if (peek(t) != '}')
			return false;
	}
}

/* true, false, a number or a date. */
static bool bare_value(struct toml *t, struct buffer *out)
{
	const char *from = t->at;
	while (t->at < t->end && !strchr(",]}#\r\n", *t->at))
		t->at++;
	struct bytes word = text_trim((struct bytes){ from, (size_t)(t->at - from) });
	buffer_add_bytes(out, word);
	static const char *const words[] = { "true", "false", "inf", "nan" };
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (bytes_equal(word, bytes_text(words[i])))
			return true;
	for (size_t i = 0; i < word.size; i++)
		if (!strchr("0123456789+-.:_ TtZzxobeEinfaABCDF", word.data[i]))
			return false;
	return word.size > 0 && strchr("0123456789+-", word.data[0]);
}

static bool value(struct toml *t, const char *table, const char *name, int depth)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(VALUE_BYTES);
	skip_blanks(t);
	if (depth > LEVELS)
		return false;
	if (peek(t) == '[')
		return array(t, table, name, depth);
	if (peek(t) == '{')
		return inline_table(t, name, depth);
	bool quoted = peek(t) == '"' || peek(t) == '\'';
	if (!(quoted ? string(t, &text) : bare_value(t, &text)) || text.failed)
		return false;
	t->take(t->arg, table, name, buffer_bytes(&text));
	return true;
}

/* [table] or [[table]], or key = value. */
static bool line(struct toml *t, char table[KEY_BYTES])
{
	char before[KEY_BYTES];
	char name[KEY_BYTES];
	if (peek(t) == '[') {
		const char *close = starts(t, "[[") ? "]]" : "]";
		t->at += strlen(close);
		if (!key(t, before, table) || !starts(t, close))
			return false;
		t->at += strlen(close);
	} else {
		if (!key(t, before, name) || peek(t) != '=')
			return false;
		t->at++;
		const char *in = before[0] ? before : table[0] ? table : NULL;
		if (!value(t, in, name, 0))
			return false;
	}
	skip_blanks(t);
	return t->at == t->end || *t->at == '\n' || *t->at == '#';
}

int toml_read(struct bytes text, toml_take *take, void *arg, struct error *err)
{
	struct toml t = { text.data, text.data + text.size, take, arg };
	char table[KEY_BYTES] = "";
	for (skip_lines(&t); t.at < t.end; skip_lines(&t)) {
		const char *from = t.at;
		if (line(&t, table))
			continue;
		size_t number = 2;
		for (const char *at = text.data; at < from; at++)
			number += *at == '\n';
		return error_set(err, ERROR_INPUT, "front matter, line %zu: no \"key = value\" that TOML knows", number);
	}
	return 0;
}
