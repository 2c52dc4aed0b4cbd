#include "model/post.h"
#include "base/text.h"
#include "base/units.h"
#include <stdio.h>
#include <uninorm.h>

enum { SLUG_BYTES = 80, LEAD_BYTES = 600 };

const struct field post_fields[] = {
	FIELD(struct post, identity, FIELD_TEXT),
	FIELD(struct post, url, FIELD_TEXT),
	FIELD(struct post, title, FIELD_TEXT),
	FIELD(struct post, subtitle, FIELD_TEXT),
	FIELD(struct post, author, FIELD_TEXT),
	FIELD(struct post, language, FIELD_TEXT),
	FIELD(struct post, html, FIELD_TEXT),
	FIELD(struct post, text, FIELD_TEXT),
	FIELD(struct post, image, FIELD_TEXT),
	FIELD(struct post, image_alt, FIELD_TEXT),
	FIELD_NAMED(struct post, published_us, FIELD_TIME, "published"),
	FIELD_NAMED(struct post, updated_us, FIELD_TIME, "updated"),
	FIELD_END,
};

/* The ASCII letter or digit that a character is, or is with a mark on it ("é" is e); lower case; 0: none. */
static char slug_character(uint32_t c)
{
	ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
	while (c >= 0x80 && uc_canonical_decomposition(c, parts) > 0)
		c = parts[0];
	if (c >= 'A' && c <= 'Z')
		return (char)(c + 32);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? (char)c : '\0';
}

void post_slug(int64_t id, const char *title, struct buffer *out)
{
	struct bytes rest = bytes_text(title);
	bool between = true;
	buffer_format(out, "%" PRId64, id);
	for (size_t used = 0; rest.size > 0 && used < SLUG_BYTES;) {
		uint32_t c = 0;
		size_t n = text_decode(rest.data, rest.size, &c);
		char letter = n > 0 ? slug_character(c) : '\0';
		if (letter && between)
			buffer_add_char(out, '-');
		if (letter)
			buffer_add_char(out, letter);
		used += letter != '\0';
		/* An apostrophe ends no word. */
		between = !letter && c != '\'' && c != 0x2019 ? true : letter ? false : between;
		n = n > 0 ? n : 1;
		rest.data += n;
		rest.size -= n;
	}
}

int64_t post_slug_id(const char *slug)
{
	char digits[20];
	int64_t id = 0;
	size_t size = strspn(slug, "0123456789");
	if (size == 0 || size >= sizeof digits || (slug[size] != '\0' && slug[size] != '-'))
		return 0;
	snprintf(digits, sizeof digits, "%.*s", (int)size, slug);
	return units_integer(digits, 1, INT64_MAX, &id, NULL) < 0 ? 0 : id;
}

/* The end of a picture's address that is the same for all its sizes: without what asks for one. */
static struct bytes image_name(struct bytes url)
{
	const char *end = memchr(url.data, '?', url.size);
	struct bytes name = { url.data, end ? (size_t)(end - url.data) : url.size };
	/* The last two parts: a folder of the picture's own, as a rule, and its name. */
	int slashes = 0;
	for (size_t i = name.size; i > 0; i--)
		if (name.data[i - 1] == '/' && ++slashes == 2)
			return (struct bytes){ name.data + i, name.size - i };
	return name;
}

bool post_begins_with_image(const struct post *post)
{
	struct bytes html = bytes_text(post->html);
	if (!post->image || !*post->image || html.size == 0)
		return false;
	struct bytes name = image_name(bytes_text(post->image));
	html.size = html.size < LEAD_BYTES ? html.size : LEAD_BYTES;
	/* Only what stands before the first words. */
	const char *image = memmem(html.data, html.size, "<img ", 5);
	for (const char *p = html.data; image && p < image; p++) {
		if (*p == '<')
			p = memchr(p, '>', (size_t)(image - p));
		else if (!strchr(" \t\r\n", *p))
			return false;
		if (!p)
			break;
	}
	if (!image)
		return false;
	const char *end = memchr(image, '>', strlen(image));
	return end && memmem(image, (size_t)(end - image), name.data, name.size);
}
