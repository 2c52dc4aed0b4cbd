#include "base/arena.h"
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_BYTES = 4096, DEFAULT_MAX_BYTES = 64 << 20 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	size_t used;
	alignas(max_align_t) char data[];
};

static void chunks_free(struct arena_chunk *chunk)
{
	while (chunk) {
		struct arena_chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
}

void arena_clear(struct arena *arena)
{
	chunks_free(arena->head);
	arena->head = NULL;
	arena->used_bytes = 0;
}

void arena_reset(struct arena *arena)
{
	arena->used_bytes = 0;
	if (!arena->head)
		return;
	chunks_free(arena->head->next);
	arena->head->next = NULL;
	arena->head->used = 0;
}

static struct arena_chunk *chunk_with(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->head;
	if (chunk && chunk->size - chunk->used >= size)
		return chunk;
	size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
	chunk = malloc(sizeof *chunk + room);
	if (!chunk)
		return NULL;
	*chunk = (struct arena_chunk){ .next = arena->head, .size = room };
	arena->head = chunk;
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t max = arena->max_bytes ? arena->max_bytes : DEFAULT_MAX_BYTES;
	if (size > max || arena->used_bytes > max - size)
		return NULL;
	size_t step = alignof(max_align_t);
	size_t whole = (size + step - 1) / step * step;
	struct arena_chunk *chunk = chunk_with(arena, whole);
	if (!chunk)
		return NULL;
	void *place = chunk->data + chunk->used;
	chunk->used += whole;
	arena->used_bytes += size;
	return memset(place, 0, whole);
}

char *arena_copy(struct arena *arena, const char *data, size_t size)
{
	char *copy = arena_alloc(arena, size + 1);
	if (copy && size > 0)
		memcpy(copy, data, size);
	return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list args;
	va_list again;
	va_start(args, format);
	va_copy(again, args);
	int size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *text = size < 0 ? NULL : arena_alloc(arena, (size_t)size + 1);
	if (text)
		vsnprintf(text, (size_t)size + 1, format, again);
	va_end(again);
	return text;
}
