/* generic - an editor's words as nobody in particular reads them: on the web, where a page is for all. */
#ifndef MESSAGE_GENERIC_H
#define MESSAGE_GENERIC_H
#include "base/buffer.h"

enum generic_form { GENERIC_TEXT, GENERIC_HTML };

/* Copies text (or sanitised HTML) with its merge tags (edition.h) filled for a reader without name, address or attributes:
 * "Dear {{first_name}}{{^first_name}}reader{{/first_name}}" is "Dear reader". ERROR_INPUT: a section that is not closed. */
MUST_CHECK int generic_fill(struct bytes text, enum generic_form form, struct buffer *out, struct error *err);
#endif
