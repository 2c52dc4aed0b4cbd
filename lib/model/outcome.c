#include "model/outcome.h"

const char *const stage_words[] = { "connect", "banner", "ehlo", "tls", "auth", "mail", "rcpt", "data", "end", NULL };
const char *const door_words[] = { "none", "reader", "relay", "us", NULL };
