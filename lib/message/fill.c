/* Filling: what is done for every single reader, so it does no more than it must. */
#include "base/text.h"
#include "base/units.h"
#include "message/encode.h"
#include "message/pieces.h"
#include "message/reader.h"
#include <stdio.h>

enum { VALUE_BYTES = 64 << 10, SALT_BYTES = 16 };

struct fill {
	const struct edition *edition;
	const struct job *job; /* NULL: nobody */
	const struct keyring *keys;
	struct reader reader;
	json_t *values; /* made when a slot wants the engine */
	/* Each stands in header, text and page; made once, "" before. */
	char unsubscribe[TOKEN_TEXT], view[TOKEN_TEXT], verp[TOKEN_TEXT];
};

static struct token reader_token(const struct fill *fill, enum token_purpose purpose)
{
	return (struct token){ .purpose = purpose,
		               .list = fill->edition->list,
		               .subscriber = fill->job->subscriber,
		               .extra = fill->edition->campaign,
		               .is_test = fill->edition->is_test || fill->job->is_test };
}

static void write_url(struct fill *fill, enum token_purpose purpose, struct buffer *out)
{
	char *text = purpose == TOKEN_UNSUBSCRIBE ? fill->unsubscribe : fill->view;
	buffer_add_bytes(out, fill->edition->string[STRING_PUBLIC_URL]);
	if (!fill->job)
		return;
	struct token token = reader_token(fill, purpose);
	if (!*text)
		token_write(fill->keys, &token, fill->job->epoch, text);
	buffer_add_text(out, purpose == TOKEN_UNSUBSCRIBE ? "/u/" : "/v/");
	buffer_add_text(out, text);
}

static void write_answered(const struct fill *fill, const struct piece *piece, struct buffer *out)
{
	char left[32];
	token_message_id((struct bytes){ piece->bytes.data, SALT_BYTES }, fill->job->subscriber, left);
	buffer_format(out, "<%s@%.*s>", left, (int)(piece->bytes.size - SALT_BYTES), piece->bytes.data + SALT_BYTES);
}

static void write_message_id(const struct fill *fill, struct buffer *out)
{
	char left[32];
	token_message_id(fill->edition->string[STRING_SALT], fill->job->subscriber, left);
	buffer_add_char(out, '<');
	buffer_add_text(out, left);
	buffer_add_char(out, '@');
	buffer_add_bytes(out, fill->edition->string[STRING_HOST]);
	buffer_add_char(out, '>');
}

static int write_return_path(struct fill *fill, struct buffer *out, struct error *err)
{
	struct bytes pattern = fill->edition->string[STRING_RETURN_PATH];
	if (pattern.size == 0) {
		buffer_add_bytes(out, fill->edition->string[STRING_FROM_EMAIL]);
		return buffer_check(out, err);
	}
	struct token token = reader_token(fill, TOKEN_VERP);
	if (!*fill->verp)
		token_write_verp(fill->keys, &token, fill->verp);
	return token_return_path(pattern.data, fill->verp, out, err);
}

/* The reader as templates see one. */
static int make_values(struct fill *fill, struct error *err)
{
	if (fill->values)
		return 0;
	CLEANUP(buffer_clear) struct buffer unsubscribe = BUFFER_INIT(4096);
	CLEANUP(buffer_clear) struct buffer view = BUFFER_INIT(4096);
	write_url(fill, TOKEN_UNSUBSCRIBE, &unsubscribe);
	write_url(fill, TOKEN_VIEW, &view);
	fill->values = reader_values(&fill->reader, fill->job, buffer_text(&unsubscribe), buffer_text(&view), err);
	return fill->values ? 0 : -1;
}

static int first_name(struct fill *fill, struct buffer *out, struct error *err)
{
	if (reader_names(&fill->reader, fill->job, err) < 0)
		return -1;
	buffer_add_bytes(out, fill->reader.first);
	return buffer_check(out, err);
}

static int render_slot(struct fill *fill, const struct piece *piece, struct buffer *out, struct error *err)
{
	bool is_html = piece->coding == CODING_HTML || piece->coding == CODING_QP_HTML;
	if (make_values(fill, err) < 0)
		return -1;
	return template_render(piece->template, fill->values, NULL, is_html ? TEMPLATE_HTML : TEMPLATE_TEXT, out, err);
}

static int slot_value(struct fill *fill, const struct piece *piece, struct buffer *out, struct error *err)
{
	const struct job *job = fill->job;
	char date[UNITS_TEXT];
	switch (piece->slot) {
	/* On the web the same page is for all: "because … subscribed". */
	case SLOT_EMAIL: buffer_add_text(out, job ? job->email : "\u2026"); break;
	case SLOT_NAME: buffer_add_text(out, fill->reader.name); break;
	case SLOT_UNSUBSCRIBE_URL: write_url(fill, TOKEN_UNSUBSCRIBE, out); break;
	case SLOT_VIEW_URL: write_url(fill, TOKEN_VIEW, out); break;
	case SLOT_DATE: buffer_add_text(out, units_write_mail_date(job->first_us, date)); break;
	case SLOT_MESSAGE_ID: write_message_id(fill, out); break;
	case SLOT_ANSWERS: write_answered(fill, piece, out); break;
	case SLOT_TO: return encode_mailbox(bytes_text(fill->reader.name), bytes_text(job->email), strlen("To: "), out, err);
	case SLOT_VERP: return write_return_path(fill, out, err);
	case SLOT_FIRST_NAME: return first_name(fill, out, err);
	default: return render_slot(fill, piece, out, err);
	}
	return buffer_check(out, err);
}

/* What the engine has escaped already is not escaped again. */
static bool wants_escape(const struct piece *piece)
{
	return piece->slot != SLOT_TEMPLATE && (piece->coding == CODING_HTML || piece->coding == CODING_QP_HTML);
}

static int fill_slot(struct fill *fill, const struct piece *piece, struct buffer *value, struct buffer *escaped, struct buffer *out,
                     struct error *err)
{
	if (piece->coding == CODING_RAW)
		return slot_value(fill, piece, out, err);
	buffer_reset(value);
	if (slot_value(fill, piece, value, err) < 0)
		return -1;
	struct bytes bytes = buffer_bytes(value);
	if (piece->coding == CODING_HEADER)
		return encode_header_text(bytes, strlen("Subject: "), out, err);
	if (wants_escape(piece)) {
		buffer_reset(escaped);
		template_escape_html(bytes, escaped);
		bytes = buffer_bytes(escaped);
	}
	if (piece->coding == CODING_HTML) {
		buffer_add_bytes(out, bytes);
		return buffer_check(out, err);
	}
	size_t column = 0;
	encode_quoted_printable(bytes, &column, false, out);
	/* Fenced: what follows begins a line of its own, whatever the value's length. */
	if (column > 0)
		buffer_add(out, "=\r\n", 3);
	return buffer_check(out, err);
}

static int fill_pieces(struct fill *fill, const struct pieces *pieces, struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer value = BUFFER_INIT(VALUE_BYTES);
	CLEANUP(buffer_clear) struct buffer escaped = BUFFER_INIT(6 * VALUE_BYTES);
	CLEANUP(buffer_clear) struct buffer body = BUFFER_INIT(out->max_bytes);
	struct buffer *to = out;
	int result = 0;
	for (size_t i = 0; i < pieces->count && result == 0; i++) {
		const struct piece *piece = &pieces->piece[i];
		switch (piece->kind) {
		case PIECE_FIXED: buffer_add_bytes(to, piece->bytes); break;
		case PIECE_SLOT: result = fill_slot(fill, piece, &value, &escaped, to, err); break;
		case PIECE_BASE64_BEGIN:
			buffer_reset(&body);
			to = &body;
			break;
		default:
			result = buffer_check(&body, err);
			encode_base64_lines(buffer_bytes(&body), out);
			to = out;
		}
	}
	return result < 0 ? -1 : buffer_check(out, err);
}

static void fill_clear(struct fill *fill)
{
	json_free(&fill->values);
	reader_clear(&fill->reader);
}

static int fill_parts(const struct edition *edition, const struct pieces *pieces, const struct job *job, const struct keyring *keys,
                      struct buffer *out, struct error *err)
{
	CLEANUP(fill_clear) struct fill fill = { .edition = edition, .job = job, .keys = keys };
	reader_init(&fill.reader, job);
	return fill_pieces(&fill, pieces, out, err);
}

int edition_fill(const struct edition *edition, const struct job *job, const struct keyring *keys, struct buffer *out, struct error *err)
{
	return fill_parts(edition, &edition->message, job, keys, out, err);
}

int edition_return_path(const struct edition *edition, const struct job *job, const struct keyring *keys, struct buffer *out,
                        struct error *err)
{
	struct fill fill = { .edition = edition, .job = job, .keys = keys };
	return write_return_path(&fill, out, err);
}

int edition_part(const struct edition *edition, enum edition_part part, const struct job *job, const struct keyring *keys,
                 struct buffer *out, struct error *err)
{
	return fill_parts(edition, part == EDITION_HTML ? &edition->html : &edition->text, job, keys, out, err);
}
