/* Compiling: templates rendered once, parts encoded, the MIME tree composed by libetpan, the whole cut at its slots. */
#include "message/compile.h"
#include "base/digest.h"
#include "message/encode.h"
#include "message/mime.h"
#include <stdio.h>
#include <stdlib.h>

/* Gmail shows the first 102 KB of the HTML part and hides the rest, the footer with it; whether it counts before or after transfer
 * decoding is not documented, so both stay below (docs/mail-html.md, rule 27). The reader's links come on top. */
enum { CLIP_DECODED = 90 << 10, CLIP_ENCODED = 98 << 10, CLIP_TRIES = 3 };

const char *const edition_links_words[] = { "notes", "inline", NULL };

static void compile_clear(struct compile *c)
{
	struct part *parts[] = { &c->html, &c->text };
	for (size_t i = 0; i < 2; i++) {
		buffer_clear(&parts[i]->rendered);
		pieces_clear(&parts[i]->pieces);
	}
	pieces_clear(&c->message);
	json_free(&c->values);
	json_free(&c->theme);
	json_free(&c->words);
	arena_clear(&c->arena);
}

static void make_boundary(struct compile *c)
{
	uint8_t digest[DIGEST_BYTES];
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(64);
	digest_hmac(c->in->salt, BYTES_OF("boundary"), digest);
	digest_base32(digest, 15, &text);
	/* "=_" can stand in no quoted-printable body, so no body can hold the boundary. */
	snprintf(c->boundary, sizeof c->boundary, "=_gz_%s", buffer_text(&text));
}

static size_t encoded_size(struct bytes text)
{
	size_t escaped = 0;
	if (encode_prefers_base64(text))
		return text.size / 57 * 78;
	for (size_t i = 0; i < text.size; i++)
		escaped += (unsigned char)text.data[i] >= 0x80 || text.data[i] == '=';
	return text.size + 2 * escaped + text.size / 75 * 3;
}

/* By how many bytes, decoded, the part is too large. */
static size_t excess(struct bytes html)
{
	size_t encoded = encoded_size(html);
	size_t over = html.size > CLIP_DECODED ? html.size - CLIP_DECODED : 0;
	size_t coded = encoded > CLIP_ENCODED ? (size_t)((uint64_t)(encoded - CLIP_ENCODED) * html.size / encoded) + 1 : 0;
	return over > coded ? over : coded;
}

static int render_html(struct compile *c, struct error *err)
{
	const struct edition_in *in = c->in;
	if (part_render(c, &c->html, in->html_template, in->html_name, err) < 0)
		return -1;
	for (int i = 0; i < CLIP_TRIES; i++) {
		size_t over = excess(buffer_bytes(&c->html.rendered));
		if (over == 0)
			return 0;
		int cut = compile_shorten(c, over, err);
		if (cut <= 0)
			return cut;
		if (part_render(c, &c->html, in->html_template, in->html_name, err) < 0)
			return -1;
	}
	return 0;
}

/* A file's body as the message has it, a fixed piece; the same for all. */
static int add_file(struct compile *c, const struct edition_file *file, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer lines = BUFFER_INIT(64 << 20);
	encode_base64_lines(file->content, &lines);
	return buffer_check(&lines, err) < 0 ? -1 : compile_add_fixed(c, buffer_bytes(&lines), err);
}

static int add_body(struct compile *c, size_t i, struct error *err)
{
	const struct edition_in *in = c->in;
	if (i < 2)
		return part_add_body(c, i == 0 ? &c->text : &c->html, err);
	i -= 2;
	return add_file(c, i < in->picture_count ? &in->pictures[i] : &in->attachments[i - in->picture_count], err);
}

static int compose(const struct compile *c, struct buffer *tree, struct error *err)
{
	const struct edition_in *in = c->in;
	struct mime_message message = { .boundary = c->boundary,
		                        .text = { c->text.is_base64, true },
		                        .html = { c->html.is_base64, false },
		                        .host = c->host,
		                        .pictures = in->pictures,
		                        .picture_count = in->picture_count,
		                        .attachments = in->attachments,
		                        .attachment_count = in->attachment_count };
	return mime_compose(&message, tree, err);
}

/* libetpan writes the tree with one token for each body, in order; the bodies go where the tokens stand. */
static int add_mime(struct compile *c, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer tree = BUFFER_INIT(1 << 20);
	if (compose(c, &tree, err) < 0)
		return -1;
	struct bytes rest = buffer_bytes(&tree);
	for (size_t i = 0; i < 2 + c->in->picture_count + c->in->attachment_count; i++) {
		const char *token = memmem(rest.data, rest.size, MIME_BODY, strlen(MIME_BODY));
		if (!token)
			return error_set(err, ERROR_CORRUPT, "the MIME tree was not written as it was made");
		struct bytes before = { rest.data, (size_t)(token - rest.data) };
		if (compile_add_fixed(c, before, err) < 0 || add_body(c, i, err) < 0)
			return -1;
		rest.data += before.size + strlen(MIME_BODY);
		rest.size -= before.size + strlen(MIME_BODY);
	}
	return compile_add_fixed(c, rest, err);
}

static int compile(struct compile *c, struct error *err)
{
	const struct edition_in *in = c->in;
	c->html.is_html = true;
	c->host = strchr(in->from_email, '@') + 1;
	make_boundary(c);
	if (compile_values(c, err) < 0 || render_html(c, err) < 0 || part_render(c, &c->text, in->text_template, in->text_name, err) < 0 ||
	    part_cut(&c->html, err) < 0 || part_cut(&c->text, err) < 0)
		return -1;
	c->html.is_base64 = encode_prefers_base64(buffer_bytes(&c->html.rendered));
	c->text.is_base64 = encode_prefers_base64(buffer_bytes(&c->text.rendered));
	return compile_headers(c, err) < 0 ? -1 : add_mime(c, err);
}

/* The whole goes through its stored form, so that what is sent after a restart is what was compiled. */
static int seal(struct compile *c, struct edition **out, struct error *err)
{
	const struct edition_in *in = c->in;
	CLEANUP(buffer_clear) struct buffer stored = BUFFER_INIT(8 * PART_BYTES);
	const char *return_path = in->return_path ? in->return_path : "";
	struct edition loose = { .campaign = in->campaign,
		                 .list = in->list,
		                 .is_test = in->is_test,
		                 .string = { [STRING_SALT] = in->salt,
		                             [STRING_FROM_EMAIL] = bytes_text(in->from_email),
		                             [STRING_PUBLIC_URL] = bytes_text(in->public_url),
		                             [STRING_RETURN_PATH] = bytes_text(return_path),
		                             [STRING_SUBJECT] = bytes_text(in->subject),
		                             [STRING_HOST] = bytes_text(c->host) },
		                 .message = c->message,
		                 .html = c->html.pieces,
		                 .text = c->text.pieces };
	if (edition_write(&loose, &stored, err) < 0)
		return -1;
	return edition_read(buffer_bytes(&stored), out, err);
}

int edition_compile(const struct edition_in *in, struct edition **out, struct error *err)
{
	CLEANUP(compile_clear) struct compile c = { .in = in };
	c.arena.max_bytes = 192 << 20;
	return compile(&c, err) < 0 ? -1 : seal(&c, out, err);
}
