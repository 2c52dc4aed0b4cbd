/* pieces - a compiled message as it is kept: fixed bytes and slots in order. Within the room only. */
#ifndef MESSAGE_PIECES_H
#define MESSAGE_PIECES_H
#include "message/edition.h"
#include "template/template.h"

/* Both are stored by number: new ones are added at the end. */
enum slot_kind {
	SLOT_TEMPLATE, /* any tag of the reader: its own small template */
	SLOT_EMAIL,
	SLOT_NAME,
	SLOT_UNSUBSCRIBE_URL,
	SLOT_VIEW_URL,
	SLOT_DATE,
	SLOT_MESSAGE_ID,
	SLOT_TO,
	SLOT_VERP, /* the return path's token address */
	SLOT_FIRST_NAME,
	SLOT_ANSWERS, /* the Message-ID of another campaign to the same reader: `bytes` is its salt of 16 and the host */
	SLOT_KINDS
};

enum piece_kind { PIECE_FIXED, PIECE_SLOT, PIECE_BASE64_BEGIN, PIECE_BASE64_END, PIECE_KINDS };

/* How a slot's value is written. */
enum slot_coding { CODING_RAW, CODING_HTML, CODING_QP_TEXT, CODING_QP_HTML, CODING_HEADER /* of the Subject */, CODINGS };

struct piece {
	enum piece_kind kind;
	enum slot_kind slot;
	enum slot_coding coding;
	struct bytes bytes;        /* fixed bytes, or a SLOT_TEMPLATE's source; point into the edition's store */
	struct template *template; /* SLOT_TEMPLATE: compiled */
};

struct pieces {
	struct piece *piece;
	size_t count, room;
};

enum edition_string {
	STRING_SALT,
	STRING_FROM_EMAIL,
	STRING_PUBLIC_URL,
	STRING_RETURN_PATH,
	STRING_SUBJECT,
	STRING_HOST, /* right side of the Message-ID */
	STRINGS
};

struct edition {
	int64_t campaign, list;
	bool is_test;
	struct bytes string[STRINGS];
	struct pieces message, html, text;
	char *store; /* owns all bytes */
	size_t store_bytes;
};

/* Adds a piece; its bytes are borrowed until edition_seal(). */
MUST_CHECK int pieces_add(struct pieces *pieces, struct piece piece, struct error *err);
void pieces_clear(struct pieces *pieces);
/* Compiles the templates of the slots. */
MUST_CHECK int pieces_compile(struct pieces *pieces, struct error *err);
/* A SLOT_TEMPLATE's kind from its source: the common ones are filled without the engine. */
enum slot_kind slot_kind_of(struct bytes source);
#endif
