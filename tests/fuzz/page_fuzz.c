#include "content/content.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct content_head head;
	struct post post;
	struct error err = { 0 };
	static const struct content_from from = { .base_url = "https://page.example/a/b" };
	if (content_page((struct bytes){ (const char *)data, size }, &from, &arena, &post, &head, &err) < 0) {
		PROMISE(err.code && err.text[0]);
		return 0;
	}
	PROMISE(post.title && post.identity && *post.identity && post.text);
	fuzz_check_line(post.title);
	fuzz_check_line(post.author);
	fuzz_check_line(head.site);
	fuzz_check_line(head.published);
	fuzz_check_body(post.html);
	return 0;
}
