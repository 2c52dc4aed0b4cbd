/* A body as it is kept: cleaned, and as plain text beside it. */
#include "content/html.h"

int html_set_body(struct post *post, struct bytes html, const struct html_how *how, struct arena *arena, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer clean = BUFFER_INIT(HTML_BODY_BYTES);
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(HTML_BODY_BYTES);
	CLEANUP(html_doc_free) xmlDoc *doc = NULL;
	if (html_sanitise(html, how, &clean, &doc, err) < 0 || html_plain_text(doc, &(struct content_plain){ 0 }, &text, err) < 0)
		return -1;
	post->html = arena_text(arena, buffer_text(&clean));
	post->text = arena_text(arena, buffer_text(&text));
	return post->html && post->text ? 0 : error_set(err, ERROR_MEMORY, "the post is larger than memory allows");
}
