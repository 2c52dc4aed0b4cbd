/* arena - many small allocations that live and die together. In place: ARENA_INIT, arena_clear. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include "base/buffer.h"

struct arena_chunk;
struct arena {
	struct arena_chunk *head;
	size_t used_bytes; /* handed out so far */
	size_t max_bytes;  /* asking for more gives NULL; 0 means 64 MB */
};

#define ARENA_INIT ((struct arena){ 0 })

void arena_clear(struct arena *arena); /* frees all; the arena is empty and usable again */
void arena_reset(struct arena *arena); /* forgets all but keeps the newest chunk for reuse */

/* Zeroed and aligned for any type; lives until arena_clear(). NULL when memory or the maximum is out. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_copy(struct arena *arena, const char *data, size_t size); /* adds a NUL; NULL as above */
char *arena_text(struct arena *arena, const char *text);              /* NULL for NULL */
char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
#endif
