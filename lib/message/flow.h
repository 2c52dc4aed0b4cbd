/* flow - the text part as it goes out: lines of at most 72 columns, format=flowed with delsp=no (RFC 3676). */
#ifndef MESSAGE_FLOW_H
#define MESSAGE_FLOW_H
#include "base/buffer.h"

enum { FLOW_COLUMNS = 72 };

/* From logical lines, one a paragraph, as content_plain_text() writes them with width 0 and the templates frame them:
 * - "> " before a line, any number of times, is a quote;
 * - "- " and "12. " begin an item, blanks before it say how deep; lines with the blanks of an item's text go on with it;
 * - four blanks before a line outside a list, or four more than the item's text, mean that it stays as it is (code, columns);
 * - "-- " alone is the signature's line.
 * Paragraphs get soft breaks (a blank before the line end); items, headings and all else hard ones. A word that is longer than the line,
 * as URLs are, has a line to itself and is never broken; text without blanks (Chinese, Japanese) is broken hard between its characters,
 * not before what closes, since a soft break would put a blank there. No more than one blank line in a row, none at the ends. */
MUST_CHECK int flow_text(struct bytes text, struct buffer *out, struct error *err);
#endif
