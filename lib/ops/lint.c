#include "ops/lint.h"
#include "base/text.h"
#include <stdio.h>

int lint_whole(struct bytes message, const struct lint_known *known, struct arena *arena, struct content_link **links, size_t *n,
               struct findings *findings, struct error *err)
{
	struct lint_parts parts;
	char where[40];
	*links = NULL;
	*n = 0;
	if (lint_message(message, known, arena, &parts, findings, err) < 0)
		return -1;
	content_lint_subject(parts.subject, parts.is_answer, findings);
	struct content_lint_in in = { .html = parts.html,
		                      .text = parts.text,
		                      .subject = parts.subject,
		                      .unsubscribe_url = parts.unsubscribe_url,
		                      .postal = known->postal,
		                      .recipient = known->recipient };
	if (text_trim(parts.html).size > 0 && content_lint(&in, arena, links, n, findings, err) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++) {
		snprintf(where, sizeof where, "HTML, line %u", (*links)[i].line);
		lint_url((*links)[i].url, (*links)[i].is_image ? LINT_IMAGE : LINT_LINK, where, known, findings);
	}
	return 0;
}
