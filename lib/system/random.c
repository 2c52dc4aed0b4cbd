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
void random_uuids(char (*out)[37], size_t n)
{
	uuid_t drawn[100] = { 0 };
	size_t left = 0;
	for (size_t i = 0; i < n; i++) {
		if (left == 0) {
			left = n - i < 100 ? n - i : 100;
			random_bytes(drawn, left * sizeof drawn[0]);
		}
		unsigned char *uuid = drawn[--left];
		uuid[6] = (unsigned char)(0x40 | (uuid[6] & 0x0f));
		uuid[8] = (unsigned char)(0x80 | (uuid[8] & 0x3f));
		uuid_unparse_lower(uuid, out[i]);
	}
}

void random_uuid(char out[37])
{
	random_uuids((char(*)[37])out, 1);
}
