/* random - bytes from the kernel, and UUIDs (RFC 9562 version 4, by libuuid). */
#ifndef SYSTEM_RANDOM_H
#define SYSTEM_RANDOM_H
#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out, size_t size); /* getrandom(2); asserts success */
uint64_t random_below(uint64_t limit);     /* uniform in [0, limit); limit at least 1 */
void random_uuid(char out[37]);
void random_uuids(char (*out)[37], size_t n); /* for many: a system call for a hundred */
#endif
