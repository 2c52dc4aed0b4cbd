/* front - the front matter of a Markdown file: YAML between ---, TOML between +++, or a JSON object. Within the room only. */
#ifndef CONTENT_FRONT_H
#define CONTENT_FRONT_H
#include "base/arena.h"

/* One line of text each, NULL where nothing is said. */
struct front {
	const char *title, *subtitle, *author, *date, *updated, *url, *id, *slug, *image, *image_alt, *language;
	const char *draft, *published; /* "true" or "false" */
};

/* Takes the front matter off *file. Without any *front stays empty and *file as it is. ERROR_INPUT names the line of the file. */
MUST_CHECK int front_take(struct bytes *file, struct front *front, struct arena *arena, struct error *err);
#endif
