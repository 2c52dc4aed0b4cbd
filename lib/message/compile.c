/* Compiling: templates rendered once, parts encoded, the MIME tree composed by libetpan, the whole cut at its slots. */
#include "base/digest.h"
#include "base/text.h"
#include "base/units.h"
#include "message/encode.h"
#include "message/mime.h"
#include "message/pieces.h"
#include <stdio.h>
#include <stdlib.h>

enum { PART_BYTES = 8 << 20, SLOTS = 256, TOKEN_BYTES = 24 };

/* A part while it is being made: rendered, with a token for each slot. */
struct part {
	struct buffer rendered;
	struct bytes source[SLOTS]; /* of each slot, in the template's text */
	size_t slots;
	struct pieces pieces; /* decoded */
	bool is_html, is_base64;
	struct template *template;
};

struct compile {
	const struct edition_in *in;
	struct part html, text;
	struct arena arena;
	json_t *values;
	struct pieces message;
	char boundary[64];
};

static void compile_clear(struct compile *c)
{
	struct part *parts[] = { &c->html, &c->text };
	for (size_t i = 0; i < 2; i++) {
		buffer_clear(&parts[i]->rendered);
		pieces_clear(&parts[i]->pieces);
		template_free(&parts[i]->template);
	}
	pieces_clear(&c->message);
	json_free(&c->values);
	arena_clear(&c->arena);
}

/* What stands for a slot while a part is rendered: no text of a post can hold it, since U+0001 is no character of XML or HTML. */
static int write_slot(void *context, struct bytes source, struct buffer *out, struct error *err)
{
	struct part *part = context;
	if (part->slots == SLOTS)
		return error_set(err, ERROR_INPUT, "the template has more than %d tags of the reader", SLOTS);
	part->source[part->slots] = source;
	buffer_format(out, "\x01%zu\x02", part->slots++);
	return 0;
}

/* Posts of a campaign as templates see them. */
static json_t *post_values(const struct post *post)
{
	char date[UNITS_TEXT];
	units_write_time(post->published_us, date);
	date[10] = '\0';
	const char *texts[] = {
		post->title, post->subtitle, post->author, post->url, post->html, post->text, post->image, post->image_alt
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		texts[i] = texts[i] ? texts[i] : "";
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "title", texts[0], "subtitle", texts[1], "author", texts[2], "url",
	                 texts[3], "html", texts[4], "text", texts[5], "image", texts[6], "image_alt", texts[7], "date",
	                 post->published_us ? date : "");
}

static bool is_rtl(const char *language)
{
	static const char *const rtl[] = { "ar", "he", "fa", "ur", "yi", "ps", "dv", "ug" };
	for (size_t i = 0; i < COUNT_OF(rtl); i++)
		if (text_starts_nocase(bytes_text(language), rtl[i]) && (language[2] == '\0' || language[2] == '-'))
			return true;
	return false;
}

static int make_values(struct compile *c, struct error *err)
{
	const struct edition_in *in = c->in;
	json_t *posts = json_array();
	for (size_t i = 0; i < in->post_count; i++)
		if (json_array_append_new(posts, post_values(&in->posts[i])) != 0)
			break;
	char url[512];
	snprintf(url, sizeof url, "%s/%s", in->public_url, in->list_name);
	c->values = json_pack("{s:{s:s,s:s,s:s,s:s},s:s,s:s,s:s,s:s,s:b,s:O,s:o}", "list", "title", in->list_title, "postal", in->postal,
	                      "url", url, "from_name", in->from_name, "language", in->language, "dir", is_rtl(in->language) ? "rtl" : "ltr",
	                      "subject", in->subject, "preheader", in->preheader, "is_test", in->is_test, "post",
	                      in->post_count ? json_array_get(posts, 0) : json_null(), "posts", posts);
	return c->values ? 0 : error_set(err, ERROR_INPUT, "a text of the campaign is no UTF-8");
}

static int render_part(struct compile *c, struct part *part, struct bytes text, const char *name, struct error *err)
{
	struct template_options options = { .slot = write_slot, .context = part };
	part->rendered = BUFFER_INIT(PART_BYTES);
	if (template_compile(text, name, &part->template, err) < 0 ||
	    template_render(part->template, c->values, &options, part->is_html ? TEMPLATE_HTML : TEMPLATE_TEXT, &part->rendered, err) < 0)
		return -1;
	return 0;
}

/* Cuts the rendered part at its slots. */
static int cut_part(struct part *part, struct error *err)
{
	struct bytes rest = buffer_bytes(&part->rendered);
	while (rest.size > 0) {
		const char *mark = memchr(rest.data, '\x01', rest.size);
		size_t before = mark ? (size_t)(mark - rest.data) : rest.size;
		if (before > 0 && pieces_add(&part->pieces, (struct piece){ .kind = PIECE_FIXED, .bytes = { rest.data, before } }, err) < 0)
			return -1;
		rest.data += before;
		rest.size -= before;
		if (!mark)
			return 0;
		char *end = NULL;
		size_t slot = strtoul(rest.data + 1, &end, 10);
		if (slot >= part->slots || *end != '\x02')
			return error_set(err, ERROR_INPUT, "a text of the campaign holds a control character");
		struct piece piece = { .kind = PIECE_SLOT,
			               .slot = slot_kind_of(part->source[slot]),
			               .coding = part->is_html ? CODING_HTML : CODING_RAW,
			               .bytes = part->source[slot] };
		if (pieces_add(&part->pieces, piece, err) < 0)
			return -1;
		rest.size -= (size_t)(end + 1 - rest.data);
		rest.data = end + 1;
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

static int add_fixed(struct compile *c, struct bytes bytes, struct error *err)
{
	char *copy = arena_copy(&c->arena, bytes.data, bytes.size);
	if (!copy)
		return error_set(err, ERROR_MEMORY, "the message is too large");
	return pieces_add(&c->message, (struct piece){ .kind = PIECE_FIXED, .bytes = { copy, bytes.size } }, err);
}

static int add_slot(struct compile *c, const char *before, enum slot_kind slot, const char *after, struct error *err)
{
	if (add_fixed(c, bytes_text(before), err) < 0 ||
	    pieces_add(&c->message, (struct piece){ .kind = PIECE_SLOT, .slot = slot, .coding = CODING_RAW }, err) < 0)
		return -1;
	return add_fixed(c, bytes_text(after), err);
}

static int mailbox_field(const char *field, const char *name, const char *address, struct buffer *out, struct error *err)
{
	buffer_add_text(out, field);
	buffer_add_text(out, ": ");
	if (encode_mailbox(bytes_text(name), bytes_text(address), strlen(field) + 2, out, err) < 0)
		return error_wrap(err, "%s", field);
	buffer_add_text(out, "\r\n");
	return 0;
}

static int text_field(const char *field, const char *text, struct buffer *out, struct error *err)
{
	buffer_add_text(out, field);
	buffer_add_text(out, ": ");
	if (encode_header_text(bytes_text(text), strlen(field) + 2, out, err) < 0)
		return error_wrap(err, "%s", field);
	buffer_add_text(out, "\r\n");
	return 0;
}

static int uri_field(const char *field, struct buffer *out, struct error *err, const char *format, ...) PRINTF_LIKE(4, 5);
static int uri_field(const char *field, struct buffer *out, struct error *err, const char *format, ...)
{
	char uri[900];
	va_list args;
	va_start(args, format);
	int size = vsnprintf(uri, sizeof uri, format, args);
	va_end(args);
	if (size >= (int)sizeof uri || !text_is_ascii(bytes_text(uri)) || strpbrk(uri, " \r\n"))
		return 0; /* a URL that no header can hold is left out: the mail is none the worse */
	return encode_field(field, bytes_text(uri), out, err);
}

/* The fields of RULES section 2 that are the same for all, behind those that are not. */
static int add_list_fields(struct compile *c, struct error *err)
{
	const struct edition_in *in = c->in;
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(64 << 10);
	buffer_add_text(&out, "List-Id: ");
	/* RFC 2919: a phrase and the identifier in angle brackets, written as a mailbox is. */
	if (encode_mailbox(bytes_text(in->list_title), bytes_text(in->list_id), strlen("List-Id: "), &out, err) < 0)
		return error_wrap(err, "List-Id");
	buffer_add_text(&out, "\r\n");
	const char *owner = in->owner_email ? in->owner_email : in->reply_to ? in->reply_to : in->from_email;
	if (uri_field("List-Help", &out, err, "<%s/%s>", in->public_url, in->list_name) < 0 ||
	    uri_field("List-Subscribe", &out, err, "<%s/%s>", in->public_url, in->list_name) < 0 ||
	    uri_field("List-Owner", &out, err, "<mailto:%s>", owner) < 0 || encode_field("List-Post", BYTES_OF("NO"), &out, err) < 0)
		return -1;
	if (in->post_count == 1 && in->posts[0].url && *in->posts[0].url &&
	    uri_field("Archived-At", &out, err, "<%s>", in->posts[0].url) < 0)
		return -1;
	buffer_format(&out, "Feedback-ID: c%" PRId64 ":%s:%s:gazette\r\n", in->campaign, in->list_name, in->is_test ? "test" : "post");
	return buffer_check(&out, err) < 0 ? -1 : add_fixed(c, buffer_bytes(&out), err);
}

static int add_headers(struct compile *c, struct error *err)
{
	const struct edition_in *in = c->in;
	CLEANUP(buffer_clear) struct buffer out = BUFFER_INIT(64 << 10);
	if (mailbox_field("From", in->from_name, in->from_email, &out, err) < 0 ||
	    (in->reply_to && mailbox_field("Reply-To", "", in->reply_to, &out, err) < 0))
		return -1;
	if (add_fixed(c, buffer_bytes(&out), err) < 0 || add_slot(c, "To: ", SLOT_TO, "\r\n", err) < 0)
		return -1;
	buffer_reset(&out);
	if (text_field("Subject", in->subject, &out, err) < 0 || buffer_check(&out, err) < 0 || add_fixed(c, buffer_bytes(&out), err) < 0)
		return -1;
	if (add_slot(c, "Date: ", SLOT_DATE, "\r\n", err) < 0 || add_slot(c, "Message-ID: ", SLOT_MESSAGE_ID, "\r\n", err) < 0 ||
	    add_slot(c, "List-Unsubscribe: <", SLOT_UNSUBSCRIBE_URL, ">", err) < 0)
		return -1;
	/* The return path's own token names the reader, so that mail to it works even when it was forwarded (RULES U14). */
	if (in->return_path && add_slot(c, ",\r\n <mailto:", SLOT_VERP, "?subject=unsubscribe>", err) < 0)
		return -1;
	if (add_fixed(c, BYTES_OF("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), err) < 0)
		return -1;
	return add_list_fields(c, err);
}

static int add_body(struct compile *c, const struct part *part, struct error *err)
{
	return part->is_base64 ? add_base64_body(c, part, err) : add_quoted_body(c, part, err);
}

/* libetpan writes the tree with one token for each body; the bodies go where the tokens stand. */
static int add_mime(struct compile *c, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer tree = BUFFER_INIT(64 << 10);
	struct mime_alternative in = { .boundary = c->boundary,
		                       .text = { "\x01T\x02", c->text.is_base64 },
		                       .html = { "\x01H\x02", c->html.is_base64 } };
	if (mime_compose(&in, &tree, err) < 0)
		return -1;
	const char *text = strstr(buffer_text(&tree), in.text.body);
	const char *html = strstr(buffer_text(&tree), in.html.body);
	if (!text || !html || html < text)
		return error_set(err, ERROR_CORRUPT, "the MIME tree was not written as it was made");
	const char *end = tree.data + tree.size;
	if (add_fixed(c, (struct bytes){ tree.data, (size_t)(text - tree.data) }, err) < 0 || add_body(c, &c->text, err) < 0 ||
	    add_fixed(c, (struct bytes){ text + 3, (size_t)(html - text) - 3 }, err) < 0 || add_body(c, &c->html, err) < 0)
		return -1;
	return add_fixed(c, (struct bytes){ html + 3, (size_t)(end - html) - 3 }, err);
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

static int compile(struct compile *c, struct error *err)
{
	const struct edition_in *in = c->in;
	c->html.is_html = true;
	make_boundary(c);
	if (make_values(c, err) < 0 || render_part(c, &c->html, in->html_template, in->html_name, err) < 0 ||
	    render_part(c, &c->text, in->text_template, in->text_name, err) < 0 || cut_part(&c->html, err) < 0 ||
	    cut_part(&c->text, err) < 0)
		return -1;
	c->html.is_base64 = encode_prefers_base64(buffer_bytes(&c->html.rendered));
	c->text.is_base64 = encode_prefers_base64(buffer_bytes(&c->text.rendered));
	return add_headers(c, err) < 0 ? -1 : add_mime(c, err);
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
		                             [STRING_HOST] = bytes_text(strchr(in->from_email, '@') + 1) },
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
	c.arena.max_bytes = 64 << 20;
	return compile(&c, err) < 0 ? -1 : seal(&c, out, err);
}
