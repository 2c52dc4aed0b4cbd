#include "base/text.h"
#include "content/content.h"
#include "fuzz.h"
#include "message/flow.h"

/* Lines of format=flowed: never over 998 octets where a blank allowed a break, no CR. */
static void check_flow(struct bytes text)
{
	CLEANUP(buffer_clear) struct buffer flowed = BUFFER_INIT(16 << 20);
	struct error err = { 0 };
	if (flow_text(text, &flowed, &err) == 0)
		PROMISE(text_is_utf8(buffer_bytes(&flowed)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_clear) struct buffer clean = BUFFER_INIT(16 << 20);
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(16 << 20);
	struct error err = { 0 };
	if (content_sanitise((struct bytes){ (const char *)data, size }, "https://base.example/", 0, &clean, &err) < 0)
		return 0;
	struct content_plain how = { .width = size % 2 ? 72 : 0, .links = size % 4 < 2 ? CONTENT_NOTES : CONTENT_INLINE };
	if (content_plain_text(buffer_bytes(&clean), &how, &text, &err) < 0)
		return 0;
	PROMISE(text_is_utf8(buffer_bytes(&text)));
	PROMISE(text.size == 0 || text.data[text.size - 1] != '\n');
	check_flow(buffer_bytes(&text));
	return 0;
}
