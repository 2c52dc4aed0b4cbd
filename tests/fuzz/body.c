#include "base/text.h"
#include "content/content.h"
#include "fuzz.h"

static const char *const elements[] = {
	"a",   "abbr",       "b",      "br",    "blockquote", "caption", "cite", "code",  "dd", "del",  "dl",    "dt",
	"em",  "figcaption", "figure", "h1",    "h2",         "h3",      "h4",   "h5",    "h6", "hr",   "i",     "img",
	"ins", "kbd",        "li",     "mark",  "ol",         "p",       "pre",  "q",     "s",  "samp", "small", "strong",
	"sub", "sup",        "table",  "tbody", "td",         "tfoot",   "th",   "thead", "tr", "u",    "ul",    "var",
};
static const char *const attributes[] = { "href",    "src",     "alt",   "title", "width", "height",
	                                  "colspan", "rowspan", "align", "start", "lang",  "dir" };
static const char *const sides[] = { "left", "right", "center" };

static bool is_one_of(struct bytes name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes_equal(name, bytes_text(names[i])))
			return true;
	return false;
}

/* ` name="value"`; returns what is behind it. */
static const char *check_attribute(const char *at)
{
	PROMISE(*at == ' ');
	size_t n = strcspn(at + 1, "=> \"");
	struct bytes name = { at + 1, n };
	PROMISE(is_one_of(name, attributes, COUNT_OF(attributes)));
	at += 1 + n;
	PROMISE(at[0] == '=' && at[1] == '"');
	const char *value = at + 2;
	size_t size = strcspn(value, "\"");
	PROMISE(value[size] == '"');
	PROMISE(!memchr(value, '<', size) && !memchr(value, '>', size));
	struct bytes text = { value, size };
	if (bytes_equal(name, BYTES_OF("href")))
		PROMISE(text_starts_nocase(text, "http://") || text_starts_nocase(text, "https://") || text_starts_nocase(text, "mailto:"));
	if (bytes_equal(name, BYTES_OF("align")))
		PROMISE(is_one_of(text, sides, COUNT_OF(sides)));
	if (bytes_equal(name, BYTES_OF("src")))
		PROMISE(text_starts_nocase(text, "http://") || text_starts_nocase(text, "https://"));
	return value + size + 1;
}

static const char *check_tag(const char *at)
{
	bool is_end = at[1] == '/';
	at += 1 + is_end;
	size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz123456");
	PROMISE(is_one_of((struct bytes){ at, n }, elements, COUNT_OF(elements)));
	at += n;
	while (*at != '>') {
		PROMISE(!is_end);
		at = check_attribute(at);
	}
	return at + 1;
}

void fuzz_check_body(const char *html)
{
	CLEANUP(buffer_clear) struct buffer again = BUFFER_INIT(16 << 20);
	struct error err = { 0 };
	PROMISE(html != NULL);
	PROMISE(text_is_utf8(bytes_text(html)));
	for (const char *at = html; *at;)
		at = *at == '<' ? check_tag(at) : at + 1;
	PROMISE(content_sanitise(bytes_text(html), NULL, 0, &again, &err) == 0);
	if (strcmp(buffer_text(&again), html) != 0) {
		fprintf(stderr, "first:\n%s\nagain:\n%s\n", html, buffer_text(&again));
		PROMISE(!"sanitised again it is the same");
	}
}

void fuzz_check_line(const char *line)
{
	PROMISE(!line || (text_is_utf8(bytes_text(line)) && !text_has_control(bytes_text(line))));
}
