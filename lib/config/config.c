#include "config/config.h"
#include "base/text.h"
#include "config/option.h"
#include "model/address.h"
#include "system/file.h"
#include "system/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <glob.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct reading {
	struct config *config;
	struct config_faults *faults;
	const char *path;
	FILE *file;
	int line;
	bool seen[256][1 + CONFIG_RELAYS]; /* option × relay, for repeated keys */
};

static void add_fault(struct reading *reading, const char *format, ...) PRINTF_LIKE(2, 3);
static void add_fault(struct reading *reading, const char *format, ...)
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

static int find_relay(struct reading *reading, const char *name)
{
	struct config *config = reading->config;
	for (size_t i = 0; i < config->relay_count; i++)
		if (strcmp(config->relay[i].name, name) == 0)
			return (int)i;
	if (config->relay_count == CONFIG_RELAYS) {
		add_fault(reading, "[relay:%s]: more than %d relays", name, CONFIG_RELAYS);
		return -1;
	}
	struct config_relay *relay = &config->relay[config->relay_count];
	const struct option *option = NULL;
	struct error err;
	relay->name = config_keep(config, name);
	for (size_t i = 0; relay->name && (option = option_at(i)); i++)
		if (strcmp(option->section, "relay") == 0 && option_set(config, relay, option, option->standard, reading->path, &err) < 0)
			return -1;
	return relay->name ? (int)config->relay_count++ : -1;
}

static bool section_exists(const char *section)
{
	const struct option *option = NULL;
	for (size_t i = 0; (option = option_at(i)); i++)
		if (strcmp(option->section, section) == 0)
			return true;
	return false;
}

static void take(struct reading *reading, const char *section, const char *key, const char *value)
{
	struct error err;
	char kind[64];
	int relay = -1;
	snprintf(kind, sizeof kind, "%.*s", (int)(strcspn(section, ":") < 60 ? strcspn(section, ":") : 60), section);
	bool named = strchr(section, ':') != NULL;
	if (named && (strcmp(kind, "provider") == 0 || strcmp(kind, "dkim") == 0)) {
		add_fault(reading, "[%s] is not available in this version: remove the section", section);
		return;
	}
	if (!section_exists(kind) || named != (strcmp(kind, "relay") == 0)) {
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
	if (named && (relay = find_relay(reading, section + strlen("relay:"))) < 0)
		return;
	bool *seen = &reading->seen[option - option_at(0)][relay + 1];
	if (*seen && option->kind != OPTION_DURATIONS && option->kind != OPTION_RATES) {
		add_fault(reading, "[%s] %s: given twice", section, key);
		return;
	}
	*seen = true;
	void *base = relay >= 0 ? (void *)&reading->config->relay[relay] : (void *)reading->config;
	if (option_set(reading->config, base, option, value, reading->path, &err) < 0)
		add_fault(reading, "[%s] %s: %s", section, key, err.text);
}

static int on_entry(void *user, const char *section, const char *name, const char *value)
{
	take(user, section, name, value ? value : "");
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

static bool is_near(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (strcmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1) {
		uint32_t ip = ntohl(v4.s_addr);
		return ip >> 24 == 127 || ip >> 24 == 10 || ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8;
	}
	return inet_pton(AF_INET6, host, &v6) == 1 && (IN6_IS_ADDR_LOOPBACK(&v6) || (v6.s6_addr[0] & 0xfe) == 0xfc);
}

static void check_relay_url(struct reading *reading, struct config_relay *relay)
{
	static const struct {
		const char *scheme;
		enum relay_security security;
		uint16_t port;
	} schemes[] = { { "smtp://", RELAY_STARTTLS, 587 },
		        { "smtp+starttls://", RELAY_STARTTLS, 587 },
		        { "smtps://", RELAY_TLS, 465 },
		        { "smtp+plain://", RELAY_PLAIN, 25 } };
	char host[256];
	int64_t port = 0;
	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		if (!text_starts(relay->url, schemes[i].scheme))
			continue;
		const char *at = relay->url + strlen(schemes[i].scheme);
		size_t size = *at == '[' ? strcspn(at, "]") : strcspn(at, ":/");
		snprintf(host, sizeof host, "%.*s", (int)(*at == '[' ? size - 1 : size), *at == '[' ? at + 1 : at);
		at += size + (*at == '[' && at[size] == ']');
		port = schemes[i].port;
		if (*at == ':' && units_integer(at + 1, 1, 65535, &port, NULL) < 0)
			break;
		relay->security = schemes[i].security;
		relay->port = (uint16_t)port;
		relay->host = config_keep(reading->config, host);
		if (!*host)
			break;
		if (relay->security == RELAY_PLAIN && !is_near(host))
			add_fault(reading,
			          "[relay:%s] url: smtp+plain:// goes to loopback and private addresses only: take smtp:// or smtps://",
			          relay->name);
		return;
	}
	add_fault(reading, "[relay:%s] url: \"%s\" is no relay: write smtp://HOST:PORT, smtps://HOST or smtp+plain://127.0.0.1:25",
	          relay->name, relay->url);
}

static void check_password(struct reading *reading, struct config_relay *relay)
{
	struct stat st;
	struct error err;
	if (!*relay->password_file)
		return;
	if (stat(relay->password_file, &st) == 0 && (st.st_mode & 0007)) {
		add_fault(reading, "[relay:%s] password_file: everybody may read %s: chmod 640 it", relay->name, relay->password_file);
		return;
	}
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(4096);
	if (file_read(relay->password_file, &text, &err) < 0) {
		add_fault(reading, "[relay:%s] password_file: %s", relay->name, err.text);
		return;
	}
	char secret[4096];
	snprintf(secret, sizeof secret, "%.*s", (int)strcspn(buffer_text(&text), "\r\n"), buffer_text(&text));
	relay->password = config_keep(reading->config, secret);
}

static void check_secrets(struct reading *reading)
{
	struct stat st;
	for (size_t i = 0; i < reading->config->relay_count; i++)
		if (*reading->config->relay[i].password && !*reading->config->relay[i].password_file && stat(reading->path, &st) == 0 &&
		    (st.st_mode & 0007))
			add_fault(reading, "[relay:%s] password: everybody may read this file: chmod 640 it, or use password_file",
			          reading->config->relay[i].name);
}

/* The store and the Maildir lie in data_dir. */
static const char *in_data_dir(struct config *config, const char *prefix, const char *path)
{
	CLEANUP(buffer_clear) struct buffer text = BUFFER_INIT(8192);
	char *joined = file_join(config->daemon.data_dir, path);
	buffer_add_text(&text, prefix);
	buffer_add_text(&text, joined ? joined : path);
	free(joined);
	return config_keep(config, buffer_text(&text));
}

static void check_urls(struct reading *reading)
{
	struct config *config = reading->config;
	size_t size = strlen(config->daemon.public_url);
	if (!text_starts(config->daemon.public_url, "https://") && !text_starts(config->daemon.public_url, "http://"))
		add_fault(reading, "[daemon] public_url: \"%s\" is no http or https URL", config->daemon.public_url);
	else if (size > 0 && config->daemon.public_url[size - 1] == '/')
		add_fault(reading, "[daemon] public_url: ends in /: write it without");
	else if (!text_is_ascii(bytes_text(config->daemon.public_url)) || strpbrk(config->daemon.public_url, " \t<>\""))
		add_fault(reading, "[daemon] public_url: holds characters that no URL has");
	if (text_starts(config->store.url, "sqlite:"))
		config->store.url = in_data_dir(config, "sqlite:", config->store.url + strlen("sqlite:"));
	else
		add_fault(reading, "[store] url: \"%s\": this version keeps its store in SQLite: write sqlite:gazette.db",
		          config->store.url);
}

static void check_rest(struct reading *reading)
{
	struct config *config = reading->config;
	char level[16];
	struct address address;
	struct error err;
	snprintf(level, sizeof level, "%.*s", (int)strcspn(config->daemon.log, ", "), config->daemon.log);
	config->daemon.log_json = strstr(config->daemon.log, "json") != NULL;
	bool known = strcmp(level, "json") == 0;
	for (size_t i = 0; log_words[i]; i++)
		known = known || strcmp(level, log_words[i]) == 0;
	if (!known)
		add_fault(reading, "[daemon] log: \"%s\": write error, warn, info or debug", config->daemon.log);
	if (*config->inbound.return_path && (!strstr(config->inbound.return_path, "{token}") || !strchr(config->inbound.return_path, '@')))
		add_fault(reading, "[inbound] return_path: write it as bounce+{token}@example.org");
	if (*config->inbound.maildir)
		config->inbound.maildir = in_data_dir(config, "", config->inbound.maildir);
	if (*config->alerts.mail && address_read(bytes_text(config->alerts.mail), &address, &err) < 0)
		add_fault(reading, "[alerts] mail: %s", err.text);
	for (size_t i = 0; i < config->relay_count; i++) {
		check_relay_url(reading, &config->relay[i]);
		check_password(reading, &config->relay[i]);
	}
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
		if (strcmp(option->section, "relay") != 0 &&
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
	*reading = (struct reading){ .config = config, .faults = faults, .path = path };
	int result = set_defaults(reading, err);
	if (result == 0) {
		read_file(reading, path);
		read_folder(reading, path);
		check_urls(reading);
		check_rest(reading);
		check_secrets(reading);
	}
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

static void print_section(const char *section, const char *title, const void *base, bool only_changed, struct buffer *out)
{
	const struct option *option = NULL;
	bool headed = false;
	for (size_t i = 0; (option = option_at(i)); i++) {
		if (strcmp(option->section, section) != 0)
			continue;
		CLEANUP(buffer_clear) struct buffer value = BUFFER_INIT(64 << 10);
		option_print(option, base, &value);
		if (only_changed && strcmp(buffer_text(&value), option->standard) == 0)
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
		print_section(sections[i], sections[i], config, only_changed, out);
	for (size_t i = 0; i < config->relay_count; i++) {
		snprintf(title, sizeof title, "relay:%s", config->relay[i].name);
		print_section("relay", title, &config->relay[i], only_changed, out);
	}
}
