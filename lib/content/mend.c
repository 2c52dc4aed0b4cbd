#include "base/text.h"
#include "content/feed.h"
#include "content/guess.h"
#include <stdlib.h>

static bool is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (first && c == '#');
}

/* The five names that XML has; numbers are the parser's. */
static bool is_xml_name(const char *name)
{
	static const char *const xml[] = { "amp", "lt", "gt", "quot", "apos" };
	for (size_t i = 0; i < COUNT_OF(xml); i++)
		if (strcmp(name, xml[i]) == 0)
			return true;
	return name[0] == '#' && name[1] != '\0';
}

/* Writes what stands for the reference at the start of `rest`; returns how much of it that was. A name nobody knows is text: no
 * entity is ever expanded. */
static size_t mend_reference(struct bytes rest, struct buffer *out)
{
	char name[16];
	size_t n = 1;
	while (n < rest.size && n < sizeof name && is_name_char(rest.data[n], n == 1))
		n++;
	if (n < 2 || n >= rest.size || n == sizeof name || rest.data[n] != ';') {
		buffer_add_text(out, "&amp;");
		return 1;
	}
	memcpy(name, rest.data + 1, n - 1);
	name[n - 1] = '\0';
	const htmlEntityDesc *entity = htmlEntityLookup((const xmlChar *)name);
	uint32_t code = name[0] == '#' ? (uint32_t)strtoul(name + 1, NULL, 10) : 0;
	if (guess_windows(code) != code) {
		text_encode(out, guess_windows(code));
	} else if (is_xml_name(name)) {
		buffer_add(out, rest.data, n + 1);
	} else if (entity) {
		text_encode(out, entity->value);
	} else {
		buffer_add_text(out, "&amp;");
		return 1;
	}
	return n + 1;
}

/* The parser ends the whole document at a text of 10 MB. A post of more than 8 MB is refused anyway: cut here, it is alone in that. */
enum { RUN_MOST = 9000000 };

/* In runs: control characters become blanks, all else stays. */
static void add_text(struct buffer *out, struct bytes text)
{
	size_t from = 0;
	text.size = text.size < RUN_MOST ? text.size : RUN_MOST;
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if ((unsigned char)c >= 0x20 || c == '\t' || c == '\r' || c == '\n')
			continue;
		buffer_add(out, text.data + from, i - from);
		buffer_add_char(out, ' ');
		from = i + 1;
	}
	buffer_add(out, text.data + from, text.size - from);
}

static size_t copy_cdata(struct bytes rest, struct buffer *out)
{
	const char *end = memmem(rest.data, rest.size, "]]>", 3);
	size_t n = end ? (size_t)(end - rest.data) + 3 : rest.size;
	add_text(out, (struct bytes){ rest.data, n });
	if (!end || n > RUN_MOST)
		buffer_add_text(out, "]]>");
	return n;
}

void feed_mend(struct bytes text, struct buffer *out)
{
	for (size_t i = 0; i < text.size;) {
		struct bytes rest = { text.data + i, text.size - i };
		bool is_cdata = rest.size > 9 && memcmp(rest.data, "<![CDATA[", 9) == 0;
		size_t n = rest.data[0] == '<' && !is_cdata;
		while (n < rest.size && rest.data[n] != '&' && rest.data[n] != '<')
			n++;
		if (n > 0)
			add_text(out, (struct bytes){ rest.data, n });
		else
			n = is_cdata ? copy_cdata(rest, out) : mend_reference(rest, out);
		i += n;
	}
}
