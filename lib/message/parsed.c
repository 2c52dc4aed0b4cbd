#include "message/parsed.h"
#include "base/text.h"
#include <libetpan/libetpan.h>
#include <stdlib.h>

struct walk {
	struct parsed *out;
	struct arena *arena;
	const char *at, *end;
	unsigned line;
};

/* The next line with its end; false at the end. */
static bool next_line(struct walk *walk, struct bytes *line)
{
	if (walk->at >= walk->end)
		return false;
	const char *lf = memchr(walk->at, '\n', (size_t)(walk->end - walk->at));
	const char *end = lf ? lf + 1 : walk->end;
	*line = (struct bytes){ walk->at, (size_t)(end - walk->at) };
	walk->at = end;
	walk->line++;
	return true;
}

static struct bytes chomp(struct bytes line)
{
	while (line.size > 0 && (line.data[line.size - 1] == '\n' || line.data[line.size - 1] == '\r'))
		line.size--;
	return line;
}

static void add_field(struct walk *walk, struct parsed_part *part, struct bytes line)
{
	struct parsed *out = walk->out;
	const char *colon = memchr(line.data, ':', line.size);
	if (!colon) {
		out->odd_line = out->odd_line ? out->odd_line : walk->line;
		return;
	}
	if (out->fields == PARSED_FIELDS) {
		out->is_cut = true;
		return;
	}
	struct bytes value = chomp((struct bytes){ colon + 1, (size_t)(line.data + line.size - colon - 1) });
	out->field[out->fields++] =
		(struct parsed_field){ text_trim((struct bytes){ line.data, (size_t)(colon - line.data) }), value, walk->line };
	part->field_count++;
}

static void read_fields(struct walk *walk, struct parsed_part *part)
{
	struct bytes line;
	part->fields = walk->out->field + walk->out->fields;
	while (next_line(walk, &line) && chomp(line).size > 0) {
		bool is_fold = line.data[0] == ' ' || line.data[0] == '\t';
		if (!is_fold)
			add_field(walk, part, line);
		else if (part->field_count == 0)
			walk->out->odd_line = walk->line;
		else {
			struct bytes *value = &part->fields[part->field_count - 1].value;
			struct bytes text = chomp(line);
			value->size = (size_t)(text.data + text.size - value->data);
		}
	}
	part->line = walk->line + 1;
}

/* name=value or name="value" behind the type (RFC 2045 section 5.1). */
static const char *parameter(const char *value, const char *name, struct arena *arena)
{
	struct bytes rest = bytes_text(value);
	struct bytes part;
	while (text_next_part(&rest, ";", &part)) {
		part = text_trim(part);
		size_t size = strlen(name);
		if (part.size <= size || !text_starts_nocase(part, name) || part.data[size] != '=')
			continue;
		struct bytes inner = text_trim((struct bytes){ part.data + size + 1, part.size - size - 1 });
		if (inner.size >= 2 && inner.data[0] == '"' && inner.data[inner.size - 1] == '"')
			inner = (struct bytes){ inner.data + 1, inner.size - 2 };
		const char *copy = arena_copy(arena, inner.data, inner.size);
		return copy ? copy : "";
	}
	return "";
}

static const char *lower_first(const char *value, struct arena *arena)
{
	char *copy = arena_copy(arena, value, strcspn(value, "; \t"));
	if (copy)
		text_lower(copy, strlen(copy));
	return copy ? copy : "";
}

static int decode(struct parsed_part *part, struct arena *arena, struct error *err)
{
	bool base64 = strcmp(part->encoding, "base64") == 0;
	char *text = NULL;
	size_t size = 0;
	size_t at = 0;
	part->body = part->raw;
	if (part->raw.size == 0 || (!base64 && strcmp(part->encoding, "quoted-printable") != 0))
		return 0;
	int mechanism = base64 ? MAILMIME_MECHANISM_BASE64 : MAILMIME_MECHANISM_QUOTED_PRINTABLE;
	if (mailmime_part_parse(part->raw.data, part->raw.size, &at, mechanism, &text, &size) != MAILIMF_NO_ERROR)
		return 0; /* not decodable: shown as it travels */
	const char *copy = arena_copy(arena, text, size);
	mailmime_decoded_part_free(text);
	if (!copy)
		return error_set(err, ERROR_MEMORY, "the message is too large to be checked");
	part->body = (struct bytes){ copy, size };
	return 0;
}

/* --boundary, or --boundary-- (RFC 2046 section 5.1.1). */
static bool is_delimiter(struct bytes line, const char *boundary, bool *is_last)
{
	size_t size = strlen(boundary);
	line = chomp(line);
	if (line.size < size + 2 || memcmp(line.data, "--", 2) != 0 || memcmp(line.data + 2, boundary, size) != 0)
		return false;
	struct bytes rest = text_trim((struct bytes){ line.data + size + 2, line.size - size - 2 });
	*is_last = bytes_equal(rest, BYTES_OF("--"));
	return rest.size == 0 || *is_last;
}

static int read_part(struct walk *walk, int parent, int depth, struct error *err);

/* The parts between the delimiters. */
static int read_parts(const struct walk *all, int parent, int depth, struct error *err)
{
	const char *boundary = all->out->part[parent].boundary;
	struct walk walk = *all;
	const char *begin = NULL;
	unsigned begin_line = 0;
	bool is_last = false;
	struct bytes line;
	for (const char *before = walk.at; !is_last && next_line(&walk, &line); before = walk.at) {
		if (!is_delimiter(line, boundary, &is_last))
			continue;
		struct walk inner = { all->out, all->arena, begin, before, begin_line };
		if (begin && read_part(&inner, parent, depth + 1, err) < 0)
			return -1;
		begin = walk.at;
		begin_line = walk.line;
	}
	return 0;
}

static int read_part(struct walk *walk, int parent, int depth, struct error *err)
{
	struct parsed *out = walk->out;
	if (out->count == PARSED_PARTS || depth > PARSED_DEPTH) {
		out->is_cut = true;
		return 0;
	}
	int self = (int)out->count++;
	struct parsed_part *part = &out->part[self];
	*part = (struct parsed_part){ .parent = parent };
	read_fields(walk, part);
	/* The line end before a delimiter belongs to the delimiter. */
	const char *end = walk->end;
	if (parent >= 0 && end > walk->at && end[-1] == '\n')
		end -= end - walk->at >= 2 && end[-2] == '\r' ? 2 : 1;
	part->raw = (struct bytes){ walk->at, (size_t)(end - walk->at) };
	const char *type = parsed_value(parsed_field(part, "Content-Type", 0), walk->arena);
	part->type = lower_first(type, walk->arena);
	part->charset = parameter(type, "charset", walk->arena);
	part->boundary = parameter(type, "boundary", walk->arena);
	part->encoding = lower_first(parsed_value(parsed_field(part, "Content-Transfer-Encoding", 0), walk->arena), walk->arena);
	if (!text_starts(part->type, "multipart/"))
		return decode(part, walk->arena, err);
	return *part->boundary ? read_parts(walk, self, depth, err) : 0;
}

int parsed_read(struct bytes message, struct parsed *out, struct arena *arena, struct error *err)
{
	struct walk walk = { out, arena, message.data, message.data + message.size, 0 };
	out->count = out->fields = 0;
	out->odd_line = 0;
	out->is_cut = false;
	return read_part(&walk, -1, 0, err);
}

const struct parsed_field *parsed_field(const struct parsed_part *part, const char *name, size_t n)
{
	for (size_t i = 0; i < part->field_count; i++)
		if (text_compare_nocase(part->fields[i].name, bytes_text(name)) == 0 && n-- == 0)
			return &part->fields[i];
	return NULL;
}

size_t parsed_count(const struct parsed_part *part, const char *name)
{
	size_t n = 0;
	while (parsed_field(part, name, n))
		n++;
	return n;
}

const char *parsed_value(const struct parsed_field *field, struct arena *arena)
{
	if (!field)
		return "";
	char *line = arena_copy(arena, field->value.data, field->value.size);
	size_t n = 0;
	for (size_t i = 0; line && i < field->value.size; i++)
		if (line[i] != '\r' && line[i] != '\n' && line[i] != '\0')
			line[n++] = line[i] == '\t' ? ' ' : line[i];
	if (!line)
		return "";
	struct bytes trimmed = text_trim((struct bytes){ line, n });
	char *copy = arena_copy(arena, trimmed.data, trimmed.size);
	return copy ? copy : "";
}

const char *parsed_words(const struct parsed_field *field, struct arena *arena)
{
	const char *text = parsed_value(field, arena);
	char *decoded = NULL;
	size_t at = 0;
	if (!strstr(text, "=?") || mailmime_encoded_phrase_parse("utf-8", text, strlen(text), &at, "utf-8", &decoded) != MAILIMF_NO_ERROR ||
	    !decoded)
		return text;
	const char *copy = arena_text(arena, decoded);
	free(decoded);
	return copy ? copy : "";
}

int parsed_find(const struct parsed *parsed, int of, const char *type)
{
	for (int i = of; i < (int)parsed->count; i++) {
		int up = i;
		while (up > of)
			up = parsed->part[up].parent;
		if (up == of && strcmp(parsed->part[i].type, type) == 0)
			return i;
	}
	return -1;
}
