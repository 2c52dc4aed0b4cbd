#include "message/pieces.h"
#include "base/text.h"
#include <stdlib.h>

int pieces_add(struct pieces *pieces, struct piece piece, struct error *err)
{
	if (pieces->count == pieces->room) {
		size_t room = pieces->room ? pieces->room * 2 : 32;
		struct piece *grown = realloc(pieces->piece, room * sizeof *grown);
		if (!grown)
			return error_set(err, ERROR_MEMORY, "out of memory");
		pieces->piece = grown;
		pieces->room = room;
	}
	pieces->piece[pieces->count++] = piece;
	return 0;
}

void pieces_clear(struct pieces *pieces)
{
	for (size_t i = 0; i < pieces->count; i++)
		template_free(&pieces->piece[i].template);
	free(pieces->piece);
	*pieces = (struct pieces){ 0 };
}

int pieces_compile(struct pieces *pieces, struct error *err)
{
	for (size_t i = 0; i < pieces->count; i++) {
		struct piece *piece = &pieces->piece[i];
		if (piece->kind == PIECE_SLOT && piece->slot == SLOT_TEMPLATE && !piece->template &&
		    template_compile(piece->bytes, "slot", &piece->template, err) < 0)
			return -1;
	}
	return 0;
}

enum slot_kind slot_kind_of(struct bytes source)
{
	static const struct {
		const char *tag;
		enum slot_kind kind;
	} known[] = { { "{{reader.email}}", SLOT_EMAIL },
		      { "{{reader.name}}", SLOT_NAME },
		      { "{{reader.first_name}}", SLOT_FIRST_NAME },
		      { "{{first_name}}", SLOT_FIRST_NAME },
		      { "{{name}}", SLOT_NAME },
		      { "{{email}}", SLOT_EMAIL },
		      { "{{reader.unsubscribe_url}}", SLOT_UNSUBSCRIBE_URL },
		      { "{{reader.view_url}}", SLOT_VIEW_URL } };
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (bytes_equal(source, bytes_text(known[i].tag)))
			return known[i].kind;
	return SLOT_TEMPLATE;
}
