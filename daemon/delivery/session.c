/* A session: one connection to one relay, kept busy. The envelope of the next message goes out with the end of this one; its final dot
 * only after the commit that records this one's outcome and marks the next. While that commit is on its way the one after next is made. */
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

/* A message, made or to be made. */
struct letter {
	struct job job;
	bool is_held; /* ours: neither recorded nor gone back */
	bool is_composed;
	struct buffer message;        /* with its signatures */
	struct buffer sender, frozen; /* the return path; what the store keeps for a resend */
	struct envelope envelope;
};

struct talk {
	struct session *session;
	struct delivery *delivery;
	struct relay *relay;
	struct letter letters[LETTERS];
	struct buffer plain; /* filled, not yet signed */
	struct edition *edition;
	int64_t edition_id;
	size_t slot;
	int64_t on_link; /* messages begun on this connection */
};

static void release_edition(struct talk *talk)
{
	if (talk->edition)
		editions_release(&talk->delivery->editions, talk->slot);
	talk->edition = NULL;
}

static struct edition *edition_for(struct talk *talk, int64_t id, struct error *err)
{
	if (talk->edition && talk->edition_id == id)
		return talk->edition;
	release_edition(talk);
	talk->edition = editions_get(&talk->delivery->editions, id, &talk->slot, err);
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
	buffer_reset(&talk->plain);
	if (job->is_notice)
		return editions_notice(&talk->delivery->editions, job->delivery, &talk->plain, err);
	struct edition *edition = edition_for(talk, job->edition, err);
	if (!edition || edition_fill(edition, job, &talk->delivery->daemon->ops.keys, &talk->plain, err) < 0)
		return -1;
	buffer_reset(&letter->frozen);
	return store_job_freeze(job, &letter->frozen, err);
}

static int sign_letter(struct talk *talk, struct letter *letter, struct error *err)
{
	buffer_reset(&letter->message);
	if (signers_sign(&talk->delivery->signers, talk->relay->sign, buffer_bytes(&talk->plain), letter->job.first_us, &letter->message,
	                 err) < 0)
		return -1;
	buffer_add_bytes(&letter->message, buffer_bytes(&talk->plain));
	return buffer_check(&letter->message, err);
}

static void give_back(struct talk *talk, struct letter *letter)
{
	if (letter->is_held)
		delivery_return(talk->delivery, &letter->job, talk->session->relay);
	letter->is_held = false;
}

static bool not_made(struct talk *talk, struct letter *letter, const struct error *err)
{
	log_error("message not made delivery=%" PRId64 " text=\"%s\"", letter->job.delivery, err->text);
	give_back(talk, letter);
	/* It will be so the next time too: not at full speed. */
	daemon_sleep(talk->delivery->daemon, SECOND_US);
	return false;
}

/* The message itself. False: it could not be made, and the job went back. */
static bool compose(struct talk *talk, struct letter *letter)
{
	struct error err = { 0 };
	if (letter->is_composed)
		return true;
	letter->is_composed = fill_letter(talk, letter, &err) == 0 && sign_letter(talk, letter, &err) == 0;
	return letter->is_composed || not_made(talk, letter, &err);
}

static bool is_lapsing(const struct job *job)
{
	return job->lapses_us - clock_now().mono_us < MESSAGE_US;
}

/* One that waited behind a slow relay until its lease is nearly over goes back instead. */
static bool next_job(struct talk *talk, struct letter *letter)
{
	while (queue_pop(talk->relay->queue, &letter->job, &talk->session->carries[letter - talk->letters])) {
		letter->is_held = true;
		letter->is_composed = false;
		if (!is_lapsing(&letter->job))
			return true;
		give_back(talk, letter);
	}
	return false;
}

/* False: there is none, or this connection has carried as many as it may. */
static bool next_letter(struct talk *talk, struct letter *letter)
{
	struct error err = { 0 };
	if (atomic_load(&talk->delivery->daemon->stopping) || (talk->relay->per_link > 0 && talk->on_link >= talk->relay->per_link))
		return false;
	if (!next_job(talk, letter))
		return false;
	talk->on_link++;
	return address_letter(talk, letter, &err) == 0 || not_made(talk, letter, &err);
}

/* What was made ready during the last commit, or else the next one there is. */
static bool has_next(struct talk *talk, struct letter *next)
{
	if (next->is_held && (is_lapsing(&next->job) || atomic_load(&talk->delivery->daemon->stopping)))
		give_back(talk, next);
	return next->is_held || next_letter(talk, next);
}

/* Until the record is durable `after` is made ready, if there is one to be made. */
static enum turn record_turn(struct talk *talk, struct record *record, struct letter *after)
{
	struct recording recording;
	recorder_put(talk->delivery->recorder, record, &recording);
	if (after && next_letter(talk, after))
		compose(talk, after); /* or it has gone back */
	return recorder_wait(&recording);
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
	/* A domain in no table, behind a provider that says who it is: its words must not stop every other small domain. */
	if (provider == PROVIDER_OTHER && record->verdict.quoted)
		provider_find(talk->delivery->editions.ops.providers, record->verdict.quoted, &provider);
	if (outcome->kind == OUTCOME_ACCEPTED && !atomic_load(&talk->relay->troubled) &&
	    !atomic_load(&talk->delivery->provider_troubled[provider]))
		return;
	struct happened happened = { talk->session->relay, provider, *outcome, record->verdict };
	if (too_doubtful)
		leave_alone(talk->relay, &happened);
	delivery_tell(talk->delivery, &happened);
}

/* Refused before it was marked, or lost on the way: the outcome alone. */
static void record_outcome(struct talk *talk, struct letter *letter, struct record *record)
{
	note(talk, &letter->job, record);
	record->next = NULL;
	record_turn(talk, record, NULL);
	letter->is_held = false;
}

/* The first message of a chain has its envelope and its mark on their own. True: its dot may go. */
static bool open_chain(struct talk *talk, struct letter *letter, struct letter *after)
{
	struct record record = { 0 };
	struct smtp *smtp = talk->session->smtp;
	int begun = smtp_begin(smtp, &letter->envelope, &record.outcome);
	if (begun == 0 && !compose(talk, letter)) {
		smtp_drop(smtp);
		return false;
	}
	if (begun < 0 || smtp_ready(smtp, &record.outcome) != 1) {
		record_outcome(talk, letter, &record);
		return false;
	}
	record = (struct record){ .next = &letter->job, .frozen = buffer_text(&letter->frozen) };
	if (record_turn(talk, &record, after) == TURN_START)
		return true;
	/* The server waits for a message that must not go. */
	letter->is_held = false;
	smtp_drop(smtp);
	return false;
}

/* Behind the envelope of `next` and its mark: true if its dot may go. */
static bool next_is_ready(struct talk *talk, struct letter *next)
{
	struct record refused = { 0 };
	if (smtp_ready(talk->session->smtp, &refused.outcome) == 1)
		return true;
	record_outcome(talk, next, &refused);
	return false;
}

/* Sends `now`, whose dot is allowed, with the envelope of `next` behind it. True: next's dot is allowed too. */
static bool turn(struct talk *talk, struct letter *now, struct letter *next, struct letter *after)
{
	struct record record = { 0 };
	struct smtp *smtp = talk->session->smtp;
	int usable = smtp_send(smtp, buffer_bytes(&now->message), next ? &next->envelope : NULL, &record.outcome);
	/* One that can not be composed has gone back already. */
	bool is_made = usable == 0 && next && compose(talk, next);
	if (usable == 0)
		usable = smtp_reply(smtp, &record.outcome);
	note(talk, &now->job, &record);
	bool goes_on = usable == 0 && is_made && smtp_is_open(smtp);
	bool early = goes_on && smtp_is_begun(smtp);
	if (early) {
		record.next = &next->job;
		record.frozen = buffer_text(&next->frozen);
	}
	/* After a refusal the next one is asked for later: what was said may have emptied the queue by then. */
	enum turn allowed = record_turn(talk, &record, goes_on && record.outcome.kind == OUTCOME_ACCEPTED ? after : NULL);
	now->is_held = false;
	if (goes_on && allowed == TURN_START) /* without pipelining the next one begins a chain of its own */
		return early ? next_is_ready(talk, next) : open_chain(talk, next, NULL);
	if (early)
		next->is_held = false;
	/* The server has an envelope whose message must not go, or can not. */
	if (smtp_is_open(smtp) && smtp_is_begun(smtp))
		smtp_drop(smtp);
	return false;
}

/* As long as there is a next one, it goes with this one. */
static void run_chain(struct talk *talk)
{
	struct letter *letters = talk->letters;
	bool goes_on = open_chain(talk, &letters[0], &letters[1]);
	for (size_t at = 0; goes_on; at = (at + 1) % LETTERS) {
		struct letter *next = &letters[(at + 1) % LETTERS];
		goes_on = turn(talk, &letters[at], has_next(talk, next) ? next : NULL, &letters[(at + 2) % LETTERS]);
		atomic_store(&talk->session->carries[at], NO_PROVIDER);
	}
	for (size_t i = 0; i < LETTERS; i++)
		give_back(talk, &letters[i]);
}

/* delivery_stop() cuts it short: it sets `stopping` and then looks at `connecting`, here it is the other way round. */
static int open_link(struct talk *talk, struct outcome *failed)
{
	int opened = -1;
	talk->on_link = 0;
	atomic_store(&talk->session->connecting, true);
	if (!atomic_load(&talk->delivery->daemon->stopping))
		opened = smtp_open(talk->session->smtp, failed);
	atomic_store(&talk->session->connecting, false);
	return opened;
}

static bool connect_relay(struct talk *talk)
{
	struct outcome failed = { 0 };
	if (smtp_is_open(talk->session->smtp) || open_link(talk, &failed) == 0)
		return true;
	if (atomic_load(&talk->delivery->daemon->stopping))
		return false;
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
	if (next_letter(talk, &talk->letters[0])) {
		atomic_fetch_add(&talk->delivery->busy, 1);
		run_chain(talk);
		atomic_fetch_sub(&talk->delivery->busy, 1);
	}
	/* Who waits for work keeps nothing from others. */
	release_edition(talk);
	for (size_t i = 0; i < LETTERS; i++)
		atomic_store(&talk->session->carries[i], NO_PROVIDER);
	if (talk->relay->per_link > 0 && talk->on_link >= talk->relay->per_link)
		smtp_quit(talk->session->smtp);
}

void session_main(struct session *session)
{
	struct delivery *delivery = session->delivery;
	struct talk talk = {
		.session = session, .delivery = delivery, .relay = &delivery->relay[session->relay], .plain = BUFFER_INIT(MESSAGE_BYTES)
	};
	for (size_t i = 0; i < LETTERS; i++) {
		talk.letters[i].message = BUFFER_INIT(MESSAGE_BYTES + (64 << 10));
		talk.letters[i].sender = BUFFER_INIT(1024);
		talk.letters[i].frozen = BUFFER_INIT(16 << 10);
	}
	while (!atomic_load(&delivery->daemon->stopping) && !atomic_load(&delivery->daemon->failed))
		one_chain(&talk);
	smtp_quit(session->smtp);
	for (size_t i = 0; i < LETTERS; i++) {
		buffer_clear(&talk.letters[i].message);
		buffer_clear(&talk.letters[i].sender);
		buffer_clear(&talk.letters[i].frozen);
	}
	buffer_clear(&talk.plain);
}
