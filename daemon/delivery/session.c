/* A session: one connection to one relay, kept busy. The envelope of the next message goes out with the end of this one; its final dot
 * only after the commit that records this one's outcome and marks the next. */
#include "base/text.h"
#include "daemon/delivery/parts.h"
#include "daemon/refusals.h"
#include "system/clock.h"
#include "system/log.h"
#include "system/random.h"
#include <stdio.h>

enum { MESSAGE_BYTES = 64 << 20 };
#define DOUBT_PAUSE_US (5 * MINUTE_US)
#define IDLE_US (30 * SECOND_US)
#define REFUSED_WAIT_US (5 * MINUTE_US)

/* A message ready to go. */
struct letter {
	struct job job;
	struct buffer plain, message; /* filled; with its signatures */
	struct buffer sender, frozen; /* the return path; what the store keeps for a resend */
	struct envelope envelope;
};

struct talk {
	struct session *session;
	struct delivery *delivery;
	struct relay *relay;
	struct letter letters[2];
	struct edition *edition;
	int64_t edition_id;
	size_t slot;
	int64_t on_link; /* messages begun on this connection */
};

static struct edition *edition_for(struct talk *talk, int64_t id, struct error *err)
{
	struct editions *editions = &talk->delivery->editions;
	if (talk->edition && talk->edition_id == id)
		return talk->edition;
	if (talk->edition)
		editions_release(editions, talk->slot);
	talk->edition = editions_get(editions, id, &talk->slot, err);
	talk->edition_id = id;
	return talk->edition;
}

/* What the envelope needs. A job that can not be one goes back, and the log says why. */
static int address_letter(struct talk *talk, struct letter *letter, struct error *err)
{
	struct job *job = &letter->job;
	/* Date is the first try's: it is stored with the mark, and a resend is the same bytes. */
	if (job->first_us == 0)
		job->first_us = clock_now().wall_us;
	buffer_reset(&letter->sender);
	if (job->is_notice) {
		buffer_add_text(&letter->sender, job->sender);
	} else {
		struct edition *edition = edition_for(talk, job->edition, err);
		if (!edition || edition_return_path(edition, job, &talk->delivery->daemon->ops.keys, &letter->sender, err) < 0)
			return -1;
	}
	letter->envelope = (struct envelope){ .sender = buffer_text(&letter->sender),
		                              .recipient = job->email,
		                              .needs_smtputf8 = !text_is_ascii(bytes_text(job->email)) };
	return buffer_check(&letter->sender, err);
}

static int fill_letter(struct talk *talk, struct letter *letter, struct error *err)
{
	const struct job *job = &letter->job;
	buffer_reset(&letter->plain);
	if (job->is_notice)
		return editions_notice(&talk->delivery->editions, job->delivery, &letter->plain, err);
	struct edition *edition = edition_for(talk, job->edition, err);
	if (!edition || edition_fill(edition, job, &talk->delivery->daemon->ops.keys, &letter->plain, err) < 0)
		return -1;
	buffer_reset(&letter->frozen);
	return store_job_freeze(job, &letter->frozen, err);
}

static int sign_letter(struct talk *talk, struct letter *letter, struct error *err)
{
	buffer_reset(&letter->message);
	if (signers_sign(&talk->delivery->signers, talk->relay->sign, buffer_bytes(&letter->plain), letter->job.first_us, &letter->message,
	                 err) < 0)
		return -1;
	buffer_add_bytes(&letter->message, buffer_bytes(&letter->plain));
	return buffer_check(&letter->message, err);
}

static bool not_made(struct talk *talk, const struct letter *letter, const struct error *err)
{
	log_error("message not made delivery=%" PRId64 " text=\"%s\"", letter->job.delivery, err->text);
	delivery_return(talk->delivery, &letter->job, talk->session->relay);
	/* It will be so the next time too: not at full speed. */
	daemon_sleep(talk->delivery->daemon, SECOND_US);
	return false;
}

/* The message itself: made while the server is at work on what went before. False: it could not be, and the job went back. */
static bool compose(struct talk *talk, struct letter *letter)
{
	struct error err = { 0 };
	if (fill_letter(talk, letter, &err) == 0 && sign_letter(talk, letter, &err) == 0)
		return true;
	return not_made(talk, letter, &err);
}

/* One that waited behind a slow relay until its lease is nearly over goes back instead. */
static bool next_job(struct talk *talk, size_t at)
{
	struct job *job = &talk->letters[at].job;
	while (queue_pop(talk->relay->queue, job, &talk->session->carries[at])) {
		if (job->lapses_us - clock_now().mono_us >= MESSAGE_US)
			return true;
		delivery_return(talk->delivery, job, talk->session->relay);
	}
	return false;
}

/* False: there is none, or this connection has carried as many as it may. */
static bool next_letter(struct talk *talk, size_t at)
{
	struct letter *letter = &talk->letters[at];
	struct error err = { 0 };
	if (atomic_load(&talk->delivery->daemon->stopping) || (talk->relay->per_link > 0 && talk->on_link >= talk->relay->per_link))
		return false;
	if (!next_job(talk, at))
		return false;
	talk->on_link++;
	return address_letter(talk, letter, &err) == 0 || not_made(talk, letter, &err);
}

static struct verdict judge(struct talk *talk, const struct job *job, const struct outcome *outcome)
{
	const struct config *config = talk->delivery->daemon->config;
	struct history history = { job->attempts, job->resends, job->first_try_us, job->queued_us ? job->queued_us : outcome->at_us };
	/* While nobody knows the time nothing is too old. */
	int64_t give_up_us = atomic_load(&talk->delivery->daemon->is_frozen) ? INT64_MAX : config->delivery.give_up_after_us;
	struct policy policy = { config->delivery.retry_us, config->delivery.retry_count, give_up_us, config->delivery.resend_uncertain };
	uint64_t random = 0;
	if (outcome->kind != OUTCOME_ACCEPTED)
		random = random_below(UINT64_MAX);
	struct verdict verdict = policy_reply(outcome, &history, &policy, random, daemon_due(talk->delivery->daemon));
	/* A relay that refuses everybody says nothing about anybody. */
	refusals_judge(talk->delivery->daemon->refusals, talk->session->relay, job->provider, outcome->kind, &verdict,
	               daemon_due(talk->delivery->daemon).wall_us + REFUSED_WAIT_US);
	return verdict;
}

/* True: too many of the relay's last messages are in doubt. Each may reach its reader twice. */
static bool is_doubtful(struct relay *relay, enum outcome_kind kind)
{
	if (kind != OUTCOME_ACCEPTED && kind != OUTCOME_SILENT)
		return false;
	pthread_mutex_lock(&relay->doubt_mutex);
	bool too_many = doubt_add(&relay->doubt, kind == OUTCOME_SILENT);
	pthread_mutex_unlock(&relay->doubt_mutex);
	return too_many;
}

static void leave_alone(struct relay *relay, struct happened *happened)
{
	happened->verdict.slow_down = true;
	happened->verdict.asked_us = DOUBT_PAUSE_US;
	snprintf(happened->outcome.reply, sizeof happened->outcome.reply,
	         "no reply to more than %d of the last %d messages, which are in doubt", DOUBT_MOST, DOUBT_LAST);
	log_error("relay %s is left alone: %s", relay->name, happened->outcome.reply);
}

static void note(struct talk *talk, const struct job *job, struct record *record)
{
	struct outcome *outcome = &record->outcome;
	outcome->delivery = job->delivery;
	outcome->lease_token = job->lease_token;
	outcome->is_notice = job->is_notice;
	record->campaign = job->campaign;
	record->provider = job->provider;
	record->verdict = judge(talk, job, outcome);
	if (outcome->kind == OUTCOME_ACCEPTED) {
		atomic_fetch_add(&talk->delivery->sent, 1);
		log_debug("sent delivery=%" PRId64 " relay=%s", job->delivery, talk->relay->name);
	} else {
		log_info("not sent %s=%" PRId64 " relay=%s stage=%s code=%d verdict=%s reply=\"%.160s\"",
		         job->is_notice ? "notice" : "delivery", job->delivery, talk->relay->name, stage_words[outcome->stage],
		         outcome->code, record->verdict.reason, outcome->reply);
	}
	bool too_doubtful = is_doubtful(talk->relay, outcome->kind);
	int64_t provider = provider_known(job->provider);
	if (outcome->kind == OUTCOME_ACCEPTED && !atomic_load(&talk->relay->troubled) &&
	    !atomic_load(&talk->delivery->provider_troubled[provider]))
		return;
	struct happened happened = { talk->session->relay, provider, *outcome, record->verdict };
	if (too_doubtful)
		leave_alone(talk->relay, &happened);
	delivery_tell(talk->delivery, &happened);
}

/* Refused before it was marked, or lost on the way: the outcome alone. */
static enum turn record_outcome(struct talk *talk, const struct job *job, struct record *record)
{
	note(talk, job, record);
	record->next = NULL;
	return recorder_turn(talk->delivery->recorder, record);
}

/* The first message of a chain has its envelope and its mark on their own. True: its dot may go. */
static bool open_chain(struct talk *talk, struct letter *letter, bool is_composed)
{
	struct record record = { 0 };
	struct smtp *smtp = talk->session->smtp;
	int begun = smtp_begin(smtp, &letter->envelope, &record.outcome);
	if (begun == 0 && !is_composed && !compose(talk, letter)) {
		smtp_drop(smtp);
		return false;
	}
	if (begun < 0 || smtp_ready(smtp, &record.outcome) != 1) {
		record_outcome(talk, &letter->job, &record);
		return false;
	}
	record = (struct record){ .next = &letter->job, .frozen = buffer_text(&letter->frozen) };
	if (recorder_turn(talk->delivery->recorder, &record) == TURN_START)
		return true;
	/* The server waits for a message that must not go. */
	smtp_drop(smtp);
	return false;
}

/* Behind the envelope of `next` and its mark: true if its dot may go. */
static bool next_is_ready(struct talk *talk, struct letter *next)
{
	struct record refused = { 0 };
	if (smtp_ready(talk->session->smtp, &refused.outcome) == 1)
		return true;
	record_outcome(talk, &next->job, &refused);
	return false;
}

/* Sends `now`, whose dot is allowed, with the envelope of `next` behind it. True: next's dot is allowed too. */
static bool turn(struct talk *talk, struct letter *now, struct letter *next)
{
	struct record record = { 0 };
	struct smtp *smtp = talk->session->smtp;
	int usable = smtp_send(smtp, buffer_bytes(&now->message), next ? &next->envelope : NULL, &record.outcome);
	bool is_composed = usable == 0 && next && compose(talk, next);
	/* One that could not be composed has gone back already. */
	bool is_ours = next && (is_composed || usable < 0);
	if (usable == 0)
		usable = smtp_reply(smtp, &record.outcome);
	note(talk, &now->job, &record);
	bool goes_on = usable == 0 && is_composed && smtp_is_open(smtp);
	bool early = goes_on && smtp_is_begun(smtp);
	if (early) {
		record.next = &next->job;
		record.frozen = buffer_text(&next->frozen);
	}
	enum turn allowed = recorder_turn(talk->delivery->recorder, &record);
	if (!goes_on) {
		if (is_ours)
			delivery_return(talk->delivery, &next->job, talk->session->relay);
		else if (smtp_is_open(smtp) && smtp_is_begun(smtp))
			smtp_drop(smtp);
		return false;
	}
	if (early && allowed == TURN_START)
		return next_is_ready(talk, next);
	/* Without pipelining the next one begins a chain of its own. */
	if (!early && allowed == TURN_START)
		return open_chain(talk, next, true);
	if (!early)
		delivery_return(talk->delivery, &next->job, talk->session->relay);
	else
		smtp_drop(smtp);
	return false;
}

/* As long as there is a next one, it goes with this one. */
static void run_chain(struct talk *talk)
{
	size_t at = 0;
	if (!open_chain(talk, &talk->letters[at], false))
		return;
	for (;;) {
		struct letter *next = &talk->letters[1 - at];
		bool has_next = next_letter(talk, 1 - at);
		if (!turn(talk, &talk->letters[at], has_next ? next : NULL))
			return;
		atomic_store(&talk->session->carries[at], NO_PROVIDER);
		at = 1 - at;
	}
}

static bool connect_relay(struct talk *talk)
{
	struct outcome failed;
	struct smtp *smtp = talk->session->smtp;
	if (smtp_is_open(smtp))
		return true;
	talk->on_link = 0;
	if (smtp_open(smtp, &failed) == 0)
		return true;
	/* The relay's trouble, and nobody's attempt. */
	struct verdict verdict = { .kind = VERDICT_HOLD, .door = DOOR_RELAY, .slow_down = failed.code == 421, .scope = SCOPE_RELAY };
	delivery_tell(talk->delivery, &(struct happened){ talk->session->relay, PROVIDER_OTHER, failed, verdict });
	return false;
}

static void one_chain(struct talk *talk)
{
	if (!queue_wait(talk->relay->queue, IDLE_US)) {
		smtp_quit(talk->session->smtp);
		return;
	}
	/* The connection first: a server that takes minutes to greet holds nobody's message meanwhile. */
	if (!connect_relay(talk)) {
		daemon_sleep(talk->delivery->daemon, SECOND_US);
		return;
	}
	if (next_letter(talk, 0)) {
		atomic_fetch_add(&talk->delivery->busy, 1);
		run_chain(talk);
		atomic_fetch_sub(&talk->delivery->busy, 1);
	}
	for (size_t i = 0; i < 2; i++)
		atomic_store(&talk->session->carries[i], NO_PROVIDER);
	if (talk->relay->per_link > 0 && talk->on_link >= talk->relay->per_link)
		smtp_quit(talk->session->smtp);
}

void session_main(struct session *session)
{
	struct delivery *delivery = session->delivery;
	struct talk talk = { .session = session, .delivery = delivery, .relay = &delivery->relay[session->relay] };
	for (size_t i = 0; i < 2; i++) {
		talk.letters[i].plain = BUFFER_INIT(MESSAGE_BYTES);
		talk.letters[i].message = BUFFER_INIT(MESSAGE_BYTES + (64 << 10));
		talk.letters[i].sender = BUFFER_INIT(1024);
		talk.letters[i].frozen = BUFFER_INIT(16 << 10);
	}
	while (!atomic_load(&delivery->daemon->stopping) && !atomic_load(&delivery->daemon->failed))
		one_chain(&talk);
	smtp_quit(session->smtp);
	if (talk.edition)
		editions_release(&delivery->editions, talk.slot);
	for (size_t i = 0; i < 2; i++) {
		buffer_clear(&talk.letters[i].plain);
		buffer_clear(&talk.letters[i].message);
		buffer_clear(&talk.letters[i].sender);
		buffer_clear(&talk.letters[i].frozen);
	}
}
