#include "base/text.h"
#include "content/html.h"

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

static bool is_feed(struct bytes data)
{
	return contains(data, "<rss") || contains(data, "<feed") || contains(data, "<rdf:RDF") || (begins(data, "<?xml") && !contains(data, "<html"));
}

static bool is_html(struct bytes data, const char *name, const char *content_type)
{
	return begins(data, "<!doctype html") || begins(data, "<html") || text_ends(name, ".html") || text_ends(name, ".htm") ||
	       (content_type && text_starts_nocase(bytes_text(content_type), "text/html"));
}

int content_file(struct bytes data, const char *name, const char *content_type, const char *base_url, struct arena *arena, struct content_feed *out,
                 struct error *err)
{
	*out = (struct content_feed){ 0 };
	if (text_trim(data).size == 0)
		return error_set(err, ERROR_INPUT, "the file is empty");
	bool markdown = text_ends(name, ".md") || text_ends(name, ".markdown");
	if (!markdown && is_feed(data))
		return content_feed(data, content_type, base_url, arena, out, err);
	out->posts = arena_alloc(arena, sizeof *out->posts);
	if (!out->posts)
		return error_set(err, ERROR_MEMORY, "out of memory");
	out->count = 1;
	return !markdown && is_html(data, name, content_type) ? content_page(data, content_type, base_url, arena, out->posts, err)
	                                                     : content_markdown(data, base_url, arena, out->posts, err);
}
