#include "base/buffer.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEAST = 256 };

void buffer_clear(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = BUFFER_INIT(buffer->max_bytes);
}

void buffer_reset(struct buffer *buffer)
{
	buffer->size = 0;
	buffer->failed = ERROR_NONE;
	if (buffer->data)
		buffer->data[0] = '\0';
}

char *buffer_reserve(struct buffer *buffer, size_t size)
{
	if (buffer->failed)
		return NULL;
	if (size > buffer->max_bytes - buffer->size) {
		buffer->failed = ERROR_FULL;
		return NULL;
	}
	size_t need = buffer->size + size + 1;
	if (need > buffer->capacity) {
		size_t capacity = buffer->capacity * 2 > need ? buffer->capacity * 2 : need;
		char *data = realloc(buffer->data, capacity < LEAST ? LEAST : capacity);
		if (!data) {
			buffer->failed = ERROR_MEMORY;
			return NULL;
		}
		buffer->data = data;
		buffer->capacity = capacity < LEAST ? LEAST : capacity;
	}
	return buffer->data + buffer->size;
}

void buffer_commit(struct buffer *buffer, size_t size)
{
	assert(buffer->size + size < buffer->capacity);
	buffer->size += size;
	buffer->data[buffer->size] = '\0';
}

void buffer_add(struct buffer *buffer, const void *data, size_t size)
{
	char *to = buffer_reserve(buffer, size);
	if (!to)
		return;
	if (size > 0)
		memcpy(to, data, size);
	buffer_commit(buffer, size);
}

void buffer_add_bytes(struct buffer *buffer, struct bytes bytes)
{
	buffer_add(buffer, bytes.data, bytes.size);
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	va_list again;
	va_start(args, format);
	va_copy(again, args);
	/* Most often there is room already, and once is enough. */
	size_t room = buffer->data && !buffer->failed ? buffer->capacity - buffer->size : 0;
	int size = vsnprintf(room > 0 ? buffer->data + buffer->size : NULL, room, format, args);
	va_end(args);
	char *to = size < 0 ? NULL : buffer_reserve(buffer, (size_t)size);
	if (to) {
		if ((size_t)size >= room)
			vsnprintf(to, (size_t)size + 1, format, again);
		buffer_commit(buffer, (size_t)size);
	} else if (room > 0) {
		buffer->data[buffer->size] = '\0';
	}
	va_end(again);
}

void buffer_cut(struct buffer *buffer, size_t size)
{
	assert(size <= buffer->size);
	buffer->size = size;
	if (buffer->data)
		buffer->data[size] = '\0';
}

int buffer_check(const struct buffer *buffer, struct error *err)
{
	if (buffer->failed == ERROR_FULL)
		return error_set(err, ERROR_FULL, "more than the %zu bytes allowed", buffer->max_bytes);
	if (buffer->failed)
		return error_set(err, buffer->failed, "out of memory");
	return 0;
}

const char *buffer_text(const struct buffer *buffer)
{
	return buffer->data ? buffer->data : "";
}

char *buffer_give(struct buffer *buffer)
{
	if (buffer->failed || !buffer_reserve(buffer, 0)) {
		buffer_clear(buffer);
		return NULL;
	}
	buffer_commit(buffer, 0);
	char *data = buffer->data;
	*buffer = BUFFER_INIT(buffer->max_bytes);
	return data;
}
