/* front - the front matter of a Markdown file: YAML between ---, TOML between +++, or a JSON object. Within the room only. */
#ifndef CONTENT_FRONT_H
#define CONTENT_FRONT_H
#include "content/content.h"

/* Takes the front matter off *file. Without any *front stays empty and *file as it is. ERROR_INPUT names the line of the file;
 * front->format is set even then. */
MUST_CHECK int front_take(struct bytes *file, struct content_front *front, struct arena *arena, struct error *err);
#endif
