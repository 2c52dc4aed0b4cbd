#include "base/digest.h"
#include "base/text.h"
#include "content/feed.h"
#include "content/lead.h"

enum { TITLE_BYTES = 70, SUBTITLE_BYTES = 400, SUMMARY_BYTES = 2000, TITLE_MOST = 64 << 10 };

int feed_room(struct feed *feed, size_t count, struct error *err)
{
	size_t room = count > FEED_POSTS ? FEED_POSTS : count;
	feed->out->posts = arena_alloc(feed->arena, (room + 1) * sizeof *feed->out->posts);
	return feed->out->posts ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

struct post *feed_next(struct feed *feed)
{
	if (feed->out->count == FEED_POSTS) {
		feed->out->dropped++;
		if (!feed->out->why_dropped)
			feed->out->why_dropped = "more than 10,000 items";
		return NULL;
	}
	struct post *post = &feed->out->posts[feed->out->count];
	*post = (struct post){ 0 };
	return post;
}

int feed_keep(struct feed *feed, int result, struct error *err)
{
	if (result < 0 && err->code == ERROR_MEMORY)
		return -1;
	if (result == 0) {
		feed->out->count++;
		return 0;
	}
	if (feed->out->dropped++ == 0)
		feed->out->why_dropped = arena_format(feed->arena, "item %zu: %s", feed->out->count + 1, err->text);
	return 0;
}

/* HTML's text on one line. */
static const char *line_of_html(const char *html, struct arena *arena)
{
	CLEANUP(html_doc_free) xmlDoc *doc = html_parse(bytes_text(html));
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
	if (!doc || !xmlDocGetRootElement(doc))
		return NULL;
	html_text(xmlDocGetRootElement(doc), &text);
	return html_line(buffer_bytes(&text), arena);
}

/* "<b>", "</p>" and "<br/>" are markup; "a < b" and "<me@example.org>" are not. */
static bool has_markup(const char *text)
{
	for (const char *at = strchr(text, '<'); at; at = strchr(at + 1, '<')) {
		const char *name = at[1] == '/' ? at + 2 : at + 1;
		size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ123456");
		if (n > 0 && strchr(" \t\r\n/>", name[n]) && name[n] && strchr(name, '>'))
			return true;
	}
	return strchr(text, '&') != NULL;
}

/* Every "<" that begins no tag, escaped. */
static void escape_lone(const char *text, struct buffer *out)
{
	for (; *text; text++) {
		bool tag = *text == '<' && (has_markup((const char[]){ '<', text[1], '>', '\0' }) || text[1] == '/' || text[1] == '!');
		size_t n = tag ? strcspn(text, ">@ ") : 0;
		if (*text == '<' && (!tag || text[n] == '@'))
			buffer_add_text(out, "&lt;");
		else
			buffer_add_char(out, *text);
	}
}

const char *feed_title(const char *text, struct arena *arena)
{
	CLEANUP(buffer_clear) struct buffer html = BUFFER_INIT(1 << 20);
	if (!text)
		return NULL;
	if (!has_markup(text))
		return html_line(bytes_text(text), arena);
	escape_lone(text, &html);
	const char *line = line_of_html(buffer_text(&html), arena);
	return line ? line : html_line(bytes_text(text), arena);
}

static const char *part_line(const char *from, const char *end, struct arena *arena)
{
	struct bytes part = text_trim((struct bytes){ from, (size_t)(end - from) });
	if (part.size > 1 && part.data[0] == '"' && part.data[part.size - 1] == '"')
		part = (struct bytes){ part.data + 1, part.size - 2 };
	return html_line(part, arena);
}

const char *feed_author(const char *text, struct arena *arena)
{
	const char *line = text ? feed_title(text, arena) : NULL;
	const char *open = line ? strpbrk(line, "(<") : NULL;
	const char *close = open ? strpbrk(open, ")>") : NULL;
	if (!open || !close)
		return line;
	const char *before = part_line(line, open, arena);
	const char *inside = part_line(open + 1, close, arena);
	bool addressed = inside && (strchr(inside, '@') || text_starts(inside, "mailto:"));
	if (before && addressed)
		return before;
	return before && strchr(before, '@') && inside ? inside : line;
}

/* RFC 4287 section 4.2.6.1: compared byte for byte, never resolved. Without one the link, without what only counts; without a link
 * what the entry says. */
static const char *identity_of(struct arena *arena, const struct post *post, const struct feed_entry *entry)
{
	if (entry->id)
		return entry->id;
	if (post->url) {
		char *url = arena_text(arena, post->url);
		if (url)
			html_drop_tracking(url);
		return url;
	}
	uint8_t digest[DIGEST_BYTES];
	const char *body = entry->body ? entry->body : entry->summary;
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(2 * FEED_BYTES);
	buffer_format(&text, "%s\n", post->title);
	buffer_add_text(&text, body ? body : "");
	digest_sha256(buffer_bytes(&text), digest);
	buffer_reset(&text);
	buffer_add_text(&text, "hash:");
	digest_hex(digest, 16, &text);
	return arena_text(arena, buffer_text(&text));
}

/* " [1]" is the number of a link. */
static void drop_notes(char *line)
{
	char *to = line;
	while (*line) {
		size_t n = text_starts(line, " [") ? strspn(line + 2, "0123456789") : 0;
		if (n > 0 && line[2 + n] == ']')
			line += n + 3;
		else
			*to++ = *line++;
	}
	*to = '\0';
}

/* The first words of the body, where there is no title. */
static const char *first_words(const struct post *post, struct arena *arena)
{
	char *text = arena_copy(arena, post->text, strcspn(post->text, "\n"));
	if (!text)
		return NULL;
	drop_notes(text);
	size_t size = strlen(text);
	size_t n = size < TITLE_BYTES ? size : TITLE_BYTES;
	while (n > 0 && n < size && text[n] != ' ')
		n--;
	/* One long word, or a language without blanks: whole characters. */
	if (n == 0)
		for (n = size < TITLE_BYTES ? size : TITLE_BYTES; n < size && ((unsigned char)text[n] & 0xc0) == 0x80;)
			n--;
	return html_line((struct bytes){ text, n }, arena);
}

int feed_finish(struct feed *feed, struct post *post, const struct feed_entry *entry, struct error *err)
{
	if (entry->title_bytes > TITLE_MOST)
		return error_set(err, ERROR_INPUT, "its title is longer than 64 KB");
	const char *base = entry->base ? entry->base : post->url ? post->url : feed->base_url;
	const char *body = entry->body ? entry->body : entry->summary;
	const struct html_how how = { .base_url = base, .flags = CONTENT_CUT_LEFTOVERS };
	if (html_set_body(post, bytes_text(body ? body : ""), &how, feed->arena, err) < 0)
		return error_wrap(err, "post \"%.60s\"", post->title ? post->title : entry->id ? entry->id : "");
	lead_settle(post, feed->arena);
	post->is_summary = !entry->body && entry->summary && post->html[0];
	/* A short summary beside a body is what the site says below its title. */
	if (entry->body && entry->summary && !post->subtitle && strlen(entry->summary) < SUMMARY_BYTES) {
		const char *line = line_of_html(entry->summary, feed->arena);
		post->subtitle = line && strlen(line) < SUBTITLE_BYTES ? line : NULL;
	}
	if (!post->title)
		post->title = first_words(post, feed->arena);
	if (!post->title)
		post->title = "";
	post->identity = identity_of(feed->arena, post, entry);
	return post->identity ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}
