#include "message/theme.h"
#include "base/text.h"
#include "base/units.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum key_kind { KEY_COLOUR, KEY_NUMBER, KEY_FONT, KEY_URL, KEY_TEXT };

/* Every key, its default and what it takes. */
static const struct key {
	const char *name;
	enum key_kind kind;
	const char *standard;
	int least, most; /* KEY_NUMBER */
} keys[] = {
	{ "width", KEY_NUMBER, "600", 480, 720 },
	{ "font", KEY_FONT, "serif", 0, 0 },
	{ "heading_font", KEY_FONT, "serif", 0, 0 },
	{ "small_font", KEY_FONT, "sans", 0, 0 },
	{ "logo", KEY_URL, "", 0, 0 },
	{ "logo_alt", KEY_TEXT, "", 0, 0 },
	{ "logo_width", KEY_NUMBER, "160", 16, 600 },
	{ "logo_height", KEY_NUMBER, "40", 8, 400 },
	{ "footer", KEY_TEXT, "", 0, 0 },
	{ "light.page", KEY_COLOUR, "#f2efe9", 0, 0 },
	{ "light.card", KEY_COLOUR, "#fffefb", 0, 0 },
	{ "light.text", KEY_COLOUR, "#25221d", 0, 0 },
	{ "light.soft", KEY_COLOUR, "#625c52", 0, 0 },
	{ "light.heading", KEY_COLOUR, "#16140f", 0, 0 },
	{ "light.link", KEY_COLOUR, "#8a2c0d", 0, 0 },
	{ "light.button", KEY_COLOUR, "#8a2c0d", 0, 0 },
	{ "light.button_text", KEY_COLOUR, "#fffefb", 0, 0 },
	{ "light.line", KEY_COLOUR, "#ded8cc", 0, 0 },
	{ "light.code", KEY_COLOUR, "#f3efe6", 0, 0 },
	{ "dark.page", KEY_COLOUR, "#141311", 0, 0 },
	{ "dark.card", KEY_COLOUR, "#1e1c19", 0, 0 },
	{ "dark.text", KEY_COLOUR, "#e6e1d8", 0, 0 },
	{ "dark.soft", KEY_COLOUR, "#aaa295", 0, 0 },
	{ "dark.heading", KEY_COLOUR, "#f6f2ea", 0, 0 },
	{ "dark.link", KEY_COLOUR, "#f0a07c", 0, 0 },
	{ "dark.button", KEY_COLOUR, "#f0a07c", 0, 0 },
	{ "dark.button_text", KEY_COLOUR, "#1e1c19", 0, 0 },
	{ "dark.line", KEY_COLOUR, "#3a3631", 0, 0 },
	{ "dark.code", KEY_COLOUR, "#2a2723", 0, 0 },
};

/* What stands on what in the templates. */
static const struct {
	const char *front, *back;
} pairs[] = {
	{ "text", "card" },          { "soft", "card" }, { "heading", "card" }, { "link", "card" },
	{ "button_text", "button" }, { "soft", "page" }, { "heading", "page" }, { "text", "code" },
};

static const struct {
	const char *word, *css;
} fonts[] = {
	{ "serif", "Georgia,'Times New Roman',Times,serif" },
	{ "sans", "'Helvetica Neue',Helvetica,Arial,sans-serif" },
	{ "mono", "Menlo,Consolas,'Courier New',monospace" },
};

static double channel(const char *hex)
{
	char pair[3] = { hex[0], hex[1], '\0' };
	double c = (double)strtoul(pair, NULL, 16) / 255;
	return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(const char *colour)
{
	return 0.2126 * channel(colour + 1) + 0.7152 * channel(colour + 3) + 0.0722 * channel(colour + 5);
}

double theme_contrast(const char *a, const char *b)
{
	double x = luminance(a);
	double y = luminance(b);
	return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

static const struct key *find_key(struct bytes name)
{
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (bytes_equal(name, bytes_text(keys[i].name)))
			return &keys[i];
	return NULL;
}

static const char *font_css(const char *value)
{
	for (size_t i = 0; i < COUNT_OF(fonts); i++)
		if (strcmp(value, fonts[i].word) == 0)
			return fonts[i].css;
	return value;
}

static bool is_font(const char *value)
{
	/* Goes into style="…" as it is: names, blanks, commas and single quotes in pairs. */
	size_t quotes = 0;
	for (const char *c = value; *c; c++) {
		bool good = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr(" ,'-", *c);
		quotes += *c == '\'';
		if (!good)
			return false;
	}
	return *value && strlen(value) <= 200 && quotes % 2 == 0;
}

static bool is_colour(const char *value)
{
	return value[0] == '#' && strlen(value) == 7 && strspn(value + 1, "0123456789abcdefABCDEF") == 6;
}

static int check_value(const struct key *key, const char *value, struct error *err)
{
	int64_t number = 0;
	struct bytes text = bytes_text(value);
	switch (key->kind) {
	case KEY_COLOUR:
		return is_colour(value) ? 0
		                        : error_set(err, ERROR_INPUT, "%s: a colour is written #rrggbb, not \"%.40s\"", key->name, value);
	case KEY_NUMBER: return units_integer(value, key->least, key->most, &number, err) < 0 ? error_wrap(err, "%s", key->name) : 0;
	case KEY_FONT:
		return is_font(value) ? 0
		                      : error_set(err, ERROR_INPUT,
		                                  "%s: write serif, sans, mono, or names of fonts with commas between, not \"%.40s\"",
		                                  key->name, value);
	case KEY_URL:
		if (text_starts(value, "https://") && text_is_ascii(text) && !text_has_control(text) && !strpbrk(value, " \"'<>") &&
		    text.size < 900)
			return 0;
		return error_set(err, ERROR_INPUT, "%s: must be an https:// address, not \"%.60s\"", key->name, value);
	case KEY_TEXT: break;
	}
	if (!text_is_utf8(text) || text_has_control(text) || text.size > 600)
		return error_set(err, ERROR_INPUT, "%s: must be one line of text, at most 600 bytes", key->name);
	return 0;
}

/* What `flat` says of a key, or its default. */
static const char *value_of(const json_t *flat, const char *name)
{
	const char *value = json_text(flat, name);
	return value ? value : find_key(bytes_text(name))->standard;
}

static int check_contrast(const json_t *flat, struct error *err)
{
	static const char *const schemes[] = { "light", "dark" };
	for (size_t s = 0; s < COUNT_OF(schemes); s++)
		for (size_t i = 0; i < COUNT_OF(pairs); i++) {
			char front[40];
			char back[40];
			snprintf(front, sizeof front, "%s.%s", schemes[s], pairs[i].front);
			snprintf(back, sizeof back, "%s.%s", schemes[s], pairs[i].back);
			double ratio = theme_contrast(value_of(flat, front), value_of(flat, back));
			/* Rounded down: 4.49 must not be shown as enough. */
			if (ratio < 4.5)
				return error_set(err, ERROR_INPUT,
				                 "%s %s on %s %s has a contrast of %.2f:1; 4.5:1 is the least that can be read", front,
				                 value_of(flat, front), back, value_of(flat, back), floor(ratio * 100) / 100);
		}
	return 0;
}

/* One key of a change; value NULL or "": its default again. */
static int put(json_t *flat, struct bytes name, const char *value, struct error *err)
{
	const struct key *key = find_key(name);
	if (!key)
		return error_set(err, ERROR_INPUT,
		                 "a theme has no \"%.*s\": it has width, font, heading_font, small_font, logo, logo_alt, logo_width, "
		                 "logo_height, footer, and light. and dark. with page, card, text, soft, heading, link, button, "
		                 "button_text, line, code",
		                 (int)(name.size < 60 ? name.size : 60), name.data);
	if (!value || !*value || strcmp(value, key->standard) == 0) {
		json_object_del(flat, key->name);
		return 0;
	}
	if (check_value(key, value, err) < 0)
		return -1;
	return json_object_set_new(flat, key->name, json_string(value)) == 0 ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

/* An object's members; those of light and dark with the name before. */
static int put_object(json_t *flat, const char *before, const json_t *object, struct error *err)
{
	const char *name = NULL;
	json_t *value = NULL;
	json_object_foreach((json_t *)object, name, value)
	{
		char full[64];
		char number[32];
		int size = snprintf(full, sizeof full, "%s%s", before, name);
		if (json_is_object(value) && !*before) {
			snprintf(full, sizeof full, "%.60s.", name);
			if (put_object(flat, full, value, err) < 0)
				return -1;
			continue;
		}
		const char *text = json_string_value(value);
		if (json_is_integer(value)) {
			snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
			text = number;
		}
		if (!text && !json_is_null(value))
			return error_set(err, ERROR_INPUT, "%.60s: must be a text or a number", full);
		if (put(flat, (struct bytes){ full, (size_t)size < sizeof full ? (size_t)size : sizeof full - 1 }, text, err) < 0)
			return -1;
	}
	return 0;
}

static int take(json_t *flat, const char *change, struct error *err)
{
	const char *equals = strchr(change, '=');
	if (change[strspn(change, " \t\r\n")] != '{') {
		if (!equals)
			return error_set(err, ERROR_INPUT, "\"%.60s\": write key=value, or name a JSON file", change);
		return put(flat, text_trim((struct bytes){ change, (size_t)(equals - change) }), equals + 1, err);
	}
	CLEANUP(json_free) json_t *object = json_read(bytes_text(change), err);
	if (object && !json_is_object(object))
		return error_set(err, ERROR_INPUT, "a theme is a JSON object");
	return object ? put_object(flat, "", object, err) : -1;
}

int theme_set(const char *old, const char *const *changes, size_t n, struct buffer *out, struct error *err)
{
	CLEANUP(json_free) json_t *flat = json_object();
	if (!flat)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (old && *old && take(flat, old, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (take(flat, changes[i], err) < 0)
			return -1;
	if (check_contrast(flat, err) < 0)
		return -1;
	return json_object_size(flat) == 0 ? 0 : json_write(flat, out, err);
}

json_t *theme_values(const char *theme, struct error *err)
{
	CLEANUP(json_free) json_t *flat = json_object();
	CLEANUP(json_free) json_t *values = json_pack("{s:{},s:{}}", "light", "dark");
	if (!flat || !values) {
		error_set(err, ERROR_MEMORY, "out of memory");
		return NULL;
	}
	if (theme && *theme && take(flat, theme, err) < 0)
		return NULL;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const char *value = value_of(flat, keys[i].name);
		const char *dot = strchr(keys[i].name, '.');
		json_t *to = !dot ? values : json_object_get(values, keys[i].name[0] == 'l' ? "light" : "dark");
		json_object_set_new(to, dot ? dot + 1 : keys[i].name, json_string(keys[i].kind == KEY_FONT ? font_css(value) : value));
	}
	json_t *whole = values;
	values = NULL;
	return whole;
}
