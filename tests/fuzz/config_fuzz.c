/* The file is one in memory, since a configuration is read by its path. */
#include "config/config.h"
#include "fuzz.h"
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config_faults faults;
	CLEANUP(config_free) struct config *config = NULL;
	struct error err = { 0 };
	char path[64];
	int fd = memfd_create("config", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	faults.count = 0;
	int result = config_read(path, &config, &faults, &err);
	close(fd);
	PROMISE((result == 0) == (config != NULL));
	PROMISE(result == 0 || (err.code && err.text[0]));
	if (config) {
		CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
		config_print(config, true, &text);
		PROMISE(!text.failed);
	}
	return 0;
}
