#include "base/text.h"
#include "bounce/bounce.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct keyring keys = { .keys = { { 1, "a secret of the fuzzer's own, 32" } }, .count = 1 };
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct report report = { 0 };
	struct error err = { 0 };
	if (bounce_read_guarded((struct bytes){ (const char *)data, size }, size % 2 ? "b+x@bounce.example" : NULL,
	                        "b+{token}@bounce.example", &keys, &arena, &report, &err) < 0) {
		PROMISE(err.code && err.text[0]);
		return 0;
	}
	PROMISE(report.count <= BOUNCE_RECIPIENTS);
	for (size_t i = 0; i < report.count; i++) {
		fuzz_check_line(report.recipients[i].address);
		fuzz_check_line(report.recipients[i].diagnostic);
		fuzz_check_line(report.recipients[i].remote_mta);
	}
	return 0;
}
