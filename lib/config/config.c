#include "config/config.h"
#include "base/text.h"
#include "config/option.h"
#include "config/reading.h"
#include "system/file.h"
#include "system/log.h"
#include <errno.h>
#include <glob.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

void add_fault(struct reading *reading, const char *format, ...)
{
	struct config_faults *faults = reading->faults;
	if (faults->count++ >= CONFIG_FAULTS)
		return;
	char what[256];
	va_list args;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	char *text = faults->fault[faults->count - 1].text;
	if (reading->line > 0)
		snprintf(text, sizeof faults->fault[0].text, "%.60s:%d: %s", reading->path, reading->line, what);
	else
		snprintf(text, sizeof faults->fault[0].text, "%.60s: %s", reading->path, what);
}

/* What inih would stop looking at faults for: said here, and mended in place, so that what follows is read as it was meant. */
static void mend_line(struct reading *reading, char *line, size_t size)
{
	struct bytes text = text_trim(bytes_text(line));
	if (text.size == 0 || strchr(";#", *text.data))
		return;
	if (*text.data == '[' && !memchr(text.data, ']', text.size)) {
		add_fault(reading, "%.*s: a section ends with ]", (int)(text.size < 60 ? text.size : 60), text.data);
		size_t end = (size_t)(text.data - line) + strcspn(text.data, " \t\r\n;#");
		snprintf(line + end, size - end, "]\n");
	} else if (*text.data != '[' && text.data == line && !strpbrk(line, "=:")) {
		add_fault(reading, "neither [section] nor key = value");
		*line = '\0';
	}
}

/* inih counts no lines in this build and cuts long ones in two: both are done here. */
static char *next_line(char *line, int size, void *from)
{
	struct reading *reading = from;
	if (!fgets(line, size, reading->file))
		return NULL;
	reading->line++;
	size_t length = strlen(line);
	if (length == (size_t)size - 1 && line[length - 1] != '\n') {
		add_fault(reading, "the line is longer than %d bytes: go on in the next line, indented", size - 2);
		for (int c = fgetc(reading->file); c != '\n' && c != EOF;)
			c = fgetc(reading->file);
	}
	/* Some editors begin a file with a mark. */
	if (reading->line == 1 && text_starts(line, "\xef\xbb\xbf"))
		memmove(line, line + 3, strlen(line + 3) + 1);
	reading->is_indented = *line == ' ' || *line == '\t';
	mend_line(reading, line, (size_t)size);
	return line;
}

static const char *nearest(const char *section, const char *key)
{
	const char *best = NULL;
	unsigned distance = 3;
	const struct option *option = NULL;
	for (size_t i = 0; (option = option_at(i)); i++) {
		const char *word = section ? option->key : option->section;
		unsigned d = section && strcmp(option->section, section) != 0 ? distance : text_distance(word, key, distance);
		if (d < distance) {
			distance = d;
			best = word;
		}
	}
	return best;
}

/* The struct of [kind:name], a new one with its defaults if it is not there yet; its place among them is left in *at. */
static void *find_named(struct reading *reading, const struct named *named, const char *name, size_t *at)
{
	struct config *config = reading->config;
	char *array = (char *)config + named->array;
	size_t *count = (void *)((char *)config + named->count);
	for (*at = 0; *at < *count; ++*at)
		if (strcmp(*(const char **)(void *)(array + *at * named->bytes), name) == 0)
			return array + *at * named->bytes;
	if (*count == named->most) {
		add_fault(reading, "[%s:%s]: more than %zu of them", named->kind, name, named->most);
		return NULL;
	}
	void *one = array + *count * named->bytes;
	const char *kept = config_keep(config, name);
	const struct option *option = NULL;
	struct error err;
	for (size_t i = 0; kept && (option = option_at(i)); i++)
		if (strcmp(option->section, named->kind) == 0 && option_set(config, one, option, option->standard, reading->path, &err) < 0)
			return NULL;
	*(const char **)one = kept;
	if (!kept)
		return NULL;
	++*count;
	return one;
}

static bool section_exists(const char *section)
{
	const struct option *option = NULL;
	for (size_t i = 0; (option = option_at(i)); i++)
		if (strcmp(option->section, section) == 0)
			return true;
	return false;
}

static void take(struct reading *reading, const char *section, const char *key, const char *value, bool goes_on)
{
	struct error err;
	char kind[64];
	snprintf(kind, sizeof kind, "%.*s", (int)(strcspn(section, ":") < 60 ? strcspn(section, ":") : 60), section);
	bool has_name = strchr(section, ':') != NULL;
	const struct named *named = named_find(kind);
	if (!section_exists(kind) || has_name != (named != NULL)) {
		const char *near = nearest(NULL, kind);
		add_fault(reading, "[%s]: unknown section%s%s%s", section, near ? " (did you mean [" : "", near ? near : "",
		          near ? "]?)" : "");
		return;
	}
	const struct option *option = option_find(kind, key);
	if (!option) {
		const char *near = nearest(kind, key);
		add_fault(reading, "[%s] %s: unknown key%s%s%s", section, key, near ? " (did you mean " : "", near ? near : "",
		          near ? "?)" : "");
		return;
	}
	size_t at = 0;
	void *base = named ? find_named(reading, named, section + strlen(kind) + 1, &at) : (void *)reading->config;
	if (!base)
		return;
	bool *seen = &reading->seen[option - option_at(0)][at];
	if (*seen && !goes_on) {
		add_fault(reading, "[%s] %s: given twice", section, key);
		return;
	}
	*seen = true;
	/* What is wrong with the beginning of a value may be right of the whole. */
	if (goes_on && reading->part_fault > 0 && reading->part_fault == reading->faults->count)
		reading->faults->count--;
	reading->part_fault = 0;
	if (option_set(reading->config, base, option, value, reading->path, &err) < 0) {
		add_fault(reading, "[%s] %s: %s", section, key, err.text);
		reading->part_fault = reading->faults->count;
	}
}

static int on_entry(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;
	char key[sizeof reading->key];
	snprintf(key, sizeof key, "%s]%s", section, name);
	/* inih hands over each line of a value by itself. */
	bool goes_on = reading->is_indented && strcmp(key, reading->key) == 0;
	if (!goes_on)
		buffer_reset(&reading->value);
	buffer_format(&reading->value, "%s%s", reading->value.size > 0 ? " " : "", value ? value : "");
	memcpy(reading->key, key, sizeof key);
	take(reading, section, name, buffer_text(&reading->value), goes_on);
	return 1;
}

static void read_file(struct reading *reading, const char *path)
{
	reading->path = path;
	reading->line = 0;
	reading->file = fopen(path, "re");
	if (!reading->file) {
		add_fault(reading, "can not be read: %s", strerror(errno));
		return;
	}
	/* A folder opens, and reads as a file with nothing in it. */
	struct stat st;
	if (fstat(fileno(reading->file), &st) == 0 && S_ISDIR(st.st_mode))
		add_fault(reading, "is a folder: name the file in it");
	int bad = ini_parse_stream(next_line, reading, on_entry, reading);
	if (bad > 0) {
		/* inih's number counts what it was given: our own count of lines is the file's. */
		reading->line = bad;
		add_fault(reading, "neither [section] nor key = value");
	}
	fclose(reading->file);
	reading->line = 0;
}

static void read_folder(struct reading *reading, const char *path)
{
	glob_t found;
	char *pattern = config_path(path, "conf.d/*.conf");
	if (!pattern)
		return;
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			read_file(reading, found.gl_pathv[i]);
		globfree(&found);
	}
	free(pattern);
	reading->path = path;
}

static struct config *config_new(const char *path)
{
	struct config *config = calloc(1, sizeof *config);
	if (config && !(config->texts = calloc(1, sizeof *config->texts)))
		config_free(&config);
	if (config)
		config->path = config_keep(config, path);
	return config;
}

static int set_defaults(struct reading *reading, struct error *err)
{
	const struct option *option = NULL;
	for (size_t i = 0; (option = option_at(i)); i++)
		if (!named_find(option->section) &&
		    option_set(reading->config, reading->config, option, option->standard, reading->path, err) < 0)
			return error_wrap(err, "default of %s", option->key);
	return 0;
}

int config_read(const char *path, struct config **out, struct config_faults *faults, struct error *err)
{
	struct stat st;
	CLEANUP(config_free) struct config *config = config_new(path);
	*faults = (struct config_faults){ 0 };
	if (!config)
		return error_set(err, ERROR_MEMORY, "out of memory");
	if (stat(path, &st) < 0)
		return error_set(err, ERROR_NOT_FOUND, "there is no configuration %s: make one with gazette -c %s init", path, path);
	struct reading *reading = calloc(1, sizeof *reading);
	if (!reading)
		return error_set(err, ERROR_MEMORY, "out of memory");
	*reading = (struct reading){ .config = config, .faults = faults, .path = path, .value = BUFFER_INIT(64 << 10) };
	int result = set_defaults(reading, err);
	if (result == 0) {
		read_file(reading, path);
		read_folder(reading, path);
		config_check(reading);
	}
	buffer_clear(&reading->value);
	free(reading);
	if (result < 0)
		return -1;
	if (faults->count > 0)
		return error_set(err, ERROR_INPUT, "%s", faults->fault[0].text);
	*out = config;
	config = NULL;
	return 0;
}

void config_free(struct config **config)
{
	if (!*config)
		return;
	struct config_text *text = (*config)->texts ? (*config)->texts->first : NULL;
	while (text) {
		struct config_text *next = text->next;
		free(text);
		text = next;
	}
	free((*config)->texts);
	free(*config);
	*config = NULL;
}

/* Whether what is printed is what the default would print: "4d" and "96h" are the same. */
static bool is_standard(const struct config *config, const struct option *option, struct bytes printed)
{
	CLEANUP(config_free) struct config *other = config_new(config->path);
	CLEANUP(buffer_clear) struct buffer value = BUFFER_INIT(64 << 10);
	const struct named *named = named_find(option->section);
	struct error err;
	if (!other)
		return false;
	void *base = (char *)other + (named ? named->array : 0);
	if (option_set(other, base, option, option->standard, config->path, &err) < 0)
		return false;
	option_print(option, base, &value);
	return bytes_equal(buffer_bytes(&value), printed);
}

static void print_section(const struct config *config, const char *section, const char *title, const void *base, bool only_changed,
                          struct buffer *out)
{
	const struct option *option = NULL;
	bool headed = false;
	for (size_t i = 0; (option = option_at(i)); i++) {
		if (strcmp(option->section, section) != 0)
			continue;
		CLEANUP(buffer_clear) struct buffer value = BUFFER_INIT(64 << 10);
		option_print(option, base, &value);
		if (only_changed && is_standard(config, option, buffer_bytes(&value)))
			continue;
		if (!headed)
			buffer_format(out, "%s[%s]\n", out->size ? "\n" : "", title);
		headed = true;
		buffer_format(out, "%s = %s\n", option->key, buffer_text(&value));
	}
}

void config_print(const struct config *config, bool only_changed, struct buffer *out)
{
	static const char *const sections[] = { "daemon", "store", "web", "delivery", "source", "inbound", "alerts" };
	char title[128];
	for (size_t i = 0; i < COUNT_OF(sections); i++)
		print_section(config, sections[i], sections[i], config, only_changed, out);
	const struct named *named = NULL;
	for (size_t k = 0; (named = named_at(k)); k++) {
		const char *one = (const char *)config + named->array;
		size_t count = *(const size_t *)(const void *)((const char *)config + named->count);
		for (size_t i = 0; i < count; i++, one += named->bytes) {
			snprintf(title, sizeof title, "%s:%s", named->kind, *(const char *const *)(const void *)one);
			print_section(config, named->kind, title, one, only_changed, out);
		}
	}
}
