#include "content/lint_style.h"
#include "base/text.h"
#include <math.h>
#include <stdlib.h>

static const struct {
	const char *name;
	int64_t colour;
} names[] = { { "black", 0x000000 }, { "white", 0xffffff }, { "red", 0xff0000 },    { "green", 0x008000 }, { "blue", 0x0000ff },
	      { "gray", 0x808080 },  { "grey", 0x808080 },  { "silver", 0xc0c0c0 }, { "navy", 0x000080 },  { "yellow", 0xffff00 } };

/* #rgb, #rrggbb, rgb(r,g,b) or one of the names; -1: none of them. */
static int64_t colour_of(const char *text)
{
	while (*text == ' ')
		text++;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (text_starts_nocase(bytes_text(text), names[i].name))
			return names[i].colour;
	if (text_starts_nocase(bytes_text(text), "rgb(")) {
		int64_t colour = 0;
		const char *at = text + 4;
		for (int i = 0; i < 3; i++) {
			char *end = NULL;
			long part = strtol(at, &end, 10);
			if (end == at || part < 0 || part > 255)
				return -1;
			colour = colour << 8 | part;
			at = *end == ',' ? end + 1 : end;
		}
		return colour;
	}
	size_t digits = *text == '#' ? strspn(text + 1, "0123456789abcdefABCDEF") : 0;
	if (digits == 6)
		return strtol(text + 1, NULL, 16);
	if (digits != 3)
		return -1;
	int64_t short_form = strtol(text + 1, NULL, 16);
	return (short_form >> 8) * 0x110000 + (short_form >> 4 & 15) * 0x1100 + (short_form & 15) * 0x11;
}

const char *look_property(const xmlNode *node, const char *name, struct arena *arena)
{
	const char *style = html_attribute(node, "style", arena);
	struct bytes rest = bytes_text(style);
	struct bytes part;
	const char *found = "";
	while (style && text_next_part(&rest, ";", &part)) {
		part = text_trim(part);
		const char *colon = memchr(part.data, ':', part.size);
		if (!colon ||
		    text_compare_nocase(text_trim((struct bytes){ part.data, (size_t)(colon - part.data) }), bytes_text(name)) != 0)
			continue;
		struct bytes value = text_trim((struct bytes){ colon + 1, (size_t)(part.data + part.size - colon - 1) });
		char *copy = arena_copy(arena, value.data, value.size);
		if (copy)
			text_lower(copy, value.size);
		found = copy ? copy : "";
	}
	return found;
}

double look_px(const char *text)
{
	char *end = NULL;
	double value = strtod(text, &end);
	if (end == text)
		return -1;
	return strncmp(end, "px", 2) == 0 || *end == '\0' || *end == ' ' ? value : strncmp(end, "pt", 2) == 0 ? value * 4 / 3 : -1;
}

struct look look_first(void)
{
	return (struct look){ .colour = 0x000000, .background = 0xffffff, .font_px = 16 };
}

static double vertical_padding(const xmlNode *node, struct arena *arena)
{
	const char *text = look_property(node, "padding", arena);
	double first = look_px(text);
	return first > 0 ? first : 0;
}

static bool is_hidden(const xmlNode *node, struct arena *arena)
{
	const char *height = look_property(node, "max-height", arena);
	return text_starts(look_property(node, "display", arena), "none") ||
	       text_starts(look_property(node, "visibility", arena), "hidden") || (*height && look_px(height) == 0) ||
	       strcmp(look_property(node, "opacity", arena), "0") == 0;
}

struct look look_of(const xmlNode *node, const struct look *outer, struct arena *arena)
{
	struct look look = *outer;
	const char *bgcolor = html_attribute(node, "bgcolor", arena);
	const char *background = look_property(node, "background-color", arena);
	if (!*background)
		background = look_property(node, "background", arena);
	int64_t colour = colour_of(look_property(node, "color", arena));
	int64_t back = *background ? colour_of(background) : bgcolor ? colour_of(bgcolor) : -1;
	double px = look_px(look_property(node, "font-size", arena));
	const char *weight = look_property(node, "font-weight", arena);
	const char *decoration = look_property(node, "text-decoration", arena);
	const char *display = look_property(node, "display", arena);
	look.colour = colour >= 0 ? colour : html_is(node, "a") && !*look_property(node, "color", arena) ? 0x0000ee : look.colour;
	look.background = back >= 0 ? back : look.background;
	if (html_is(node, "h1"))
		look.font_px = 32, look.is_bold = true;
	if (html_is(node, "h2"))
		look.font_px = 24, look.is_bold = true;
	look.font_px = px >= 0 ? px : look.font_px;
	look.is_bold = look.is_bold || html_is(node, "strong") || html_is(node, "b") || html_is(node, "th");
	if (*weight)
		look.is_bold = strcmp(weight, "bold") == 0 || strtol(weight, NULL, 10) >= 600;
	look.is_hidden = look.is_hidden || is_hidden(node, arena);
	look.is_underlined = html_is(node, "a") ? !*decoration || strstr(decoration, "underline") : look.is_underlined;
	look.is_block = text_starts(display, "block") || text_starts(display, "inline-block");
	look.padding_px = vertical_padding(node, arena);
	return look;
}

/* WCAG 2.2, "relative luminance". */
static double luminance(int64_t colour)
{
	static const double share[] = { 0.2126, 0.7152, 0.0722 };
	double sum = 0;
	for (int i = 0; i < 3; i++) {
		double c = (double)(colour >> (16 - 8 * i) & 255) / 255;
		sum += share[i] * (c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
	}
	return sum;
}

double look_contrast(int64_t a, int64_t b)
{
	double one = luminance(a);
	double two = luminance(b);
	return one > two ? (one + 0.05) / (two + 0.05) : (two + 0.05) / (one + 0.05);
}
