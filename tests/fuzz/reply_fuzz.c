/* What a server may say: replies read from a socket whose other end is closed. */
#include "base/text.h"
#include "base/units.h"
#include "fuzz.h"
#include "smtp/link.h"
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_MAX = 64 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int ends[2];
	struct reply reply;
	CLEANUP(stream_free) struct stream *stream = stream_new();
	if (size > INPUT_MAX)
		return 0;
	if (!stream || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	stream_adopt(stream, ends[0]);
	if (size > 0 && write(ends[1], data, size) != (ssize_t)size)
		abort();
	close(ends[1]);
	struct smtp smtp = { .stream = stream, .out = BUFFER_INIT(1 << 20) };
	const char *why = NULL;
	while (link_reply(&smtp, SECOND_US, &reply, &why) == 0) {
		PROMISE(reply.code >= 100 && reply.code <= 599);
		PROMISE(text_is_utf8(bytes_text(reply.text)) && !text_has_control(bytes_text(reply.text)));
	}
	buffer_clear(&smtp.out);
	return 0;
}
