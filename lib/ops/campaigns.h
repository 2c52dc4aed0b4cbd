/* campaigns - the life of a send: create, check, start, prepare, preview, test, pause, resume, cancel. */
#ifndef OPS_CAMPAIGNS_H
#define OPS_CAMPAIGNS_H
#include "base/when.h"
#include "message/edition.h"
#include "model/finding.h"
#include "ops/ops.h"
#include "store/campaign.h"
#include "store/delivery.h"
#include "store/list.h"

struct campaign_in {
	const char *list;
	int64_t post;
	const char *subject, *preheader; /* NULL: the post's title and subtitle */
	bool again;
};
/* CONFLICT with the sentence of INTERFACES if a campaign of this list already carries the post and !again. Gives the id. */
MUST_CHECK int campaign_create(struct ops *ops, const struct campaign_in *in, struct actor actor, int64_t *id, struct error *err);
/* Whether links are looked at, over the network. A trial: every relay is loopback, so that nothing else need leave the machine either. */
enum check_links { CHECK_OFFLINE, CHECK_LINKS_UNLESS_TRIAL, CHECK_LINKS };
struct check_options {
	enum check_links links;
	const char *const *ignore; /* checks whose faults stop nothing: "M15", "link" */
	size_t ignore_count;
};
/* The pre-flight: the campaign itself, and what a sample of its readers would get, byte for byte (check.c). Looking at links
 * takes at most five seconds. options NULL: offline. What campaign_accept() was told is ignored too. */
MUST_CHECK int campaign_check(struct ops *ops, int64_t id, const struct check_options *options, struct findings *out, struct error *err);
/* Keeps which checks an editor accepted for a send that starts later. */
MUST_CHECK int campaign_accept(struct ops *ops, int64_t id, const struct check_options *options, struct error *err);
/* check, compile, freeze, audit in one commit; then the clockwork prepares. INPUT when a check is a fault (in *out) that is not
 * ignored. 1 started, 0 it was running already. */
MUST_CHECK int campaign_start(struct ops *ops, int64_t id, const struct check_options *options, struct actor actor, struct findings *out,
                              struct error *err);
/* Writes the audience in chunks until budget_us is used up; *done when whole. */
MUST_CHECK int campaign_prepare(struct ops *ops, int64_t id, int64_t budget_us, bool *done, struct error *err);
MUST_CHECK int campaign_pause(struct ops *ops, int64_t id, struct actor actor, struct error *err); /* 1 changed, 0 was so */
MUST_CHECK int campaign_resume(struct ops *ops, int64_t id, struct actor actor, struct error *err);
/* To those who missed it and may get it. dry_run only counts them. */
MUST_CHECK int campaign_resend_missed(struct ops *ops, int64_t id, bool dry_run, struct actor actor, int64_t *n, struct error *err);
MUST_CHECK int campaign_cancel(struct ops *ops, int64_t id, struct actor actor, struct error *err);
/* Whether campaign_schedule() would take it: a draft, and a time that can be read. Changes nothing. */
MUST_CHECK int campaign_check_time(struct ops *ops, int64_t id, const char *at, struct error *err);
/* `at` as base/when.h reads it, in the list's zone; said: how it is told back. */
MUST_CHECK int campaign_schedule(struct ops *ops, int64_t id, const char *at, struct actor actor, char said[WHEN_TEXT], struct error *err);
/* Starts it after [delivery] send_delay, so that it can be taken back; at once where that is 0. Gives the time. */
MUST_CHECK int campaign_send_soon(struct ops *ops, int64_t id, struct actor actor, int64_t *at_us, struct error *err);
MUST_CHECK int campaign_unschedule(struct ops *ops, int64_t id, struct actor actor, struct error *err); /* 1 changed, 0 was a draft */
MUST_CHECK int campaign_delete(struct ops *ops, int64_t id, struct actor actor, struct error *err);     /* drafts only; 1 */
/* DENIED: by who made it. 1. */
MUST_CHECK int campaign_approve(struct ops *ops, int64_t id, struct actor actor, struct error *err);
/* Clockwork: starts what is due. What can not start is a draft again, says why in paused_by, and does not stop the others.
 * *failed: how many. */
MUST_CHECK int campaign_start_due(struct ops *ops, int64_t *started, int64_t *failed, struct error *err);

/* CONFLICT unless it is paused, with what to do. */
MUST_CHECK int campaign_may_refresh(const struct campaign *campaign, struct error *err);
/* The words of a campaign's posts as they go out now, against those of the edition in force: a unified diff, empty if they agree. */
MUST_CHECK int campaign_changes(struct ops *ops, int64_t id, struct buffer *diff, struct error *err);
/* The edited posts for whoever has not been mailed: the next edition, compiled. The campaign has to be paused. Gives how many get it;
 * findings with a fault stop it (INPUT). */
MUST_CHECK int campaign_refresh(struct ops *ops, int64_t id, struct actor actor, struct findings *out, int64_t *readers, struct error *err);
/* A draft for exactly those who got a text that was changed since, in the thread of the first. subject NULL: the first one's. */
MUST_CHECK int campaign_correct(struct ops *ops, int64_t id, const char *subject, struct actor actor, int64_t *correction, int64_t *readers,
                                struct error *err);
/* "12", "last", "news/last". NOT_FOUND. */
MUST_CHECK int campaign_find(struct ops *ops, const char *what, struct campaign *out, struct arena *arena, struct error *err);

/* The edition of a started campaign, or a fresh compilation of a draft. edition_free() it. */
MUST_CHECK int campaign_edition(struct ops *ops, const struct campaign *campaign, struct edition **out, struct error *err);
/* A compilation with inert tokens and *campaign's salt, for test mails. */
MUST_CHECK int campaign_test_edition(struct ops *ops, const struct campaign *campaign, struct edition **out, struct error *err);
struct signing;
/* One reader's whole message, with the signatures the daemon would add (signing NULL: none). job->first_us is its Date. */
MUST_CHECK int campaign_message(struct ops *ops, const struct edition *edition, const struct signing *signing, const struct job *job,
                                struct buffer *out, struct error *err);
enum preview_form { PREVIEW_EML, PREVIEW_HTML, PREVIEW_TEXT };
/* The bytes `to` (an address) would get. Before the first try Date is now. */
MUST_CHECK int campaign_preview(struct ops *ops, int64_t id, const char *to, enum preview_form form, struct buffer *out, struct error *err);
/* The mail as a web page, without personal links or name: /v/TOKEN. */
MUST_CHECK int campaign_web_view(struct ops *ops, int64_t id, struct buffer *html, struct error *err);
/* One test mail: a notice with inert tokens and a Message-ID of its own. as: a subscriber's address for the merge values, NULL: a sample
 * reader. */
MUST_CHECK int campaign_test(struct ops *ops, int64_t id, const char *to, const char *as, struct actor actor, int64_t *notice,
                             struct error *err);

/* One row of numbers: INTERFACES "stats CAMPAIGN --json". */
struct campaign_stats {
	int64_t campaign;
	const char *list;
	const char *subject;
	int state;
	int64_t audience;
	struct campaign_counts counts;
	int64_t started_us, finished_us;
	bool first_pass_done;
	const char *paused_by;
	double rate_per_s;
	int64_t eta_us;     /* from now, limits taken into account; -1 unknown */
	const char *eta_by; /* what decides that: "the rate of provider gmail, 20/s" */
};
MUST_CHECK int campaign_stats(struct ops *ops, int64_t id, struct campaign_stats *out, struct arena *arena, struct error *err);
#endif
