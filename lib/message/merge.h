/* merge - tags in an editor's own words that are filled for each reader: {{first_name}}, {{last_name}}, {{name}}, {{email}},
 * {{attributes.NAME}}, and sections of them ({{#…}}, {{^…}}, {{/…}}), all also with "reader." before. Other braces are text: a post about
 * templates may show them, and so do `code` and pre. Within the room only. */
#ifndef MESSAGE_MERGE_H
#define MESSAGE_MERGE_H
#include "base/buffer.h"

enum merge_form { MERGE_TEXT, MERGE_HTML };

/* No text of a post can hold these: they are no characters of XML or HTML, and one-line texts have no controls. */
#define MERGE_OPEN "\x03"
#define MERGE_CLOSE "\x04"

/* Copies text with its merge tags marked: {{ becomes MERGE_OPEN, }} MERGE_CLOSE. A tag in a URL may be percent-encoded. A
 * section's tag that has a line or a paragraph to itself takes it along. */
MUST_CHECK int merge_mark(struct bytes text, enum merge_form form, struct buffer *out, struct error *err);

/* The slot at text.data[*at], where MERGE_OPEN stands: a variable, or a whole section. Adds its template to *source, with "url." before
 * names that stand within a URL, and moves *at behind it. ERROR_INPUT: a section that is not closed, or was never opened. */
MUST_CHECK int merge_source(struct bytes text, size_t *at, enum merge_form form, struct buffer *source, struct error *err);

/* A value made harmless: control characters become blanks; marks that turn the direction of what follows are left out. */
void merge_clean(const char *value, struct buffer *out);
#endif
