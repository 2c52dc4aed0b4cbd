#include "policy/policy.h"
#include "base/text.h"
#include <stdio.h>

enum { LEAST_ATTEMPTS = 4 };

/* Words of servers that send no enhanced status, or a vague one. Lower case. */
static const struct {
	const char *words;
	const char *reason;
} speaks_of_reader[] = {
	{ "user unknown", "no_such_user" },
	{ "unknown user", "no_such_user" },
	{ "no such user", "no_such_user" },
	{ "user not found", "no_such_user" },
	{ "does not exist", "no_such_user" },
	{ "no mailbox here", "no_such_user" },
	{ "no such mailbox", "no_such_user" },
	{ "recipient unknown", "no_such_user" },
	{ "unknown recipient", "no_such_user" },
	{ "invalid recipient", "no_such_user" },
	{ "recipient not found", "no_such_user" },
	{ "mailbox not found", "no_such_user" },
	{ "unknown local part", "no_such_user" },
	{ "account disabled", "mailbox_disabled" },
	{ "mailbox disabled", "mailbox_disabled" },
	{ "account has been disabled", "mailbox_disabled" },
	{ "account is disabled", "mailbox_disabled" },
};

static const struct {
	const char *status;
	const char *reason;
} reader_statuses[] = { { "5.1.1", "no_such_user" },
	                { "5.1.3", "bad_address" },
	                { "5.1.6", "moved" },
	                { "5.1.10", "no_such_domain" },
	                { "5.2.1", "mailbox_disabled" } };

static const char *reader_reason(const struct outcome *outcome)
{
	char text[OUTCOME_REPLY_BYTES];
	if (outcome->stage != STAGE_RCPT && outcome->stage != STAGE_DATA_END)
		return NULL;
	for (size_t i = 0; i < COUNT_OF(reader_statuses); i++)
		if (strcmp(outcome->status, reader_statuses[i].status) == 0)
			return reader_statuses[i].reason;
	/* A status of another kind overrules the words around it: "5.7.1 user unknown to our policy" is policy. */
	if (outcome->status[0] && !text_starts(outcome->status, "5.0.") && !text_starts(outcome->status, "5.1."))
		return NULL;
	snprintf(text, sizeof text, "%s", outcome->reply);
	text_lower(text, strlen(text));
	for (size_t i = 0; i < COUNT_OF(speaks_of_reader); i++)
		if (strstr(text, speaks_of_reader[i].words))
			return speaks_of_reader[i].reason;
	return NULL;
}

static int64_t spread(int64_t wait_us, uint64_t random)
{
	int64_t fifth_us = wait_us / 5;
	return wait_us - fifth_us / 2 + (fifth_us > 0 ? (int64_t)(random % (uint64_t)fifth_us) : 0);
}

static int64_t step_us(const struct policy *policy, int attempts)
{
	size_t step = attempts < 1 ? 0 : (size_t)attempts - 1;
	return policy->retry_us[step < policy->retry_count ? step : policy->retry_count - 1];
}

static struct verdict make(enum verdict_kind kind, enum door door, const char *reason)
{
	struct verdict verdict = { .kind = kind, .door = door };
	verdict.scope = door == DOOR_RELAY || door == DOOR_US ? SCOPE_RELAY : SCOPE_NONE;
	snprintf(verdict.reason, sizeof verdict.reason, "%s", reason);
	return verdict;
}

static struct verdict defer(const struct history *history, const struct policy *policy, uint64_t random, struct moment now, bool counts,
                            const char *reason)
{
	int attempts = history->attempts + counts;
	bool old = now.wall_us - history->queued_us > policy->give_up_after_us;
	if (old && counts && attempts >= LEAST_ATTEMPTS) {
		struct verdict expired = make(VERDICT_EXPIRE, DOOR_NONE, "given_up");
		expired.counts_attempt = true;
		return expired;
	}
	struct verdict verdict = make(VERDICT_DEFER, counts ? DOOR_READER : DOOR_RELAY, reason);
	verdict.counts_attempt = counts;
	verdict.due_us = now.wall_us + spread(step_us(policy, attempts), random);
	return verdict;
}

/* Nobody's attempt: back into the queue, a little later than at once so that a broken relay is not hammered with the same letter. */
static struct verdict hold(enum door door, const char *reason, int64_t wait_us, uint64_t random, struct moment now)
{
	struct verdict verdict = make(VERDICT_HOLD, door, reason);
	verdict.due_us = now.wall_us + spread(wait_us, random);
	return verdict;
}

static bool says_slower(const struct outcome *outcome)
{
	static const char *const words[] = {
		"too many", "rate", "throttl", "slow down", "too fast", "try again later", "temporarily deferred"
	};
	char text[OUTCOME_REPLY_BYTES];
	if (outcome->code == 421 || text_starts(outcome->status, "4.7.") || strcmp(outcome->status, "4.4.2") == 0 ||
	    strcmp(outcome->status, "4.3.2") == 0)
		return true;
	if (outcome->stage != STAGE_RCPT && outcome->stage != STAGE_DATA_END)
		return true; /* banner, EHLO, AUTH, MAIL: the session, not the reader */
	snprintf(text, sizeof text, "%s", outcome->reply);
	text_lower(text, strlen(text));
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strstr(text, words[i]) && strcmp(outcome->status, "4.2.2") != 0)
			return true;
	return false;
}

static struct verdict temporary(const struct outcome *outcome, const struct history *history, const struct policy *policy, uint64_t random,
                                struct moment now)
{
	if (!says_slower(outcome))
		return defer(history, policy, random, now, true, "temporary_failure");
	/* "Slower" is said to all: it uses up no attempt. 450 and 451 with such words may be greylisting, which waits for a retry. */
	struct verdict verdict = defer(history, policy, random, now, false, "slow_down");
	verdict.slow_down = outcome->code == 421 || (outcome->stage != STAGE_RCPT && outcome->stage != STAGE_DATA_END);
	return verdict;
}

static struct verdict permanent(const struct outcome *outcome, const struct history *history, const struct policy *policy, uint64_t random,
                                struct moment now)
{
	const char *reason = reader_reason(outcome);
	if (reason) {
		struct verdict verdict = make(VERDICT_BOUNCE, DOOR_READER, reason);
		verdict.counts_attempt = true;
		verdict.suppress = true;
		return verdict;
	}
	/* A UTF-8 address and a server that takes none: this reader can not be reached this way; the address is not at fault. */
	if (strcmp(outcome->status, "5.6.7") == 0)
		return make(VERDICT_BOUNCE, DOOR_NONE, "no_smtputf8");
	if (strcmp(outcome->status, "5.2.2") == 0)
		return defer(history, policy, random, now, true, "mailbox_full");
	if (strcmp(outcome->status, "5.3.4") == 0 || outcome->code == 552)
		return make(VERDICT_BOUNCE, DOOR_US, "too_large");
	enum door door = text_starts(outcome->status, "5.7.") ? DOOR_US : DOOR_RELAY;
	/* A relay that never wants this one ends by age, as everything does. */
	if (now.wall_us - history->queued_us > policy->give_up_after_us)
		return make(VERDICT_EXPIRE, door, "given_up");
	return hold(door, "relay_refused", 5 * MINUTE_US, random, now);
}

struct verdict policy_reply(const struct outcome *outcome, const struct history *history, const struct policy *policy, uint64_t random,
                            struct moment now)
{
	switch (outcome->kind) {
	case OUTCOME_ACCEPTED: return make(VERDICT_SENT, DOOR_NONE, "");
	case OUTCOME_LOST: return hold(DOOR_RELAY, "link_lost", 2 * SECOND_US, random, now);
	case OUTCOME_WITHHELD: return make(VERDICT_BOUNCE, DOOR_US, "message_malformed");
	case OUTCOME_SILENT: {
		struct verdict verdict = make(VERDICT_UNCERTAIN, DOOR_RELAY, "in_doubt");
		if (policy->resend_uncertain && history->resends == 0) {
			verdict.kind = VERDICT_RESEND;
			verdict.due_us = now.wall_us + spread(step_us(policy, 1), random);
		}
		return verdict;
	}
	default: break;
	}
	if (outcome->code >= 400 && outcome->code < 500)
		return temporary(outcome, history, policy, random, now);
	if (outcome->code >= 500)
		return permanent(outcome, history, policy, random, now);
	return hold(DOOR_RELAY, "unexpected_reply", MINUTE_US, random, now);
}

const char *policy_bounce(const char *class, const char *status)
{
	if (strcmp(class, "hard") != 0)
		return NULL;
	for (size_t i = 0; i < COUNT_OF(reader_statuses); i++)
		if (strcmp(status, reader_statuses[i].status) == 0)
			return reader_statuses[i].reason;
	return "hard_bounce";
}
