/* The linter's own groups of checks. Within the room only. */
#ifndef MESSAGE_LINT_PARTS_H
#define MESSAGE_LINT_PARTS_H
#include "message/lint.h"
#include "message/parsed.h"

struct lint {
	struct bytes message;
	const struct lint_known *known;
	struct parsed parsed;
	const struct parsed_part *top; /* the message itself */
	struct lint_parts *parts;
	struct arena *arena;
	struct findings *findings;
};

void lint_bytes(struct lint *lint);                             /* M5 M6 M7: every byte and line */
void lint_headers(struct lint *lint);                           /* M1 M2 M3 M4 */
void lint_list(struct lint *lint);                              /* M10 M11 M24 M25: what makes it a list's mail */
void lint_mime(struct lint *lint);                              /* M8 M9 M15 M26 M27; finds the parts */
void lint_text(struct lint *lint);                              /* M12 M13 M14 M16 in the text part */
void lint_privacy(struct lint *lint);                           /* M20 */
MUST_CHECK int lint_dkim(struct lint *lint, struct error *err); /* M21 M22 M23, and U3 */

/* Whether domain `inner` is `outer` or below it; and whether one of two is the other or below. */
bool lint_is_below(struct bytes inner, struct bytes outer);
bool lint_is_aligned(struct bytes a, struct bytes b);
#endif
