#include "base/diff.h"
#include <stdlib.h>

enum { CONTEXT = 3, LINES_MAX = 20000, MIDDLE_MAX = 2000 };

struct lines {
	struct bytes *line;
	size_t count;
};

/* One step of the way from one text to the other: ' ' both, '-' the old one, '+' the new one. */
struct step {
	char sign;
	struct bytes line;
	size_t old, new; /* line numbers, from 0, at which it stands */
};

static void free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

static int split(const char *text, struct lines *out, struct error *err)
{
	out->line = calloc(LINES_MAX, sizeof *out->line);
	if (!out->line)
		return error_set(err, ERROR_MEMORY, "out of memory");
	while (*text && out->count < LINES_MAX) {
		size_t size = strcspn(text, "\n");
		out->line[out->count++] = (struct bytes){ text, size };
		text += size + (text[size] == '\n');
	}
	return 0;
}

/* length[i][j]: how many lines old[i..] and new[j..] have in common, in order. */
static void walk_middle(const struct lines *old, const struct lines *new, size_t head, size_t a, size_t b, const uint16_t *length,
                        struct step *steps, size_t *n)
{
	size_t i = 0;
	size_t j = 0;
	while (i < a || j < b) {
		struct bytes left = i < a ? old->line[head + i] : (struct bytes){ 0 };
		struct bytes right = j < b ? new->line[head + j] : (struct bytes){ 0 };
		if (length && i < a && j < b && bytes_equal(left, right)) {
			steps[(*n)++] = (struct step){ ' ', left, head + i++, head + j++ };
		} else if (i < a && (!length || j == b || length[(i + 1) * (b + 1) + j] >= length[i * (b + 1) + j + 1])) {
			steps[(*n)++] = (struct step){ '-', left, head + i, head + j };
			i++;
		} else {
			steps[(*n)++] = (struct step){ '+', right, head + i, head + j };
			j++;
		}
	}
}

static int find_steps(const struct lines *old, const struct lines *new, struct step *steps, size_t *n, struct error *err)
{
	size_t head = 0;
	size_t tail = 0;
	size_t least = old->count < new->count ? old->count : new->count;
	while (head < least && bytes_equal(old->line[head], new->line[head]))
		head++;
	while (tail < least - head && bytes_equal(old->line[old->count - 1 - tail], new->line[new->count - 1 - tail]))
		tail++;
	size_t a = old->count - head - tail;
	size_t b = new->count - head - tail;
	CLEANUP(free_pointer) uint16_t *length = NULL;
	if (a <= MIDDLE_MAX && b <= MIDDLE_MAX) {
		length = calloc((a + 1) * (b + 1), sizeof *length);
		if (!length)
			return error_set(err, ERROR_MEMORY, "out of memory");
		for (size_t i = a; i-- > 0;)
			for (size_t j = b; j-- > 0;) {
				uint16_t down = length[(i + 1) * (b + 1) + j];
				uint16_t right = length[i * (b + 1) + j + 1];
				bool same = bytes_equal(old->line[head + i], new->line[head + j]);
				length[i * (b + 1) + j] = same           ? (uint16_t)(length[(i + 1) * (b + 1) + j + 1] + 1)
				                          : down > right ? down
				                                         : right;
			}
	}
	for (size_t i = 0; i < head; i++)
		steps[(*n)++] = (struct step){ ' ', old->line[i], i, i };
	walk_middle(old, new, head, a, b, length, steps, n);
	for (size_t i = 0; i < tail; i++)
		steps[(*n)++] = (struct step){ ' ', old->line[old->count - tail + i], old->count - tail + i, new->count - tail + i };
	return 0;
}

static void write_hunk(const struct step *steps, size_t from, size_t to, struct buffer *out)
{
	size_t old = 0;
	size_t new = 0;
	for (size_t i = from; i < to; i++) {
		old += steps[i].sign != '+';
		new += steps[i].sign != '-';
	}
	buffer_format(out, "@@ -%zu,%zu +%zu,%zu @@\n", steps[from].old + (old > 0), old, steps[from].new + (new > 0), new);
	for (size_t i = from; i < to; i++) {
		buffer_add_char(out, steps[i].sign);
		buffer_add_bytes(out, steps[i].line);
		buffer_add_char(out, '\n');
	}
}

/* Changes with less than twice the context between them share a hunk. */
static void write_hunks(const struct step *steps, size_t n, struct buffer *out)
{
	for (size_t i = 0; i < n; i++) {
		if (steps[i].sign == ' ')
			continue;
		size_t last = i;
		for (size_t j = i; j < n && j - last <= 2 * CONTEXT; j++)
			if (steps[j].sign != ' ')
				last = j;
		size_t end = last + 1 + CONTEXT < n ? last + 1 + CONTEXT : n;
		write_hunk(steps, i > CONTEXT ? i - CONTEXT : 0, end, out);
		i = end - 1;
	}
}

static int write_diff(const struct lines *old, const struct lines *new, const char *from_name, const char *to_name, struct buffer *out,
                      struct error *err)
{
	size_t n = 0;
	CLEANUP(free_pointer) struct step *steps = calloc(old->count + new->count + 1, sizeof *steps);
	if (!steps)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (find_steps(old, new, steps, &n, err) < 0)
		return -1;
	buffer_format(out, "--- %s\n+++ %s\n", from_name, to_name);
	write_hunks(steps, n, out);
	return buffer_check(out, err);
}

int diff_unified(const char *from, const char *to, const char *from_name, const char *to_name, struct buffer *out, struct error *err)
{
	struct lines old = { 0 };
	struct lines new = { 0 };
	if (strcmp(from, to) == 0)
		return 0;
	int result = split(from, &old, err) < 0 || split(to, &new, err) < 0 ? -1 : write_diff(&old, &new, from_name, to_name, out, err);
	free(old.line);
	free(new.line);
	return result;
}
