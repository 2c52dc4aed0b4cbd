/* gazette dkim: keys that sign, and the records they want in DNS. */
#include "base/text.h"
#include "cli/groups.h"
#include "message/dkim.h"
#include "ops/signing.h"
#include "system/file.h"
#include "system/keygen.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { RSA_BITS = 2048, KEY_BYTES = 64 << 10 };

static const struct field dkim_fields[] = {
	{ "domain", FIELD_TEXT, offsetof(struct signing_row, domain), NULL },
	{ "selector", FIELD_TEXT, offsetof(struct signing_row, selector), NULL },
	{ "type", FIELD_TEXT, offsetof(struct signing_row, kind), NULL },
	{ "bits", FIELD_INT, offsetof(struct signing_row, bits), NULL },
	{ "state", FIELD_WORD, offsetof(struct signing_row, state), signing_state_words },
	{ "signs_from", FIELD_TIME, offsetof(struct signing_row, active_from_us), NULL },
	{ "record", FIELD_TEXT, offsetof(struct signing_row, record), NULL },
	{ NULL, FIELD_TEXT, 0, NULL },
};

/* A name server's file takes strings of at most 255 bytes. */
static void print_record(const char *domain, const char *selector, const char *record)
{
	printf("%s._domainkey.%s. IN TXT (", selector, domain);
	for (size_t at = 0; at < strlen(record); at += 250)
		printf(" \"%.250s\"", record + at);
	printf(" )\n");
}

static int show_key(struct cli *cli, const char *domain, const char *selector, const char *path, struct bytes pem)
{
	CLEANUP(sign_free) struct sign_key *key = NULL;
	CLEANUP(buffer_clear) struct buffer record = BUFFER_INIT(4096);
	struct error err;
	if (sign_read(pem, &key, &err) < 0 || dkim_record(key, &record, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (cli->json)
		cli_json(json_pack("{s:s,s:s,s:s,s:s}", "dkim", path, "domain", domain, "selector", selector, "record",
		                   buffer_text(&record)));
	else
		print_record(domain, selector, buffer_text(&record));
	cli_say(cli, "The key is in %s. Publish the record, and add to the configuration:\n\n[dkim:%s/%s]\nkey = %s", path, domain,
	        selector, path);
	cli_next(cli, "gazette dkim check");
	return 0;
}

static bool is_name(const char *text)
{
	size_t size = strlen(text);
	return size > 0 && size < 200 && *text != '.' && *text != '-' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == size;
}

static int keygen_command(struct cli *cli)
{
	CLEANUP(buffer_clear) struct buffer pem = BUFFER_INIT(KEY_BYTES);
	const char *domain = cli->argument[0];
	const char *selector = cli->argument[1];
	const char *type = cli_option(cli, "type");
	const char *out = cli_option(cli, "out");
	char name[512];
	struct error err;
	bool ed25519 = type && strcmp(type, "ed25519") == 0;
	if (type && !ed25519 && strcmp(type, "rsa") != 0)
		return cli_usage(cli, "--type is rsa or ed25519");
	if (!is_name(domain) || !is_name(selector))
		return cli_usage(
			cli, "write DOMAIN and SELECTOR in lower case, as example.org g2026 (an international domain as its xn-- form)");
	snprintf(name, sizeof name, "dkim/%s.%s.key", domain, selector);
	char *path = config_path(cli->config_path, out ? out : name);
	char *folder = path ? strdup(path) : NULL;
	char whole[PATH_MAX];
	int status = 71;
	if (folder) {
		char *slash = strrchr(folder, '/');
		if (slash)
			*slash = '\0';
		/* An existing key may be the one that signs: it is never written over. */
		if ((slash && file_make_folder(folder, 0750, &err) < 0) ||
		    keygen(ed25519 ? SIGN_ED25519 : SIGN_RSA, RSA_BITS, &pem, &err) < 0 ||
		    file_create(path, buffer_bytes(&pem), 0640, &err) < 0)
			status = cli_fail(cli, &err, err.code == ERROR_CONFLICT ? "a new key wants a new selector" : NULL);
		else
			status = show_key(cli, domain, selector, realpath(path, whole) ? whole : path, buffer_bytes(&pem));
	}
	free(folder);
	free(path);
	return status;
}

static int rows(struct cli *cli, struct dns *dns)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT;
	struct signing_row row[CONFIG_DKIM];
	struct error err;
	size_t n = 0;
	int status = 0;
	if (signing_look(&cli->ops, cli->config, dns, &arena, row, &n, &err) < 0)
		return cli_fail(cli, &err, NULL);
	if (n > 0)
		cli_rows(cli, dkim_fields, "domain selector type bits state signs_from", row, n, sizeof row[0]);
	for (size_t i = 0; dns && i < n; i++) {
		if (row[i].state == SIGNING_ACTIVE || row[i].state == SIGNING_SOON)
			continue;
		status = EXIT_DATA;
		if (cli->json)
			continue;
		cli_say(cli, "%s._domainkey.%s %s", row[i].selector, row[i].domain,
		        row[i].state == SIGNING_UNPUBLISHED ? "is not in DNS. Publish:"
		        : row[i].state == SIGNING_DIFFERS   ? "holds another key in DNS. Publish:"
		                                            : "could not be looked up; it should be:");
		print_record(row[i].domain, row[i].selector, row[i].record);
	}
	if (n == 0)
		cli_say(cli, "No key signs. gazette dkim keygen DOMAIN SELECTOR makes one.");
	return status;
}

static int ls(struct cli *cli)
{
	return rows(cli, NULL);
}

static int check(struct cli *cli)
{
	CLEANUP(dns_close) struct dns *dns = NULL;
	struct error err;
	if (dns_open(cli->config->daemon.dns, &dns, &err) < 0)
		return cli_fail(cli, &err, NULL);
	return rows(cli, dns);
}

const struct command dkim_commands[] = {
	{ "dkim", "keygen", NEEDS_NOTHING, 2, 2, "DOMAIN SELECTOR [--type rsa|ed25519] [--out FILE]",
	  "type: out:", "makes a key that signs mail, and prints its DNS record", "gazette dkim keygen example.org g2026", keygen_command },
	{ "dkim", "ls", NEEDS_STORE, 0, 0, "", "", "shows the keys of the configuration", "gazette dkim ls", ls },
	{ "dkim", "check", NEEDS_STORE, 0, 0, "", "", "looks their records up in DNS", "gazette dkim check", check },
	{ NULL, NULL, NEEDS_NOTHING, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
