#include "system/random.h"
#include <assert.h>
#include <sys/random.h>
#include <uuid/uuid.h>

void random_bytes(void *out, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = getrandom((char *)out + done, size - done, 0);
		/* Only a signal can interrupt it, and ours are blocked. */
		assert(n > 0);
		done += (size_t)n;
	}
}

uint64_t random_below(uint64_t limit)
{
	uint64_t skip = -limit % limit; /* 2^64 mod limit: below it the values are not even */
	uint64_t value = 0;
	assert(limit > 0);
	do
		random_bytes(&value, sizeof value);
	while (value < skip);
	return value % limit;
}

/* RFC 9562 §5.4. uuid_generate_random() also stirs srandom() each time: three times the work. */
void random_uuid(char out[37])
{
	uuid_t uuid = { 0 };
	random_bytes(uuid, sizeof uuid);
	uuid[6] = (unsigned char)(0x40 | (uuid[6] & 0x0f));
	uuid[8] = (unsigned char)(0x80 | (uuid[8] & 0x3f));
	uuid_unparse_lower(uuid, out);
}
