/* provider - the mailbox operator behind a recipient's domain, by a table of well-known domains: known from import on, never by a
 * look-up when a campaign starts. */
#ifndef PACING_PROVIDER_H
#define PACING_PROVIDER_H
#include <stdint.h>

/* The number stored with subscribers and deliveries; 0 is every other. `domain` in lower case. */
int64_t provider_of(const char *domain);
const char *provider_name(int64_t provider); /* "gmail", "other" */
#endif
