#include "ops/render.h"
#include "base/text.h"
#include "message/words.h"
#include "system/file.h"
#include <glob.h>
#include <stdio.h>
#include <unistd.h>

enum { TEMPLATE_BYTES = 4 << 20 };

/* The file in a folder that comes before what is built in: 1 it is there, 0 not. A fault in it is named with its path. */
static int own_file(const char *folder, const char *name, struct buffer *out, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer path = BUFFER_INIT(4096);
	CLEANUP(template_free) struct template *template = NULL;
	/* The style sheet and the words (JSON) are no templates, and have their endings already. */
	bool plain = text_ends(name, ".css") || text_ends(name, ".json");
	buffer_format(&path, "%s/%s%s", folder, name, plain ? "" : ".mustache");
	if (buffer_check(&path, err) < 0)
		return -1;
	if (access(buffer_text(&path), F_OK) != 0)
		return 0;
	if (file_read(buffer_text(&path), out, err) < 0)
		return -1;
	return plain || template_compile(buffer_bytes(out), buffer_text(&path), &template, err) == 0 ? 1 : -1;
}

int render_read(const struct render_from *from, const char *name, struct buffer *out, struct error *err)
{
	struct bytes builtin = { 0 };
	const char *rest = strchr(name, '/');
	int own = from->beside && rest ? own_file(from->beside, rest + 1, out, err) : 0;
	if (own == 0 && from->folder && *from->folder)
		own = own_file(from->folder, name, out, err);
	if (own != 0)
		return own < 0 ? -1 : 0;
	if (!template_builtin(name, &builtin))
		return error_set(err, ERROR_NOT_FOUND, "there is no template %s (gazette template ls shows those built in)", name);
	buffer_add_bytes(out, builtin);
	return buffer_check(out, err);
}

struct rendering {
	const struct render_from *from;
	struct arena *arena;
	const char *name;
	json_t *words;
	const char *missing;
	struct error fault; /* of a file that is there and can not be read; code 0: none */
};

static void rendering_clear(struct rendering *rendering)
{
	json_free(&rendering->words);
}

static bool look_up(void *context, const char *name, struct bytes *text)
{
	struct rendering *rendering = context;
	CLEANUP(buffer_clear) struct buffer data = BUFFER_INIT(TEMPLATE_BYTES);
	struct error err;
	if (render_read(rendering->from, name, &data, &err) < 0) {
		if (err.code != ERROR_NOT_FOUND && !rendering->fault.code)
			rendering->fault = err;
		return false;
	}
	*text = (struct bytes){ arena_copy(rendering->arena, data.data, data.size), data.size };
	return text->data != NULL;
}

static bool find_part(void *context, const char *part, struct bytes *text)
{
	struct rendering *rendering = context;
	char path[300];
	if (text_starts(part, "words.")) {
		*text = bytes_text(json_text(rendering->words, part + strlen("words.")));
	} else {
		snprintf(path, sizeof path, "%.*s/parts/%.120s.%s", (int)strcspn(rendering->name, "/"), rendering->name, part,
		         text_ends(rendering->name, ".txt") ? "txt" : "html");
		if (look_up(context, path, text))
			return true;
		text->data = NULL;
	}
	if (!text->data && !rendering->missing)
		rendering->missing = arena_text(rendering->arena, part);
	return text->data != NULL;
}

static int set_language(json_t *values, const json_t *words, struct error *err)
{
	const char *lang = json_text(words, "lang") ? json_text(words, "lang") : "en";
	bool rtl = words_is_rtl(lang);
	const char *const texts[][2] = {
		{ "lang", lang }, { "dir", rtl ? "rtl" : "ltr" }, { "start", rtl ? "right" : "left" }, { "end", rtl ? "left" : "right" }
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (!json_object_get(values, texts[i][0]) && json_object_set_new(values, texts[i][0], json_string(texts[i][1])) < 0)
			return error_set(err, ERROR_INPUT, "the values are no JSON object");
	return 0;
}

int render_text(const struct render_from *from, struct bytes text, const char *label, const char *name, const char *language,
                json_t *values, enum template_escape escape, struct buffer *out, const char **missing, struct arena *arena,
                struct error *err)
{
	CLEANUP(template_free) struct template *template = NULL;
	CLEANUP(rendering_clear) struct rendering rendering = { .from = from, .arena = arena, .name = name };
	struct template_options options = { .partial = find_part, .context = &rendering };
	rendering.words = words_for(&(struct words_files){ look_up, &rendering }, language, err);
	if (!rendering.words || set_language(values, rendering.words, err) < 0 || template_compile(text, label, &template, err) < 0 ||
	    template_render(template, values, &options, escape, out, err) < 0)
		return -1;
	if (missing)
		*missing = rendering.missing;
	if (!rendering.fault.code)
		return 0;
	*err = rendering.fault;
	return -1;
}

static struct render_from from_of(const struct ops *ops)
{
	return (struct render_from){ .folder = ops->config->daemon.template_dir };
}

int ops_template(const struct ops *ops, const char *name, struct buffer *out, struct error *err)
{
	struct render_from from = from_of(ops);
	return render_read(&from, name, out, err);
}

int ops_render(const struct ops *ops, const char *name, const char *language, json_t *values, struct buffer *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(TEMPLATE_BYTES);
	struct render_from from = from_of(ops);
	if (render_read(&from, name, &text, err) < 0)
		return -1;
	return render_text(&from, buffer_bytes(&text), name, name, language, values,
	                   text_ends(name, ".txt") ? TEMPLATE_TEXT : TEMPLATE_HTML, out, NULL, &arena, err);
}

int ops_word(const struct ops *ops, const char *word, const char *language, json_t *values, struct buffer *out, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct render_from from = from_of(ops);
	char text[100];
	snprintf(text, sizeof text, "{{> words.%.80s}}", word);
	return render_text(&from, bytes_text(text), word, "web/words", language, values, TEMPLATE_TEXT, out, NULL, &arena, err);
}

json_t *ops_words(const struct ops *ops, const char *language, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct render_from from = from_of(ops);
	struct rendering rendering = { .from = &from, .arena = &arena };
	return words_for(&(struct words_files){ look_up, &rendering }, language, err);
}

size_t render_words_lacking(const struct render_from *from, const char *language, struct buffer *names)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct rendering rendering = { .from = from, .arena = &arena };
	return words_lacking(&(struct words_files){ look_up, &rendering }, language, names);
}

size_t ops_words_lacking(const struct ops *ops, const char *language, struct buffer *names)
{
	struct render_from from = from_of(ops);
	return render_words_lacking(&from, language, names);
}

/* One file by its ending; others are none of ours. */
static int check_file(const char *path, struct error *err)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(TEMPLATE_BYTES);
	CLEANUP(template_free) struct template *template = NULL;
	CLEANUP(json_free) json_t *words = NULL;
	bool is_words = text_ends(path, ".json");
	if (!is_words && !text_ends(path, ".mustache"))
		return 0;
	if (file_read(path, &text, err) < 0)
		return -1;
	if (!is_words)
		return template_compile(buffer_bytes(&text), path, &template, err);
	words = json_read(buffer_bytes(&text), err);
	return words ? 0 : error_wrap(err, "%s", path);
}

size_t templates_check(const char *folder, void (*tell)(const char *fault))
{
	static const char *const places[] = { "mail", "mail/parts", "mail/words", "web", "web/parts" };
	size_t faults = 0;
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		CLEANUP(buffer_clear) struct buffer pattern = BUFFER_INIT(8192);
		struct error err;
		glob_t found;
		buffer_format(&pattern, "%s/%s/*", folder, places[i]);
		if (glob(buffer_text(&pattern), GLOB_NOSORT, NULL, &found) != 0)
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++)
			if (check_file(found.gl_pathv[k], &err) < 0) {
				tell(err.text);
				faults++;
			}
		globfree(&found);
	}
	return faults;
}
