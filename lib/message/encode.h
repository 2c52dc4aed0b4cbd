/* encode - quoted-printable (RFC 2045 section 6.7), base64 lines, encoded words (RFC 2047), format of header fields (RFC 5322
 * section 2.2.3). Faithful: decoding gives the same bytes. Lines end in CRLF and are at most 76 characters. */
#ifndef MESSAGE_ENCODE_H
#define MESSAGE_ENCODE_H
#include "base/buffer.h"

/* Quoted-printable of text with LF or CRLF lines. `column` is where the line stands (0 at first) and is moved on, so that text can
 * come in pieces. A line that would begin with "." or "From " has that letter encoded: no relay can change it. `is_last`: nothing
 * follows this piece, so a blank at its end is encoded. */
void encode_quoted_printable(struct bytes text, size_t *column, bool is_last, struct buffer *out);

/* Base64 in lines of 76 (RFC 2045 section 6.8). */
void encode_base64_lines(struct bytes data, struct buffer *out);
/* True if base64 of the text is shorter than quoted-printable. */
bool encode_prefers_base64(struct bytes text);

/* LF becomes CRLF; CRLF stays. */
void encode_crlf(struct bytes text, struct buffer *out);

/* Header text that may hold any UTF-8: ASCII as it is, else encoded words of at most 75 characters that never split a character.
 * `column`: where the line stands; folded with CRLF and a blank so that no line is longer than 78 where words allow, and none than 998.
 * Refuses CR, LF and NUL (ERROR_INPUT): no header can be injected. */
MUST_CHECK int encode_header_text(struct bytes text, size_t column, struct buffer *out, struct error *err);
/* A mailbox: name (any UTF-8, may be empty) and address; quoted or encoded as needed. Refuses as above. */
MUST_CHECK int encode_mailbox(struct bytes name, struct bytes address, size_t column, struct buffer *out, struct error *err);
/* "Name: value" CRLF for a value that is ASCII tokens; folds at blanks. Refuses CR, LF, NUL. */
MUST_CHECK int encode_field(const char *name, struct bytes value, struct buffer *out, struct error *err);
#endif
