/* buffer - bytes that grow up to a maximum, and views on bytes of others.
 * A buffer keeps its first failure: add at will, then ask buffer_check() once. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H
#include "base/error.h"
#include <string.h>

/* A view: borrows, is not terminated, may hold NUL. */
struct bytes {
	const char *data;
	size_t size;
};

#define BYTES_OF(literal) ((struct bytes){ (literal), sizeof(literal) - 1 })

static inline struct bytes bytes_text(const char *text)
{
	return (struct bytes){ text, text ? strlen(text) : 0 };
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

struct buffer {
	char *data; /* always followed by a NUL once anything was added; NULL while empty */
	size_t size;
	size_t capacity;
	size_t max_bytes; /* growing past it fails the buffer with ERROR_FULL */
	enum error_code failed;
};

#define BUFFER_INIT(max) ((struct buffer){ .max_bytes = (max) })

void buffer_clear(struct buffer *buffer); /* frees; the buffer is empty and usable again */
void buffer_reset(struct buffer *buffer); /* empties and forgets a failure, keeps the memory */

void buffer_add(struct buffer *buffer, const void *data, size_t size);
void buffer_add_bytes(struct buffer *buffer, struct bytes bytes);
void buffer_add_text(struct buffer *buffer, const char *text);
/* Inline, since parsers add most of their text that way. */
static inline void buffer_add_char(struct buffer *buffer, char c)
{
	if (buffer->failed || buffer->size + 2 > buffer->capacity || buffer->size >= buffer->max_bytes) {
		buffer_add(buffer, &c, 1);
		return;
	}
	buffer->data[buffer->size++] = c;
	buffer->data[buffer->size] = '\0';
}
void buffer_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* Room for `size` more bytes at the returned place, or NULL (buffer failed). Follow with buffer_commit(). */
char *buffer_reserve(struct buffer *buffer, size_t size);
void buffer_commit(struct buffer *buffer, size_t size);

/* Shortens to `size`, which must not exceed the present size. */
void buffer_cut(struct buffer *buffer, size_t size);

/* 0, or -1 with err set if anything did not fit (ERROR_FULL) or memory ran out (ERROR_MEMORY). */
MUST_CHECK int buffer_check(const struct buffer *buffer, struct error *err);

/* The content as a terminated string ("" while empty); borrowed until the next add. */
const char *buffer_text(const struct buffer *buffer);
static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
	return (struct bytes){ buffer->data, buffer->size };
}
/* Gives the content to the caller (free() it) and leaves the buffer empty. NULL if the buffer failed. */
char *buffer_give(struct buffer *buffer);
#endif
