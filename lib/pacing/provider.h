/* provider - the mailbox operator behind a recipient's domain: known from import on by a table of well-known domains and by what the
 * configuration adds, never by a look-up when a campaign starts. And the limits each is known to like, with their sources.
 * Pure: `struct providers` is what the configuration adds; NULL stands for nothing. */
#ifndef PACING_PROVIDER_H
#define PACING_PROVIDER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROVIDER_OTHER = 0, PROVIDER_FIRST_OWN = 40 /* those above have names of the configuration's */, PROVIDERS_MOST = 64 };

/* A number from a store may be any: one that we do not know is every other. */
static inline int64_t provider_known(int64_t provider)
{
	return provider >= 0 && provider < PROVIDERS_MOST ? provider : PROVIDER_OTHER;
}

struct providers;
struct providers *providers_new(void); /* NULL: out of memory */
void providers_free(struct providers **providers);
/* Names one that is not built in. Names are cut at 31 bytes. */
void providers_name(struct providers *providers, int64_t provider, const char *name);
/* Adds domains ("example.org") and mail servers ("mx:*.example.net"), by commas or blanks. False: no room. */
bool providers_match(struct providers *providers, int64_t provider, const char *patterns);

/* The number stored with subscribers and deliveries; 0 is every other. `domain` in lower case. */
int64_t provider_of(const struct providers *providers, const char *domain);
/* By the name of a mail server (MX), for domains that are in no table. */
int64_t provider_of_mx(const struct providers *providers, const char *host);
const char *provider_name(const struct providers *providers, int64_t provider); /* "gmail", "other" */
bool provider_find(const struct providers *providers, const char *name, int64_t *provider);
size_t provider_count(void); /* built in */

/* Where we speak to the provider itself (relay = mx). Through a smarthost only `sessions` of the configuration counts, else a quarter of
 * all. */
struct provider_limits {
	int sessions;             /* connections at once */
	int messages_per_session; /* then a new connection */
	int rate_s;               /* messages a second to begin with; learned from there */
};
struct provider_limits provider_limits(int64_t provider);
#endif
