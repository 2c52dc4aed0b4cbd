/* What was encoded decodes to the same bytes, in lines no relay may change. */
#include "base/text.h"
#include "fuzz.h"
#include "message/encode.h"

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void check_lines(struct bytes text, size_t most)
{
	size_t from = 0;
	for (size_t i = 0; i < text.size; i++) {
		PROMISE(text.data[i] != '\n' || (i > 0 && text.data[i - 1] == '\r'));
		if (text.data[i] != '\n')
			continue;
		PROMISE(i - 1 - from <= most);
		from = i + 1;
	}
	PROMISE(text.size - from <= most);
}

static void undo_quoted_printable(struct bytes text, struct buffer *out)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] != '=') {
			buffer_add_char(out, text.data[i]);
			continue;
		}
		PROMISE(i + 2 < text.size);
		if (text.data[i + 1] != '\r') {
			PROMISE(hex(text.data[i + 1]) >= 0 && hex(text.data[i + 2]) >= 0);
			buffer_add_char(out, (char)(hex(text.data[i + 1]) * 16 + hex(text.data[i + 2])));
		}
		i += 2;
	}
}

static void check_quoted_printable(struct bytes text)
{
	CLEANUP(buffer_clear) struct buffer encoded = BUFFER_INIT(16 << 20);
	CLEANUP(buffer_clear) struct buffer decoded = BUFFER_INIT(16 << 20);
	CLEANUP(buffer_clear) struct buffer wanted = BUFFER_INIT(16 << 20);
	size_t column = 0;
	/* In two pieces, as a slot does. */
	size_t cut = text.size / 2;
	while (cut > 0 && (text.data[cut - 1] == '\r' || ((unsigned char)text.data[cut] & 0xc0) == 0x80))
		cut--;
	encode_quoted_printable((struct bytes){ text.data, cut }, &column, false, &encoded);
	encode_quoted_printable((struct bytes){ text.data + cut, text.size - cut }, &column, true, &encoded);
	check_lines(buffer_bytes(&encoded), 76);
	undo_quoted_printable(buffer_bytes(&encoded), &decoded);
	encode_crlf(text, &wanted);
	PROMISE(bytes_equal(buffer_bytes(&decoded), buffer_bytes(&wanted)));
}

static void check_header(struct bytes text)
{
	CLEANUP(buffer_clear) struct buffer encoded = BUFFER_INIT(16 << 20);
	struct error err = { 0 };
	if (encode_header_text(text, 9, &encoded, &err) < 0) {
		PROMISE(err.code && err.text[0]);
		return;
	}
	PROMISE(!encoded.size || (!memchr(text.data, '\r', text.size) && !memchr(text.data, '\n', text.size)));
	check_lines(buffer_bytes(&encoded), 998);
	PROMISE(text_is_ascii(buffer_bytes(&encoded)));
	/* A line break is always a fold: a blank follows it. */
	for (size_t i = 0; i < encoded.size; i++)
		PROMISE(encoded.data[i] != '\n' || (i + 1 < encoded.size && strchr(" \t", encoded.data[i + 1])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = { (const char *)data, size };
	CLEANUP(buffer_clear) struct buffer lines = BUFFER_INIT(16 << 20);
	if (size == 0)
		return 0;
	encode_base64_lines(text, &lines);
	check_lines(buffer_bytes(&lines), 76);
	check_header(text);
	/* A lone CR is no text: who composes has normalised it. */
	for (size_t i = 0; i < size; i++)
		if (text.data[i] == '\r' && (i + 1 == size || text.data[i + 1] != '\n'))
			return 0;
	check_quoted_printable(text);
	return 0;
}
