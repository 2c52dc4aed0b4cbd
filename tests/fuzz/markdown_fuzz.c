#include "content/content.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_ready;
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_front front;
	struct post post;
	struct error err = { 0 };
	if (!is_ready)
		content_global_init();
	is_ready = true;
	const struct content_from from = { .name = size % 2 ? "2026-11-23-a-post.md" : NULL, .base_url = "https://posts.example/" };
	int result = content_markdown((struct bytes){ (const char *)data, size }, &from, &arena, &post, &front, &err);
	PROMISE(result == 0 || (err.code && err.text[0]));
	fuzz_check_line(front.title);
	fuzz_check_line(front.author);
	fuzz_check_line(front.slug);
	if (result == 0) {
		PROMISE(post.title && post.identity && *post.identity && post.text);
		fuzz_check_body(post.html);
	}
	return 0;
}
