/* A part: rendered from its template, cut at its slots, encoded as the message has it. */
#include "base/text.h"
#include "message/compile.h"
#include "message/encode.h"
#include "message/flow.h"
#include "message/merge.h"
#include <stdio.h>
#include <stdlib.h>

enum { SLOT_BYTES = 256 << 10 };

/* What stands for a slot while a part is rendered: no text of a post can hold it, since U+0001 is no character of XML or HTML. The
 * source is copied: a partial's text does not outlive its rendering. */
static int write_slot(void *context, struct bytes source, struct buffer *out, struct error *err)
{
	struct part *part = context;
	if (part->slots == SLOTS)
		return error_set(err, ERROR_INPUT, "the template has more than %d tags of the reader", SLOTS);
	char *copy = arena_copy(part->arena, source.data, source.size);
	if (!copy)
		return error_set(err, ERROR_MEMORY, "out of memory");
	part->source[part->slots] = (struct bytes){ copy, source.size };
	buffer_format(out, "\x01%zu\x02", part->slots++);
	return 0;
}

struct partials {
	struct part *part;
	const struct compile *c;
};

/* {{> words.why}} is the language's words, {{> head}} a file of mail/parts. */
static bool find_partial(void *context, const char *name, struct bytes *text)
{
	const struct partials *partials = context;
	char path[160];
	if (text_starts(name, "words.")) {
		*text = bytes_text(json_text(partials->c->words, name + 6));
		return text->data != NULL;
	}
	snprintf(path, sizeof path, "mail/parts/%.100s.%s", name, partials->part->is_html ? "html" : "txt");
	const struct edition_in *in = partials->c->in;
	return in->lookup ? in->lookup(in->lookup_context, path, text) : template_builtin(path, text);
}

static int slot_of(void *context, struct bytes source, struct buffer *out, struct error *err)
{
	return write_slot(((struct partials *)context)->part, source, out, err);
}

int part_render(struct compile *c, struct part *part, struct bytes text, const char *name, struct error *err)
{
	CLEANUP(template_free) struct template *template = NULL;
	struct partials partials = { part, c };
	struct template_options options = { .partial = find_partial, .slot = slot_of, .context = &partials };
	buffer_clear(&part->rendered);
	part->rendered = BUFFER_INIT(PART_BYTES);
	part->slots = 0;
	part->arena = &c->arena;
	if (template_compile(text, name, &template, err) < 0 ||
	    template_render(template, c->values, &options, part->is_html ? TEMPLATE_HTML : TEMPLATE_TEXT, &part->rendered, err) < 0)
		return -1;
	if (part->is_html)
		return 0;
	struct buffer flowed = BUFFER_INIT(PART_BYTES);
	int result = flow_text(buffer_bytes(&part->rendered), &flowed, err);
	buffer_clear(&part->rendered);
	part->rendered = flowed;
	return result;
}

static int add_slot(struct part *part, struct bytes source, struct error *err)
{
	struct piece piece = {
		.kind = PIECE_SLOT, .slot = slot_kind_of(source), .coding = part->is_html ? CODING_HTML : CODING_RAW, .bytes = source
	};
	return pieces_add(&part->pieces, piece, err);
}

/* A slot that the template left open: its number between U+0001 and U+0002. */
static int add_template_slot(struct part *part, struct bytes text, size_t *at, struct error *err)
{
	char *end = NULL;
	size_t slot = strtoul(text.data + *at + 1, &end, 10);
	if (slot >= part->slots || *end != '\x02')
		return error_set(err, ERROR_INPUT, "a text of the campaign holds a control character");
	*at = (size_t)(end + 1 - text.data);
	return add_slot(part, part->source[slot], err);
}

static int add_merge_slot(struct part *part, struct bytes text, size_t *at, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer source = BUFFER_INIT(SLOT_BYTES);
	if (merge_source(text, at, part->is_html ? MERGE_HTML : MERGE_TEXT, &source, err) < 0)
		return -1;
	char *copy = arena_copy(part->arena, source.data, source.size);
	return copy ? add_slot(part, (struct bytes){ copy, source.size }, err) : error_set(err, ERROR_MEMORY, "out of memory");
}

int part_cut(struct part *part, struct error *err)
{
	struct bytes text = buffer_bytes(&part->rendered);
	for (size_t at = 0; at < text.size;) {
		size_t from = at;
		while (at < text.size && text.data[at] != '\x01' && text.data[at] != MERGE_OPEN[0])
			at++;
		struct piece fixed = { .kind = PIECE_FIXED, .bytes = { text.data + from, at - from } };
		if (at > from && pieces_add(&part->pieces, fixed, err) < 0)
			return -1;
		if (at == text.size)
			return 0;
		int result = text.data[at] == '\x01' ? add_template_slot(part, text, &at, err) : add_merge_slot(part, text, &at, err);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* A part's body as the message has it: fixed pieces in quoted-printable, each slot fenced by soft line breaks. */
static int add_quoted_body(struct compile *c, const struct part *part, struct error *err)
{
	size_t column = 0;
	for (size_t i = 0; i < part->pieces.count; i++) {
		struct piece piece = part->pieces.piece[i];
		if (piece.kind == PIECE_FIXED) {
			CLEANUP(buffer_clear) struct buffer encoded = BUFFER_INIT(4 * PART_BYTES);
			bool is_last = i + 1 == part->pieces.count;
			encode_quoted_printable(piece.bytes, &column, is_last, &encoded);
			if (!is_last && column > 0) {
				buffer_add(&encoded, "=\r\n", 3);
				column = 0;
			}
			if (buffer_check(&encoded, err) < 0)
				return -1;
			char *copy = arena_copy(&c->arena, encoded.data, encoded.size);
			if (!copy)
				return error_set(err, ERROR_MEMORY, "the message is too large");
			piece.bytes = (struct bytes){ copy, encoded.size };
		} else {
			piece.coding = part->is_html ? CODING_QP_HTML : CODING_QP_TEXT;
		}
		piece.template = NULL;
		if (pieces_add(&c->message, piece, err) < 0)
			return -1;
	}
	return 0;
}

/* From its first slot on a base64 body depends on the reader, so it is kept as text and encoded when filled. */
static int add_base64_body(struct compile *c, const struct part *part, struct error *err)
{
	if (pieces_add(&c->message, (struct piece){ .kind = PIECE_BASE64_BEGIN }, err) < 0)
		return -1;
	for (size_t i = 0; i < part->pieces.count; i++) {
		struct piece piece = part->pieces.piece[i];
		if (piece.kind == PIECE_FIXED) {
			CLEANUP(buffer_clear) struct buffer lines = BUFFER_INIT(2 * PART_BYTES);
			encode_crlf(piece.bytes, &lines);
			char *copy = arena_copy(&c->arena, lines.data, lines.size);
			if (!copy || buffer_check(&lines, err) < 0)
				return error_set(err, ERROR_MEMORY, "the message is too large");
			piece.bytes = (struct bytes){ copy, lines.size };
		}
		piece.template = NULL;
		if (pieces_add(&c->message, piece, err) < 0)
			return -1;
	}
	return pieces_add(&c->message, (struct piece){ .kind = PIECE_BASE64_END }, err);
}

int part_add_body(struct compile *c, const struct part *part, struct error *err)
{
	return part->is_base64 ? add_base64_body(c, part, err) : add_quoted_body(c, part, err);
}
