/* What can be said of a configuration only when all of it was read. */
#include "base/text.h"
#include "config/reading.h"
#include "model/address.h"
#include "system/file.h"
#include "system/log.h"
#include "system/network.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/stat.h>

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

static void check_login(struct reading *reading, const struct config_relay *relay)
{
	struct stat st;
	if (*relay->ca_file && stat(relay->ca_file, &st) < 0)
		add_fault(reading, "[relay:%s] ca_file: there is no %s", relay->name, relay->ca_file);
	if (relay->auth == RELAY_AUTH_XOAUTH2 && !*relay->token_file)
		add_fault(reading, "[relay:%s] auth: xoauth2 needs a token_file", relay->name);
	if (!*relay->token_file)
		return;
	if (relay->auth != RELAY_AUTH_XOAUTH2 && relay->auth != RELAY_AUTH_AUTO)
		add_fault(reading, "[relay:%s] token_file: is for auth = xoauth2 or auto", relay->name);
	else if (!*relay->user)
		add_fault(reading, "[relay:%s] token_file: needs a user", relay->name);
	else if (stat(relay->token_file, &st) < 0)
		add_fault(reading, "[relay:%s] token_file: there is no %s", relay->name, relay->token_file);
	else if (st.st_mode & 0007)
		add_fault(reading, "[relay:%s] token_file: everybody may read %s: chmod 640 it", relay->name, relay->token_file);
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

static void check_warm_up(struct reading *reading, struct config_relay *relay)
{
	struct bytes rest = bytes_text(relay->warm_up_text);
	struct bytes part;
	struct error err;
	while (text_next_part(&rest, ", \t", &part)) {
		char text[24];
		snprintf(text, sizeof text, "%.*s", (int)part.size, part.data);
		if (relay->warm_up_count == CONFIG_WARM_UP) {
			add_fault(reading, "[relay:%s] warm_up: at most %d days", relay->name, CONFIG_WARM_UP);
			return;
		}
		if (units_integer(text, 1, INT64_C(1000000000), &relay->warm_up[relay->warm_up_count++], &err) < 0) {
			add_fault(reading, "[relay:%s] warm_up: %s", relay->name, err.text);
			return;
		}
	}
}

static void check_proxies(struct reading *reading)
{
	struct bytes rest = bytes_text(reading->config->web.trusted_proxies);
	struct bytes one;
	struct network network;
	while (text_next_part(&rest, ", \t", &one))
		if (!network_read(one, &network))
			add_fault(reading, "[web] trusted_proxies: \"%.*s\": write addresses and networks, as 127.0.0.1 10.0.0.0/8",
			          (int)(one.size < 60 ? one.size : 60), one.data);
}

static void check_listen(struct reading *reading, const char *key, const char *where)
{
	const char *colon = strrchr(where, ':');
	int64_t port = 0;
	bool good = text_starts(where, "unix:") ? where[5] == '/' : colon && units_integer(colon + 1, 0, 65535, &port, NULL) == 0;
	if (*where && !good)
		add_fault(reading, "%s: \"%s\" is no address to listen on: write 127.0.0.1:PORT, [::1]:PORT or unix:/PATH", key, where);
}

static void check_rest(struct reading *reading)
{
	struct config *config = reading->config;
	struct stat st;
	if (*config->daemon.template_dir && (stat(config->daemon.template_dir, &st) < 0 || !S_ISDIR(st.st_mode)))
		add_fault(reading, "[daemon] template_dir: there is no folder %s: gazette template export makes one to start from",
		          config->daemon.template_dir);
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
	check_listen(reading, "[web] listen", config->web.listen);
	check_listen(reading, "[inbound] lmtp", config->inbound.lmtp);
	if (*config->inbound.maildir)
		config->inbound.maildir = in_data_dir(config, "", config->inbound.maildir);
	if (*config->alerts.mail && address_read(bytes_text(config->alerts.mail), &address, &err) < 0)
		add_fault(reading, "[alerts] mail: %s", err.text);
	for (size_t i = 0; i < config->relay_count; i++) {
		check_relay_url(reading, &config->relay[i]);
		check_password(reading, &config->relay[i]);
		check_login(reading, &config->relay[i]);
		check_warm_up(reading, &config->relay[i]);
	}
}

/* "example.org/g2026" is a domain and a selector. */
static void check_dkim(struct reading *reading, struct config_dkim *dkim)
{
	struct stat st;
	char domain[256];
	const char *slash = strchr(dkim->name, '/');
	if (!slash || slash == dkim->name || !slash[1] || strchr(slash + 1, '/') || strlen(dkim->name) >= sizeof domain ||
	    strspn(dkim->name, "abcdefghijklmnopqrstuvwxyz0123456789.-_/") != strlen(dkim->name)) {
		add_fault(reading, "[dkim:%.80s]: write it as [dkim:DOMAIN/SELECTOR], in lower case", dkim->name);
		return;
	}
	snprintf(domain, sizeof domain, "%.*s", (int)(slash - dkim->name), dkim->name);
	dkim->domain = config_keep(reading->config, domain);
	dkim->selector = slash + 1;
	if (!*dkim->key)
		add_fault(reading, "[dkim:%s] key: is missing: gazette dkim keygen %s %s makes one", dkim->name, domain, dkim->selector);
	else if (stat(dkim->key, &st) < 0)
		add_fault(reading, "[dkim:%s] key: there is no %s: gazette dkim keygen %s %s makes one", dkim->name, dkim->key, domain,
		          dkim->selector);
	else if (st.st_mode & 0007)
		add_fault(reading, "[dkim:%s] key: everybody may read %s: chmod 640 it", dkim->name, dkim->key);
}

/* "bounces 5% min 50" in millionths. */
static bool read_threshold(struct bytes part, const char *word, int64_t *ppm, int64_t *least)
{
	char text[64];
	char unit[8] = "";
	double percent = 0;
	int size = 0;
	snprintf(text, sizeof text, "%.*s", (int)part.size, part.data);
	if (!text_starts(text, word))
		return false;
	return sscanf(text + strlen(word), " %lf%1[%%] min %" SCNd64 "%n", &percent, unit, least, &size) == 3 &&
	       !text[strlen(word) + (size_t)size] && percent > 0 && percent <= 100 && *least > 0 &&
	       (*ppm = (int64_t)(percent * 10000 + 0.5)) > 0;
}

static void check_breaker(struct reading *reading)
{
	struct config *config = reading->config;
	struct config_breaker *breaker = &config->delivery.breaker;
	struct bytes rest = bytes_text(config->delivery.breaker_text);
	struct bytes part;
	if (strcmp(config->delivery.breaker_text, "off") == 0)
		return;
	while (text_next_part(&rest, ",", &part)) {
		part = text_trim(part);
		if (!read_threshold(part, "bounces", &breaker->bounce_ppm, &breaker->bounce_least) &&
		    !read_threshold(part, "complaints", &breaker->complaint_ppm, &breaker->complaint_least)) {
			add_fault(reading, "[delivery] breaker: \"%.*s\": write bounces 5%% min 50, complaints 0.1%% min 5, or off",
			          (int)part.size, part.data);
			return;
		}
	}
}

void config_check(struct reading *reading)
{
	struct config *config = reading->config;
	check_urls(reading);
	check_rest(reading);
	check_secrets(reading);
	check_proxies(reading);
	check_breaker(reading);
	for (size_t i = 0; i < config->dkim_count; i++)
		check_dkim(reading, &config->dkim[i]);
}
