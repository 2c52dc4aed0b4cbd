#include "config/option.h"
#include "base/text.h"
#include "system/file.h"
#include <stdio.h>
#include <stdlib.h>

#define IN(member) offsetof(struct config, member)
#define OF_RELAY(member) offsetof(struct config_relay, member)
#define OF_PROVIDER(member) offsetof(struct config_provider, member)
#define OF_DKIM(member) offsetof(struct config_dkim, member)

static const struct named nameds[] = {
	{ "relay", IN(relay), sizeof(struct config_relay), IN(relay_count), CONFIG_RELAYS },
	{ "provider", IN(provider), sizeof(struct config_provider), IN(provider_count), CONFIG_PROVIDERS },
	{ "dkim", IN(dkim), sizeof(struct config_dkim), IN(dkim_count), CONFIG_DKIM },
};

static const struct option options[] = {
	{ "daemon", "data_dir", OPTION_PATH, IN(daemon.data_dir), "/var/lib/gazette", 0, 0, NULL,
	  "Folder of the store, the Maildir of returned mail and other files." },
	{ "daemon", "public_url", OPTION_URL, IN(daemon.public_url), "http://127.0.0.1:8080", 0, 0, NULL,
	  "Where readers reach the web pages; the links in mails begin with it." },
	{ "daemon", "timezone", OPTION_TEXT, IN(daemon.timezone), "UTC", 0, 0, NULL, "Time zone of new lists." },
	{ "daemon", "log", OPTION_TEXT, IN(daemon.log), "info", 0, 0, NULL,
	  "error, warn, info or debug; with json behind it, lines are JSON." },
	{ "daemon", "min_free", OPTION_SIZE, IN(daemon.min_free_bytes), "512M", 1 << 20, INT64_MAX, NULL,
	  "Below so much free disk sending pauses." },
	{ "daemon", "template_dir", OPTION_PATH, IN(daemon.template_dir), "", 0, 0, NULL,
	  "Folder whose templates come before those built in." },
	{ "daemon", "dns", OPTION_TEXT, IN(daemon.dns), "", 0, 0, NULL,
	  "Name server to ask, as 127.0.0.1 or 127.0.0.1@5353; absent: those of the machine." },
	{ "store", "url", OPTION_URL, IN(store.url), "sqlite:gazette.db", 0, 0, NULL, "The store: sqlite:FILE, relative to data_dir." },
	{ "store", "durability", OPTION_CHOICE, IN(store.is_relaxed), "strict", 0, 0, "relaxed strict",
	  "strict survives power cuts, relaxed only a killed process." },
	{ "store", "migrate", OPTION_CHOICE, IN(store.migrate_auto), "auto", 0, 0, "auto manual",
	  "Whether the daemon brings an older store up to date at start." },
	{ "store", "schema_dir", OPTION_PATH, IN(store.schema_dir), "", 0, 0, NULL,
	  "Folder whose migrations (as 0001_start.sql) come before those built in." },
	{ "web", "listen", OPTION_TEXT, IN(web.listen), "127.0.0.1:8080", 0, 0, NULL, "Address and port of the web pages, or unix:/PATH." },
	{ "web", "trusted_proxies", OPTION_TEXT, IN(web.trusted_proxies), "127.0.0.1", 0, 0, NULL,
	  "Addresses and networks, as 127.0.0.1 10.0.0.0/8, whose X-Forwarded-For is believed." },
	{ "web", "sign_ups_a_day", OPTION_INTEGER, IN(web.sign_ups_a_day), "1000", 1, 1000000, NULL,
	  "From so many sign-ups a day on, or ten times a list's usual day if that is more, its form is only for who did not ask that day; "
	  "at five times as many it closes." },
	{ "delivery", "sessions", OPTION_INTEGER, IN(delivery.sessions), "20", 1, 500, NULL, "SMTP connections in all." },
	{ "delivery", "rate", OPTION_RATES, IN(delivery.rates), "", 0, 0, NULL,
	  "Messages in all, as 50/s or 100000/h; several hold together; absent: no limit." },
	{ "delivery", "on_uncertain", OPTION_CHOICE, IN(delivery.resend_uncertain), "resend", 0, 0, "resend hold",
	  "What is in doubt after a crash: sent again once, or held." },
	{ "delivery", "retry", OPTION_DURATIONS, IN(delivery.retry_us), "5m 15m 1h 3h 6h 12h 24h", SECOND_US, 30 * DAY_US, NULL,
	  "Waits between tries; the last one repeats." },
	{ "delivery", "give_up_after", OPTION_DURATION, IN(delivery.give_up_after_us), "4d", HOUR_US, 30 * DAY_US, NULL,
	  "Age at which a deferred delivery expires." },
	{ "delivery", "send_delay", OPTION_DURATION, IN(delivery.send_delay_us), "60s", 0, DAY_US, NULL,
	  "Time in which a send can be taken back." },
	{ "delivery", "breaker", OPTION_TEXT, IN(delivery.breaker_text), "bounces 5% min 50, complaints 0.1% min 5", 0, 0, NULL,
	  "Share and number, both, above which a campaign pauses itself; or off." },
	{ "source", "interval", OPTION_DURATION, IN(source.interval_us), "15m", SECOND_US, 7 * DAY_US, NULL,
	  "Time between two looks at a feed." },
	{ "source", "folder_interval", OPTION_DURATION, IN(source.folder_interval_us), "5s", SECOND_US, DAY_US, NULL,
	  "Time between two looks at a folder." },
	{ "source", "max_age", OPTION_DURATION, IN(source.max_age_us), "2d", MINUTE_US, 365 * DAY_US, NULL,
	  "A new item older than this becomes a draft." },
	{ "source", "flood", OPTION_INTEGER, IN(source.flood), "3", 1, 1000, NULL, "More new items than this in one look become drafts." },
	{ "source", "allow_private", OPTION_CHOICE, IN(source.allow_private), "no", 0, 0, "yes no",
	  "Whether feeds may lie on private addresses and other ports." },
	{ "inbound", "return_path", OPTION_TEXT, IN(inbound.return_path), "", 0, 0, NULL,
	  "Pattern of the return path, as bounce+{token}@example.org." },
	{ "inbound", "lmtp", OPTION_TEXT, IN(inbound.lmtp), "", 0, 0, NULL,
	  "Address and port, or unix:/PATH, on which returned mail is taken by LMTP." },
	{ "inbound", "maildir", OPTION_PATH, IN(inbound.maildir), "", 0, 0, NULL,
	  "Maildir that is watched for returned mail, relative to data_dir." },
	{ "alerts", "mail", OPTION_TEXT, IN(alerts.mail), "", 0, 0, NULL, "Who is told when something needs a person." },
	{ "relay", "url", OPTION_URL, OF_RELAY(url), "", 0, 0, NULL,
	  "smtp://HOST:PORT (STARTTLS), smtps://, or smtp+plain:// to loopback and private addresses." },
	{ "relay", "user", OPTION_TEXT, OF_RELAY(user), "", 0, 0, NULL, "Name to log in with." },
	{ "relay", "password", OPTION_SECRET, OF_RELAY(password), "", 0, 0, NULL,
	  "Password; better in password_file or as ${NAME} of the environment." },
	{ "relay", "password_file", OPTION_PATH, OF_RELAY(password_file), "", 0, 0, NULL,
	  "File that holds the password; nobody else may read it." },
	{ "relay", "auth", OPTION_WORD, OF_RELAY(auth), "auto", 0, 0, "auto scram-sha-256 scram-sha-1 cram-md5 plain login xoauth2",
	  "How to log in: auto takes the strongest the server has; plain and login go under verified TLS or to loopback only." },
	{ "relay", "token_file", OPTION_PATH, OF_RELAY(token_file), "", 0, 0, NULL,
	  "File with the access token for xoauth2, read at each log-in; nobody else may read it." },
	{ "relay", "ca_file", OPTION_PATH, OF_RELAY(ca_file), "", 0, 0, NULL, "Certificates to trust instead of the system's." },
	{ "relay", "verify", OPTION_CHOICE, OF_RELAY(verify), "yes", 0, 0, "yes no", "Whether certificate and host name are verified." },
	{ "relay", "sessions", OPTION_INTEGER, OF_RELAY(sessions), "20", 1, 500, NULL, "Connections to this relay at most." },
	{ "relay", "rate", OPTION_RATES, OF_RELAY(rates), "", 0, 0, NULL, "Messages to this relay." },
	{ "relay", "weight", OPTION_INTEGER, OF_RELAY(weight), "1", 1, 1000, NULL, "Share among several relays." },
	{ "relay", "warm_up", OPTION_TEXT, OF_RELAY(warm_up_text), "", 0, 0, NULL,
	  "Messages a day of a new sender, day by day, as 50 100 500 1000 5000; a bad day is a step back; afterwards no limit." },
	{ "relay", "helo", OPTION_TEXT, OF_RELAY(helo), "", 0, 0, NULL, "Name for EHLO; the machine's own if absent." },
	{ "relay", "messages_per_session", OPTION_INTEGER, OF_RELAY(messages_per_session), "0", 0, 1000000, NULL,
	  "Messages on one connection; 0: no limit." },
	{ "relay", "sign", OPTION_WORD, OF_RELAY(sign), "full", 0, 0, "full no-id-date off",
	  "DKIM: full, no-id-date where the relay rewrites Message-ID and Date, off where it signs itself." },
	{ "relay", "verp", OPTION_CHOICE, OF_RELAY(verp), "yes", 0, 0, "yes no",
	  "Whether each reader has a return path of his own; no where the relay sets its own." },
	{ "provider", "match", OPTION_TEXT, OF_PROVIDER(match), "", 0, 0, NULL,
	  "Domains of this mailbox provider; absent: those known for its name." },
	{ "provider", "sessions", OPTION_INTEGER, OF_PROVIDER(sessions), "0", 0, 500, NULL,
	  "Messages to it in progress at most; 0: a quarter of all sessions." },
	{ "provider", "rate", OPTION_RATES, OF_PROVIDER(rates), "", 0, 0, NULL, "Messages to it." },
	{ "provider", "messages_per_session", OPTION_INTEGER, OF_PROVIDER(messages_per_session), "0", 0, 1000000, NULL,
	  "Messages on one connection straight to it; 0: the standard for its name." },
	{ "dkim", "key", OPTION_PATH, OF_DKIM(key), "", 0, 0, NULL, "File of the private key; nobody else may read it." },
	{ "dkim", "sign", OPTION_CHOICE, OF_DKIM(always), "when-published", 0, 0, "always when-published",
	  "always, or from an hour after DNS shows the record." },
	{ NULL, NULL, OPTION_TEXT, 0, NULL, 0, 0, NULL, NULL },
};

static const char *const kinds[] = { "text",      "secret", "path",  "URL",       "number", "duration",
	                             "durations", "size",   "rates", "yes or no", "choice", "choice" };

const struct named *named_at(size_t i)
{
	return i < COUNT_OF(nameds) ? &nameds[i] : NULL;
}

const struct named *named_find(const char *kind)
{
	for (size_t i = 0; i < COUNT_OF(nameds); i++)
		if (strcmp(nameds[i].kind, kind) == 0)
			return &nameds[i];
	return NULL;
}

const struct option *option_at(size_t i)
{
	return options[i].section ? &options[i] : NULL;
}

const struct option *option_find(const char *section, const char *key)
{
	for (const struct option *option = options; option->section; option++)
		if (strcmp(option->section, section) == 0 && strcmp(option->key, key) == 0)
			return option;
	return NULL;
}

const struct config_option *config_option(size_t i)
{
	static _Thread_local struct config_option row;
	if (i >= COUNT_OF(options) - 1)
		return NULL;
	row = (struct config_option){ options[i].section, options[i].key,
		                      options[i].kind >= OPTION_CHOICE ? options[i].choices : kinds[options[i].kind], options[i].standard,
		                      options[i].help };
	return &row;
}

const char *config_keep(struct config *config, const char *text)
{
	size_t size = strlen(text) + 1;
	struct config_text *kept = malloc(sizeof *kept + size);
	if (!kept)
		return NULL;
	memcpy(kept->text, text, size);
	kept->next = config->texts->first;
	config->texts->first = kept;
	return kept->text;
}

char *config_path(const char *config_file, const char *path)
{
	const char *slash = strrchr(config_file, '/');
	if (!slash)
		return strdup(path);
	char *folder = strndup(config_file, (size_t)(slash - config_file) + (slash == config_file));
	char *joined = folder ? file_join(folder, path) : NULL;
	free(folder);
	return joined;
}

static int set_rates(struct config_rates *rates, const char *value, struct error *err)
{
	struct bytes rest = bytes_text(value);
	struct bytes part;
	*rates = (struct config_rates){ 0 };
	while (text_next_part(&rest, ", \t", &part)) {
		char text[32];
		if (rates->count == CONFIG_RATES || part.size >= sizeof text)
			return error_set(err, ERROR_INPUT, "at most %d rates, as 50/s", CONFIG_RATES);
		memcpy(text, part.data, part.size);
		text[part.size] = '\0';
		if (units_rate(text, &rates->rate[rates->count++], err) < 0)
			return -1;
	}
	return 0;
}

static int set_steps(struct config *config, const struct option *option, const char *value, struct error *err)
{
	struct bytes rest = bytes_text(value);
	struct bytes part;
	config->delivery.retry_count = 0;
	while (text_next_part(&rest, ", \t", &part)) {
		char text[32];
		if (config->delivery.retry_count == CONFIG_STEPS || part.size >= sizeof text)
			return error_set(err, ERROR_INPUT, "at most %d waits, as 5m", CONFIG_STEPS);
		memcpy(text, part.data, part.size);
		text[part.size] = '\0';
		int64_t *step = &config->delivery.retry_us[config->delivery.retry_count++];
		if (units_duration(text, step, err) < 0)
			return -1;
		if (*step < option->least || *step > option->most)
			return error_set(err, ERROR_INPUT, "\"%s\" is out of range", text);
	}
	return config->delivery.retry_count ? 0 : error_set(err, ERROR_INPUT, "at least one wait, as 5m");
}

static int check_range(const struct option *option, int64_t value, struct error *err)
{
	char least[UNITS_TEXT];
	char most[UNITS_TEXT];
	if (value >= option->least && value <= option->most)
		return 0;
	bool duration = option->kind == OPTION_DURATION;
	return error_set(err, ERROR_INPUT, "out of range: %s to %s",
	                 duration ? units_write_exact(option->least, least) : units_write_size(option->least, least),
	                 duration ? units_write_exact(option->most, most) : units_write_size(option->most, most));
}

static int set_choice(bool *to, const struct option *option, const char *value, struct error *err)
{
	size_t first = strcspn(option->choices, " ");
	const char *second = option->choices + first + 1;
	if (strlen(value) == first && strncmp(value, option->choices, first) == 0)
		*to = true;
	else if (strcmp(value, second) == 0)
		*to = false;
	else
		return error_set(err, ERROR_INPUT, "\"%s\": write %.*s or %s", value, (int)first, option->choices, second);
	return 0;
}

static int set_word(int *to, const char *words, const char *value, struct error *err)
{
	int i = 0;
	for (const char *word = words; *word; i++) {
		size_t size = strcspn(word, " ");
		if (strlen(value) == size && strncmp(word, value, size) == 0) {
			*to = i;
			return 0;
		}
		word += size + (word[size] == ' ');
	}
	return error_set(err, ERROR_INPUT, "\"%s\": write one of %s", value, words);
}

static int set_text(struct config *config, const char **to, const char *value, struct error *err)
{
	*to = config_keep(config, value);
	return *to ? 0 : error_set(err, ERROR_MEMORY, "out of memory");
}

/* ${NAME} is a variable of the environment. */
static int set_secret(struct config *config, const char **to, const char *value, struct error *err)
{
	char name[128];
	size_t size = strlen(value);
	if (!text_starts(value, "${") || value[size - 1] != '}' || size > sizeof name)
		return set_text(config, to, value, err);
	snprintf(name, sizeof name, "%.*s", (int)(size - 3), value + 2);
	const char *found = getenv(name);
	return found ? set_text(config, to, found, err) : error_set(err, ERROR_INPUT, "the environment has no %s", name);
}

static int set_path(struct config *config, const char **to, const char *value, const char *file, struct error *err)
{
	char *path = *value ? config_path(file, value) : strdup("");
	int result = path ? set_text(config, to, path, err) : error_set(err, ERROR_MEMORY, "out of memory");
	free(path);
	return result;
}

int option_set(struct config *config, void *base, const struct option *option, const char *value, const char *file, struct error *err)
{
	void *to = (char *)base + option->offset;
	switch (option->kind) {
	case OPTION_TEXT:
	case OPTION_URL: return set_text(config, to, value, err);
	case OPTION_SECRET: return set_secret(config, to, value, err);
	case OPTION_PATH: return set_path(config, to, value, file, err);
	case OPTION_INTEGER: return units_integer(value, option->least, option->most, to, err);
	case OPTION_DURATION: return units_duration(value, to, err) < 0 ? -1 : check_range(option, *(int64_t *)to, err);
	case OPTION_SIZE: return units_size(value, to, err) < 0 ? -1 : check_range(option, *(int64_t *)to, err);
	case OPTION_DURATIONS: return set_steps(config, option, value, err);
	case OPTION_RATES: return set_rates(to, value, err);
	case OPTION_BOOL:
	case OPTION_CHOICE: return set_choice(to, option, value, err);
	case OPTION_WORD: return set_word(to, option->choices, value, err);
	}
	return 0;
}

/* In the largest unit that leaves no rest. */
static void print_size(int64_t bytes, struct buffer *out)
{
	static const char *const units[] = { "", "k", "M", "G" };
	size_t i = 0;
	for (; bytes > 0 && bytes % 1024 == 0 && i + 1 < COUNT_OF(units); i++)
		bytes /= 1024;
	buffer_format(out, "%" PRId64 "%s", bytes, units[i]);
}

void option_print(const struct option *option, const void *base, struct buffer *out)
{
	const void *from = (const char *)base + option->offset;
	char text[UNITS_TEXT];
	switch (option->kind) {
	case OPTION_TEXT:
	case OPTION_URL:
	case OPTION_PATH: buffer_add_text(out, *(const char *const *)from ? *(const char *const *)from : ""); break;
	case OPTION_SECRET: buffer_add_text(out, *(const char *const *)from && **(const char *const *)from ? "********" : ""); break;
	case OPTION_SIZE: print_size(*(const int64_t *)from, out); break;
	case OPTION_INTEGER: buffer_format(out, "%" PRId64, *(const int64_t *)from); break;
	case OPTION_DURATION: buffer_add_text(out, units_write_exact(*(const int64_t *)from, text)); break;
	case OPTION_DURATIONS: {
		const struct config *config = base;
		for (size_t i = 0; i < config->delivery.retry_count; i++)
			buffer_format(out, "%s%s", i ? " " : "", units_write_exact(config->delivery.retry_us[i], text));
		break;
	}
	case OPTION_RATES: {
		const struct config_rates *rates = from;
		for (size_t i = 0; i < rates->count; i++)
			buffer_format(out, "%s%s", i ? ", " : "", units_write_rate(rates->rate[i], text));
		break;
	}
	case OPTION_BOOL:
	case OPTION_CHOICE: {
		size_t first = strcspn(option->choices, " ");
		if (*(const bool *)from)
			buffer_add(out, option->choices, first);
		else
			buffer_add_text(out, option->choices + first + 1);
		break;
	}
	case OPTION_WORD: {
		const char *word = option->choices;
		for (int i = *(const int *)from; i > 0; i--)
			word += strcspn(word, " ") + 1;
		buffer_add(out, word, strcspn(word, " "));
		break;
	}
	}
}
