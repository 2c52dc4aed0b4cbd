#include "content/content.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { NULL, "application/rss+xml", "text/xml; charset=windows-1251",
		                             "application/json; charset=utf-8" };
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_feed feed;
	struct error err = { 0 };
	/* The whole input is the feed, so that real feeds are seeds. */
	const char *type = types[size % COUNT_OF(types)];
	if (content_feed((struct bytes){ (const char *)data, size }, type, "https://feed.example/a/feed.xml", &arena, &feed, &err) < 0) {
		PROMISE(err.code && err.text[0]);
		return 0;
	}
	fuzz_check_line(feed.title);
	for (size_t i = 0; i < feed.count; i++) {
		const struct post *post = &feed.posts[i];
		PROMISE(post->title && post->identity && *post->identity && post->text);
		fuzz_check_line(post->title);
		fuzz_check_line(post->author);
		fuzz_check_line(post->subtitle);
		if (i < 4)
			fuzz_check_body(post->html);
	}
	return 0;
}
