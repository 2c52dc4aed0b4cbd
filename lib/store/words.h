/* words - a post's words in a row, written once for all who read them: `type` has them in a member `post`. Within the room only. */
#ifndef STORE_WORDS_H
#define STORE_WORDS_H
#include "base/field.h"

#define POST_FIELD(type, member, kind)                                                                                                     \
	{                                                                                                                                  \
#member, FIELD_##kind, offsetof(type, post.member), NULL                                                                   \
	}
/* In this order, and without a table's name: no other table of the query has such columns. */
#define POST_COLUMNS "url, title, subtitle, author, language, html, text, image, image_alt, published_us, updated_us, is_ours"
#define POST_WORDS(type)                                                                                                                   \
	POST_FIELD(type, url, TEXT), POST_FIELD(type, title, TEXT), POST_FIELD(type, subtitle, TEXT), POST_FIELD(type, author, TEXT),      \
		POST_FIELD(type, language, TEXT), POST_FIELD(type, html, TEXT), POST_FIELD(type, text, TEXT),                              \
		POST_FIELD(type, image, TEXT), POST_FIELD(type, image_alt, TEXT), POST_FIELD(type, published_us, TIME),                    \
		POST_FIELD(type, updated_us, TIME), POST_FIELD(type, is_ours, BOOL)
#endif
