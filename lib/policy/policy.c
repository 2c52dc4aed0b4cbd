#include "policy/policy.h"
#include "base/text.h"
#include "policy/meaning.h"
#include <stdio.h>

enum { LEAST_ATTEMPTS = 4 };
#define FIRST_HOLD_US (5 * MINUTE_US)
#define LONGEST_HOLD_US (6 * HOUR_US)

enum act {
	ACT_OURS,     /* nobody's attempt: the message waits until a person or time has mended it */
	ACT_SUPPRESS, /* refused for good, and the address gets nothing more */
	ACT_BOUNCE,   /* refused for good, this message only */
	ACT_SOFT,     /* tried again by the schedule, and given up some day */
	ACT_SLOW,     /* everybody waits */
};

static const struct {
	const char *reason; /* a stable word */
	enum act act;
	enum door door;
} meant[MEANINGS] = {
	[MEANS_NOTHING] = { "relay_refused", ACT_OURS, DOOR_RELAY },
	[MEANS_NO_USER] = { "no_such_user", ACT_SUPPRESS, DOOR_READER },
	[MEANS_BAD_ADDRESS] = { "bad_address", ACT_SUPPRESS, DOOR_READER },
	[MEANS_MOVED] = { "moved", ACT_SUPPRESS, DOOR_READER },
	[MEANS_NULL_MX] = { "no_such_domain", ACT_SUPPRESS, DOOR_READER },
	[MEANS_DISABLED] = { "mailbox_disabled", ACT_SUPPRESS, DOOR_READER },
	[MEANS_FULL] = { "mailbox_full", ACT_SOFT, DOOR_READER },
	[MEANS_BUSY] = { "mailbox_busy", ACT_SOFT, DOOR_READER },
	[MEANS_UNWANTED] = { "unwanted", ACT_BOUNCE, DOOR_READER },
	[MEANS_GREYLISTED] = { "greylisted", ACT_SOFT, DOOR_NONE },
	[MEANS_TOO_LARGE] = { "too_large", ACT_BOUNCE, DOOR_US },
	[MEANS_NO_SMTPUTF8] = { "no_smtputf8", ACT_BOUNCE, DOOR_NONE },
	[MEANS_CONTENT] = { "content_refused", ACT_OURS, DOOR_US },
	[MEANS_SLOWER] = { "slow_down", ACT_SLOW, DOOR_RELAY },
	[MEANS_UNAUTHENTICATED] = { "unauthenticated", ACT_OURS, DOOR_US },
	[MEANS_BLOCKED] = { "blocked", ACT_OURS, DOOR_US },
	[MEANS_NO_PTR] = { "no_ptr", ACT_OURS, DOOR_US },
	[MEANS_BAD_SENDER] = { "sender_refused", ACT_OURS, DOOR_US },
	[MEANS_UNVERIFIED] = { "sender_unverified", ACT_OURS, DOOR_US },
	[MEANS_QUOTA] = { "account_quota", ACT_OURS, DOOR_US },
	[MEANS_SUSPENDED] = { "account_suspended", ACT_OURS, DOOR_US },
	[MEANS_LOGIN] = { "login_refused", ACT_OURS, DOOR_US },
	[MEANS_RELAY_DENIED] = { "relay_denied", ACT_OURS, DOOR_US },
	[MEANS_NO_TLS] = { "tls_wanted", ACT_OURS, DOOR_US },
	[MEANS_POLICY] = { "refused_by_policy", ACT_OURS, DOOR_US },
	[MEANS_SYSTEM] = { "relay_trouble", ACT_OURS, DOOR_RELAY },
	[MEANS_ROUTE] = { "no_route", ACT_OURS, DOOR_RELAY },
	[MEANS_PROTOCOL] = { "protocol", ACT_OURS, DOOR_RELAY },
};

struct judging {
	const struct outcome *outcome;
	const struct history *history;
	const struct policy *policy;
	uint64_t random;
	struct moment now;
	char text[OUTCOME_REPLY_BYTES]; /* the reply in lower case, without addresses: a reader may be called antispam@ */
	enum meaning means;
	int64_t asked_us;
};

/* RCPT and the final dot are said of one reader; all before them, of the session. */
static bool is_about_message(const struct outcome *outcome)
{
	return outcome->stage == STAGE_RCPT || outcome->stage == STAGE_DATA_END;
}

static void read_text(struct judging *j)
{
	struct bytes rest = bytes_text(j->outcome->reply);
	struct bytes word;
	size_t used = 0;
	while (text_next_part(&rest, " \t", &word)) {
		if (memchr(word.data, '@', word.size))
			continue;
		memcpy(j->text + used, word.data, word.size);
		used += word.size;
		j->text[used++] = ' ';
	}
	j->text[used > 0 ? used - 1 : 0] = '\0';
	text_lower(j->text, strlen(j->text));
}

static bool speaks_of_reader(enum meaning means)
{
	return meant[means].act == ACT_SUPPRESS || meant[means].door == DOOR_READER;
}

static enum meaning meaning_of(const struct judging *j)
{
	const struct outcome *outcome = j->outcome;
	enum meaning status = meaning_of_status(outcome->status);
	/* "Rate limited because DKIM does not pass" is mended by a key, not by waiting. */
	if (status == MEANS_UNAUTHENTICATED || status == MEANS_NO_PTR)
		return status;
	enum meaning words = meaning_of_words(j->text, outcome->status, outcome->stage);
	if (words != MEANS_NOTHING)
		return words;
	if (!is_about_message(outcome))
		return speaks_of_reader(status) || status == MEANS_CONTENT ? MEANS_NOTHING : status;
	enum meaning reader = meaning_of_reader_words(j->text, outcome->status, outcome->stage);
	/* What a status says of us or of the route overrules the words around it ("5.7.1 user unknown to our policy"); but those that it
	 * is known to be wrong beside name it (Exchange's 5.4.1). */
	if (status == MEANS_NOTHING || (status == MEANS_ROUTE && reader != MEANS_NOTHING && text_starts(outcome->status, "5.4.1")))
		status = text_starts(outcome->status, "5.7.") ? MEANS_NOTHING : reader;
	/* RFC 5321: "exceeded storage allocation". */
	return status == MEANS_NOTHING && outcome->code == 552 ? MEANS_FULL : status;
}

static int64_t spread(int64_t wait_us, uint64_t random)
{
	int64_t fifth_us = wait_us / 5;
	return wait_us - fifth_us / 2 + (fifth_us > 0 ? (int64_t)(random % (uint64_t)fifth_us) : 0);
}

/* Never before the time that was asked for. */
static int64_t spread_after(int64_t wait_us, uint64_t random)
{
	return wait_us + (int64_t)(random % (uint64_t)(wait_us / 10 + SECOND_US));
}

static int64_t step_us(const struct policy *policy, int attempts)
{
	size_t step = attempts < 1 ? 0 : (size_t)attempts - 1;
	return policy->retry_us[step < policy->retry_count ? step : policy->retry_count - 1];
}

static int64_t age_us(const struct judging *j)
{
	return j->now.wall_us - j->history->queued_us;
}

/* Words of an account at the relay, of what we may send through it, are never another's, whoever is named beside them. */
static bool is_relays_own(enum meaning means)
{
	return means == MEANS_QUOTA || means == MEANS_UNVERIFIED || means == MEANS_SUSPENDED || means == MEANS_LOGIN ||
	       means == MEANS_RELAY_DENIED;
}

static const char *quoted_in(const struct judging *j)
{
	return is_about_message(j->outcome) && !is_relays_own(j->means) ? meaning_quoted_provider(j->text) : NULL;
}

static struct verdict make(const struct judging *j, enum verdict_kind kind, enum door door, const char *reason)
{
	struct verdict verdict = { .kind = kind, .door = door, .asked_us = j->asked_us };
	snprintf(verdict.reason, sizeof verdict.reason, "%s", reason);
	if (door == DOOR_RELAY || door == DOOR_US) {
		verdict.quoted = quoted_in(j);
		verdict.scope = verdict.quoted ? SCOPE_PROVIDER : SCOPE_RELAY;
	}
	return verdict;
}

static struct verdict give_up(const struct judging *j, enum door door)
{
	return make(j, VERDICT_EXPIRE, door, "given_up");
}

/* The first wait is the server's to choose; one that keeps asking for a minute is asked by our schedule. */
static int64_t due_us(const struct judging *j, int attempts)
{
	int64_t step = step_us(j->policy, attempts);
	if (j->asked_us > 0 && (attempts <= 1 || j->asked_us > step))
		return j->now.wall_us + spread_after(j->asked_us, j->random);
	return j->now.wall_us + spread(step, j->random);
}

static struct verdict soft(const struct judging *j, enum door door, const char *reason)
{
	int attempts = j->history->attempts + 1;
	bool old = age_us(j) > j->policy->give_up_after_us && attempts >= LEAST_ATTEMPTS;
	struct verdict verdict = old ? give_up(j, DOOR_NONE) : make(j, VERDICT_DEFER, door, reason);
	verdict.counts_attempt = true;
	if (!old)
		verdict.due_us = due_us(j, attempts);
	return verdict;
}

/* Said to all: it uses up no attempt of anybody's, and nobody is given up for it. */
static struct verdict slow(const struct judging *j, enum door door, const char *reason)
{
	struct verdict verdict = make(j, VERDICT_DEFER, door, reason);
	verdict.slow_down = true;
	verdict.due_us = due_us(j, j->history->attempts);
	return verdict;
}

/* Nobody's attempt: back into the queue. The longer it has waited, the longer it waits, so that a broken relay is not hammered with the
 * same letter; and it ends by age, as everything does. */
static struct verdict ours(const struct judging *j, enum verdict_kind kind, enum door door, const char *reason)
{
	if (age_us(j) > j->policy->give_up_after_us)
		return give_up(j, door);
	struct verdict verdict = make(j, kind, door, reason);
	int64_t wait_us = age_us(j) / 4;
	wait_us = wait_us < FIRST_HOLD_US ? FIRST_HOLD_US : wait_us > LONGEST_HOLD_US ? LONGEST_HOLD_US : wait_us;
	verdict.due_us = j->now.wall_us + (j->asked_us > 0 ? spread_after(j->asked_us, j->random) : spread(wait_us, j->random));
	return verdict;
}

static struct verdict hold(const struct judging *j, const char *reason, int64_t wait_us)
{
	struct verdict verdict = make(j, VERDICT_HOLD, DOOR_RELAY, reason);
	verdict.due_us = j->now.wall_us + spread(wait_us, j->random);
	return verdict;
}

static struct verdict temporary(const struct judging *j)
{
	const struct outcome *outcome = j->outcome;
	enum door door = meant[j->means].door;
	const char *reason = meant[j->means].reason;
	switch (j->means) {
	case MEANS_NOTHING:
	case MEANS_PROTOCOL:
		/* 421 closes the session, and before RCPT it is the session that is spoken of. */
		if (outcome->code == 421 || !is_about_message(outcome))
			return slow(j, DOOR_RELAY, "slow_down");
		return soft(j, DOOR_READER, "temporary_failure");
	case MEANS_SLOWER:
	case MEANS_SYSTEM: return slow(j, DOOR_RELAY, reason);
	case MEANS_FULL:
	case MEANS_BUSY:
	case MEANS_GREYLISTED: return soft(j, door, reason);
	default: break;
	}
	if (meant[j->means].act != ACT_OURS || ((j->means == MEANS_ROUTE || j->means == MEANS_POLICY) && is_about_message(outcome)))
		return outcome->code == 421 ? slow(j, DOOR_RELAY, "slow_down") : soft(j, DOOR_READER, "temporary_failure");
	struct verdict verdict = ours(j, VERDICT_DEFER, door, reason);
	verdict.slow_down = outcome->code == 421;
	return verdict;
}

static struct verdict permanent(const struct judging *j)
{
	enum door door = meant[j->means].door;
	const char *reason = meant[j->means].reason;
	switch (meant[j->means].act) {
	case ACT_SUPPRESS: {
		struct verdict verdict = make(j, VERDICT_BOUNCE, door, reason);
		verdict.counts_attempt = true;
		verdict.suppress = true;
		return verdict;
	}
	case ACT_BOUNCE: return make(j, VERDICT_BOUNCE, door, reason);
	case ACT_SOFT: return soft(j, door, reason);
	case ACT_SLOW: return slow(j, door, reason);
	case ACT_OURS: break;
	}
	/* What refuses the log-in speaks of our credentials, whatever it says. */
	bool login = j->means == MEANS_NOTHING && j->outcome->stage == STAGE_AUTH;
	return ours(j, VERDICT_HOLD, login ? DOOR_US : door, login ? "login_refused" : reason);
}

static struct verdict judge_reply(struct judging *j)
{
	read_text(j);
	j->means = meaning_of(j);
	j->asked_us = policy_asked_us(j->text);
	if (j->outcome->code >= 400 && j->outcome->code < 500)
		return temporary(j);
	return j->outcome->code >= 500 ? permanent(j) : hold(j, "unexpected_reply", MINUTE_US);
}

struct verdict policy_reply(const struct outcome *outcome, const struct history *history, const struct policy *policy, uint64_t random,
                            struct moment now)
{
	struct judging j = { .outcome = outcome, .history = history, .policy = policy, .random = random, .now = now };
	switch (outcome->kind) {
	case OUTCOME_ACCEPTED: return make(&j, VERDICT_SENT, DOOR_NONE, "");
	case OUTCOME_LOST: return hold(&j, "link_lost", 2 * SECOND_US);
	case OUTCOME_WITHHELD: return make(&j, VERDICT_BOUNCE, DOOR_US, "message_malformed");
	case OUTCOME_SILENT: {
		struct verdict verdict = make(&j, VERDICT_UNCERTAIN, DOOR_RELAY, "in_doubt");
		if (policy->resend_uncertain && history->resends == 0) {
			verdict.kind = VERDICT_RESEND;
			verdict.due_us = now.wall_us + spread(step_us(policy, 1), random);
		}
		return verdict;
	}
	default: return judge_reply(&j);
	}
}

/* The reply that a diagnostic quotes: its code, or what the status says of it, and its words. */
static struct outcome quoted_reply(const char *status, const char *diagnostic)
{
	struct outcome out = { .kind = OUTCOME_REPLY, .stage = STAGE_DATA_END, .code = *status == '4' ? 450 : 550 };
	const char *words = strchr(diagnostic, ';');
	int code = 0;
	int used = 0;
	words = words && words - diagnostic < 16 ? words + 1 : diagnostic;
	if (sscanf(words, " %3d%n", &code, &used) == 1 && code >= 400 && code < 600) {
		out.code = code;
		words += used + (words[used] == '-');
	}
	snprintf(out.status, sizeof out.status, "%s", status);
	snprintf(out.reply, sizeof out.reply, "%s", words);
	return out;
}

struct verdict policy_returned(const char *status, const char *diagnostic, struct moment now)
{
	static const int64_t step_us = HOUR_US;
	struct outcome outcome = quoted_reply(status, diagnostic);
	struct history history = { .queued_us = now.wall_us };
	struct policy policy = { &step_us, 1, INT64_MAX, false };
	struct judging j = { .outcome = &outcome, .history = &history, .policy = &policy, .now = now };
	struct verdict verdict = judge_reply(&j);
	bool is_fault = meant[j.means].act == ACT_OURS && meant[j.means].door == DOOR_US;
	if (!is_fault && j.means != MEANS_SLOWER)
		return (struct verdict){ .door = DOOR_NONE };
	/* The provider itself was spoken to, or it was its own mail that came back. */
	verdict.scope = is_relays_own(j.means) ? SCOPE_RELAY : SCOPE_PROVIDER;
	verdict.door = is_fault ? DOOR_US : DOOR_RELAY;
	verdict.slow_down = !is_fault;
	snprintf(verdict.reason, sizeof verdict.reason, "%s", meant[j.means].reason);
	return verdict;
}

const char *policy_bounce(const char *class, const char *status)
{
	if (strcmp(class, "hard") != 0)
		return NULL;
	enum meaning means = meaning_of_status(status);
	return meant[means].act == ACT_SUPPRESS ? meant[means].reason : "hard_bounce";
}
