#include "pacing/provider.h"
#include "base/text.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stored by index: new ones are added at the end, none is ever moved. */
static const struct {
	const char *name;
	struct provider_limits limits;
	const char *mx; /* end of its mail servers' names */
} builtin[] = {
	/* RFC 5321 says nothing; Postfix's own default_destination_concurrency_limit is 20, half of it is polite to a stranger. */
	{ "other", { 10, 100, 10 }, NULL },
	/* support.google.com/mail/answer/81126: no numbers, "start slowly"; five connections of fifty is what senders settled on. */
	{ "gmail", { 5, 50, 20 }, ".google.com" },
	/* sendersupport.olc.protection.outlook.com/pm/Policies: limits by reputation, told in 421 RP-001 to -003. */
	{ "microsoft", { 5, 50, 10 }, ".olc.protection.outlook.com" },
	/* senders.yahooinc.com/best-practices: at most 20 messages a connection. */
	{ "yahoo", { 5, 20, 10 }, ".yahoodns.net" },
	/* support.apple.com/102322: steady volume; few messages a connection are taken. */
	{ "icloud", { 10, 5, 10 }, ".mail.icloud.com" },
	/* postmaster.gmx.net: "Too many connections" beyond a handful. */
	{ "gmx", { 4, 20, 5 }, ".gmx.net" },
	{ "proton", { 4, 50, 5 }, ".protonmail.ch" },
	{ "fastmail", { 4, 50, 5 }, ".messagingengine.com" },
	{ "yandex", { 4, 20, 5 }, ".yandex.ru" },
	{ "mailru", { 4, 20, 5 }, ".mail.ru" },
	/* spa.xfinity.com/postmaster: 25 connections, 1,000 messages each. */
	{ "comcast", { 25, 1000, 20 }, ".comcast.net" },
	/* messagerie.orange.fr/postmaster: three connections, more are "Trop de connexions". */
	{ "orange", { 3, 100, 5 }, ".orange.fr" },
	{ "free", { 4, 50, 5 }, ".free.fr" },
	/* postmaster.t-online.de: by reputation. */
	{ "t-online", { 4, 50, 5 }, ".t-online.de" },
	{ "libero", { 4, 50, 5 }, ".libero.it" },
	{ "zoho", { 4, 50, 5 }, ".zoho.com" },
	/* "Connection frequency limited", "Too many connections" in their replies. */
	{ "qq", { 4, 8, 2 }, ".qq.com" },
	{ "netease", { 4, 7, 2 }, ".netease.com" },
	/* learn.microsoft.com, Exchange Online: another fleet than Outlook.com, found by MX only. */
	{ "microsoft365", { 5, 50, 10 }, ".mail.protection.outlook.com" },
};

struct known {
	const char *name;
	int provider;
};

/* In the order of strcmp: looked up by halves, for every row of an import. */
static const struct known domains[] = {
	{ "126.com", 17 },       { "163.com", 17 },     { "aol.com", 3 },        { "bk.ru", 9 },      { "btinternet.com", 3 },
	{ "comcast.net", 10 },   { "fastmail.com", 7 }, { "fastmail.fm", 7 },    { "free.fr", 12 },   { "gmail.com", 1 },
	{ "googlemail.com", 1 }, { "icloud.com", 4 },   { "inbox.ru", 9 },       { "libero.it", 14 }, { "list.ru", 9 },
	{ "mac.com", 4 },        { "mail.ru", 9 },      { "me.com", 4 },         { "msn.com", 2 },    { "orange.fr", 11 },
	{ "pm.me", 6 },          { "proton.me", 6 },    { "protonmail.com", 6 }, { "qq.com", 16 },    { "rocketmail.com", 3 },
	{ "sky.com", 3 },        { "t-online.de", 13 }, { "wanadoo.fr", 11 },    { "web.de", 5 },     { "ya.ru", 8 },
	{ "ymail.com", 3 },      { "zoho.com", 15 },
};

/* Those that have a domain in many countries: yahoo.com, yahoo.fr, yahoo.co.uk, yahoo.com.br. */
static const struct known families[] = {
	{ "gmx", 5 }, { "hotmail", 2 }, { "live", 2 }, { "outlook", 2 }, { "yahoo", 3 }, { "yandex", 8 },
};

enum { PATTERNS = 512, PATTERN_BYTES = 96, NAME_BYTES = 32 };

struct providers {
	char name[PROVIDERS_MOST][NAME_BYTES];
	struct {
		char text[PATTERN_BYTES]; /* a domain, or the end of a mail server's name */
		bool is_mx;
		int64_t provider;
	} pattern[PATTERNS];
	size_t patterns;
};

struct providers *providers_new(void)
{
	return calloc(1, sizeof(struct providers));
}

void providers_free(struct providers **added)
{
	free(*added);
	*added = NULL;
}

void providers_name(struct providers *added, int64_t provider, const char *name)
{
	if (provider >= 0 && provider < PROVIDERS_MOST)
		snprintf(added->name[provider], NAME_BYTES, "%s", name);
}

bool providers_match(struct providers *added, int64_t provider, const char *patterns)
{
	struct bytes rest = bytes_text(patterns);
	struct bytes part;
	while (text_next_part(&rest, ", \t", &part)) {
		bool is_mx = part.size > 3 && memcmp(part.data, "mx:", 3) == 0;
		const char *from = (const char *)part.data + (is_mx ? 3 : 0);
		size_t size = part.size - (is_mx ? 3 : 0);
		if (size > 0 && *from == '*') {
			from++;
			size--;
		}
		if (added->patterns == PATTERNS || size == 0 || size >= PATTERN_BYTES)
			return false;
		char *text = added->pattern[added->patterns].text;
		memcpy(text, from, size);
		text[size] = '\0';
		text_lower(text, size);
		added->pattern[added->patterns].is_mx = is_mx;
		added->pattern[added->patterns++].provider = provider;
	}
	return true;
}

static bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text);
	size_t tail = strlen(end);
	return size >= tail && strcmp(text + size - tail, end) == 0;
}

static int by_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct known *)item)->name);
}

/* What may follow a family's name: com, net, de, co.uk, com.br. */
static bool is_country(const char *end)
{
	if (strcmp(end, "com") == 0 || strcmp(end, "net") == 0)
		return true;
	if (strncmp(end, "com.", 4) == 0)
		end += 4;
	else if (strncmp(end, "co.", 3) == 0)
		end += 3;
	return strlen(end) == 2;
}

static int64_t family_of(const char *domain)
{
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		size_t size = strlen(families[i].name);
		if (strncmp(domain, families[i].name, size) == 0 && domain[size] == '.' && is_country(domain + size + 1))
			return families[i].provider;
	}
	return PROVIDER_OTHER;
}

int64_t provider_of(const struct providers *added, const char *domain)
{
	for (size_t i = 0; added && i < added->patterns; i++)
		if (!added->pattern[i].is_mx && strcmp(added->pattern[i].text, domain) == 0)
			return added->pattern[i].provider;
	const struct known *known = bsearch(domain, domains, COUNT_OF(domains), sizeof domains[0], by_name);
	return known ? known->provider : family_of(domain);
}

int64_t provider_of_mx(const struct providers *added, const char *host)
{
	for (size_t i = 0; added && i < added->patterns; i++)
		if (added->pattern[i].is_mx && ends_with(host, added->pattern[i].text))
			return added->pattern[i].provider;
	for (size_t i = 0; i < provider_count(); i++)
		if (builtin[i].mx && ends_with(host, builtin[i].mx))
			return (int64_t)i;
	return PROVIDER_OTHER;
}

const char *provider_name(const struct providers *added, int64_t provider)
{
	if (provider >= 0 && (size_t)provider < provider_count())
		return builtin[provider].name;
	if (added && provider >= 0 && provider < PROVIDERS_MOST && added->name[provider][0])
		return added->name[provider];
	return builtin[PROVIDER_OTHER].name;
}

bool provider_find(const struct providers *added, const char *name, int64_t *provider)
{
	for (*provider = 0; *provider < PROVIDERS_MOST; ++*provider) {
		if (strcmp(provider_name(added, *provider), name) == 0)
			return true;
	}
	return false;
}

size_t provider_count(void)
{
	return sizeof builtin / sizeof builtin[0];
}

struct provider_limits provider_limits(int64_t provider)
{
	return builtin[provider >= 0 && (size_t)provider < provider_count() ? provider : PROVIDER_OTHER].limits;
}
