/* theme - how a list's mails look: colours for light and dark, logo, fonts, width, footer. Kept with the list as JSON that holds only
 * what differs from the defaults. Colours that can not be read are refused: WCAG 2.2, 1.4.3, asks for a contrast of 4.5:1. */
#ifndef MESSAGE_THEME_H
#define MESSAGE_THEME_H
#include "base/json.h"

/* Lays changes over the theme `old` (NULL or "": the default) and writes the new one, "" if nothing is left of it. A change is a JSON
 * object's text or one "key=value"; a key of a scheme is written light.link or dark.link; nothing behind the = brings the default back.
 * ERROR_INPUT names the key and what it takes, or the pair of colours with its ratio. */
MUST_CHECK int theme_set(const char *old, const char *const *changes, size_t n, struct buffer *out, struct error *err);

/* The whole theme as templates see it: theme_set()'s keys with light and dark as objects, fonts as CSS. NULL with err set. */
json_t *theme_values(const char *theme, struct error *err);

/* WCAG 2.2 contrast of two colours "#rrggbb", 1 to 21. */
double theme_contrast(const char *a, const char *b);
#endif
