/* meaning - what a reply speaks of: tables of every registered enhanced status and of the words that servers really use. They name a
 * meaning; what follows from it is decided in one place, policy_reply(). Within the room only. Pure. */
#ifndef POLICY_MEANING_H
#define POLICY_MEANING_H
#include "model/outcome.h"

enum meaning {
	MEANS_NOTHING, /* undefined, or not known */
	/* The reader's address. */
	MEANS_NO_USER,
	MEANS_BAD_ADDRESS,
	MEANS_MOVED,
	MEANS_NULL_MX,
	MEANS_DISABLED,
	/* The reader's mailbox, for a while or for this sender. */
	MEANS_FULL,
	MEANS_BUSY,
	MEANS_UNWANTED,
	MEANS_GREYLISTED,
	/* This message. */
	MEANS_TOO_LARGE,
	MEANS_NO_SMTPUTF8,
	MEANS_CONTENT,
	/* How much we send. */
	MEANS_SLOWER,
	/* What we are: the sender's faults. */
	MEANS_UNAUTHENTICATED,
	MEANS_BLOCKED,
	MEANS_NO_PTR,
	MEANS_BAD_SENDER,
	MEANS_UNVERIFIED,
	MEANS_QUOTA,
	MEANS_SUSPENDED,
	MEANS_LOGIN,
	MEANS_RELAY_DENIED,
	MEANS_NO_TLS,
	MEANS_POLICY,
	/* The relay's own trouble. */
	MEANS_SYSTEM,
	MEANS_ROUTE,
	MEANS_PROTOCOL,
	MEANINGS
};

/* The status alone; NOTHING for those that say too little, and for none. */
enum meaning meaning_of_status(const char *status);
/* The words alone: `text` in lower case, `status` for words that mean something only beside it. First those that take the blame from
 * the reader, whatever the status says; then those that name the reader, which only a status that says nothing lets speak. */
enum meaning meaning_of_words(const char *text, const char *status, enum smtp_stage stage);
enum meaning meaning_of_reader_words(const char *text, const char *status, enum smtp_stage stage);
/* The mailbox provider whose words these are, passed on by the relay, as pacing/provider names it; NULL: none. */
const char *meaning_quoted_provider(const char *text);
#endif
