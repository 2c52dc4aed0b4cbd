#include "content/lead.h"
#include "base/text.h"
#include <ctype.h>

/* The address of the first picture, if no word stands before it. Reads what content_sanitise() wrote. */
static const char *first_picture(const char *html, struct arena *arena)
{
	const char *at = html;
	while (at && (*at == '<' || strchr(" \t\r\n", *at)) && *at) {
		const char *end = *at == '<' ? strchr(at, '>') : at;
		const char *src = end && text_starts(at, "<img ") ? memmem(at, (size_t)(end - at), "src=\"", 5) : NULL;
		if (src)
			return html_unescaped_line((struct bytes){ src + 5, strcspn(src + 5, "\"") }, arena);
		at = end ? end + 1 : NULL;
	}
	return NULL;
}

/* "…%2Fphoto-1024x768.jpg?w=600" is photo: without path, size, ending and query. Services put the whole address of the picture they shrink
 * behind their own, so it is the last part that counts. */
static char *name_of(const char *url, struct arena *arena)
{
	char *name = arena_copy(arena, url, strcspn(url, "?#"));
	for (char *at = name ? strcasestr(name, "%2f") : NULL; at; at = strcasestr(name, "%2f"))
		name = at + 3;
	char *slash = name ? strrchr(name, '/') : NULL;
	name = slash ? slash + 1 : name;
	char *dot = name ? strrchr(name, '.') : NULL;
	if (dot)
		*dot = '\0';
	size_t n = name ? strlen(name) : 0;
	size_t end = n;
	while (end > 0 && isdigit((unsigned char)name[end - 1]))
		end--;
	size_t x = end > 0 && name[end - 1] == 'x' && end < n ? end - 1 : 0;
	size_t from = x;
	while (from > 0 && isdigit((unsigned char)name[from - 1]))
		from--;
	if (from > 1 && from < x && strchr("-_", name[from - 1]))
		name[from - 1] = '\0';
	if (name && text_ends(name, "-scaled"))
		name[strlen(name) - strlen("-scaled")] = '\0';
	return name;
}

/* Names that any two pictures might have. */
static bool is_common(const char *name)
{
	static const char *const names[] = { "image",   "photo",   "cover", "picture",  "header",   "banner",
		                             "unnamed", "default", "index", "featured", "thumbnail" };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (text_equal_nocase(name, names[i]))
			return true;
	return strlen(name) < 4;
}

void lead_settle(struct post *post, struct arena *arena)
{
	const char *first = post->image && post->html ? first_picture(post->html, arena) : NULL;
	const char *one = first ? name_of(first, arena) : NULL;
	const char *other = one ? name_of(post->image, arena) : NULL;
	if (other && strcmp(one, other) == 0 && !is_common(one))
		post->image = first;
}
