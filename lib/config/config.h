/* config - the INI file, read through one table of options into one checked struct. Every fault of the file is found in one run, with
 * file, line and cure. A struct config is never changed after it was read: a reload makes a new one. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H
#include "base/units.h"

enum {
	CONFIG_RELAYS = 16,
	CONFIG_PROVIDERS = 64,
	CONFIG_DKIM = 32,
	CONFIG_RATES = 4,
	CONFIG_STEPS = 16,
	CONFIG_WARM_UP = 32,
	CONFIG_FAULTS = 64
};

enum relay_sign { SIGN_FULL, SIGN_NO_ID_DATE, SIGN_OFF }; /* what the relay leaves of a signature */
enum relay_auth {
	RELAY_AUTH_AUTO,
	RELAY_AUTH_SCRAM_SHA_256,
	RELAY_AUTH_SCRAM_SHA_1,
	RELAY_AUTH_CRAM_MD5,
	RELAY_AUTH_PLAIN,
	RELAY_AUTH_LOGIN,
	RELAY_AUTH_XOAUTH2
};
enum relay_security { RELAY_STARTTLS, RELAY_TLS, RELAY_PLAIN };

struct config_rates {
	struct rate rate[CONFIG_RATES];
	size_t count;
};

struct config_relay {
	const char *name;
	const char *url, *user, *password, *password_file, *token_file, *ca_file, *helo;
	enum relay_auth auth;
	bool verify, verp;
	int64_t sessions, weight;
	int64_t messages_per_session; /* 0: no limit */
	struct config_rates rates;
	enum relay_sign sign;
	const char *warm_up_text;
	int64_t warm_up[CONFIG_WARM_UP]; /* messages a day, day by day */
	size_t warm_up_count;
	/* From the URL. */
	const char *host;
	uint16_t port;
	enum relay_security security;
};

/* A mailbox operator: what is not set comes from the defaults built in (pacing/provider.h). */
struct config_provider {
	const char *name;
	const char *match; /* domains, and mx:PATTERN; empty: those built in for this name */
	int64_t sessions;  /* messages in progress at most; 0: not set */
	struct config_rates rates;
	int64_t messages_per_session; /* 0: not set */
};

struct config_dkim {
	const char *name; /* "example.org/g2026" */
	const char *key;  /* path of the private key, PEM */
	bool always;      /* signs at once; otherwise from an hour after DNS shows the record */
	/* From the name. */
	const char *domain, *selector;
};

/* Above share and number, both, a campaign pauses itself. number 0: off. */
struct config_breaker {
	int64_t bounce_ppm, bounce_least, complaint_ppm, complaint_least; /* shares in millionths */
};

struct config {
	const char *path; /* of the file */
	struct {
		const char *data_dir, *public_url, *timezone, *log, *template_dir, *dns;
		int64_t min_free_bytes;
		bool log_json;
	} daemon;
	struct {
		const char *url; /* the path in it is absolute */
		const char *schema_dir;
		bool is_relaxed, migrate_auto;
	} store;
	struct {
		const char *listen, *trusted_proxies;
		int64_t sign_ups_a_day;
	} web;
	struct {
		int64_t sessions;
		struct config_rates rates;
		bool resend_uncertain;
		int64_t retry_us[CONFIG_STEPS];
		size_t retry_count;
		int64_t give_up_after_us, send_delay_us;
		const char *breaker_text;
		struct config_breaker breaker;
	} delivery;
	struct {
		int64_t interval_us, folder_interval_us, max_age_us, flood;
		bool allow_private;
	} source;
	struct {
		const char *return_path, *lmtp, *maildir;
	} inbound;
	struct {
		const char *mail;
	} alerts;
	struct config_relay relay[CONFIG_RELAYS];
	size_t relay_count;
	struct config_provider provider[CONFIG_PROVIDERS];
	size_t provider_count;
	struct config_dkim dkim[CONFIG_DKIM];
	size_t dkim_count;
	struct config_texts *texts; /* owns the strings */
};

struct config_fault {
	char text[320]; /* "gazette.conf:12: [delivery] sesions: unknown key (did you mean sessions?)" */
};
struct config_faults {
	struct config_fault fault[CONFIG_FAULTS];
	size_t count; /* more than CONFIG_FAULTS are counted, not kept */
};

/* Reads the file and conf.d/ *.conf beside it. 0 and a new *out, or -1: ERROR_INPUT with all faults in *faults (err has the first),
 * or NOT_FOUND. config_free() it. */
MUST_CHECK int config_read(const char *path, struct config **out, struct config_faults *faults, struct error *err);
void config_free(struct config **config);

/* What is in force, as a file that could be read again; secrets hidden. only_changed: what differs from the defaults. */
void config_print(const struct config *config, bool only_changed, struct buffer *out);
/* The folder the configuration lies in plus `path`, if that is relative. malloc'ed. */
char *config_path(const char *config_file, const char *path);

/* The table, for the manual and its test. NULL section ends it. */
struct config_option {
	const char *section, *key, *kind, *standard /* the default */, *help;
};
const struct config_option *config_option(size_t i); /* NULL at the end */
#endif
