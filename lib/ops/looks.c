/* How a list's mails look: template, theme, links, pictures. */
#include "message/theme.h"
#include "ops/lists.h"
#include "system/file.h"
#include <stdio.h>

/* One of two words that the schema knows too. */
static int take_word(const char *field, const char *value, const char *const words[2], const char **to, struct error *err)
{
	for (size_t i = 0; value && i < 2; i++)
		if (strcmp(value, words[i]) == 0) {
			*to = words[i];
			return 0;
		}
	return value ? error_set(err, ERROR_INPUT, "%s: write %s or %s, not \"%.40s\"", field, words[0], words[1], value) : 0;
}

/* A theme's change as theme_set() takes it: files are read. */
static int read_change(const char *what, const char **change, struct arena *arena, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT(64 << 10);
	*change = what;
	if (strchr(what, '=') || *what == '{')
		return 0;
	if (file_read(what, &data, err) < 0)
		return error_wrap(err, "theme");
	*change = arena_text(arena, buffer_text(&data));
	return *change ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

static int take_theme(const struct list_in *in, struct list *list, struct arena *arena, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer theme = BUFFER_INIT(64 << 10);
	const char *changes[LIST_THEME_CHANGES];
	const char *old = list->theme;
	size_t n = 0;
	for (size_t i = 0; i < in->theme_count; i++) {
		if (strcmp(in->theme[i], "default") == 0) {
			old = "";
			n = 0;
		} else if (read_change(in->theme[i], &changes[n++], arena, err) < 0) {
			return -1;
		}
	}
	if (in->theme_count == 0)
		return 0;
	if (theme_set(old, changes, n, &theme, err) < 0)
		return error_wrap(err, "theme");
	list->theme = arena_text(arena, buffer_text(&theme));
	return list->theme ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

static int take_template(const struct ops *ops, const char *name, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(4 << 20);
	char path[128];
	if (!name)
		return 0;
	if (!*name || strlen(name) > 64 || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != strlen(name))
		return error_set(err, ERROR_INPUT, "template: \"%.64s\" is no name of a template: letter, news, or one of your own", name);
	snprintf(path, sizeof path, "mail/%s.html", name);
	return ops_template(ops, path, &text, err) < 0 ? error_wrap(err, "template") : 0;
}

int list_take_looks(const struct ops *ops, const struct list_in *in, struct list *list, struct arena *arena, struct error *err)
{
	static const char *const links[] = { "notes", "inline" };
	static const char *const images[] = { "link", "inline" };
	if (take_template(ops, in->template, err) < 0 || take_theme(in, list, arena, err) < 0 ||
	    take_word("text-links", in->text_links, links, &list->text_links, err) < 0)
		return -1;
	return take_word("images", in->images, images, &list->images, err);
}
