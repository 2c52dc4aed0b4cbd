#include "model/post.h"

const struct field post_fields[] = {
	FIELD(struct post, identity, FIELD_TEXT),
	FIELD(struct post, url, FIELD_TEXT),
	FIELD(struct post, title, FIELD_TEXT),
	FIELD(struct post, subtitle, FIELD_TEXT),
	FIELD(struct post, author, FIELD_TEXT),
	FIELD(struct post, language, FIELD_TEXT),
	FIELD(struct post, html, FIELD_TEXT),
	FIELD(struct post, text, FIELD_TEXT),
	FIELD(struct post, image, FIELD_TEXT),
	FIELD(struct post, image_alt, FIELD_TEXT),
	FIELD_NAMED(struct post, published_us, FIELD_TIME, "published"),
	FIELD_NAMED(struct post, updated_us, FIELD_TIME, "updated"),
	FIELD_END,
};
