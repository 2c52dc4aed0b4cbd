/* guess - the encoding of a text that says none, where it is no UTF-8. Within the room only. */
#ifndef CONTENT_GUESS_H
#define CONTENT_GUESS_H
#include "base/buffer.h"

/* A name that iconv knows: Cyrillic, Japanese, Korean or Chinese where the bytes leave little doubt; else windows-1252, which every byte
 * can be. */
const char *guess_charset(struct bytes data);
/* What the world means by the code points 128 to 159, which are controls: the letters of windows-1252. Others stay. */
uint32_t guess_windows(uint32_t code_point);
#endif
