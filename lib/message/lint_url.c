#include "base/text.h"
#include "message/lint_parts.h"
#include <stdio.h>
#include <stdlib.h>

bool lint_is_below(struct bytes inner, struct bytes outer)
{
	if (outer.size == 0 || inner.size < outer.size ||
	    text_compare_nocase((struct bytes){ inner.data + inner.size - outer.size, outer.size }, outer) != 0)
		return false;
	return inner.size == outer.size || inner.data[inner.size - outer.size - 1] == '.';
}

/* The last two labels stand in for the organizational domain: finding the real one takes DNS (RFC 9989), which `gazette doctor` has. */
static struct bytes organization(struct bytes domain)
{
	unsigned dots = 0;
	for (size_t i = domain.size; i-- > 0;)
		if (domain.data[i] == '.' && ++dots == 2)
			return (struct bytes){ domain.data + i + 1, domain.size - i - 1 };
	return domain;
}

bool lint_is_aligned(struct bytes a, struct bytes b)
{
	return a.size > 0 && b.size > 0 && text_compare_nocase(organization(a), organization(b)) == 0;
}

/* Where the link leads can not be seen, so filters take the worst. */
static const char *const shorteners[] = { "bit.ly",     "tinyurl.com", "goo.gl",      "t.co",   "ow.ly",   "is.gd", "buff.ly",
	                                  "rebrand.ly", "cutt.ly",     "shorturl.at", "t.ly",   "lnkd.in", "rb.gy", "tiny.cc",
	                                  "bl.ink",     "v.gd",        "dlvr.it",     "soo.gd", "adf.ly",  "s.id",  "x.co" };
/* Names that only a house knows (RFC 6761, RFC 6762, RFC 8375, and habit). */
static const char *const inner[] = { "localhost", "local", "internal", "intranet", "lan", "home", "corp", "localdomain", "home.arpa" };

bool lint_host(const char *url, char out[256])
{
	const char *at = text_starts_nocase(bytes_text(url), "https://")  ? url + 8
	                 : text_starts_nocase(bytes_text(url), "http://") ? url + 7
	                                                                  : NULL;
	if (!at)
		return false;
	size_t size = strcspn(at, "/?#");
	const char *user = memrchr(at, '@', size);
	if (user) {
		size -= (size_t)(user + 1 - at);
		at = user + 1;
	}
	if (*at == '[')
		size = strcspn(at, "]") + (at[strcspn(at, "]")] == ']');
	else
		size = strcspn(at, ":") < size ? strcspn(at, ":") : size;
	if (size == 0 || size > 255)
		return false;
	snprintf(out, 256, "%.*s", (int)size, at);
	text_lower(out, size);
	return true;
}

static bool is_ip(const char *host)
{
	return *host == '[' || (*host && strspn(host, "0123456789.") == strlen(host)) || text_starts(host, "0x");
}

static bool is_inner(const char *host)
{
	for (size_t i = 0; i < COUNT_OF(inner); i++)
		if (lint_is_below(bytes_text(host), bytes_text(inner[i])))
			return true;
	return !strchr(host, '.') && *host != '[';
}

static bool is_expected(const char *host, const struct lint_known *known)
{
	struct bytes h = bytes_text(host);
	for (size_t i = 0; i < known->host_count; i++)
		if (text_compare_nocase(h, bytes_text(known->hosts[i])) == 0)
			return true;
	return lint_is_aligned(h, bytes_text(strrchr(known->from_email, '@') + 1));
}

void lint_url(const char *url, enum lint_use use, const char *where, const struct lint_known *known, struct findings *findings)
{
	char host[256];
	char ours[256] = "";
	const char *noun = use == LINT_IMAGE ? "picture" : "link";
	if (text_starts_nocase(bytes_text(url), "mailto:") || text_starts_nocase(bytes_text(url), "tel:") || *url == '#' ||
	    (use == LINT_IMAGE && text_starts_nocase(bytes_text(url), "cid:")))
		return;
	if (!lint_host(url, host)) {
		findings_add(findings, FINDING_FAULT, "M16", where, "write the whole address, beginning with https://",
		             "the %s %.150s leads nowhere from a mail", noun, url);
		return;
	}
	lint_host(known->public_url, ours);
	bool is_ours = strcmp(host, ours) == 0;
	if (is_ours && known->is_trial)
		return;
	if (is_ip(host) || is_inner(host))
		findings_add(findings, FINDING_FAULT, "M16", where,
		             is_ours ? "set [daemon] public_url to a name readers can reach" : "write a public name",
		             "the %s %.150s names %s", noun, url,
		             is_ip(host) ? "an IP address, as spam does" : "a host that readers can not reach");
	else if (text_starts_nocase(bytes_text(url), "http://"))
		findings_add(findings, is_ours ? FINDING_FAULT : FINDING_WARNING, "M16", where,
		             is_ours ? "set [daemon] public_url to an https address" : "write https, if the site has it",
		             "the %s %.150s is not https", noun, url);
	for (size_t i = 0; i < COUNT_OF(shorteners); i++)
		if (strcmp(host, shorteners[i]) == 0)
			findings_add(findings, FINDING_WARNING, "M16", where, "write where it really leads",
			             "the %s %.150s hides behind a URL shortener: filters mark that down", noun, url);
	if (!is_ours && !is_expected(host, known))
		findings_add(findings, FINDING_WARNING, "M16", where, "look into the template",
		             "the %s %.150s leads to %.80s, which neither the post nor we name", noun, url, host);
}
