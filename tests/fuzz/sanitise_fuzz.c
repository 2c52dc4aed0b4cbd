#include "content/content.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(16 << 20);
	struct error err = { 0 };
	unsigned flags = (unsigned)size % 4;
	const char *base = size % 3 ? "https://base.example/a/b" : NULL;
	if (content_sanitise((struct bytes){ (const char *)data, size }, base, flags, &out, &err) == 0)
		fuzz_check_body(buffer_text(&out));
	return 0;
}
