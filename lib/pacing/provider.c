#include "pacing/provider.h"
#include <stddef.h>
#include <string.h>

/* Stored by index: new ones are added at the end, none is ever moved. */
static const char *const names[] = { "other",  "gmail",   "microsoft", "yahoo", "icloud",   "gmx",    "proton", "fastmail", "yandex",
	                             "mailru", "comcast", "orange",    "free",  "t-online", "libero", "zoho",   "qq",       "netease" };

static const struct {
	const char *domain;
	int provider;
} domains[] = {
	{ "126.com", 17 },       { "163.com", 17 },       { "aol.com", 3 },       { "bk.ru", 9 },        { "btinternet.com", 3 },
	{ "comcast.net", 10 },   { "fastmail.com", 7 },   { "fastmail.fm", 7 },   { "free.fr", 12 },     { "gmail.com", 1 },
	{ "gmx.at", 5 },         { "gmx.ch", 5 },         { "gmx.com", 5 },       { "gmx.de", 5 },       { "gmx.net", 5 },
	{ "googlemail.com", 1 }, { "hotmail.com", 2 },    { "hotmail.co.uk", 2 }, { "hotmail.de", 2 },   { "hotmail.es", 2 },
	{ "hotmail.fr", 2 },     { "hotmail.it", 2 },     { "icloud.com", 4 },    { "inbox.ru", 9 },     { "libero.it", 14 },
	{ "list.ru", 9 },        { "live.com", 2 },       { "live.co.uk", 2 },    { "live.fr", 2 },      { "mac.com", 4 },
	{ "mail.ru", 9 },        { "me.com", 4 },         { "msn.com", 2 },       { "orange.fr", 11 },   { "outlook.com", 2 },
	{ "outlook.de", 2 },     { "outlook.fr", 2 },     { "pm.me", 6 },         { "proton.me", 6 },    { "protonmail.com", 6 },
	{ "qq.com", 16 },        { "rocketmail.com", 3 }, { "sky.com", 3 },       { "t-online.de", 13 }, { "wanadoo.fr", 11 },
	{ "web.de", 5 },         { "ya.ru", 8 },          { "yahoo.co.jp", 3 },   { "yahoo.co.uk", 3 },  { "yahoo.com", 3 },
	{ "yahoo.de", 3 },       { "yahoo.es", 3 },       { "yahoo.fr", 3 },      { "yahoo.it", 3 },     { "yandex.com", 8 },
	{ "yandex.ru", 8 },      { "ymail.com", 3 },      { "zoho.com", 15 },
};

int64_t provider_of(const char *domain)
{
	for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
		if (strcmp(domains[i].domain, domain) == 0)
			return domains[i].provider;
	return 0;
}

const char *provider_name(int64_t provider)
{
	return provider >= 0 && provider < (int64_t)(sizeof names / sizeof names[0]) ? names[provider] : "other";
}
