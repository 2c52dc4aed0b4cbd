#include "base/text.h"
#include "content/feed.h"

static bool begins(struct bytes data, const char *word)
{
	struct bytes head = text_trim((struct bytes){ data.data, data.size < 2048 ? data.size : 2048 });
	if (head.size >= 3 && memcmp(head.data, "\xef\xbb\xbf", 3) == 0)
		head = text_trim((struct bytes){ head.data + 3, head.size - 3 });
	return text_starts_nocase(head, word);
}

static bool contains(struct bytes data, const char *word)
{
	return data.data && data.size > 0 && memmem(data.data, data.size < 4096 ? data.size : 4096, word, strlen(word));
}

static bool is_wide(struct bytes data)
{
	static const char *const starts[] = { "\xff\xfe", "\xfe\xff", "<\0", "\0<" };
	for (size_t i = 0; i < COUNT_OF(starts); i++)
		if (data.size >= 4 && memcmp(data.data, starts[i], 2) == 0)
			return true;
	return false;
}

static bool is_feed(struct bytes data)
{
	struct bytes head = { data.data, data.size < 4096 ? data.size : 4096 };
	return is_wide(data) || (begins(data, "{") && contains(data, "jsonfeed.org")) || feed_root(head) ||
	       (begins(data, "<?xml") && !contains(data, "<html"));
}

static bool is_html(struct bytes data, const char *name, const char *content_type)
{
	return begins(data, "<!doctype html") || begins(data, "<html") || text_ends(name, ".html") || text_ends(name, ".htm") ||
	       text_starts_nocase(bytes_text(content_type), "text/html");
}

int content_file(struct bytes data, const struct content_from *from, struct arena *arena, struct content_feed *out, struct error *err)
{
	const char *name = from->name ? from->name : "";
	*out = (struct content_feed){ 0 };
	if (text_trim(data).size == 0)
		return error_set(err, ERROR_INPUT, "the file is empty");
	bool markdown = text_ends(name, ".md") || text_ends(name, ".markdown");
	if (!markdown && is_feed(data))
		return content_feed(data, from->content_type, from->base_url, arena, out, err);
	if (memchr(data.data, '\0', data.size < 4096 ? data.size : 4096))
		return error_set(err, ERROR_INPUT, "neither feed, Markdown nor HTML: it is no text");
	struct content_head *head = arena_alloc(arena, sizeof *head);
	struct content_front *front = arena_alloc(arena, sizeof *front);
	out->posts = arena_alloc(arena, sizeof *out->posts);
	if (!out->posts || !head || !front)
		return error_set(err, ERROR_MEMORY, "out of memory");
	out->count = 1;
	if (markdown || !is_html(data, name, from->content_type)) {
		out->kind = "markdown";
		out->front = front;
		return content_markdown(data, from, arena, out->posts, front, err);
	}
	out->kind = "page";
	out->head = head;
	out->unknown_charset = html_unknown_charset(data, from->content_type, arena);
	return content_page(data, from, arena, out->posts, head, err);
}
